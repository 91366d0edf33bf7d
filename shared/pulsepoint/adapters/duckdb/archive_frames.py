"""Frames of the fact archive's logs: a head with number, length and checksum, and rows as lines of JSON by table."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import orjson

Batch = Mapping[tuple[str, str], list[bytes]]
"""JSON objects, one a row, by (schema, table)."""
Document = tuple[str, str, bytes]
"""Schema, table, and rows as lines of JSON."""
_HEAD = struct.Struct(">4sQII")
_MAGIC = b"PPF1"


def encoded(number: int, batch: Batch) -> bytes:
    """The bytes of a frame with the rows of a batch."""
    payload = b"".join(_parts(batch))
    return _HEAD.pack(_MAGIC, number, len(payload), zlib.crc32(payload)) + payload


def _parts(batch: Batch) -> Iterator[bytes]:
    for (schema, table), rows in batch.items():
        if rows:
            document = b"\n".join(rows)
            yield orjson.dumps([schema, table, len(document)]) + b"\n"
            yield document


def documents_of(payload: bytes) -> list[Document]:
    """The documents of a frame's payload, in order."""
    documents, place = [], 0
    while place < len(payload):
        end = payload.index(b"\n", place)
        schema, table, length = orjson.loads(payload[place:end])
        documents.append((schema, table, payload[end + 1 : end + 1 + length]))
        place = end + 1 + length
    return documents


def frames_in(log: Path) -> Iterator[tuple[int, bytes, int]]:
    """Number, payload and end of each whole frame; those that are torn or damaged are left out."""
    with log.open("rb") as file:
        while True:
            start = file.tell()
            if (frame := _frame(file)) is not None:
                yield *frame, file.tell()
            elif (place := _next_whole(file, start + 1)) is not None:
                file.seek(place)
            else:
                return


def _frame(file: BinaryIO) -> tuple[int, bytes] | None:
    """Number and payload of the frame at the file's place; None where there is no whole one."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    magic, number, length, checksum = _HEAD.unpack(head)
    if magic != _MAGIC:
        return None
    payload = file.read(length)
    return (number, payload) if len(payload) == length and zlib.crc32(payload) == checksum else None


def _next_whole(file: BinaryIO, place: int) -> int | None:
    """Where from `place` on the next whole frame begins."""
    file.seek(place)
    rest = file.read()
    at = rest.find(_MAGIC)
    while at >= 0:
        file.seek(place + at)
        if _frame(file) is not None:
            return place + at
        at = rest.find(_MAGIC, at + 1)
    return None
