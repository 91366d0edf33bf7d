"""Limits and JSON of every document store, so that adapters differ only in their engine.

A service that works on one engine must work on all, so each adapter enforces the smallest limit of any.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import uniform
from uuid import UUID

import orjson

from pulsepoint.adapters.delivery_rules import check_message
from pulsepoint.errors import AccessDenied, LimitExceeded, MalformedInput
from pulsepoint.events.envelope import Message
from pulsepoint.ports.document_store import (
    FILTERS,
    MAX_CAUSES,
    MAX_COMMIT_BYTES,
    MAX_DOCUMENT_BYTES,
    MAX_WRITES,
    Commit,
    FactRow,
    StoredEffect,
    Write,
)
from pulsepoint.tenancy import TenantContext

# Longer than Pub/Sub can ever redeliver: a subscription keeps messages 31 days at most.
# https://cloud.google.com/pubsub/docs/subscription-properties
DEDUP_KEY_LIFE = timedelta(days=32)
# Firestore: https://cloud.google.com/firestore/quotas#collections_documents_and_fields
MAX_ID_BYTES = 1_500
# A key's pending and its running effect share a document.
MAX_EFFECT_BYTES = 400_000
# What a write adds to a request beside its data: its document's name and the names of its fields.
WRITE_BYTES = 500
# How long before it is due an effect no longer stands for new ones: see `kernel.claim_effects` in PostgreSQL.
CLOSING = timedelta(seconds=2)
Key = tuple[UUID, UUID, str, str]
"""(tenant, brand, collection, id)"""


@dataclass(frozen=True, slots=True)
class EncodedWrite:
    """A write that passed the limits; `data` is JSON, or None to delete."""

    key: Key
    data: bytes | None
    write: Write


def scope_within(own: TenantContext, requested: TenantContext | None) -> TenantContext:
    """The scope to use: `own` unless a system transaction names another; anyone else naming one is refused."""
    if requested is None or requested == own:
        return own
    if own.is_system:
        return requested
    raise AccessDenied


def key_of(scope: TenantContext, collection: str, id: str) -> Key:
    """The document's key; raises `LimitExceeded` or `MalformedInput` for names an engine cannot hold."""
    for name in (collection, id):
        if not name or "\0" in name or (name.startswith("__") and name.endswith("__")):
            raise MalformedInput(f"{name!r} cannot name a document or collection")
        # Firestore's names have no slash and no lone period: each is written as two bytes.
        if len(name) * 4 > MAX_ID_BYTES and len(name.encode()) + name.count("/") + name.count(".") > MAX_ID_BYTES:
            raise LimitExceeded(f"a document's name may have {MAX_ID_BYTES} bytes: {name[:40]!r}…")
    return (scope.tenant_id, scope.brand_id, collection, id)


def encode_json(value: object, what: str) -> bytes:
    """The value as JSON: UUIDs and dates become ISO strings, and are strings when read again."""
    try:
        encoded = orjson.dumps(value)
    except (TypeError, ValueError) as error:
        raise MalformedInput(f"{what} cannot be written as JSON: {error}") from None
    # PostgreSQL's jsonb has no NUL character: https://www.postgresql.org/docs/current/datatype-json.html
    if b"\\u0000" in encoded and _holds_nul(orjson.loads(encoded)):
        raise MalformedInput(f"{what} holds a NUL character")
    return encoded


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_holds_nul(part) for part in value)


def check_commit(scope: TenantContext, commit: Commit) -> list[EncodedWrite]:
    """The commit's writes, encoded; raises `AccessDenied` for a foreign scope and `LimitExceeded`."""
    if len(commit.writes) + len(commit.effects) > MAX_WRITES:
        raise LimitExceeded(f"a transaction may write {MAX_WRITES} documents and effects, not {len(commit.writes)}")
    for owner in (*commit.effects, *((commit.finished_effect,) if commit.finished_effect else ())):
        _same_tenant(scope, owner.scope)
    for fact in commit.facts:
        if not fact.scope.is_system:  # the shared dataset takes rows of everyone
            _same_tenant(scope, fact.scope)
    for message in commit.messages:
        check_message(message)
    encoded = [_encode_write(scope, write) for write in commit.writes]
    if len({write.key for write in encoded}) != len(encoded):
        raise MalformedInput("one transaction writes the same document twice")
    _check_size(encoded, commit.effects)
    return encoded


