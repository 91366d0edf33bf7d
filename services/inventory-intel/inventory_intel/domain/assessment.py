"""The stock of a brand judged at a moment, put together from what the warehouse knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inventory_intel.domain.catalog import Catalog, SoldItem, unlisted
from inventory_intel.domain.spend import Campaign, CampaignItem, Exposure, exposures
from inventory_intel.domain.stock import DaysInStock, Judged, LeadTimes, VariantStock, judge
from pulsepoint.brand.vocabulary import StockState
from pulsepoint.events.inventory import StockStatus

MAX_LISTED_STATUSES = 1000
"""Most statuses an event carries (about 400 bytes each): the warehouse has all of them, `counts` counts all."""


@dataclass(frozen=True, slots=True)
class Sold:
    """Units of one item sold in the window, and the title the order lines gave it."""

    item: SoldItem
    title: str
    units: int


@dataclass(frozen=True, slots=True)
class CreditedItem:
    """The part of a campaign's revenue that one item brought, as a weight among the campaign's items."""

    platform: str
    account_id: str
    campaign_id: str
    item: SoldItem
    weight: int


def assess(
    variants: Sequence[VariantStock],
    sold: Iterable[Sold],
    days: Mapping[str, DaysInStock],
    campaigns: Iterable[Campaign],
    credited: Iterable[CreditedItem],
    *,
    window_days: int,
    lead_times: LeadTimes,
) -> list[StockStatus]:
    """The status of every variant and of everything else that sells, worst first.

    Spend is at risk only where a variant runs out and takes no backorders.
    """
    catalog = Catalog(variants)
    units: Counter[str] = Counter()
    unmatched: dict[str, VariantStock] = {}
    for entry in sold:
        key = catalog.key(entry.item)
        units[key] += entry.units
        if key not in catalog:
            unmatched.setdefault(key, unlisted(key, entry.item, entry.title))
    judged = judge(
        [*catalog.variants, *unmatched.values()],
        units,
        days,
        window_days=window_days,
        lead_times=lead_times,
    )
    exposed = exposures(
        campaigns,
        (
            CampaignItem(row.platform, row.account_id, row.campaign_id, catalog.key(row.item), row.weight)
            for row in credited
        ),
    )
    statuses = [_status(judged_stock, exposed.get(judged_stock.variant.variant_id, ())) for judged_stock in judged]
    return sorted(statuses, key=_worst_first)


def listed(statuses: Iterable[StockStatus]) -> tuple[StockStatus, ...]:
    """The statuses an event carries: neither healthy nor untracked, worst first, at most `MAX_LISTED_STATUSES`."""
    return tuple(status for status in statuses if status.status not in (StockState.HEALTHY, StockState.UNTRACKED))[
        :MAX_LISTED_STATUSES
    ]


def _status(judged: Judged, exposed: tuple[Exposure, ...]) -> StockStatus:
    at_risk = exposed if judged.exposes_spend else ()
    return StockStatus(
        variant_id=judged.variant.variant_id,
        sku=judged.variant.sku,
        product_id=judged.variant.product_id,
        title=judged.variant.title,
        available=judged.variant.available or 0,
        velocity_micros=judged.velocity_micros,
        days_in_stock=judged.days_in_stock,
        days_unknown=judged.days_unknown,
        units_sold=judged.units_sold,
        days_of_cover_micros=judged.cover_micros,
        incoming=judged.variant.incoming,
        lead_time_days=judged.lead_time_days,
        status=judged.status,
        continue_selling=judged.variant.continue_selling,
        spend_at_risk_micros=sum(part.spend_micros for part in at_risk),
        campaigns=tuple((part.platform, part.campaign_id, part.spend_micros) for part in at_risk),
    )


def _worst_first(status: StockStatus) -> tuple[int, int, int, str]:
    # Spend on what runs out comes first, then what sells fastest: a cut list keeps what matters.
    urgent = 0 if status.spend_at_risk_micros else 1
    return (
        urgent * len(StockState) + status.status.rank,
        -status.spend_at_risk_micros,
        -status.velocity_micros,
        status.variant_id,
    )
