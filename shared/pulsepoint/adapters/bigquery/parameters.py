"""Values of a question's `@name` parameters, typed for BigQuery from what they are in Python.

https://cloud.google.com/bigquery/docs/parameterized-queries
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter

from pulsepoint.errors import MalformedInput
from pulsepoint.values import QueryValue

Parameter = ScalarQueryParameter | ArrayQueryParameter


def typed(parameters: Mapping[str, QueryValue]) -> list[Parameter]:
    """The parameters in the order given; raises `MalformedInput` naming one BigQuery cannot hold exactly."""
    return [_typed(name, value) for name, value in parameters.items()]


def _typed(name: str, value: QueryValue) -> Parameter:
    if isinstance(value, list | tuple):
        kinds = {_kind(name, each) for each in value}
        if len(kinds) > 1:
            raise MalformedInput(f"parameter @{name} mixes {' and '.join(sorted(kinds))}")
        return ArrayQueryParameter(name, kinds.pop() if kinds else "STRING", list(value))
    return ScalarQueryParameter(name, _kind(name, value), value)


def _kind(name: str, value: object) -> str:
    # The order matters: True is an int and a datetime is a date.
    if value is None or isinstance(value, str):
        return "STRING"
    if isinstance(value, bool):
        return "BOOL"
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise MalformedInput(f"parameter @{name} is no 64-bit whole number")
        return "INT64"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise MalformedInput(f"parameter @{name} is an instant without its offset")
        return "TIMESTAMP"
    if isinstance(value, date):
        return "DATE"
    if isinstance(value, Decimal):
        return "NUMERIC"
    raise MalformedInput(f"parameter @{name}: a {type(value).__name__} is no value of a question")
