"""Asks the metric catalog: any metrics, broken down any way they share, each number with the fact id behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pulsepoint.errors import MalformedInput, PermanentError
from pulsepoint.metrics.catalog import SOURCES, Metric, Ratio, Sum, UnknownMetric, dimensions_of, metric, sums_of
from pulsepoint.metrics.facts import Fact, Period, Settings, fact_id
from pulsepoint.metrics.statements import newest_statement, sums_statement
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """One integer in its metric's unit, or None where there is nothing to divide by or nothing was asked for."""

    value: int | None
    fact_id: str


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """The numbers of one group; `at` names the group by its dimensions."""

    at: Mapping[str, Any]
    numbers: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Excluded:
    """Money in another currency than asked for: listed apart, part of no sum."""

    at: Mapping[str, Any]
    metric: str
    currency: str | None
    value: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured; `currency` is None where no money was asked for, `as_of` the newest fact it rests on."""

    rows: tuple[MeasuredRow, ...]
    currency: str | None
    excluded: tuple[Excluded, ...]
    notes: tuple[str, ...]
    as_of: datetime | None


@dataclass(slots=True)
class _Group:
    """Sums of one group by currency, and what decides whether claims may be summed."""

    sums: dict[str, dict[str | None, int]] = field(default_factory=dict)
    windows: set[str] = field(default_factory=set)
    platforms: set[str] = field(default_factory=set)


async def measure(
    warehouse: Warehouse,
    scope: TenantContext,
    metrics: Sequence[str],
    *,
    start: date,
    end: date,
    timezone: str,
    by: Sequence[str] = (),
    settings: Settings | None = None,
    currency: str | None = None,
    where: Mapping[str, Any] | None = None,
    as_of: datetime | None = None,
) -> Measurement:
    """Metrics of a brand for days `start` to `end` of `timezone`, both included, in groups of `by`.

    Without `as_of` it is what is known now, pinned so that fact ids recompute it. Without `currency` all money must
    be in one. A ratio with a part in another currency is None, unless it divides money of one source that is all in the
    same: that is the same in every currency. Raises `UnknownMetric`, `MalformedInput`, and
    `PermanentError` with reason `mixed_currencies`, `mixed_windows` or `mixed_platforms` for sums that mean nothing.
    """
    definitions = [metric(name) for name in metrics]
    where, settings = dict(where or {}), settings or Settings()
    _check_dimensions(definitions, [*by, *where])
    period = _checked(Period(start, end, timezone))
    parts = {part.name: part for each in definitions for part in sums_of(each.name)}
    pinned = as_of or await _newest(warehouse, scope, parts.values())
    groups, zones = await _collect(warehouse, scope, parts, by, period, settings, where, pinned)
    if not by:
        groups.setdefault((), _Group())
    chosen = _currency(groups, parts, currency)
    measured = []
    for key in sorted(groups, key=_order):
        at = dict(zip(by, key, strict=True))
        numbers = {}
        for each in definitions:
            _refuse_mixed_claims(each, groups[key])
            in_currency = _computed_in(each, groups[key], chosen)
            fact = Fact(each.name, scope, period, settings, in_currency, pinned, {**where, **at})
            numbers[each.name] = Number(_value(each, groups[key], in_currency), fact_id(fact))
        measured.append(MeasuredRow(at, numbers))
    excluded = tuple(_excluded(groups, parts, by, chosen))
    return Measurement(tuple(measured), chosen, excluded, _notes(zones, timezone), pinned)


def ratio_of(numerator: int | None, denominator: int | None, scale: int) -> int | None:
    """`numerator * scale / denominator`, rounded half to even; None where there is nothing to divide by."""
    if numerator is None or not denominator:
        return None
    return round(Fraction(numerator * scale, denominator))


def _check_dimensions(definitions: Iterable[Metric], dimensions: Iterable[str]) -> None:
    for each in definitions:
        for dimension in dimensions:
            if dimension not in dimensions_of(each.name):
                allowed = ", ".join(sorted(dimensions_of(each.name))) or "none"
                raise UnknownMetric(f"{each.name} cannot be broken down by {dimension!r}, only by: {allowed}")


def _checked(period: Period) -> Period:
    if period.start > period.end:
        raise MalformedInput("the period ends before it starts")
    try:
        ZoneInfo(period.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise MalformedInput(f"unknown timezone {period.timezone!r}") from None
    return period


async def _newest(warehouse: Warehouse, scope: TenantContext, parts: Iterable[Sum]) -> datetime | None:
    statement = newest_statement(frozenset(part.source for part in parts))
    rows = await warehouse.query(scope, statement)
    newest: datetime | None = rows[0]["newest"]
    return newest


async def _collect(
    warehouse: Warehouse,
    scope: TenantContext,
    parts: Mapping[str, Sum],
    by: Sequence[str],
    period: Period,
    settings: Settings,
    where: Mapping[str, Any],
    as_of: datetime | None,
) -> tuple[dict[Key, _Group], set[str]]:
    groups: dict[Key, _Group] = {}
    zones: set[str] = set()
    if as_of is None:
        return groups, zones
    for source in sorted({part.source for part in parts.values()}):
        sums = [part for part in parts.values() if part.source == source]
        statement = sums_statement(source, sums, by, period, settings, where, as_of)
        for row in await warehouse.query(scope, statement.sql, statement.parameters):
            group = groups.setdefault(tuple(row[dimension] for dimension in by), _Group())
            for part in sums:
                if row[part.name] is not None:
                    currencies = group.sums.setdefault(part.name, {})
                    money = part.unit == "money" and SOURCES[source].currency is not None
                    in_currency = row["money"] if money else None
                    currencies[in_currency] = currencies.get(in_currency, 0) + int(row[part.name])
            if source == "ads":
                group.windows |= {row["first_window"], row["last_window"]} - {None}
                group.platforms |= {row["first_platform"], row["last_platform"]} - {None}
                zones |= {row["other_zone"]} - {None}
    return groups, zones


def _currency(groups: Mapping[Key, _Group], parts: Mapping[str, Sum], requested: str | None) -> str | None:
    """The currency of the answer; raises when none was asked for and there are several."""
    present = {
        code
        for group in groups.values()
        for name, currencies in group.sums.items()
        if parts[name].unit == "money"
        for code, value in currencies.items()
        if value
    }
    if requested is not None or not any(part.unit == "money" for part in parts.values()):
        return requested
    if len(present) > 1:
        listed = ", ".join(sorted(str(each) for each in present))
        raise PermanentError(
            f"money in several currencies is not added up ({listed}): name one", reason="mixed_currencies"
        )
    return next(iter(present), None)


def _refuse_mixed_claims(each: Metric, group: _Group) -> None:
    if not any(part.claimed for part in sums_of(each.name)):
        return
    if len(group.platforms) > 1:
        raise PermanentError(
            f"{each.name}: what several platforms claim is not added up; break it down by channel",
            reason="mixed_platforms",
        )
    if len(group.windows) > 1:
        windows = ", ".join(sorted(group.windows))
        raise PermanentError(
            f"{each.name}: claims under several attribution windows are not added up ({windows})",
            reason="mixed_windows",
        )


def _computed_in(each: Metric, group: _Group, currency: str | None) -> str | None:
    """`currency`; for a ratio of two sums of money out of one source, the one currency they are in."""
    parts = sums_of(each.name)
    if each.unit != "ratio" or len({(part.source, part.unit) for part in parts}) > 1 or parts[0].unit != "money":
        return currency
    present = {code for part in parts for code, value in group.sums.get(part.name, {}).items() if value}
    return present.pop() if len(present) == 1 else currency


def _value(each: Metric, group: _Group, currency: str | None) -> int | None:
    if isinstance(each, Ratio):
        parts = sums_of(each.name)
        if any(_in_other_currencies(part, group, currency) for part in parts):
            return None
        numerator, denominator = (_value(part, group, currency) for part in parts)
        return ratio_of(numerator, denominator, each.scale)
    currencies = group.sums.get(each.name, {})
    if each.unit != "money":
        return sum(currencies.values()) if currencies else each.absent
    if currency in currencies:
        return currencies[currency]
    return None if _in_other_currencies(each, group, currency) else each.absent


def _in_other_currencies(part: Sum, group: _Group, currency: str | None) -> dict[str | None, int]:
    if part.unit != "money":
        return {}
    return {code: value for code, value in group.sums.get(part.name, {}).items() if code != currency and value}


def _excluded(
    groups: Mapping[Key, _Group], parts: Mapping[str, Sum], by: Sequence[str], currency: str | None
) -> Iterable[Excluded]:
    for key in sorted(groups, key=_order):
        for name, part in parts.items():
            for code, value in sorted(_in_other_currencies(part, groups[key], currency).items(), key=str):
                yield Excluded(dict(zip(by, key, strict=True)), name, code, value)


def _notes(zones: set[str], timezone: str) -> tuple[str, ...]:
    return tuple(f"Ad-days of some accounts are days of {zone}, not of {timezone}." for zone in sorted(zones))


def _order(key: Key) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, str(value)) for value in key)
