"""Reads the answers of the warehouse for the domain: variants and their levels, sales, days in stock, campaigns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inventory_intel.domain.assessment import CreditedItem, Sold
from inventory_intel.domain.catalog import SoldItem
from inventory_intel.domain.stock import DaysInStock, VariantStock
from pulsepoint.metrics.query import MeasuredRow
from pulsepoint.metrics.running import CampaignKey, SpentDay
from pulsepoint.values import Row


def variants(rows: Iterable[Row], levels: Iterable[MeasuredRow], incoming: Iterable[MeasuredRow]) -> list[VariantStock]:
    """Variants with units available over all locations: as the levels say, else as the product itself did.

    None where the shop does not count them, and of those on their way where it does not say.
    """
    units = {row.at["inventory_item_id"]: row.values["level_units"] for row in levels}
    coming = {row.at["inventory_item_id"]: row.values["level_incoming"] for row in incoming}
    return [_variant(row, units, coming) for row in rows]


def _variant(row: Row, units: Mapping[str, int | None], coming: Mapping[str, int | None]) -> VariantStock:
    product, own = row["product_title"] or "", row["title"] or ""
    title = product if own in ("", "Default Title", product) else f"{product} - {own}"
    item = row["inventory_item_id"]
    available = units[item] if item in units else row["available"]
    return VariantStock(
        variant_id=row["variant_id"],
        product_id=row["product_id"],
        sku=row["sku"] or None,
        title=title or row["variant_id"],
        available=available if row["tracked"] else None,
        continue_selling=bool(row["continue_selling"]),
        inventory_item_id=item,
        incoming=coming.get(item) if row["tracked"] else None,
    )


def sold(rows: Sequence[MeasuredRow]) -> list[Sold]:
    """Units of each item, under the last of its titles by alphabet."""
    titles: dict[SoldItem, str] = {}
    units: dict[SoldItem, int] = {}
    for row in rows:
        item = _item(row.at)
        units[item] = units.get(item, 0) + row.value("units")
        titles[item] = max(titles.get(item, ""), row.at["title"] or "")
    return [Sold(item, titles[item], number) for item, number in units.items()]


def days_in_stock(rows: Iterable[MeasuredRow]) -> dict[str, DaysInStock]:
    """Days in stock by inventory item id."""
    return {
        row.at["inventory_item_id"]: DaysInStock(row.value("days_in_stock"), row.value("days_unknown")) for row in rows
    }


def spent_days(rows: Iterable[MeasuredRow]) -> list[SpentDay]:
    """Each day on which a campaign spent something, as its own account counts days."""
    return [(_campaign(row.at), row.at["day"]) for row in rows if row.value("spend") > 0]


def daily_spend(rows: Iterable[MeasuredRow]) -> dict[CampaignKey, int]:
    """Micros that each campaign spends a day; 0 where it spent nothing."""
    return {_campaign(row.at): row.value("daily_spend") for row in rows}


def credited_items(rows: Iterable[MeasuredRow]) -> list[CreditedItem]:
    """The weight of each item in each campaign's revenue, where it has any."""
    return [
        CreditedItem(row.at["channel"], row.at["account_id"], row.at["campaign_id"], _item(row.at), weight)
        for row in rows
        if (weight := row.value("campaign_weight")) > 0
    ]


def _campaign(at: Mapping[str, Any]) -> CampaignKey:
    return at["channel"], at["account_id"], at["campaign_id"]


def _item(at: Mapping[str, Any]) -> SoldItem:
    """The item bought: a variant, else a SKU, else a title."""
    variant, sku = at["variant_id"] or None, at["sku"] or None
    if variant is not None:
        return SoldItem(variant, None, None)
    return SoldItem(None, sku, None if sku is not None else at["title"])
