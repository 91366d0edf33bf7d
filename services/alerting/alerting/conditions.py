"""Asks the metric catalog what conditions are judged by, and evaluates them: ROAS and tracking, and stock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerting.domain import roas, stock, tracking
from alerting.domain.open_alerts import key_of
from alerting.evaluation import Evaluation
from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import AlertType
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.citations import Cite
from pulsepoint.metrics.query import Breakdown, MeasuredRow, Measurement
from pulsepoint.runtime.brand_projection import KeptBrand
from pulsepoint.runtime.outcome import Reader


@dataclass(frozen=True, slots=True)
class Rules:
    """Where the conditions that are judged by days begin."""

    roas: roas.Rules = field(default_factory=roas.Rules)
    tracking: tracking.Rules = field(default_factory=tracking.Rules)


async def evaluate_days(
    reader: Reader, kept: KeptBrand, open_keys: Iterable[str], at: datetime, rules: Rules
) -> Evaluation:
    """ROAS by channel and tracking over the complete days before `at`, in the shop's currency."""
    days = roas.Days.before(at, kept.settings.timezone)
    by_channel, by_day = ("channel",), ("channel", "day")
    own = {"currency": kept.settings.currency}
    channels, before, daily, traced, traced_before = await reader.measure_all(
        [
            Breakdown(roas.METRICS, days.recent, by_channel, own),
            Breakdown(roas.METRICS, days.base, by_channel, own),
            Breakdown(roas.DAILY, days.recent.around(days.base), by_day, own),
            Breakdown(tracking.METRICS, days.recent, where=own),
            Breakdown(tracking.METRICS, days.base, where=own),
        ],
        settings=kept.metric_settings,
    )
    compared = roas.compare(days, _channels(channels), _channels(before), map(_channel_day, daily.rows))
    now, then = _traced(traced, days.recent), _traced(traced_before, days.base)
    broken = tracking.find(now, then, rules.tracking)
    clear = {
        key_of(AlertType.ROAS_DROP, roas.subject_of(each.channel)) for each in compared if each.is_clear(rules.roas)
    }
    if tracking.is_clear(now, then, rules.tracking):
        clear.add(key_of(AlertType.BROKEN_TRACKING, tracking.SUBJECT))
    findings = [*([broken] if broken is not None else []), *roas.findings(compared, rules.roas)]
    keys = _of_type(open_keys, AlertType.ROAS_DROP) | _of_type(open_keys, AlertType.BROKEN_TRACKING)
    return Evaluation(findings, keys, frozenset(clear))


def evaluate_stock(
    cite: Cite,
    kept: KeptBrand,
    open_keys: Iterable[str],
    view: stock.StockView,
    reorders: Mapping[str, Figure],
    at: datetime,
) -> Evaluation:
    """The stock of an assessment made at `at`; `reorders` are the units advised to order, by variant id."""
    keys = _of_type(open_keys, AlertType.STOCKOUT_RISK)
    day = at.astimezone(kept.settings.zone).date()

    def cite_variant(metric: str, variant_id: str) -> str | None:
        return cite(metric, {"variant_id": variant_id}, day, day)

    findings = stock.findings(view, kept.settings.currency, reorders, cite_variant)
    return Evaluation(findings, keys, frozenset(stock.clear_keys(view, keys)))


def _of_type(keys: Iterable[str], kind: AlertType) -> frozenset[str]:
    return frozenset(key for key in keys if key.startswith(key_of(kind, "")))


def _figures(row: MeasuredRow) -> dict[str, Figure]:
    return {name: number.figure for name, number in row.numbers.items()}


def _channels(measured: Measurement) -> dict[str, roas.Measured]:
    return {str(row.at["channel"]): roas.Measured.of(_figures(row)) for row in measured.rows}


def _traced(measured: Measurement, period: Period) -> tracking.Traced:
    unmeasured = {each.day for each in measured.left_out}
    return tracking.Traced.of(_figures(measured.total), (period.end - period.start).days + 1 - len(unmeasured))


def _channel_day(row: MeasuredRow) -> roas.ChannelDay:
    at: Mapping[str, Any] = row.at
    return roas.ChannelDay(str(at["channel"]), at["day"], *(row.value(name) for name in roas.DAILY))
