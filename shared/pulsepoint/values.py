"""Values that cross ports: JSON as documents hold it, rows of the warehouse, parameters of a query."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object as parsed; who reads it knows its shape."""
Row: TypeAlias = dict[str, Any]
"""One row of a query by column; its SELECT says which columns, `pulsepoint.warehouse` which types."""
Columns: TypeAlias = Mapping[str, object]
"""What is written, by column or field: text, whole numbers, instants, days, truth, None, and lists of them."""
QueryValue: TypeAlias = str | int | float | bool | datetime | date | None
"""The value of a query's `@name` parameter."""
