"""A shop about which every kind of alert and advice stands, found by the services themselves from facts and events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ai_advisor import handlers as advisor
from alerting import handlers as alerting
from alerting.ports import Notice
from inventory_intel import handlers as inventory
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse
from pulsepoint.events.ads import AdDayQuarantined, AdsSyncFailed
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event, Payload, new_event
from pulsepoint.events.insights import AdviceComputed
from pulsepoint.events.inventory import StockAssessed
from pulsepoint.metrics.access import Metrics
from pulsepoint.money import MICROS
from pulsepoint.ports.document_store import FactRow, StoredEffect
from pulsepoint.tenancy import TenantContext
from tests.builders.insights import Bench
from tests.builders.inventory import (
    NOW,
    ad_day_fact,
    credit_facts,
    days_ago,
    fact,
    level_fact,
    order_facts,
    product_facts,
)

BAD_DAY = days_ago(4).date()
VARIANTS = {"101": 12, "102": -3, "103": -2, "104": 9_000}
"""Units that are there, by variant: two of them oversold, the third takes backorders."""

NAMES = {"101": "Jumper in red", "102": "Jumper in blue", "103": "Hat", "104": "Scarf"}


def shop() -> list[FactRow]:
    """Forty days of orders and ads, whose links stop leading to orders three days ago; stock that runs out."""
    facts = [*_products(), fact("ad_days_quarantined", f"meta:a1:{BAD_DAY}", _quarantined())]
    for ago in range(1, 41):
        day = days_ago(ago).date()
        spent = {("meta", "c1"): 100, ("meta", "c2"): 80, ("google", "c3"): 30, ("tiktok", "c4"): 60}
        facts += [
            ad_day_fact(day, euros * MICROS, platform=platform, campaign_id=campaign, name=f"{platform}-{campaign}")
            for (platform, campaign), euros in spent.items()
        ]
        facts.append(ad_day_fact(day, 900 * MICROS, platform="tiktok", account_id="a2", currency="SEK"))
        facts += _orders(ago)
    return facts


def _orders(ago: int) -> list[FactRow]:
    broken = ago <= 3
    sold = [("meta", "c1", "101")] * 3 + [("meta", "c2", "102"), ("meta", "c2", "104"), ("meta", "c2", "104")]
    sold += [("google", "c3", "104")] * 3 + [("google", "c3", "103")]
    sold += [("tiktok", "c4", "104")] if ago % 3 == 0 else []
    facts: list[FactRow] = []
    for number, (channel, campaign, variant) in enumerate(sold):
        at, order_id = days_ago(ago) + timedelta(minutes=number), f"{ago}-{number}"
        line = {"variant_id": variant, "sku": f"S{variant}", "title": f"{NAMES[variant]}", "price_micros": 90 * MICROS}
        facts += order_facts(order_id, at, [line])
        lost = broken and channel == "meta"
        facts += credit_facts(
            order_id,
            at,
            90 * MICROS,
            channel="direct" if lost else channel,
            campaign=None if lost else f"{channel}-{campaign}",
            paid=not lost,
        )
    return facts


def _products() -> list[FactRow]:
    variants = [
        {
            "variant_id": variant,
            "sku": f"S{variant}",
            "title": f"{NAMES[variant]}",
            "continue_selling": variant == "103",
        }
        for variant in VARIANTS
    ]
    levels = [level_fact(variant, days_ago(12), units) for variant, units in VARIANTS.items()]
    return [*product_facts("p1", variants, title="Jumper"), *levels]


def _quarantined() -> dict[str, Any]:
    sums = {"account_spend_micros": 190 * MICROS, "campaign_spend_micros": 180_500_000}
    return {"platform": "meta", "account_id": "a1", "day": BAD_DAY, "quarantined": True, **sums}


def of_scope(facts: Sequence[FactRow], scope: TenantContext) -> list[FactRow]:
    """The facts as another brand's."""
    return [FactRow(scope, each.table, {**each.row, "brand_id": str(scope.brand_id)}) for each in facts]


class Messenger:
    """Keeps what is posted."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    async def post(self, webhook_url: str, notice: Notice) -> None:
        """See `Messenger.post`."""
        self.notices.append(notice)


class Services:
    """inventory-intel, ai-advisor and alerting over one warehouse, about one brand."""

    def __init__(self, warehouse: DuckDBWarehouse, metrics: Metrics, scope: TenantContext) -> None:
        self.scope = scope
        self.benches = {name: Bench(name, warehouse, metrics) for name in ("inventory-intel", "ai-advisor", "alerting")}
        self.effects: list[Any] = []

    async def run(self, brand: BrandConfigured, version: int) -> None:
        """Append the shop's facts, assess its stock and judge all that follows."""
        await self.benches["alerting"].append(of_scope(shop(), self.scope))
        for name, routes in (("inventory-intel", inventory), ("ai-advisor", advisor), ("alerting", alerting)):
            await self._handle(name, routes.HANDLERS, self._event(brand, "gateway", version))
        tick = StoredEffect(self.scope, inventory.TICK, "k", NOW, {})
        await self.benches["inventory-intel"].on_success(inventory.EFFECTS[inventory.TICK], tick)
        assessed = self._newest("inventory-intel", StockAssessed)
        await self._handle("ai-advisor", advisor.HANDLERS, assessed)
        await self._handle("alerting", alerting.HANDLERS, assessed)
        await self._handle("alerting", alerting.HANDLERS, self._newest("ai-advisor", AdviceComputed))
        for payload in _failures():
            await self._handle("alerting", alerting.HANDLERS, self._event(payload, "ingest-ads", 1))

    def _event(self, payload: Payload, source: str, version: int) -> Event:
        return new_event(
            payload, source=source, entity="e", version=version, scope=self.scope, time=NOW, traceparent=""
        )

    def _newest(self, name: str, kind: type[Payload]) -> Event:
        return [event for event in self.benches[name].events if isinstance(event.payload, kind)][-1]

    async def _handle(self, name: str, routes: Any, event: Event) -> None:
        outcome = await self.benches[name].handle(routes[event.type], event)
        self.effects += outcome.effects


def _failures() -> list[Payload]:
    return [
        AdsSyncFailed(
            platform="tiktok", account_id="a2", reason="no answer in time", refused=False, attempts=3, failed_at=NOW
        ),
        AdDayQuarantined(
            platform="meta",
            account_id="a1",
            day=BAD_DAY,
            account_spend_micros=190 * MICROS,
            campaign_spend_micros=180_500_000,
        ),
    ]
