"""The SQL of metric queries, BigQuery's dialect, built from the catalog alone: callers give values, never SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from pulsepoint.metrics.catalog import SOURCES, Sum
from pulsepoint.metrics.facts import Period, Settings
from pulsepoint.warehouse.as_of import select_as_of, tables_behind

_WINDOW = (
    "IF(conversions_micros IS NULL AND conversion_value_micros IS NULL, NULL,"
    " CONCAT('click ', COALESCE(CAST(click_window_days AS STRING), '?'), ' d, view ',"
    " COALESCE(CAST(view_window_days AS STRING), '?'), ' d'))"
)
_CLAIMANT = "IF(conversions_micros IS NULL AND conversion_value_micros IS NULL, NULL, channel)"
_AD_COLUMNS = (
    f"MIN({_WINDOW}) AS first_window",
    f"MAX({_WINDOW}) AS last_window",
    f"MIN({_CLAIMANT}) AS first_platform",
    f"MAX({_CLAIMANT}) AS last_platform",
    "MIN(IF(account_timezone = @timezone, NULL, account_timezone)) AS other_zone",
)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and the values of its parameters."""

    sql: str
    parameters: dict[str, Any]


def sums_statement(
    source: str,
    sums: Sequence[Sum],
    by: Sequence[str],
    period: Period,
    settings: Settings,
    where: Mapping[str, Any],
    as_of: datetime,
) -> Statement:
    """Sums of one source by dimensions and currency (`money`), as known at `as_of`."""
    definition = SOURCES[source]
    keys = [f"{definition.dimensions[name]} AS {name}" for name in by]
    # Never NULL alone: BigQuery would give an untyped column.
    keys.append(f"{definition.currency or 'CAST(NULL AS STRING)'} AS money")
    columns = [*keys, *(f"{each.expression} AS {each.name}" for each in sums)]
    if source == "ads":
        columns += _AD_COLUMNS
    groups = ", ".join(str(position + 1) for position in range(len(keys)))
    filters, parameters = _filters(source, period, settings, where)
    sql = f"SELECT {', '.join(columns)} FROM {definition.view} WHERE {filters} GROUP BY {groups}"
    return Statement(select_as_of(sql), {**parameters, "as_of": as_of})


def rows_statement(
    source: str,
    period: Period,
    settings: Settings,
    where: Mapping[str, Any],
    currency: str | None,
    as_of: datetime,
    limit: int,
) -> Statement:
    """The first `limit` rows behind a sum by fact id, each with `total_rows`, how many there are."""
    definition = SOURCES[source]
    filters, parameters = _filters(source, period, settings, where)
    if currency is not None and definition.currency is not None:
        filters += f" AND {definition.currency} = @currency"
        parameters["currency"] = currency
    columns = ", ".join([*definition.detail, "fact_id", "recorded_at"])
    sql = (
        f"SELECT {columns}, COUNT(*) OVER () AS total_rows FROM {definition.view} WHERE {filters}"
        f" ORDER BY fact_id LIMIT {int(limit)}"
    )
    return Statement(select_as_of(sql), {**parameters, "as_of": as_of})


@cache
def newest_statement(sources: frozenset[str]) -> str:
    """When the newest row of a brand was recorded in any table the sources read."""
    tables = sorted(_tables(sources))
    maxima = " UNION ALL ".join(
        f"SELECT MAX(recorded_at) AS newest FROM {table} WHERE brand_id = @brand_id" for table in tables
    )
    return f"SELECT MAX(newest) AS newest FROM ({maxima}) AS newest_rows"


def _tables(sources: Iterable[str]) -> set[str]:
    return {table for source in sources for table in tables_behind(f"SELECT * FROM {SOURCES[source].view}")}


def _filters(source: str, period: Period, settings: Settings, where: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    definition = SOURCES[source]
    terms = ["brand_id = @brand_id", f"({definition.where})"]
    values: dict[str, Any] = {
        "timezone": period.timezone,
        "model": settings.model,
        "cancelled_orders": settings.cancelled_orders,
        "date_basis": settings.date_basis,
    }
    if "day" in definition.dimensions:
        terms.append(f"{definition.dimensions['day']} BETWEEN @start_day AND @end_day")
        values |= {"start_day": period.start, "end_day": period.end}
    for name, value in where.items():
        if value is None:
            terms.append(f"{definition.dimensions[name]} IS NULL")
        else:
            terms.append(f"{definition.dimensions[name]} = @at_{name}")
            values[f"at_{name}"] = value
    return " AND ".join(terms), values
