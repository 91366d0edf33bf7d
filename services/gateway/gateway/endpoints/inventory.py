"""`…/inventory`: the stock, and the ad spend on what is running out."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel

from gateway.domain.dashboard import Inventory, ShortVariant
from gateway.domain.periods import period
from gateway.endpoints.access import PortsOf
from gateway.endpoints.language import TextsOf
from gateway.endpoints.parameters import StandingOf
from gateway.endpoints.performance_views import values
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.inventory import inventory_of
from pulsepoint.brand.sentences import note_text
from pulsepoint.brand.texts import Texts
from pulsepoint.brand.vocabulary import StockState

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["inventory"], responses=PROBLEMS)


class RunningOutView(BaseModel):
    """A variant that is out or running out; `facts` has the fact id of each number.

    `incoming` are the units on their way, null where the shop does not say; `lead_time_days` is the variant's own lead
    time, else the brand's.
    """

    variant_id: str
    sku: str | None
    title: str | None
    status: StockState
    available: int | None
    incoming: int | None
    lead_time_days: int | None
    units_per_day: float | None
    days_of_cover: float | None
    spend_at_risk_per_day: float | None
    facts: dict[str, str]

    @classmethod
    def of(cls, variant: ShortVariant) -> RunningOutView:
        """The view of one variant."""
        return cls(
            variant_id=variant.variant_id,
            sku=variant.sku,
            title=variant.title,
            status=variant.state,
            **values(variant.figures),
        )


class CutProductView(BaseModel):
    """A product with more variants than webhooks carry; where `variants_total` is null, nothing says whether it has."""

    product_id: str
    title: str | None
    variants_total: int | None


class InventoryView(BaseModel):
    """Variants by stock status, and the ad spend on what is running out; `facts` has the fact id of each number.

    `cut_products` are those whose variants are not all known, or may not be: the stock of the others is not counted.
    """

    counts: dict[str, int]
    spend_at_risk_per_day: float | None
    currency: str
    running_out: list[RunningOutView]
    facts: dict[str, str]
    cut_products: list[CutProductView]
    notes: list[str]

    @classmethod
    def of(cls, inventory: Inventory, words: Texts) -> InventoryView:
        """The view of a brand's stock, its notes in the language of `words`."""
        counts = {state.value: count for state, count in inventory.counts.items() if count.value}
        shown = values({**counts, "spend_at_risk_per_day": inventory.spend_at_risk})
        return cls(
            counts={state: shown[state] or 0 for state in counts},
            spend_at_risk_per_day=shown["spend_at_risk_per_day"],
            currency=inventory.currency,
            running_out=[RunningOutView.of(variant) for variant in inventory.running_out],
            facts=shown["facts"],
            cut_products=[CutProductView.model_validate(asdict(product)) for product in inventory.cut_products],
            notes=[note_text(note, words) for note in inventory.notes],
        )


@router.get("/inventory")
async def read_inventory(measuring: StandingOf, ports: PortsOf, words: TextsOf) -> InventoryView:
    """The stock as it was last judged; with `as_of` as it was known then."""
    days = period(None, None, measuring.brand.settings, measuring.basis.as_of or ports.clock.now())
    return InventoryView.of(await inventory_of(measuring, days), words)
