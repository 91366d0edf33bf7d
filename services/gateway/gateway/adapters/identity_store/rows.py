"""Typed rows of the identity store as JSON-able documents, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Table, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.types import TypeEngine

from gateway.adapters.identity_store.tables import Collection
from pulsepoint.errors import MalformedInput

_HIDDEN = frozenset({"tenant_id", "version"})


def document_of(row: Mapping[str, object]) -> dict[str, object]:
    """A row as a document: UUIDs and instants as text, without tenant and version."""
    # SQLAlchemy's names are a kind of str that JSON writers refuse as keys.
    return {str(name): _plain(value) for name, value in row.items() if name not in _HIDDEN}


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return value


def key_value(collection: Collection, id: str) -> object:
    """The id as the type of the collection's key column; raises `MalformedInput` when it cannot be one."""
    return typed(collection.table, {collection.key: id})[collection.key]


def typed(table: Table, data: Mapping[str, object]) -> dict[str, object]:
    """A document's values as the types of the table's columns; raises `MalformedInput` for a field it lacks."""
    values: dict[str, object] = {}
    for name, value in data.items():
        if name not in table.c:
            raise MalformedInput(f"{table.name} has no column {name}")
        try:
            values[name] = _typed(table.c[name].type, value)
        except ValueError as error:
            raise MalformedInput(f"{table.name}.{name}: {error}") from None
    return values


def _typed(kind: TypeEngine[object], value: object) -> object:
    if isinstance(value, list) and isinstance(kind, ARRAY):
        return [_typed(kind.item_type, each) for each in value]
    if isinstance(value, str) and isinstance(kind, Uuid):
        return UUID(value)
    if isinstance(value, str) and isinstance(kind, TIMESTAMP):
        return datetime.fromisoformat(value)
    return value
