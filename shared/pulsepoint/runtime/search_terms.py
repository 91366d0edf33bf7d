"""Values to look for in stored bodies, told by salted hashes: who looks need not be told whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from urllib.parse import unquote

from pulsepoint.values import JsonObject

_ADDRESS = re.compile(r"[^\s\"'<>(),:;\\{}\[\]=&?/]+@[^\s\"'<>(),:;\\{}\[\]=&?/]+")
_DIGITS = re.compile(r"\d+", re.ASCII)
_PHONE = re.compile(r"\d[\d\s().\-]{5,30}\d", re.ASCII)
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")

FEWEST_DIGITS = 6
"""A price or a quantity has fewer; an id at Shopify and a telephone number have more."""


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """E-mail addresses, telephone numbers (their digits) and ids, hashed with a salt of their own."""

    salt: str
    digests: frozenset[str]

    @classmethod
    def of(cls, values: Iterable[str | None]) -> SearchTerms:
        """Terms for the values; None is left out, and a number so short that it may be anything's."""
        salt = token_hex(16)
        return cls(
            salt, frozenset(_digest(salt, value.casefold()) for value in values if value and not _is_short(value))
        )

    @classmethod
    def from_json(cls, data: JsonObject) -> SearchTerms:
        """The terms that `as_json` gave."""
        return cls(str(data["salt"]), frozenset(data["digests"]))

    def as_json(self) -> dict[str, object]:
        """As an effect holds them: (salt, digests) by name."""
        return {"salt": self.salt, "digests": sorted(self.digests)}

    def are_in(self, body: bytes) -> bool:
        """True where the body, JSON or not, holds one of them, also escaped as in JSON or in an address of a page."""
        return any(_digest(self.salt, term) in self.digests for term in set(_terms(body)))


def _is_short(value: str) -> bool:
    return value.isdecimal() and len(value) < FEWEST_DIGITS


def _terms(body: bytes) -> Iterator[str]:
    text = _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), body.decode("utf-8", "replace"))
    for spelled in dict.fromkeys((text, unquote(text))):
        folded = spelled.casefold()
        yield from (match.group().strip(".") for match in _ADDRESS.finditer(folded))
        yield from (match.group() for match in _DIGITS.finditer(folded))
        yield from ("".join(_DIGITS.findall(match.group())) for match in _PHONE.finditer(folded))


def _digest(salt: str, term: str) -> str:
    return sha256(f"{salt}{term}".encode("utf-8", "replace")).hexdigest()[:32]
