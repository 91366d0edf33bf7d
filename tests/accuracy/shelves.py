"""A world's shelves as they truly were, and the stock alerts that inventory-intel and alerting make of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from alerting.domain import stock
from alerting.domain.open_alerts import key_of
from inventory_intel.domain.assessment import Sold, assess, listed
from inventory_intel.domain.catalog import SoldItem
from inventory_intel.domain.stock import DaysInStock, LeadTimes, VariantStock
from inventory_intel.domain.window import WINDOW_DAYS
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.brand.vocabulary import AlertType
from pulsepoint.events.inventory import StockAssessed
from sandbox.world import World
from tests.accuracy.rules import Signal
from tests.accuracy.shop_days import history
from tests.accuracy.worlds import Struck
from tests.builders.citing import of_assessment, uncited

LEAD_TIME_DAYS: int = BrandSettings.model_fields["lead_time_days"].default


@dataclass(frozen=True, slots=True)
class ShelfDay:
    """One day of all variants by id: units at its end over all locations, units sold, those that had any or none."""

    day: date
    units: dict[str, int]
    sold: Counter[str]
    stocked: frozenset[str]
    empty: frozenset[str]


def shelf_days(world: World) -> list[ShelfDay]:
    """Every day of the world's history, first to last."""
    levels: dict[str, dict[int, int]] = defaultdict(dict)
    days: list[ShelfDay] = []
    for day in history(world):
        lived = world.day(day)
        units = {variant: sum(by_place.values()) for variant, by_place in levels.items()}
        seen = {(variant, number > 0) for variant, number in units.items()}
        for change in lived.stock_changes:
            variant = str(change.variant_id)
            levels[variant][change.location_id] = change.available
            units[variant] = sum(levels[variant].values())
            if change.reason != "opening":
                seen.add((variant, units[variant] > 0))
        sold: Counter[str] = Counter()
        for order in lived.orders:
            sold.update({str(line.variant_id): line.quantity for line in order.lines})
        stocked, empty = (frozenset(variant for variant, some in seen if some is kind) for kind in (True, False))
        days.append(ShelfDay(day, units, sold, stocked, empty))
    return days


def outages(kind: str, days: Sequence[ShelfDay], *, warm_up: int) -> list[Struck]:
    """The spans in which a shelf was empty whose variant had sold in the four weeks before, after `warm_up` days."""
    spans: list[Struck] = []
    began: dict[str, int] = {}
    for number, day in enumerate(days):
        for variant in day.empty - began.keys():
            began[variant] = number
        gone = {variant for variant, units in day.units.items() if units <= 0}
        last = number == len(days) - 1
        for variant in [variant for variant in began if variant not in gone or last]:
            start = began.pop(variant)
            sold = any(before.sold[variant] for before in days[max(0, start - WINDOW_DAYS) : start])
            if start >= warm_up and sold:
                spans.append(Struck(kind, days[start].day, day.day, stock.subject_of(variant)))
    return spans


def stock_signal(days: Sequence[ShelfDay]) -> tuple[set[str], set[str]]:
    """The rule on stock, on what inventory-intel says at the end of the last of `days`, without ads."""
    window = days[-WINDOW_DAYS:]
    variants = [VariantStock(key, None, None, key, units, False, key) for key, units in days[-1].units.items()]
    sold = sum((day.sold for day in window), Counter[str]())
    stocked = Counter(variant for day in window for variant in day.stocked)
    statuses = assess(
        variants,
        [Sold(SoldItem(variant, None, None), variant, units) for variant, units in sold.items()],
        {variant.variant_id: DaysInStock(stocked[variant.variant_id], 0) for variant in variants},
        (),
        (),
        window_days=len(window),
        lead_times=LeadTimes(LEAD_TIME_DAYS),
    )
    assessed = StockAssessed(
        assessed_at=datetime.combine(days[-1].day + timedelta(days=1), time(), tzinfo=UTC),
        window_days=len(window),
        counts=Counter(str(status.status) for status in statuses),
        statuses=listed(statuses),
    )
    view = stock.view_of(assessed, LEAD_TIME_DAYS)
    holding = {finding.subject for finding in stock.findings(view, "EUR", {}, of_assessment(uncited))}
    subjects = (stock.subject_of(variant.variant_id) for variant in variants)
    keys = {key_of(AlertType.STOCKOUT_RISK, subject): subject for subject in subjects}
    return holding, {keys[key] for key in stock.clear_keys(view, keys)}


STOCK: Signal[ShelfDay] = stock_signal
