"""A log of erasures, kept apart from what a backup puts back."""

from __future__ import annotations

from typing import Protocol

from pulsepoint.values import JsonObject


class ErasureLog(Protocol):
    """Entries of what erasures changed, told apart by their `key`; none holds a value of a person."""

    async def append(self, entry: JsonObject) -> None:
        """Return once the entry is durable; one whose key is there changes nothing. Raises `EngineUnavailable`."""
        ...
