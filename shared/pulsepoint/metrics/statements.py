"""The SQL of metrics, BigQuery's dialect, built from the catalog alone: callers give values, never SQL.

Everything asked for at once is one statement, and so one snapshot of the warehouse: each source is read once, each
breakdown sums what was read, and the newest moment of the tables behind them comes along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from pulsepoint.brand.vocabulary import DateBasis
from pulsepoint.metrics import quarantined_days
from pulsepoint.metrics.basis import ALL_DAYS, MetricSettings, Period
from pulsepoint.metrics.definitions import Sum
from pulsepoint.metrics.evaluating import has_currency
from pulsepoint.metrics.sources import DAY, MONTH, SOURCES, Source
from pulsepoint.warehouse.as_of import select_as_of, tables_behind
from pulsepoint.warehouse.schema import current_views
from pulsepoint.warehouse.syntax import tree_of

_WINDOW = (
    "IF(conversions_micros IS NULL AND conversion_value_micros IS NULL, NULL,"
    " CONCAT('click ', COALESCE(CAST(click_window_days AS STRING), '?'), ' d, view ',"
    " COALESCE(CAST(view_window_days AS STRING), '?'), ' d'))"
)
_CLAIMANT = "IF(conversions_micros IS NULL AND conversion_value_micros IS NULL, NULL, channel)"
_CLAIM_COLUMNS = {
    "first_window": f"MIN({_WINDOW})",
    "last_window": f"MAX({_WINDOW})",
    "first_platform": f"MIN({_CLAIMANT})",
    "last_platform": f"MAX({_CLAIMANT})",
}
_ZONE_COLUMN = {"other_zone": "MIN(IF(account_timezone = @timezone, NULL, account_timezone))"}
_CLAIM_BASE = ("channel", "conversions_micros", "conversion_value_micros", "click_window_days", "view_window_days")
NEWEST, LEFT_OUT = -1, -2
"""The `part` of the row that tells the newest moment, and of those of quarantined days (day, platform, account)."""
_DAY_KEYS = ("CAST(day AS STRING)", "platform", "account_id")
NOWHERE = object()
"""Value of a filter that no row has: a citation is of values that are nowhere any more."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL and the values of its parameters."""

    sql: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Sums of one source over a period, in groups of `by`, where dimensions have the values of `where`."""

    source: str
    sums: tuple[Sum, ...]
    by: tuple[str, ...]
    period: Period
    where: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Shape:
    """The key that the text of a part depends on: the values of `filters` are parameters, their kinds are not.

    `claims` says that what platforms claim is summed, `money` that money is whose rows say what it is in.
    """

    source: str
    sums: tuple[str, ...]
    by: tuple[str, ...]
    filters: tuple[tuple[str, str], ...]
    claims: bool
    money: bool

    @property
    def texts(self) -> Mapping[str, str]:
        """Columns beside the sums that say what they may be added up with."""
        if self.source != "ads":
            return {}
        return {**_ZONE_COLUMN, **_CLAIM_COLUMNS} if self.claims else _ZONE_COLUMN


@dataclass(frozen=True, slots=True)
class _Layout:
    """The columns that all parts of a statement have: so many keys and sums, and these texts."""

    keys: int
    sums: int
    texts: tuple[str, ...]

    @classmethod
    def of(cls, shapes: Sequence[_Shape]) -> _Layout:
        texts = {name for shape in shapes for name in shape.texts}
        keys = max(len(shape.by) for shape in shapes)
        if _reads_spend(shapes):
            keys = max(keys, len(_DAY_KEYS))
        return cls(keys, max(len(shape.sums) for shape in shapes), tuple(sorted(texts)))

    def columns(self, part: str, keys: Sequence[str], money: str, sums: Sequence[str], texts: Mapping[str, str]) -> str:
        """The list of a SELECT; what it lacks is NULL."""
        keys = [*keys, *[_NO_TEXT] * (self.keys - len(keys))]
        sums = [*sums, *["CAST(NULL AS INT64)"] * (self.sums - len(sums))]
        listed = [
            f"{part} AS part",
            *(f"{sql} AS key_{place}" for place, sql in enumerate(keys)),
            f"{money} AS money",
            *(f"{sql} AS sum_{place}" for place, sql in enumerate(sums)),
            *(f"{texts.get(name, _NO_TEXT)} AS {name}" for name in self.texts),
        ]
        return ", ".join(listed)


# Never NULL alone: BigQuery would give an untyped column.
_NO_TEXT = "CAST(NULL AS STRING)"


def sums_statement(parts: Sequence[Part], settings: MetricSettings, as_of: datetime | None) -> Statement:
    """All parts in one SELECT.

    Rows have `part` (its place), `key_<place>` for each dimension of the part's `by` as text, `money` (the currency;
    NULL where no sum has one: then each group is one row), `sum_<place>` for each sum of the part, and for ads
    `other_zone` and, where claims are summed, the first and last window and platform. Where spend is read, rows of
    part `LEFT_OUT` have in their keys the days of the period whose spend is in quarantine. Without `as_of` one row of
    part `NEWEST` has in `sum_0` the moment of the newest fact that any part rests on, in microseconds of the epoch,
    NULL without any.
    """
    of_all_days = all(part.period == ALL_DAYS for part in parts)
    sql = _sums_sql(tuple(map(_shape, parts)), settings.date_basis, as_of is None, of_all_days)
    parameters = _parameters(parts[0].period if len(parts) == 1 else _around(parts), settings)
    for place, part in enumerate(parts):
        parameters |= {f"start_{place}": part.period.start, f"end_{place}": part.period.end}
        parameters |= _filter_values(part, place)
    if as_of is None:
        return Statement(sql, parameters)
    return Statement(select_as_of(sql), {**parameters, "as_of": as_of})


def rows_statement(
    part: Part, settings: MetricSettings, currency: str | None, as_of: datetime, limit: int
) -> Statement:
    """The first `limit` rows behind the sums of a part, each with `total_rows`, how many there are.

    Money in `currency` has the rows in it alone; what is counted has those of every currency.
    """
    source = SOURCES[part.source]
    parameters = {**_parameters(part.period, settings), **_filter_values(part, 0), "as_of": as_of}
    day, shape = _day(source, settings.date_basis), _shape(part)
    terms = [*_terms(source, settings.date_basis), *_filters(shape.filters, 0, day)]
    terms += [f"NOT {quarantined_days.condition(column, day)}" for column in sorted(_quarantine_columns([shape]))]
    if currency is not None and shape.money:
        terms.append(f"{source.currency} = @currency")
        parameters["currency"] = currency
    rows = source.detail_rows(settings.date_basis)
    columns = [*source.detail, *(("fact_id", "recorded_at") if source.facts else ())]
    sql = (
        f"SELECT {', '.join(columns)}, COUNT(*) OVER () AS total_rows FROM {rows} AS behind"
        f" WHERE {' AND '.join(terms)} ORDER BY {'fact_id' if source.facts else source.detail[0]} LIMIT {int(limit)}"
    )
    return Statement(select_as_of(sql), parameters)


def values_statement(part: Part, dimensions: Sequence[str], settings: MetricSettings, as_of: datetime) -> Statement:
    """Every combination of values that `dimensions` have in the rows of a part."""
    source = SOURCES[part.source]
    day = _day(source, settings.date_basis)
    terms = [*_terms(source, settings.date_basis), *_filters(_shape(part).filters, 0, day)]
    rows = source.rows_with(frozenset({*dimensions, *part.where}), settings.date_basis)
    sql = f"SELECT DISTINCT {', '.join(dimensions)} FROM {rows} AS behind WHERE {' AND '.join(terms)}"
    parameters = {**_parameters(part.period, settings), **_filter_values(part, 0), "as_of": as_of}
    return Statement(select_as_of(sql), parameters)


def _shape(part: Part) -> _Shape:
    kinds = ((name, _kind(value)) for name, value in part.where.items())
    claims = any(each.claimed for each in part.sums)
    sums = (quarantined_days.grain(each.expression, {*part.by, *part.where}) for each in part.sums)
    return _Shape(part.source, tuple(sums), part.by, tuple(kinds), claims, any(map(has_currency, part.sums)))


def _quarantine_columns(shapes: Iterable[_Shape]) -> frozenset[str]:
    columns = (column for shape in shapes for sum_ in shape.sums for column in columns_of(sum_))
    return quarantined_days.COLUMNS.intersection(columns)


def _reads_spend(shapes: Iterable[_Shape]) -> bool:
    return any(shape.source == "ads" for shape in shapes)


def _kind(value: object) -> str:
    return "null" if value is None else "nowhere" if value is NOWHERE else "value"


def _filter_values(part: Part, place: int) -> dict[str, object]:
    return {f"at_{name}_{place}": value for name, value in part.where.items() if _kind(value) == "value"}


def _parameters(period: Period, settings: MetricSettings) -> dict[str, object]:
    start_at, end_at = period.instants(settings.timezone)
    from_at, until_at = period.roomy_instants()
    return {
        "timezone": settings.timezone,
        "model": settings.model.value,
        "cancelled_orders": settings.cancelled_orders.value,
        "start_day": period.start,
        "end_day": period.end,
        "start_at": start_at,
        "end_at": end_at,
        "from_at": from_at,
        "until_at": until_at,
    }


def _around(parts: Sequence[Part]) -> Period:
    whole = parts[0].period
    for part in parts[1:]:
        whole = whole.around(part.period)
    return whole


def _day(source: Source, basis: DateBasis) -> str:
    """The SQL of the day a row falls on."""
    return source.day or f"DATE({source.instants[basis]}, @timezone)" if source.is_dated else ""


def _terms(source: Source, basis: DateBasis, *, of_all_days: bool = False) -> list[str]:
    """Conditions of the rows of a brand and period that count.

    The range of instants lets engines skip what is far from the period; the day decides.
    """
    terms = ["brand_id = @brand_id", f"({source.where})"]
    if of_all_days:
        return terms
    if source.is_dated:
        terms.append(f"{_day(source, basis)} BETWEEN @start_day AND @end_day")
    if source.instants:
        instant = source.instants[basis]
        terms.append(f"{instant} >= @from_at AND {instant} < @until_at")
    return terms


def _filters(filters: Iterable[tuple[str, str]], place: int, day: str) -> list[str]:
    terms = []
    for name, kind in filters:
        column = _expression(name, day)
        terms.append({"null": f"{column} IS NULL", "nowhere": "FALSE", "value": f"{column} = @at_{name}_{place}"}[kind])
    return terms


def _expression(dimension: str, day: str) -> str:
    if dimension == MONTH:
        return f"FORMAT_DATE('%Y-%m', {day})"
    return day if dimension == DAY else dimension


@lru_cache(maxsize=256)
def _sums_sql(shapes: tuple[_Shape, ...], basis: DateBasis, tells_newest: bool, of_all_days: bool) -> str:
    used = {name: [shape for shape in shapes if shape.source == name] for name in sorted({s.source for s in shapes})}
    shared = {name: _rows_sql(name, those, basis, of_all_days) for name, those in used.items() if len(those) > 1}
    layout = _Layout.of(shapes)
    several = len(shapes) > 1 and not of_all_days
    selects = []
    for place, shape in enumerate(shapes):
        rows = f"{shape.source}_rows"
        if shape.source not in shared:
            rows = f"({_rows_sql(shape.source, [shape], basis, of_all_days)}) AS {rows}"
        selects.append(_part_sql(place, shape, rows, layout, several))
    if _reads_spend(shapes):
        selects.append(_left_out_sql(layout, of_all_days))
    if tells_newest:
        selects.append(_newest_sql(frozenset(used), basis, layout))
    tables = ", ".join(f"{name}_rows AS ({sql})" for name, sql in shared.items())
    return f"{f'WITH {tables} ' if tables else ''}{' UNION ALL '.join(selects)}"


def _rows_sql(name: str, shapes: Sequence[_Shape], basis: DateBasis, of_all_days: bool) -> str:
    """The rows of a source as its parts need them: their day, dimensions, `money`, and what is summed."""
    source = SOURCES[name]
    dimensions = frozenset(name for shape in shapes for name in (*shape.by, *(name for name, _ in shape.filters)))
    columns = {column for shape in shapes for sum_ in shape.sums for column in columns_of(sum_)}
    quarantined = sorted(columns & quarantined_days.COLUMNS)
    columns = (columns | dimensions) - {DAY, MONTH, *quarantined}
    if name == "ads":
        columns |= {"account_timezone", *(_CLAIM_BASE if any(shape.claims for shape in shapes) else ())}
    day = [f"{_day(source, basis)} AS {DAY}"] if source.is_dated else []
    day += [f"{quarantined_days.condition(column, _day(source, basis))} AS {column}" for column in quarantined]
    money = [f"{source.currency or _NO_TEXT} AS money"]
    return (
        f"SELECT {', '.join([*day, *money, *sorted(columns)])} FROM {source.rows_with(dimensions, basis)} AS counted"
        f" WHERE {' AND '.join(_terms(source, basis, of_all_days=of_all_days))}"
    )


def _part_sql(place: int, shape: _Shape, rows: str, layout: _Layout, several: bool) -> str:
    keys = [f"CAST({DAY} AS STRING)" if name == DAY else _expression(name, DAY) for name in shape.by]
    columns = layout.columns(str(place), keys, "money" if shape.money else _NO_TEXT, shape.sums, shape.texts)
    terms = _filters(shape.filters, place, DAY)
    if several and SOURCES[shape.source].is_dated:
        terms.append(f"{DAY} BETWEEN @start_{place} AND @end_{place}")
    condition = f" WHERE {' AND '.join(terms)}" if terms else ""
    # Grouped by the keys there are, and money by what it is in: counts are of all currencies.
    groups = [*range(2, 2 + len(keys)), *([2 + layout.keys] if shape.money else [])]
    grouped = f" GROUP BY {', '.join(map(str, groups))}" if groups else ""
    return f"SELECT {columns} FROM {rows}{condition}{grouped}"


def _left_out_sql(layout: _Layout, of_all_days: bool) -> str:
    columns = layout.columns(str(LEFT_OUT), _DAY_KEYS, "currency", (), {})
    days = "" if of_all_days else " AND day BETWEEN @start_day AND @end_day"
    return f"SELECT {columns} FROM quarantined_ad_days WHERE brand_id = @brand_id{days}"


def _newest_sql(sources: frozenset[str], basis: DateBasis, layout: _Layout) -> str:
    maxima = " UNION ALL ".join(
        f"SELECT MAX(recorded_at) AS recorded_at FROM {table} WHERE brand_id = @brand_id"
        for table in _heads(sources, basis)
    )
    columns = layout.columns(str(NEWEST), (), _NO_TEXT, ("UNIX_MICROS(MAX(recorded_at))",), {})
    return f"SELECT {columns} FROM ({maxima}) AS newest_rows"


@cache
def _heads(sources: frozenset[str], basis: DateBasis) -> tuple[str, ...]:
    """The tables that tell when the newest row of sources was recorded: parts of a snapshot come with their head."""
    heads = {current.table: current.head for current in current_views().values()}
    tables = {
        table
        for name in sources
        for rows in {SOURCES[name].rows_with(frozenset(), basis), SOURCES[name].detail_rows(basis)}
        for table in tables_behind(f"SELECT brand_id FROM {rows} AS behind")
    }
    return tuple(sorted({heads.get(table, table) for table in tables}))


@cache
def columns_of(expression: str) -> frozenset[str]:
    """The columns an aggregate reads."""
    from sqlglot import exp

    return frozenset(column.name for column in tree_of(expression).find_all(exp.Column))
