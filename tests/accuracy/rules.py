"""Alerting's own rules, asked once a day of a world as they are asked in the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from alerting.domain import claims, roas, tracking
from alerting.domain.open_alerts import HYSTERESIS
from tests.accuracy.shop_days import ShopDay
from tests.builders.channel_days import ChannelTotals, OrderTotals, claimed, compared, tracked
from tests.builders.citing import uncited_days


class Day(Protocol):
    """What is known of one day."""

    @property
    def day(self) -> date:
        """The day."""


D = TypeVar("D", bound=Day)
Signal = Callable[[Sequence[D]], tuple[set[str], set[str]]]
"""`days until yesterday -> subjects whose condition holds, subjects that are clearly over it`."""
DAYS_COMPARED = roas.RECENT_DAYS + roas.BASE_DAYS


def roas_signal(rules: roas.Rules) -> Signal[ShopDay]:
    """The rule on a channel's ROAS."""

    def signal(days: Sequence[ShopDay]) -> tuple[set[str], set[str]]:
        comparisons = compared(_channels(days), days[-1].day)
        holding = {finding.subject for finding in roas.findings(comparisons, rules, uncited_days)}
        return holding, {roas.subject_of(each.channel) for each in comparisons if each.is_clear(rules)}

    return signal


def tracking_signal(rules: tracking.Rules) -> Signal[ShopDay]:
    """The rules on the shares of orders that lead back to tagged links, and that the pixel saw."""

    def signal(days: Sequence[ShopDay]) -> tuple[set[str], set[str]]:
        recent, base = tracked(_orders(days), days[-1].day)
        holding = {finding.subject for finding in tracking.findings(recent, base, rules, uncited_days)}
        return holding, tracking.clear_subjects(recent, base, rules)

    return signal


def claims_signal(rules: claims.Rules) -> Signal[ShopDay]:
    """The rule on what platforms claim."""

    def signal(days: Sequence[ShopDay]) -> tuple[set[str], set[str]]:
        comparisons = claimed(_channels(days), days[-1].day)
        holding = {finding.subject for finding in claims.findings(comparisons, rules, uncited_days)}
        return holding, {roas.subject_of(each.channel) for each in comparisons if each.is_clear(rules)}

    return signal


SIGNALS: Mapping[str, Signal[ShopDay]] = {
    "ROAS": roas_signal(roas.Rules()),
    "tracking": tracking_signal(tracking.Rules()),
    "claims": claims_signal(claims.Rules()),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert: the morning on which it was opened, the last one on which it stood, and what it is about."""

    day: date
    last_day: date
    subject: str


def openings(days: Sequence[D], signal: Signal[D], *, warm_up: int) -> list[Opened]:
    """The alerts that were opened, subject by subject; one that flaps is not opened again at once."""
    absent: dict[str, int] = {}
    began: dict[str, date] = {}
    opened: list[Opened] = []
    for number in range(warm_up, len(days)):
        holding, over = signal(days[:number])
        morning = days[number].day
        for subject in [*absent]:
            absent[subject] = 0 if subject in holding else absent[subject] + 1
            if absent[subject] >= HYSTERESIS or (subject in over and subject not in holding):
                del absent[subject]
                opened.append(Opened(began.pop(subject), morning, subject))
        absent |= dict.fromkeys(holding, 0)
        began |= dict.fromkeys(holding - began.keys(), morning)
    opened += [Opened(day, days[-1].day, subject) for subject, day in began.items()]
    return sorted(opened, key=lambda alert: (alert.day, alert.subject))


def _channels(days: Sequence[ShopDay]) -> list[ChannelTotals]:
    last = days[-1].day
    return [
        ChannelTotals(
            channel,
            day.day,
            totals.spend_micros,
            totals.revenue_micros,
            totals.orders,
            sum(purchases for said, purchases in totals.claims.items() if said <= last),
        )
        for day in days[-DAYS_COMPARED:]
        for channel, totals in day.channels.items()
    ]


def _orders(days: Sequence[ShopDay]) -> list[OrderTotals]:
    return [
        OrderTotals(
            day.day,
            day.orders,
            day.traced_orders,
            day.untracked_orders,
            sum(totals.spend_micros for totals in day.channels.values()),
            day.seen_orders,
            day.noted_orders,
        )
        for day in days[-DAYS_COMPARED:]
    ]
