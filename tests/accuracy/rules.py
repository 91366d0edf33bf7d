"""Alerting's own rules, asked once a day of a world as they are asked in the product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from alerting.domain import roas
from pulsepoint.metrics.citations import Cite
from tests.accuracy.shop_days import ShopDay

Signal = Callable[[Sequence[ShopDay]], tuple[set[str], set[str]]]
"""`days until yesterday -> subjects whose condition holds, subjects that are clearly over it`."""

MISSES_TO_RESOLVE = 2


def _uncited(*arguments: object) -> str | None:
    return None


def roas_signal(rules: roas.Rules) -> Signal:
    """The rule on a channel's ROAS."""
    cite: Cite = _uncited

    def signal(days: Sequence[ShopDay]) -> tuple[set[str], set[str]]:
        recent = days[-(roas.RECENT_DAYS + roas.BASE_DAYS) :]
        rows = [
            roas.ChannelDay(channel, day.day, totals.spend_micros, totals.revenue_micros, totals.orders)
            for day in recent
            for channel, totals in day.channels.items()
        ]
        compared = roas.compare(rows, days[-1].day)
        holding = {finding.subject for finding in roas.findings(compared, "EUR", rules, cite)}
        return holding, {roas.subject_of(each.channel) for each in compared if each.is_clear(rules)}

    return signal


def openings(days: Sequence[ShopDay], signal: Signal, *, warm_up: int) -> list[date]:
    """The days on which an alert was opened, subject by subject; one that flaps is not opened again at once."""
    misses: dict[str, int] = {}
    opened: list[date] = []
    for number in range(warm_up, len(days)):
        holding, over = signal(days[:number])
        opened += [days[number].day] * len(holding - misses.keys())
        for subject in [*misses]:
            misses[subject] = 0 if subject in holding else misses[subject] + 1
            if misses[subject] >= MISSES_TO_RESOLVE or (subject in over and subject not in holding):
                del misses[subject]
        misses |= dict.fromkeys(holding, 0)
    return opened
