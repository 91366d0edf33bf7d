"""Web sites by what they are: a maintained public list, and dated rows of our own for what no list has (`data/`)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

_DATA = files("attribution") / "data"
# Every list names Google's and Microsoft's country hosts one by one, and no owner.
_OWNER_LABELS = {"google": "google", "bing": "microsoft"}
# Subdomains of a search engine that are the engine itself; others (docs, news, mail) are another service of a portal.
_SEARCH_LABEL = re.compile(
    r"[a-z]{2}|search|suche|recherche|start|home|web|wap|mobile|m|r|lite|html|images?|lens|cse|int|safe|nortonsafe|encrypted"
)
# Second-level suffixes of countries: `shop.co.uk` is a site, `co.uk` is none.
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "nom", "or", "org"})


class Kind(StrEnum):
    """The role of a site or a named source for a shop; `checkout` is where nobody comes from."""

    SEARCH = "search"
    SOCIAL = "social"
    ASSISTANT = "assistant"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    AFFILIATE = "affiliate"
    PAID = "paid"
    CHECKOUT = "checkout"
    DIRECT = "direct"
    REFERRAL = "referral"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a visit may come from; `owner` names the ad seller that runs it ("" for all others)."""

    kind: Kind
    owner: str = ""

    @property
    def family(self) -> str:
        """The part that two names of one sender share."""
        return self.owner or self.kind.value


@lru_cache(maxsize=8192)
def origin_of_site(host: str) -> Origin | None:
    """The origin of a host in lower case without `www.` (or of an app's id); None for a site no list knows.

    A listed site stands for its subdomains; a search engine only for those that are the engine too.
    """
    table = _sites()
    labels = host.split(".")
    for start in range(max(len(labels) - 1, 1)):
        origin = table.get(".".join(labels[start:]))
        if origin is None:
            continue
        if origin.kind is Kind.SEARCH and not all(_SEARCH_LABEL.fullmatch(label) for label in labels[:start]):
            return None
        return origin
    return None


def is_same_site(host: str, other: str) -> bool:
    """True where two hosts belong to one site: `checkout.brand.example` and `www.brand.example`."""
    return bool(host) and registered_site(host) == registered_site(other)


def registered_site(host: str) -> str:
    """The part of a host that somebody registered: `brand.co.uk` of `www.brand.co.uk`."""
    labels = host.split(".")
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if country else labels[-2:])


@cache
def _sites() -> Mapping[str, Origin]:
    own = {row["site"]: Origin(Kind(row["kind"]), row["owner"]) for row in _rows("sites.csv")}
    public = {row["site"]: _listed(row["site"], Kind(row["kind"]), own) for row in _rows("referrers.csv")}
    return {**public, **own}


def _rows(name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader((_DATA / name).read_text(encoding="utf-8").splitlines())


def _listed(site: str, kind: Kind, own: Mapping[str, Origin]) -> Origin:
    """The origin of a row of the public list, whose owner is that of the site above it among our own rows."""
    labels = site.split(".")
    above = (own.get(".".join(labels[start:])) for start in range(1, len(labels) - 1))
    owner = next((origin.owner for origin in above if origin is not None and origin.kind is kind), "")
    return Origin(kind, owner or next((_OWNER_LABELS[label] for label in labels if label in _OWNER_LABELS), ""))
