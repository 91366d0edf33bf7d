"""The rows that metrics sum, under names: each a view or a SELECT in BigQuery's dialect, and what part of it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from pulsepoint.brand.vocabulary import CancelledOrders, DateBasis, StockState
from pulsepoint.warehouse.macros import expand

DAY, MONTH = "day", "month"
_FOLDER = files(__package__) / "sources"


@dataclass(frozen=True, slots=True)
class Source:
    """Rows a metric sums, of one brand where `brand_id = @brand_id`.

    `rows` is a view, or a SELECT in `sources/*.sql`, whose columns bear the names of its `dimensions`. `day` is the
    column of the day (of the account) or None; `instants` the column of the instant by date basis, where rows have
    one: rows of neither are a snapshot of now. `currency` is the column of what money is in; None: the brand's own.
    `named_rows` are the same rows with the names of campaigns, read where one of `named_by` is asked for. `detail` are
    the columns shown when a number is explained, of `named_rows` where there are any; `facts` says that each row is
    one fact, with `fact_id` and `recorded_at`. `looks_up_order`: `ordered_at` is no column of theirs, but their order's
    (their own instant where no order is known).
    """

    rows: str
    where: str
    dimensions: tuple[str, ...]
    detail: tuple[str, ...]
    day: str | None = None
    instants: Mapping[DateBasis, str] = field(default_factory=dict)
    currency: str | None = None
    named_rows: str | None = None
    named_by: frozenset[str] = frozenset()
    facts: bool = True
    looks_up_order: bool = False

    @property
    def is_dated(self) -> bool:
        """True where its rows fall on days."""
        return self.day is not None or bool(self.instants)

    @property
    def all_dimensions(self) -> frozenset[str]:
        """The dimensions its rows can be broken down by, days and months among them."""
        dated = {DAY, MONTH} if self.is_dated else set()
        return frozenset({*self.dimensions, *dated, *({"currency"} if self.currency else ())})

    def rows_with(self, dimensions: frozenset[str], basis: DateBasis) -> str:
        """The rows to read where these dimensions are asked for."""
        if dimensions & self.named_by:
            return self.detail_rows(basis)
        return self._dated(_relation(self.rows), basis)

    def detail_rows(self, basis: DateBasis) -> str:
        """The rows to list when a number is explained."""
        return self._dated(_relation(self.named_rows or self.rows), basis)

    def _dated(self, relation: str, basis: DateBasis) -> str:
        """The rows with the instant of their order, where money counts on its day and the rows do not say it."""
        if not self.looks_up_order or basis is not DateBasis.ORDERED:
            return relation
        return (
            f"(SELECT entry.*, COALESCE(sold.processed_at, entry.occurred_at) AS ordered_at FROM {relation} AS entry"
            " LEFT JOIN orders_current AS sold"
            " ON sold.brand_id = entry.brand_id AND sold.order_id = entry.order_id)"
        )


@cache
def _relation(name: str) -> str:
    """A view by its name, or the SELECT of a file in parentheses."""
    if not name.endswith(".sql"):
        return name
    return f"({expand((_FOLDER / name).read_text(encoding='utf-8')).strip()})"


_EACH_DAY = {DateBasis.OCCURRED: "occurred_at", DateBasis.ORDERED: "occurred_at"}
_ITEM = ("variant_id", "product_id", "sku")
_CAMPAIGN = ("channel", "account_id", "campaign_id", "campaign")

SOURCES: dict[str, Source] = {
    "sales": Source(
        rows="sales_entries",
        where=CancelledOrders.predicate(),
        instants={DateBasis.OCCURRED: "occurred_at", DateBasis.ORDERED: "ordered_at"},
        dimensions=("kind",),
        currency="currency",
        detail=("order_id", "entry_id", "kind", "occurred_at", "gross_micros", "discount_micros", "net_micros",
                "currency"),
    ),
    "lines": Source(
        rows="sold_lines",
        where=CancelledOrders.predicate(kinds=False),
        instants=_EACH_DAY,
        dimensions=(*_ITEM, "title"),
        currency="currency",
        detail=("order_id", "line_id", "sku", "title", "occurred_at", "quantity", "net_micros", "currency"),
    ),
    "customers": Source(
        rows="first_orders",
        where=f"IF({CancelledOrders.dropping()}, place_kept, place) = 1",
        instants=_EACH_DAY,
        dimensions=(),
        detail=("order_id", "subject", "occurred_at"),
    ),
    "ads": Source(
        rows="ad_days.sql",
        named_rows="named_ad_days.sql",
        named_by=frozenset({"campaign"}),
        where="TRUE",
        day="day",
        dimensions=_CAMPAIGN,
        currency="currency",
        detail=("day", "channel", "account_id", "campaign_id", "campaign", "spend_micros", "impressions", "clicks",
                "conversions_micros", "conversion_value_micros", "currency", "account_timezone"),
    ),
    "credits": Source(
        rows="credits.sql",
        named_rows="named_credits.sql",
        named_by=frozenset({"account_id", "campaign_id", "campaign"}),
        where="model = @model",
        instants={DateBasis.OCCURRED: "occurred_at", DateBasis.ORDERED: "ordered_at"},
        looks_up_order=True,
        dimensions=_CAMPAIGN,
        currency="currency",
        detail=("order_id", "entry_kind", "occurred_at", "channel", "campaign_id", "campaign", "model",
                "revenue_micros", "currency"),
    ),
    "credited_items": Source(
        rows="credited_items.sql",
        where="model = @model",
        instants=_EACH_DAY,
        dimensions=(*_CAMPAIGN, "variant_id", "sku", "title"),
        detail=("order_id", "line_id", "occurred_at", "channel", "campaign_id", "title", "weight"),
    ),
    "touches": Source(
        rows="touches.sql",
        where="TRUE",
        instants=_EACH_DAY,
        dimensions=("channel",),
        currency="currency",
        detail=("order_id", "occurred_at", "channel", "paid", "evidence"),
    ),
    "stock": Source(
        rows="stock_statuses_current",
        where=f"status <> '{StockState.UNTRACKED}'",
        dimensions=(*_ITEM, "status"),
        detail=("variant_id", "sku", "title", "available", "incoming", "velocity_micros", "units_sold", "days_in_stock",
                "days_unknown", "lead_time_days", "status"),
    ),
    "variants": Source(
        rows="stock_statuses_current",
        where="TRUE",
        dimensions=(*_ITEM, "status"),
        detail=("variant_id", "sku", "title", "available", "status", "spend_at_risk_micros"),
    ),
    "levels": Source(
        rows="inventory_levels_current",
        where="TRUE",
        dimensions=("inventory_item_id", "location_id"),
        detail=("inventory_item_id", "location_id", "available", "updated_at"),
    ),
    "incoming": Source(
        rows="incoming_levels",
        where="TRUE",
        dimensions=("inventory_item_id", "location_id"),
        detail=("inventory_item_id", "location_id", "incoming", "updated_at"),
    ),
    "stock_days": Source(
        rows="stock_days.sql",
        where="TRUE",
        dimensions=("inventory_item_id",),
        detail=("inventory_item_id", "days_in_stock", "days_unknown"),
        facts=False,
    ),
    "quarantined_days": Source(
        rows="quarantined_days.sql",
        where="TRUE",
        day="day",
        dimensions=("channel", "account_id"),
        detail=("day", "channel", "account_id", "account_spend_micros", "campaign_spend_micros"),
    ),
}  # fmt: skip
