"""A shop's books from its deliveries alone: what the warehouse shows, and what attribution credits of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from file_import.webhooks import Webhook, first_delivery
from gateway.verification.checks import CHECKS, run_check
from ingest_shopify.domain import READER_VERSION, read_delivery
from ingest_shopify.facts import facts_of
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.brand.vocabulary import AttributionModel
from pulsepoint.events.envelope import Event, new_event
from pulsepoint.events.precedence import Origin, precedence_of
from pulsepoint.ports.document_store import FactRow
from tests.builders.orders import SCOPE
from tests.builders.shopify import shop_configured
from tests.unit.attribution.harness import Harness

SHOP = "first-light.myshopify.com"
RECEIVED_AT = datetime.fromisoformat("2026-11-30T00:00:00+00:00")
POLICY: dict[str, Any] = {"cancelled_orders": "return", "lookback_days": 30}
"""The shop's own choices: its books are the same whatever a brand that chose nothing has."""
ENTRIES = "SELECT order_id, kind, entry_id, occurred_at, net_micros FROM sales_entries WHERE brand_id = @brand_id"
CREDITS = (
    "SELECT model, order_id, entry_kind AS kind, entry_id, occurred_at, SUM(credit_micros) AS net_micros"
    " FROM credits_current WHERE brand_id = @brand_id GROUP BY model, order_id, kind, entry_id, occurred_at"
)


@dataclass(frozen=True, slots=True)
class Books:
    """Entries of net revenue as (day, kind, micros), sorted, and what verification finds wrong."""

    entries: tuple[tuple[str, str, int], ...]
    wrong: tuple[str, ...]

    @property
    def net_micros(self) -> int:
        """Net revenue."""
        return sum(micros for _, _, micros in self.entries)

    def by_day(self) -> dict[str, int]:
        """Net revenue of each day (UTC) that has any."""
        sums: Counter[str] = Counter()
        for day, _, micros in self.entries:
            sums[day] += micros
        return {day: micros for day, micros in sorted(sums.items()) if micros}

    def of(self, kind: str) -> int:
        """Net revenue of the entries of a kind."""
        return sum(micros for _, each, micros in self.entries if each == kind)


def delivered(deliveries: Iterable[dict[str, Any]], *, origin: Origin = Origin.WEBHOOK) -> list[Event[Any]]:
    """Events of deliveries `{topic, body, triggered_at?}`, as ingest publishes them."""
    return [_event(each["topic"], orjson.dumps(each["body"]), each.get("triggered_at"), origin) for each in deliveries]


def uploaded(webhooks: Iterable[Webhook]) -> list[Event[Any]]:
    """Events of a file's webhooks, as an upload feeds them in."""
    deliveries = [first_delivery(webhook, SHOP) for webhook in webhooks]
    return [_event(each.topic, each.body, each.triggered_at, Origin.FILE) for each in deliveries]


def _event(topic: str, body: bytes, triggered_at: str | None, origin: Origin) -> Event[Any]:
    reading = read_delivery(
        topic, None, body, shop=SHOP, received_at=RECEIVED_AT, triggered_at=triggered_at, shop_currency="EUR"
    )
    precedence = precedence_of(origin, READER_VERSION, reading.triggered_at)
    return new_event(
        reading.payload,
        source="ingest-shopify",
        entity=reading.entity,
        version=reading.version,
        scope=SCOPE,
        precedence=precedence,
    )


async def facts_after(events: Sequence[Event[Any]]) -> list[FactRow]:
    """The facts of ingest and of attribution after the events in that order."""
    harness = Harness()
    await harness.handle(shop_configured(SCOPE, SHOP, **POLICY), *(each for each in events if each.type in _CREDITED))
    return [*(row for event in events for row in facts_of(harness.reader(), event)), *harness.ports.facts]


async def books_of(events: Sequence[Event[Any]]) -> Books:
    """The books after the events in that order; asserts that every model's credits are the same entries."""
    async with open_duckdb() as warehouse:
        await warehouse.append(await facts_after(events))
        rows = await warehouse.query(SCOPE, ENTRIES)
        await _assert_credited(warehouse, rows)
        wrong = await _violations(warehouse)
    entries = sorted((f"{row['occurred_at']:%m-%d}", row["kind"], int(row["net_micros"])) for row in rows)
    return Books(tuple(entries), tuple(wrong))


async def _violations(warehouse: DuckDBWarehouse) -> list[str]:
    """The checks of the sales and of their credits that fail, each with the orders it names."""
    wrong = []
    for check in CHECKS:
        if check.name in _OF_SALES:
            checked = await run_check(warehouse, SCOPE, check, **POLICY, settled_before=RECEIVED_AT)
            wrong += [f"{check.name}: {violation}" for violation in checked.violations]
    return wrong


async def _assert_credited(warehouse: DuckDBWarehouse, entries: Sequence[dict[str, Any]]) -> None:
    credits = await warehouse.query(SCOPE, CREDITS)
    expected = {_key(row) for row in entries}
    for model in AttributionModel if entries else ():
        assert {_key(row) for row in credits if row["model"] == model} == expected


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("order_id", "kind", "entry_id", "occurred_at")), int(row["net_micros"])


_OF_SALES = frozenset(
    {"conservation", "order_net", "entry_credits", "counted_once", "view_sales", "edit_days", "view_order_changes"}
)
_CREDITED = frozenset({"order.recorded", "refund.recorded", "order.deleted", "order.edited"})
