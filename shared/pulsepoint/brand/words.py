"""The base of every enum of the product: members are the names on the wire, earlier names are lifted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Word(StrEnum):
    """A name on the wire (API, events, documents, warehouse rows).

    `Word(name)`, pydantic fields among them, also reads the earlier names that `earlier()` lists; raises `ValueError`
    for any other.
    """

    @classmethod
    def earlier(cls) -> Mapping[str, str]:
        """Names that were stored once, and the member's name of today; none unless a subclass says so."""
        return {}

    @classmethod
    def _missing_(cls, value: object) -> Word | None:
        today = cls.earlier().get(value) if isinstance(value, str) else None
        return None if today is None else cls(today)


def sql_list(words: Iterable[Word]) -> str:
    """The names as a list of SQL literals, `'meta', 'tiktok'`, for `IN (…)`."""
    return ", ".join(f"'{word.value}'" for word in words)
