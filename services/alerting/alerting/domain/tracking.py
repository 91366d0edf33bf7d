"""When tracking is an alert: of the orders of the last days far fewer than before lead back to a tagged link.

Where landing addresses lose their parameters or the shop's scripts see nobody, orders go on and only seem to come by
themselves: figures by channel are too low then, and no campaign is at fault. Where ads spend much less, fewer orders
lead to them for that reason, and that is no alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alerting.domain import chance
from alerting.domain.open_alerts import Finding
from alerting.domain.roas import BASE_DAYS, RECENT_DAYS
from pulsepoint.brand import figures
from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import AlertType, Severity
from pulsepoint.money import MICROS

METRICS = ("traced_share", "traced_orders", "credited_orders", "unattributed_orders", "comparable_spend")
SUBJECT = "shop"


@dataclass(frozen=True, slots=True)
class Rules:
    """Where a fall of the traced share becomes an alert: in whole points, on how many orders, and how rare it must be.

    `spend_percent`: ads spend at least so much of what they spent a day before.
    """

    fall_points: int = 10
    clear_points: int = 6
    orders: int = 10
    orders_before: int = 50
    spend_percent: int = 70
    chance: float = 0.0001


@dataclass(frozen=True, slots=True)
class Traced:
    """The orders that lead back to a tagged link, over the recent days or those before, as `METRICS` measures it.

    `spend` is that of `spend_days`, those of which it is known in full.
    """

    share: Figure
    traced: Figure
    orders: Figure
    untouched: Figure
    spend: Figure
    spend_days: int

    @classmethod
    def of(cls, by_metric: Mapping[str, Figure], spend_days: int) -> Traced:
        """Those measured as `METRICS`."""
        share, traced, orders, untouched, spend = (by_metric[name] for name in METRICS)
        return cls(share, traced, orders, untouched, spend, spend_days)


def find(recent: Traced, base: Traced, rules: Rules) -> Finding | None:
    """The finding where the share fell by more than the rules say and than chance explains; None elsewhere."""
    counts = [figure.value or 0 for figure in (recent.traced, recent.orders, base.traced, base.orders)]
    enough = counts[1] >= rules.orders and counts[3] >= rules.orders_before
    fell = _fall(recent, base) * 100 >= rules.fall_points * MICROS
    likely = chance.of_so_small_a_share(*counts)
    if not (enough and fell and likely < rules.chance and _spend_goes_on(recent, base, rules)):
        return None
    return Finding(
        type=AlertType.BROKEN_TRACKING,
        subject=SUBJECT,
        severity=Severity.HIGH,
        figures={
            "traced_share": _percent(recent.share),
            "traced_share_before": _percent(base.share),
            "orders": recent.orders,
            "untouched_orders": recent.untouched,
            "recent_days": figures.count(RECENT_DAYS),
            "base_days": figures.count(BASE_DAYS),
        },
    )


def is_clear(recent: Traced, base: Traced, rules: Rules) -> bool:
    """True where the share is clearly back: within `clear_points` of what it was."""
    return _fall(recent, base) * 100 <= rules.clear_points * MICROS


def _fall(recent: Traced, base: Traced) -> int:
    return (base.share.value or 0) - (recent.share.value or 0)


def _spend_goes_on(recent: Traced, base: Traced, rules: Rules) -> bool:
    spend, before = recent.spend.value or 0, base.spend.value or 0
    return spend * base.spend_days * 100 >= before * recent.spend_days * rules.spend_percent


def _percent(share: Figure) -> Figure:
    value = None if share.value is None else (share.value * 100 + MICROS // 2) // MICROS
    return figures.percent(value, share.fact_id)
