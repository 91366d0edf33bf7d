"""The rules for a row that its table holds exactly, said once for every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from pulsepoint.errors import MalformedInput
from pulsepoint.values import Columns
from pulsepoint.warehouse import schema


def _is_whole(value: object) -> bool:
    # Not isinstance: True is no count, and engines round 1.5, or store NULL, without a word.
    return type(value) is int and -(2**63) <= value < 2**63


def _is_instant(value: object) -> bool:
    try:
        timestamp = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return False
    return isinstance(timestamp, datetime) and timestamp.tzinfo is not None


def _is_day(value: object) -> bool:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    return type(value) is date


_EXACT: dict[str, tuple[str, Callable[[object], bool]]] = {
    "STRING": ("text", lambda value: isinstance(value, str)),
    "INT64": ("a 64-bit whole number", _is_whole),
    "TIMESTAMP": ("an instant with its offset", _is_instant),
    "DATE": ("a day", _is_day),
    "BOOL": ("true or false", lambda value: type(value) is bool),
}


@cache
def tables_by_name(shared: bool) -> Mapping[str, schema.Table]:
    """The tables of the shared dataset, or of a tenant's."""
    declared = schema.shared_tables() if shared else schema.tables()
    return {table.name: table for table in declared}


@cache
def relations(shared: bool) -> frozenset[str]:
    """The names a question may read."""
    views = () if shared else schema.views()
    return frozenset(tables_by_name(shared)) | frozenset(view.name for view in views)


@dataclass(frozen=True, slots=True)
class RowCheck:
    """Refuses rows one table cannot hold exactly."""

    table: schema.Table
    names: frozenset[str]

    def __call__(self, row: Columns) -> None:
        """Raise `MalformedInput` naming the column of `row` that is wrong."""
        name = self.table.name
        if not row.keys() <= self.names:
            raise MalformedInput(f"{name}: no column {min(row.keys() - self.names)!r}")
        for column in self.table.columns:
            value = row.get(column.name)
            if value is None:
                if column.required:
                    raise MalformedInput(f"{name}.{column.name}: required")
                continue
            words, holds = _EXACT[column.type]
            if not holds(value):
                raise MalformedInput(f"{name}.{column.name}: expected {words}, got {type(value).__name__}")


@cache
def row_check(shared: bool, table: str) -> RowCheck:
    """The check of rows of `table`; raises `MalformedInput` when there is no such table."""
    declared = tables_by_name(shared).get(table)
    if declared is None:
        raise MalformedInput(f"no warehouse table {table!r}")
    return RowCheck(declared, frozenset(column.name for column in declared.columns))
