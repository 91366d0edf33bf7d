"""Asks the metric catalog what conditions are judged by, and evaluates them: ROAS and tracking, and stock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from alerting.domain import claims, roas, stock, tracking
from alerting.domain.open_alerts import key_of
from alerting.evaluation import Evaluation
from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import AlertType
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.citations import Cite
from pulsepoint.metrics.query import Breakdown, MeasuredRow, Measurement
from pulsepoint.metrics.stock_citations import StockCitations
from pulsepoint.runtime.brand_projection import KeptBrand
from pulsepoint.runtime.outcome import Reader

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Rules:
    """Where the conditions that are judged by days begin."""

    roas: roas.Rules = field(default_factory=roas.Rules)
    tracking: tracking.Rules = field(default_factory=tracking.Rules)
    claims: claims.Rules = field(default_factory=claims.Rules)


async def evaluate_days(
    reader: Reader, kept: KeptBrand, open_keys: Iterable[str], at: datetime, rules: Rules
) -> Evaluation:
    """ROAS by channel, tracking and claims over the complete days before `at`, in the shop's currency."""
    days = roas.Days.before(at, kept.settings.timezone)
    own = {"currency": kept.settings.currency}
    channels, before, daily, orders, orders_before, claimed, claimed_before = await reader.measure_all(
        _breakdowns(days, own), settings=kept.metric_settings
    )
    cite = await reader.citing(settings=kept.metric_settings, currency=own["currency"], as_of=channels.as_of)
    of_days = _citing_days(cite, days, own)
    recent, base = (_by_channel(each, roas.Measured.of) for each in (channels, before))
    compared = roas.compare(days, recent, base, map(_channel_day, daily.rows))
    fallen = claims.compare(_by_channel(claimed, claims.Claimed.of), _by_channel(claimed_before, claims.Claimed.of))
    now, then = _tracked(orders, days.recent), _tracked(orders_before, days.base)
    findings = [
        *tracking.findings(now, then, rules.tracking, of_days),
        *claims.findings(fallen, rules.claims, of_days),
        *roas.findings(compared, rules.roas, of_days),
    ]
    clear = {roas.subject_of(each.channel) for each in compared if each.is_clear(rules.roas)}
    tracked = tracking.clear_subjects(now, then, rules.tracking)
    tracked |= {roas.subject_of(each.channel) for each in fallen if each.is_clear(rules.claims)}
    return Evaluation(
        findings,
        _of_type(open_keys, AlertType.ROAS_DROP) | _of_type(open_keys, AlertType.BROKEN_TRACKING),
        _keys(AlertType.ROAS_DROP, clear) | _keys(AlertType.BROKEN_TRACKING, tracked),
    )


def _citing_days(cite: Cite, days: roas.Days, own: Mapping[str, str]) -> roas.CiteDays:
    def of_days(name: str, at: Mapping[str, str], given: Sequence[int] = ()) -> str | None:
        return cite(name, {**at, **own}, days.recent.start, days.recent.end, given)

    return of_days


def _breakdowns(days: roas.Days, own: Mapping[str, str]) -> list[Breakdown]:
    by_channel, by_day = ("channel",), ("channel", "day")
    return [
        Breakdown(roas.METRICS, days.recent, by_channel, own),
        Breakdown(roas.METRICS, days.base, by_channel, own),
        Breakdown(roas.DAILY, days.recent.around(days.base), by_day, own),
        Breakdown(tracking.METRICS, days.recent, where=own),
        Breakdown(tracking.METRICS, days.base, where=own),
        # Claims in several attribution windows are no number, and then no alert.
        Breakdown(claims.METRICS, days.recent, by_channel, own, optional=True),
        Breakdown(claims.METRICS, days.base, by_channel, own, optional=True),
    ]


async def evaluate_stock(
    reader: Reader,
    kept: KeptBrand,
    open_keys: Iterable[str],
    view: stock.StockView,
    reorders: Mapping[str, Figure],
    at: datetime,
) -> Evaluation:
    """The stock of an assessment made at `at`; `reorders` are the units advised to order, by variant id."""
    keys = _of_type(open_keys, AlertType.STOCKOUT_RISK)
    day, currency = at.astimezone(kept.settings.zone).date(), kept.settings.currency
    cite = await reader.citing(settings=kept.metric_settings, currency=currency, as_of=view.rows_as_of)
    citations = StockCitations(cite, Period(day, day), written=view.rows_as_of is not None)
    findings = stock.findings(view, currency, reorders, citations)
    return Evaluation(findings, keys, frozenset(stock.clear_keys(view, keys)))


def _of_type(keys: Iterable[str], kind: AlertType) -> frozenset[str]:
    return frozenset(key for key in keys if key.startswith(key_of(kind, "")))


def _keys(kind: AlertType, subjects: Iterable[str]) -> frozenset[str]:
    return frozenset(key_of(kind, subject) for subject in subjects)


def _figures(row: MeasuredRow) -> dict[str, Figure]:
    return {name: number.figure for name, number in row.numbers.items()}


def _by_channel(measured: Measurement, of: Callable[[Mapping[str, Figure]], M]) -> dict[str, M]:
    return {str(row.at["channel"]): of(_figures(row)) for row in measured.rows}


def _tracked(measured: Measurement, period: Period) -> tracking.Shares:
    unmeasured = {each.day for each in measured.left_out}
    return tracking.Shares.of(_figures(measured.total), (period.end - period.start).days + 1 - len(unmeasured))


def _channel_day(row: MeasuredRow) -> roas.ChannelDay:
    at: Mapping[str, Any] = row.at
    return roas.ChannelDay(str(at["channel"]), at["day"], *(row.value(name) for name in roas.DAILY))
