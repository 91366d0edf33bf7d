"""The records of the world, and those that only the judge may read.

For anyone: `Product`, `Location`, `Campaign`, `Order`, `Refund`, `StockChange`, `AdDay`. For the judge
alone: `Cause`, `LostSale`, `Claim`. Money is integer cents of the shop's currency, moments are aware UTC datetimes
cut to seconds, days are days in the shop's timezone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from pulsepoint.brand.vocabulary import Platform

CampaignKind = Literal["prospecting", "retargeting", "brand_search", "shopping", "performance_max"]
StockReason = Literal["opening", "order", "return", "cancellation", "delivery", "reorder", "stocktake"]
Device = Literal["mobile", "desktop", "tablet"]
CauseKind = Literal["organic", "direct", "email", "repeat", "campaign", "promotion"]


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds stock."""

    location_id: int
    name: str
    country: str
    city: str


@dataclass(frozen=True, slots=True)
class Variant:
    """A thing to buy; `price_cents` as shown in the shop (with tax where the world's prices include it)."""

    variant_id: int
    product_id: int
    inventory_item_id: int
    sku: str
    title: str
    price_cents: int
    unit_cost_cents: int
    lead_time_days: int


@dataclass(frozen=True, slots=True)
class Product:
    """A product with its variants; `category` is also its product type."""

    product_id: int
    handle: str
    title: str
    category: str
    vendor: str
    created_at: datetime
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """An ad campaign as its platform names it; ids are digits, as text."""

    platform: Platform
    account_id: str
    campaign_id: str
    name: str
    kind: CampaignKind


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit in the shop's own customer journey, oldest first in an order."""

    occurred_at: datetime
    landing_page: str
    referrer: str | None
    utm: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """An order's tracking data: how its buyer came; empty where consent, device or a broken pixel hid it.

    `landing_site` is a path with query, `note_attributes` are what the shop's pixel wrote at checkout.
    """

    landing_site: str | None = None
    referring_site: str | None = None
    note_attributes: tuple[tuple[str, str], ...] = ()
    visits: tuple[Visit, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line; `discount_cents` off the whole line, `tax_cents` of the line after discount."""

    line_id: int
    product_id: int
    variant_id: int
    sku: str
    title: str
    quantity: int
    price_cents: int
    discount_cents: int
    tax_cents: int
    location_id: int

    @property
    def gross_cents(self) -> int:
        """Price times quantity in cents, as shown (with tax where included)."""
        return self.price_cents * self.quantity


@dataclass(frozen=True, slots=True)
class Address:
    """The address that an order goes to."""

    country: str
    region: str
    city: str


@dataclass(frozen=True, slots=True)
class Order:
    """A paid order as first placed; it never changes, refunds and cancellations follow as `Refund`."""

    order_id: int
    name: str
    created_at: datetime
    day: date
    currency: str
    taxes_included: bool
    customer_id: int
    email: str
    customer_name: str
    orders_before: int
    device: Device
    address: Address
    lines: tuple[OrderLine, ...]
    discount_codes: tuple[str, ...]
    shipping_cents: int
    shipping_tax_cents: int
    evidence: Evidence

    @property
    def gross_cents(self) -> int:
        """Sum of price times quantity in cents, as shown."""
        return sum(line.gross_cents for line in self.lines)

    @property
    def discount_cents(self) -> int:
        """Sum of the lines' discounts."""
        return sum(line.discount_cents for line in self.lines)

    @property
    def tax_cents(self) -> int:
        """Tax of the lines and of shipping."""
        return sum(line.tax_cents for line in self.lines) + self.shipping_tax_cents

    @property
    def total_cents(self) -> int:
        """The cents that the buyer paid: lines less discounts, shipping, and tax where prices leave it out."""
        shown = self.gross_cents - self.discount_cents + self.shipping_cents
        return shown if self.taxes_included else shown + self.tax_cents

    @property
    def net_cents(self) -> int:
        """Net sales before returns: lines less discounts, without tax and shipping; the sum of its causes."""
        shown = self.gross_cents - self.discount_cents
        return shown - sum(line.tax_cents for line in self.lines) if self.taxes_included else shown


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Units of one order line given back; `subtotal_cents` as shown, after discount; `tax_cents` its tax."""

    refund_line_id: int
    line_id: int
    product_id: int
    variant_id: int
    quantity: int
    subtotal_cents: int
    tax_cents: int
    restocked: bool
    location_id: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back; `cancels` where the whole order was called off before it left."""

    refund_id: int
    order_id: int
    created_at: datetime
    day: date
    currency: str
    taxes_included: bool
    lines: tuple[RefundLine, ...]
    shipping_cents: int
    shipping_tax_cents: int
    cancels: bool

    @property
    def total_cents(self) -> int:
        """The cents that the buyer got back."""
        shown = sum(line.subtotal_cents for line in self.lines) + self.shipping_cents
        if self.taxes_included:
            return shown
        return shown + sum(line.tax_cents for line in self.lines) + self.shipping_tax_cents

    @property
    def net_cents(self) -> int:
        """Net sales given back: lines without tax and shipping."""
        shown = sum(line.subtotal_cents for line in self.lines)
        return shown - sum(line.tax_cents for line in self.lines) if self.taxes_included else shown


@dataclass(frozen=True, slots=True)
class StockChange:
    """A stock level after something changed it; `incoming` units are on their way to that location."""

    timestamp: datetime
    day: date
    variant_id: int
    inventory_item_id: int
    location_id: int
    delta: int
    available: int
    incoming: int
    reason: StockReason
    order_id: int | None = None


@dataclass(frozen=True, slots=True)
class AdDay:
    """A campaign's day as its platform reports it at one moment: claims of a day grow for weeks after it.

    `claimed_conversions_micros` are millionths of a purchase (platforms model fractions); `claimed_value_cents`
    is what they say was sold, with tax and shipping, never less returns. Windows in days; view 0 where unused.
    """

    platform: Platform
    account_id: str
    campaign_id: str
    campaign_name: str
    day: date
    currency: str
    timezone: str
    spend_cents: int
    impressions: int
    clicks: int
    claimed_conversions_micros: int
    claimed_value_cents: int
    click_window_days: int
    view_window_days: int


@dataclass(frozen=True, slots=True)
class Sessions:
    """The visits that one source brought on a day; `source` is a cause kind or a campaign id."""

    day: date
    source: str
    visits: int


@dataclass(frozen=True, slots=True)
class DayHistory:
    """All that happened on one day, in time order; ad days as the platforms showed them at the midnight after."""

    day: date
    orders: tuple[Order, ...]
    refunds: tuple[Refund, ...]
    stock_changes: tuple[StockChange, ...]
    ad_days: tuple[AdDay, ...]
    sessions: tuple[Sessions, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """A part of the ground truth: how many net cents of an order (or, negative, of a refund) one cause made.

    The rows of an order add up to its `net_cents`, those of a refund to minus its `net_cents`. `campaign_id` is
    set for kind `campaign`; `acquired_by` is the campaign that won the customer of a repeat order. `touched_day`
    is the day of the ad contact, `day` that of the order or refund.
    """

    order_id: int
    refund_id: int | None
    day: date
    kind: CauseKind
    campaign_id: str | None
    acquired_by: str | None
    touched_day: date
    cents: int


@dataclass(frozen=True, slots=True)
class LostSale:
    """Demand that met an empty shelf and went away; `net_cents` is what it would have sold for."""

    timestamp: datetime
    day: date
    variant_id: int
    units: int
    net_cents: int
    kind: CauseKind
    campaign_id: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A platform's claim on an order; reported on the day of the contact, known from `known_at`."""

    platform: Platform
    campaign_id: str
    order_id: int
    touched_day: date
    visible_from: datetime
    contact: Literal["click", "view"]
    conversions_micros: int
    value_cents: int


Happening = Order | Refund | StockChange
