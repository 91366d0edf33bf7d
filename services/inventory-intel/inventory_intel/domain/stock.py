"""Days of cover of each variant at the pace it sells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pulsepoint.brand.vocabulary import StockState
from pulsepoint.metrics.catalog import ratio_of
from pulsepoint.money import MICROS

OVERSTOCKED_DAYS = 180


@dataclass(frozen=True, slots=True)
class VariantStock:
    """One variant and its units available over all locations; None where the shop does not count them.

    `incoming` are the units on their way, None where nobody said.
    """

    variant_id: str
    product_id: str | None
    sku: str | None
    title: str
    available: int | None
    continue_selling: bool
    inventory_item_id: str | None = None
    incoming: int | None = None


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """The days that reorders take to arrive: `own` ones by variant id or SKU, the id first, else the brand's."""

    brand_days: int
    own: Mapping[str, int] = field(default_factory=dict)

    def of(self, variant: VariantStock) -> int:
        """The variant's days."""
        return self.own.get(variant.variant_id, self.own.get(variant.sku or "", self.brand_days))


@dataclass(frozen=True, slots=True)
class DaysInStock:
    """Days of the window an item had units at any time; `unknown` of them lie before its first known level."""

    in_stock: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A variant's stock against its sales; units a day and days in micro-units."""

    variant: VariantStock
    units_sold: int
    days_in_stock: int
    days_unknown: int
    velocity_micros: int
    cover_micros: int | None
    lead_time_days: int
    status: StockState

    @property
    def exposes_spend(self) -> bool:
        """True where ads are about to sell what is not there: it runs out and takes no backorders."""
        return self.status.runs_out and not self.variant.continue_selling


def velocity_micros(units: int, days_in_stock: int, window_days: int) -> int:
    """Units sold a day while there was something to sell.

    Where stock was never there and units were sold all the same (oversold, or taken as backorders), over the
    whole window.
    """
    return units * MICROS // (days_in_stock or window_days)


def status_of(available: int | None, cover: int | None, lead_time_days: int) -> StockState:
    """One word for a variant's stock.

    critical: under half the lead time, low: under the lead time, overstocked: over 180 days. What nobody buys is
    healthy, not overstocked: it cannot run out, and no sales say how long it lasts.
    """
    if available is None:
        return StockState.UNTRACKED
    if available <= 0:
        return StockState.OUT_OF_STOCK
    if cover is None:
        return StockState.HEALTHY
    if cover * 2 < lead_time_days * MICROS:
        return StockState.CRITICAL
    if cover < lead_time_days * MICROS:
        return StockState.LOW
    return StockState.OVERSTOCKED if cover > OVERSTOCKED_DAYS * MICROS else StockState.HEALTHY


def judge(
    variants: Iterable[VariantStock],
    units: Mapping[str, int],
    days: Mapping[str, DaysInStock],
    *,
    window_days: int,
    lead_times: LeadTimes,
) -> list[Judged]:
    """Every variant judged, in the order given; `units` by variant id, `days` by inventory item id.

    A variant without any known level counts as in stock all the window.
    """
    judged = []
    for variant in variants:
        history = days.get(variant.inventory_item_id or "", DaysInStock(window_days, window_days))
        sold = units.get(variant.variant_id, 0)
        velocity = velocity_micros(sold, history.in_stock, window_days)
        cover = ratio_of("days_of_cover", variant.available, velocity)
        lead = lead_times.of(variant)
        status = status_of(variant.available, cover, lead)
        judged.append(Judged(variant, sold, history.in_stock, history.unknown, velocity, cover, lead, status))
    return judged
