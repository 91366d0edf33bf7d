"""Alerting's own rules, asked once a day of a world as they are asked in the product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from alerting.domain import roas, tracking
from alerting.domain.open_alerts import HYSTERESIS
from tests.accuracy.shop_days import ShopDay
from tests.builders.channel_days import ChannelTotals, OrderTotals, compared, traced

Signal = Callable[[Sequence[ShopDay]], tuple[set[str], set[str]]]
"""`days until yesterday -> subjects whose condition holds, subjects that are clearly over it`."""


def roas_signal(rules: roas.Rules) -> Signal:
    """The rule on a channel's ROAS."""

    def signal(days: Sequence[ShopDay]) -> tuple[set[str], set[str]]:
        rows = [
            ChannelTotals(channel, day.day, totals.spend_micros, totals.revenue_micros, totals.orders)
            for day in days[-(roas.RECENT_DAYS + roas.BASE_DAYS) :]
            for channel, totals in day.channels.items()
        ]
        comparisons = compared(rows, days[-1].day)
        holding = {finding.subject for finding in roas.findings(comparisons, rules)}
        return holding, {roas.subject_of(each.channel) for each in comparisons if each.is_clear(rules)}

    return signal


def tracking_signal(rules: tracking.Rules) -> Signal:
    """The rule on orders that stop leading back to tagged links."""

    def signal(days: Sequence[ShopDay]) -> tuple[set[str], set[str]]:
        rows = [
            OrderTotals(
                day.day,
                day.orders,
                day.traced_orders,
                day.untracked_orders,
                sum(totals.spend_micros for totals in day.channels.values()),
            )
            for day in days[-(roas.RECENT_DAYS + roas.BASE_DAYS) :]
        ]
        recent, base = traced(rows, days[-1].day)
        holding = {tracking.SUBJECT} if tracking.find(recent, base, rules) is not None else set[str]()
        return holding, {tracking.SUBJECT} if tracking.is_clear(recent, base, rules) else set()

    return signal


def openings(days: Sequence[ShopDay], signal: Signal, *, warm_up: int) -> list[date]:
    """The days on which an alert was opened, subject by subject; one that flaps is not opened again at once."""
    absent: dict[str, int] = {}
    opened: list[date] = []
    for number in range(warm_up, len(days)):
        holding, over = signal(days[:number])
        opened += [days[number].day] * len(holding - absent.keys())
        for subject in [*absent]:
            absent[subject] = 0 if subject in holding else absent[subject] + 1
            if absent[subject] >= HYSTERESIS or (subject in over and subject not in holding):
                del absent[subject]
        absent |= dict.fromkeys(holding, 0)
    return opened
