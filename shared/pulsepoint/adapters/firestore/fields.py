"""The kernel's records as Firestore documents and back.

What a service stores is kept as JSON in one bytes field: Firestore has no integers above 2^63, no arrays in arrays,
no empty field names, and would index every part. https://cloud.google.com/firestore/docs/concepts/data-types
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

import orjson
from google.cloud.firestore_v1.types import Document as Stored
from google.cloud.firestore_v1.types import DocumentMask, DocumentTransform, Precondition, Value, Write

from pulsepoint.adapters.document_rules import EncodedWrite
from pulsepoint.adapters.firestore.paths import decode_id
from pulsepoint.ports.document_store import FILTERS, Document
from pulsepoint.values import Columns, JsonObject

# A longer value is cut in an index: https://cloud.google.com/firestore/quotas#indexes
MAX_INDEXED_BYTES = 1_500
EXPIRY = ("expires_at", "shard")
DOCUMENT_FIELDS = ("data", *EXPIRY, *(f"filter_{name}" for name in sorted(FILTERS)))
INCREMENT = (DocumentTransform.FieldTransform(field_path="version", increment=Value(integer_value=1)),)


def text(value: str) -> Value:
    """A string field."""
    return Value(string_value=value)


def timestamp(value: datetime) -> Value:
    """A timestamp field, to the microsecond."""
    return Value(timestamp_value=value)


def unchanged_since(seen: datetime | None) -> Precondition:
    """That a document is still as it was when last updated at `seen`, or still absent (None)."""
    return Precondition(exists=False) if seen is None else Precondition(update_time=seen)


def put(name: str, fields: dict[str, Value], precondition: Precondition | None = None) -> Write:
    """Replace a whole document."""
    return Write(update=Stored(name=name, fields=fields), current_document=precondition)


def drop(name: str, precondition: Precondition | None = None) -> Write:
    """Delete a document."""
    return Write(delete=name, current_document=precondition)


def clear(name: str, fields: Iterable[str]) -> Write:
    """Take fields out of a document that must be there."""
    mask = DocumentMask(field_paths=list(fields))
    return Write(update=Stored(name=name), update_mask=mask, current_document=Precondition(exists=True))


def put_document(name: str, shard: str, write: EncodedWrite, precondition: Precondition | None) -> Write:
    """Replace a service's document and count the commit, also when nobody has read how many there were."""
    if write.data is None:
        return drop(name, precondition)
    fields = {"data": Value(bytes_value=write.data), **_filters(write.write.data or {})}
    if write.write.expires_at is not None:
        fields |= expiry(shard, write.write.expires_at)
    return Write(
        update=Stored(name=name, fields=fields),
        update_mask=DocumentMask(field_paths=DOCUMENT_FIELDS),
        update_transforms=INCREMENT,
        current_document=precondition,
    )


def expiry(shard: str, expires_at: datetime) -> dict[str, Value]:
    """When a document may go: for Firestore's own time to live, and findable by `expire`.

    https://cloud.google.com/firestore/docs/ttl
    """
    return {"expires_at": timestamp(expires_at), "shard": text(shard)}


def document_of(stored: Stored) -> Document:
    """A service's document."""
    *_, collection, _documents, id = stored.name.split("/")
    data: JsonObject = orjson.loads(stored.fields["data"].bytes_value)
    version = stored.fields["version"].integer_value
    return Document(decode_id(collection), decode_id(id), version, data)


def filter_value(value: str) -> Value:
    """The value a filter field holds and is compared with: the string, or its digest where an index would cut it."""
    encoded = value.encode()
    return text(value if len(encoded) <= MAX_INDEXED_BYTES else sha256(encoded).hexdigest())


def _filters(data: Columns) -> dict[str, Value]:
    return {f"filter_{name}": filter_value(value) for name in FILTERS if isinstance(value := data.get(name), str)}
