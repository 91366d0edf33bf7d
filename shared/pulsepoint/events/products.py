"""Products and their variants."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from pulsepoint.events.envelope import Payload


class Variant(BaseModel):
    """One sellable variant; `continue_selling` means backorders are taken when it runs out."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    variant_id: str
    inventory_item_id: str | None = None
    sku: str | None = None
    title: str = ""
    price_micros: int
    unit_cost_micros: int | None = None
    continue_selling: bool = False
    tracked: bool = True
    available: int | None = None


class ProductRecorded(Payload):
    """A product as the shop last told it.

    `is_cut` says that it has, or may have, more variants than are here; `variants_total` is how many, None where that
    was not said.
    """

    TYPE: ClassVar[str] = "product.recorded"
    SCHEMA: ClassVar[int] = 2
    product_id: str
    title: str
    status: str | None = None
    updated_at: datetime
    variants: tuple[Variant, ...] = ()
    variants_total: int | None = None
    is_cut: bool = False


class ProductDeleted(Payload):
    """The shop deleted a product."""

    TYPE: ClassVar[str] = "product.deleted"
    product_id: str
