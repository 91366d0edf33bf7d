"""Every query the adapter asks; `indexes.py` holds the index of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from google.cloud.firestore_v1.types import Cursor, StructuredQuery, Value

from pulsepoint.adapters.firestore.fields import filter_value, text, timestamp
from pulsepoint.adapters.firestore.paths import DOCUMENTS, EFFECTS, OUTBOX

Operator = StructuredQuery.FieldFilter.Operator
# https://cloud.google.com/firestore/docs/query-data/queries#in_not-in_and_array-contains-any
MAX_VALUES = 30


def documents(filters: Mapping[str, str], after: str, limit: int) -> StructuredQuery:
    """Documents of one collection by name, after the document named `after` ("": from the first)."""
    query = StructuredQuery(
        from_=[StructuredQuery.CollectionSelector(collection_id=DOCUMENTS)],
        where=_all([_where(f"filter_{name}", Operator.EQUAL, filter_value(value)) for name, value in filters.items()]),
        order_by=[_by("__name__")],
        limit=limit,
    )
    if after:
        query.start_at = Cursor(values=[Value(reference_value=after)], before=False)
    return query


def expired(group: str, shards: Sequence[str], now: datetime, limit: int) -> StructuredQuery:
    """Names and update times of a group's documents whose time has passed."""
    return _in_time(group, _among("shard", shards), "expires_at", Operator.LESS_THAN_OR_EQUAL, now, limit, only=True)


def old_outbox_records(shards: Sequence[str], older_than: datetime, limit: int) -> StructuredQuery:
    """First documents of outbox records, oldest first."""
    return _in_time(OUTBOX, _among("shard", shards), "created_at", Operator.LESS_THAN, older_than, limit)


def outbox_records_called(service: str, ids: Sequence[UUID]) -> StructuredQuery:
    """Names of all documents of up to `MAX_VALUES` outbox records."""
    return StructuredQuery(
        select=_only("__name__"),
        from_=[StructuredQuery.CollectionSelector(collection_id=OUTBOX, all_descendants=True)],
        where=_among("leftover", [f"{service}:{id}" for id in ids]),
    )


def below(group: str, limit: int) -> StructuredQuery:
    """A group's documents below the parent asked."""
    return StructuredQuery(
        from_=[StructuredQuery.CollectionSelector(collection_id=group, all_descendants=True)],
        limit=limit,
    )


def waking_effects(service: str, now: datetime, limit: int) -> StructuredQuery:
    """Effects with something to claim at `now`, the longest waiting first."""
    own = _where("service", Operator.EQUAL, text(service))
    return _in_time(EFFECTS, own, "wakes_at", Operator.LESS_THAN_OR_EQUAL, now, limit)


def _in_time(
    group: str,
    own: StructuredQuery.Filter,
    field: str,
    before: int,
    until: datetime,
    limit: int,
    *,
    only: bool = False,
) -> StructuredQuery:
    return StructuredQuery(
        select=_only(field) if only else None,
        from_=[StructuredQuery.CollectionSelector(collection_id=group, all_descendants=True)],
        where=_all([own, _where(field, before, timestamp(until))]),
        order_by=[_by(field)],
        limit=limit,
    )


def _only(field: str) -> StructuredQuery.Projection:
    return StructuredQuery.Projection(fields=[StructuredQuery.FieldReference(field_path=field)])


def _by(field: str) -> StructuredQuery.Order:
    return StructuredQuery.Order(
        field=StructuredQuery.FieldReference(field_path=field), direction=StructuredQuery.Direction.ASCENDING
    )


def _where(field: str, operator: int, value: Value) -> StructuredQuery.Filter:
    reference = StructuredQuery.FieldReference(field_path=field)
    return StructuredQuery.Filter(field_filter=StructuredQuery.FieldFilter(field=reference, op=operator, value=value))


def _among(field: str, values: Sequence[str]) -> StructuredQuery.Filter:
    return _where(field, Operator.IN, Value(array_value={"values": [text(value) for value in values]}))


def _all(filters: Sequence[StructuredQuery.Filter]) -> StructuredQuery.Filter | None:
    if len(filters) < 2:
        return filters[0] if filters else None
    both = StructuredQuery.CompositeFilter(op=StructuredQuery.CompositeFilter.Operator.AND, filters=filters)
    return StructuredQuery.Filter(composite_filter=both)
