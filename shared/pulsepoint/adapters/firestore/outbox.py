"""An outbox record as documents: facts and messages, compressed, cut to what one document and one request hold.

The first part is written in the transaction. Further parts are written before it, to names no other attempt uses
and with an end of life, which the transaction takes away: what no transaction took up is dropped by time to live.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4
from zlib import compress, decompress

from google.cloud.firestore_v1.types import Document as Stored
from google.cloud.firestore_v1.types import Value, Write

from pulsepoint.adapters.document_rules import (
    DEDUP_KEY_LIFE,
    decode_facts,
    decode_messages,
    encode_facts,
    encode_messages,
)
from pulsepoint.adapters.firestore.fields import clear, expiry, put, text, timestamp, unchanged_since
from pulsepoint.adapters.firestore.paths import Paths
from pulsepoint.ports.document_store import OutboxRecord

# Beside `MAX_COMMIT_BYTES` of documents in a request of 4 MiB.
PART_BYTES = 500_000
FASTEST = 1


@dataclass(frozen=True, slots=True)
class OutboxWrites:
    """The writes before the transaction, each in a request of its own, and those in it."""

    before: Sequence[Write]
    within: Sequence[Write]


NONE = OutboxWrites((), ())


def writes_of(paths: Paths, tenant: UUID, outbox_record: OutboxRecord, now: datetime) -> OutboxWrites:
    """The outbox record, as committed at `now`."""
    whole = compress(encode_facts(outbox_record.facts) + b"\n" + encode_messages(outbox_record.messages), FASTEST)
    bodies = [whole[start : start + PART_BYTES] for start in range(0, len(whole), PART_BYTES)]
    first = paths.outbox_record(tenant, outbox_record.id)
    attempt = uuid4().hex
    name = text(f"{paths.service}:{outbox_record.id}")
    parts = {f"{first}~{attempt}~{number}": body for number, body in enumerate(bodies[1:], start=1)}
    before = [
        put(
            part, {"leftover": name, "body": Value(bytes_value=body), **expiry(paths.shard(part), now + DEDUP_KEY_LIFE)}
        )
        for part, body in parts.items()
    ]
    fields = {
        "leftover": name,
        "body": Value(bytes_value=bodies[0]),
        "parts": Value(array_value={"values": [text(part) for part in parts]}),
        "created_at": timestamp(now),
        "shard": text(paths.shard(first)),
    }
    within = [put(first, fields, unchanged_since(None)), *(clear(part, ("expires_at", "shard")) for part in parts)]
    return OutboxWrites(before, within)


def part_names(first: Stored) -> list[str]:
    """Names of an outbox record's further parts."""
    return [part.string_value for part in first.fields["parts"].array_value.values]


def outbox_record_of(first: Stored, parts: Mapping[str, Stored]) -> OutboxRecord | None:
    """The outbox record; None when it was settled while its parts were read."""
    names = part_names(first)
    if any(name not in parts for name in names):
        return None
    whole = first.fields["body"].bytes_value + b"".join(parts[name].fields["body"].bytes_value for name in names)
    facts, _, messages = decompress(whole).partition(b"\n")
    id = UUID(first.name.rpartition("/")[2])
    return OutboxRecord(id, decode_facts(facts), decode_messages(messages))
