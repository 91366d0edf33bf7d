"""Every index and time to live the adapter's queries and documents need: what Terraform makes, and a test compares.

Fields are indexed by nothing but what is named here: `*` takes a whole collection group out of the automatic
indexes, whose growing times would hold writes at 500 a second, and which would index `data` for no use.
https://cloud.google.com/firestore/docs/concepts/index-overview#single-field_index_exemptions
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pulsepoint.adapters.firestore.paths import DEDUP_KEYS, DOCUMENTS, EFFECTS, OUTBOX
from pulsepoint.ports.document_store import FILTERS

Scope = Literal["COLLECTION", "COLLECTION_GROUP"]


@dataclass(frozen=True, slots=True)
class CompositeIndex:
    """An index over `fields`, all ascending (Terraform: google_firestore_index)."""

    collection: str
    fields: tuple[str, ...]
    scope: Scope = "COLLECTION_GROUP"


@dataclass(frozen=True, slots=True)
class FieldConfiguration:
    """The indexes of one field of a collection group, and whether documents expire by it (google_firestore_field).

    `ascending` is the scope of its one ascending index, None for no index. `expires`: the field is the group's
    time to live. Subfields inherit; `*` is every field not named.
    """

    collection: str
    field: str
    ascending: Scope | None = None
    expires: bool = False


INDEXES: tuple[CompositeIndex, ...] = (
    CompositeIndex(DOCUMENTS, ("shard", "expires_at")),
    CompositeIndex(DEDUP_KEYS, ("shard", "expires_at")),
    CompositeIndex(OUTBOX, ("shard", "expires_at")),
    CompositeIndex(OUTBOX, ("shard", "created_at")),
    CompositeIndex(EFFECTS, ("service", "wakes_at")),
)

FIELDS: tuple[FieldConfiguration, ...] = (
    *(FieldConfiguration(group, "*") for group in (DOCUMENTS, DEDUP_KEYS, OUTBOX, EFFECTS)),
    *(FieldConfiguration(group, "expires_at", expires=True) for group in (DOCUMENTS, DEDUP_KEYS, OUTBOX)),
    FieldConfiguration(OUTBOX, "leftover", ascending="COLLECTION_GROUP"),
    # Equality on several fields, by name, is answered by merging their single-field indexes.
    *(FieldConfiguration(DOCUMENTS, f"filter_{name}", ascending="COLLECTION") for name in sorted(FILTERS)),
)
