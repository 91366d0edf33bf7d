"""The log of erasures as a file of one machine: a line of JSON an entry. Backups put back all but this file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

import orjson

from pulsepoint.errors import EngineUnavailable
from pulsepoint.values import JsonObject

NAME = "erasures.jsonl"
AGAIN = "erasures.again.jsonl"
"""Entries of a home that was restored from a backup of before: they are made again at its next start."""


class ErasureFile:
    """Implements `pulsepoint.ports.erasure_log.ErasureLog`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def append(self, entry: JsonObject) -> None:
        """See `ErasureLog.append`."""
        try:
            await asyncio.to_thread(add_entries, self._path, [entry])
        except OSError as error:
            raise EngineUnavailable(f"the log of erasures in {self._path} cannot be written: {error}") from error


def entries_of(path: Path) -> list[JsonObject]:
    """The entries of a log, none where there is none; a line that a crash cut off is left out. Raises `OSError`."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(entry, dict) and "key" in entry:
            entries.append(entry)
    return entries


def add_entries(path: Path, entries: Iterable[JsonObject]) -> list[JsonObject]:
    """Add what is not in a log, for its owner alone to read, and flush it; what was added. Raises `OSError`."""
    there = {entry["key"] for entry in entries_of(path)}
    added = list({entry["key"]: entry for entry in entries if entry["key"] not in there}.values())
    if added:
        handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            # A line of its own, also after one that a crash cut off.
            content = b"\n" + b"".join(orjson.dumps(entry) + b"\n" for entry in added)
            while content:
                content = content[os.write(handle, content) :]
            os.fsync(handle)
        finally:
            os.close(handle)
    return added