def _check_size(writes: Sequence[EncodedWrite], effects: Sequence[StoredEffect]) -> None:
    effect_bytes = [len(encode_json(effect.data, f"effect {effect.kind}")) for effect in effects]
    if max(effect_bytes, default=0) > MAX_EFFECT_BYTES:
        raise LimitExceeded(f"an effect has {max(effect_bytes)} bytes; {MAX_EFFECT_BYTES} are allowed")
    total = sum(len(write.data or b"") + WRITE_BYTES for write in writes) + sum(effect_bytes)
    if total > MAX_COMMIT_BYTES:
        raise LimitExceeded(f"a transaction writes {total} bytes; {MAX_COMMIT_BYTES} are allowed")


def check_filters(names: Iterable[str]) -> None:
    """Raises `LimitExceeded` for a field that documents are not found by."""
    if unknown := set(names) - FILTERS:
        raise LimitExceeded(f"documents are found by {sorted(FILTERS)}, not by {sorted(unknown)}")


def _same_tenant(scope: TenantContext, other: TenantContext) -> None:
    if not scope.is_system and other.tenant_id != scope.tenant_id:
        raise AccessDenied


def _encode_write(scope: TenantContext, write: Write) -> EncodedWrite:
    key = key_of(scope_within(scope, write.scope), write.collection, write.id)
    if write.data is None:
        return EncodedWrite(key, None, write)
    data = encode_json(write.data, f"document {write.collection}/{write.id}")
    if len(data) > MAX_DOCUMENT_BYTES:
        raise LimitExceeded(
            f"document {write.collection}/{write.id} has {len(data)} bytes; {MAX_DOCUMENT_BYTES} are allowed"
        )
    return EncodedWrite(key, data, write)


def encode_facts(facts: Sequence[FactRow]) -> bytes:
    """Facts as stored with an outbox record; dates and instants become ISO strings, which the warehouse reads alike."""
    rows = [[str(fact.scope.tenant_id), str(fact.scope.brand_id), fact.table, fact.row] for fact in facts]
    try:
        return orjson.dumps(rows)
    except (TypeError, ValueError) as error:
        raise MalformedInput(f"a fact cannot be written as JSON: {error}") from None


def decode_facts(data: bytes) -> list[FactRow]:
    """The list of facts of an outbox record, in their order."""
    return [
        FactRow(TenantContext(UUID(tenant), UUID(brand)), table, row)
        for tenant, brand, table, row in orjson.loads(data)
    ]


def encode_messages(messages: Sequence[Message]) -> bytes:
    """Messages as stored with an outbox record."""
    return orjson.dumps([[message.topic, b64encode(message.data).decode(), message.attributes] for message in messages])


def decode_messages(data: bytes) -> list[Message]:
    """The list of messages of an outbox record, in their order."""
    return [Message(topic, b64decode(body), attributes) for topic, body, attributes in orjson.loads(data)]


def effect_order(effect: StoredEffect) -> tuple[UUID, UUID, str, str]:
    """Identity of an effect within its service, and the order in which engines lock them."""
    return effect.identity


def conflict_pause(failures: int) -> float:
    """Seconds to wait before run `failures` + 1, spread so that rivals part."""
    return uniform(0.0, min(0.005 * 2.0**failures, 0.5))  # noqa: S311 (spread, not secrecy)


def with_causes(waiting: StoredEffect, causes: Sequence[str]) -> StoredEffect:
    """A pending effect that has taken in another request: it keeps the first `MAX_CAUSES` causes told."""
    distinct = dict.fromkeys((*waiting.causes, *causes))
    return replace(waiting, causes=tuple(distinct)[: max(MAX_CAUSES, len(waiting.causes))])
