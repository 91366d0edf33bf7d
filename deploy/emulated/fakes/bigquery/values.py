"""BigQuery's types in DuckDB: what a streamed value must be, how large it is, how a result is told.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from deploy.emulated.fakes.bigquery.refusals import invalid, invalid_query

# The names of the API's older form, which answers use, by every name that requests may use.
KINDS = {
    **dict.fromkeys(("STRING",), "STRING"),
    **dict.fromkeys(("INT64", "INTEGER"), "INTEGER"),
    **dict.fromkeys(("FLOAT64", "FLOAT"), "FLOAT"),
    **dict.fromkeys(("BOOL", "BOOLEAN"), "BOOLEAN"),
    **{name: name for name in ("TIMESTAMP", "DATE", "NUMERIC")},
}
IN_DUCKDB = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMPTZ",
    "DATE": "DATE",
    "NUMERIC": "DECIMAL(38, 9)",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def kind(name: str) -> str:
    """BigQuery's type of that name; raises `Refused` for one the fake does not keep."""
    canonical = KINDS.get(name.upper())
    if canonical is None:
        raise invalid(f"Invalid value for type: {name} is not a valid value")
    return canonical


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("Cannot convert value to string")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"Cannot convert value to integer (bad value): {value}")
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"Cannot convert value to integer (bad value): {value}")
    return number


def _real(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError("Cannot convert value to floating point")
    return float(value)


def _truth(value: object) -> bool:
    text = str(value).lower()
    if isinstance(value, bool | str) and text in {"true", "false"}:
        return text == "true"
    raise ValueError(f"Cannot convert value to boolean (bad value): {value}")


def _instant(value: object) -> datetime:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return EPOCH + timedelta(seconds=value)
    timestamp = datetime.fromisoformat(_text(value).removesuffix(" UTC"))
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)


def _decimal(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"Invalid NUMERIC value: {value}") from None


READ: dict[str, Callable[[object], object]] = {
    "STRING": _text,
    "INTEGER": _whole,
    "FLOAT": _real,
    "BOOLEAN": _truth,
    "TIMESTAMP": _instant,
    "DATE": lambda value: date.fromisoformat(_text(value)),
    "NUMERIC": _decimal,
}
"""What a JSON value is as one of a type; raises `ValueError` in BigQuery's words."""

SIZES: dict[str, Callable[[Any], int]] = {
    **dict.fromkeys(("INTEGER", "FLOAT", "TIMESTAMP", "DATE"), lambda value: 8),
    "STRING": lambda value: 2 + len(value.encode()),
    "BOOLEAN": lambda value: 1,
    "NUMERIC": lambda value: 16,
}
"""Bytes of a value that is not NULL: https://cloud.google.com/bigquery/pricing#data"""


def parameter(given: dict[str, Any]) -> object:
    """The value of one entry of `queryParameters`; raises `Refused`."""
    declared, value = given["parameterType"], given.get("parameterValue", {})
    try:
        if declared["type"].upper() == "ARRAY":
            read = READ[kind(declared["arrayType"]["type"])]
            return [read(each["value"]) for each in value.get("arrayValues", [])]
        plain = value.get("value")
        return None if plain is None else READ[kind(declared["type"])](plain)
    except ValueError as error:
        raise invalid_query(f"Invalid value for query parameter '{given.get('name')}': {error}") from None


def result_kind(duckdb_type: str) -> str:
    """BigQuery's type of a column DuckDB answers with."""
    if duckdb_type.startswith("DECIMAL"):
        return "NUMERIC"
    if duckdb_type in {"HUGEINT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER", '"NULL"', "NULL"}:
        return "INTEGER"
    kinds = {"VARCHAR": "STRING", "DOUBLE": "FLOAT", "FLOAT": "FLOAT", "BOOLEAN": "BOOLEAN", "DATE": "DATE"}
    kinds |= {"TIMESTAMP WITH TIME ZONE": "TIMESTAMP", "TIMESTAMP": "DATETIME"}
    if duckdb_type not in kinds:
        raise invalid_query(f"the fake has no answer of type {duckdb_type}")
    return kinds[duckdb_type]


def cell(value: Any, as_kind: str) -> dict[str, str | None]:
    """One value of an answer, with timestamps in whole microseconds (`useInt64Timestamp`)."""
    if value is None:
        return {"v": None}
    if as_kind == "TIMESTAMP":
        return {"v": str((value - EPOCH) // timedelta(microseconds=1))}
    if as_kind == "BOOLEAN":
        return {"v": "true" if value else "false"}
    if as_kind == "INTEGER" and not -(2**63) <= value < 2**63:
        raise invalid_query("int64 overflow")
    return {"v": value.isoformat() if isinstance(value, date) else str(value)}
