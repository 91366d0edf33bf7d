"""A file of past orders, fed to the bus as if the brand's shop had delivered them."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from uuid import uuid4

from file_import.plan import Plan, open_plan
from file_import.shopify_csv import RecordedOrders
from file_import.source_file import UnreadableFile
from file_import.tally import Tally
from file_import.webhooks import API_VERSION, Delivery, Webhook, first_delivery
from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.ports import Commands
from pulsepoint.brand.facts import Note, Omission
from pulsepoint.errors import MalformedInput
from pulsepoint.events.catalog import RAW_TOPIC
from pulsepoint.events.envelope import Message, raw_message
from pulsepoint.events.orders import SAME_ORDER
from pulsepoint.events.precedence import ORIGIN, Origin
from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import Write
from pulsepoint.ports.message_bus import MessageBus
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.tenancy import TenantContext

BATCH = 200
"""Webhooks published at once."""
_AT_ONCE = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class RowsLeftOut:
    """Rows of a file that became no delivery, and why; their sum in micros of the brand's currency."""

    reason: Omission
    rows: int
    micros: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The deliveries of a file; `net_micros` in `currency`, days as ISO dates (None in an empty file)."""

    format: str
    deliveries: int
    orders: int
    refunds: int
    cancellations: int
    net_micros: int
    currency: str
    first_day: str | None
    last_day: str | None
    left_out: tuple[RowsLeftOut, ...]
    notes: tuple[Note, ...]


@dataclass(slots=True)
class OrdersFile:
    """One readable file on its way to the bus."""

    plan: Plan
    brand: Brand
    scope: TenantContext
    bus: MessageBus
    clock: Clock
    tally: Tally = field(default_factory=Tally)
    sent: int = 0
    _days: list[str] = field(default_factory=list)

    async def publish(self) -> AsyncIterator[int]:
        """Publish everything; the number of webhooks so far, after each batch."""
        webhooks = await asyncio.to_thread(self.plan.webhooks)
        while batch := await asyncio.to_thread(self._messages, webhooks):
            await self.bus.publish(batch)
            self.sent += len(batch)
            yield self.sent

    def _messages(self, webhooks: Iterator[Webhook]) -> list[Message]:
        shop, now = self.brand.settings.shopify_store, self.clock.now()
        messages = []
        for webhook in islice(webhooks, BATCH):
            self.tally.count(webhook)
            self._days.append(webhook.occurred_at.date().isoformat())
            messages.append(as_delivered(first_delivery(webhook, shop), shop, now, self.scope))
        self._days[:] = [min(self._days), max(self._days)] if self._days else []
        return messages

    def result(self) -> Uploaded:
        """The counts, once everything is published."""
        total = self.tally.total
        return Uploaded(
            format=self.plan.format.value,
            deliveries=self.sent,
            orders=total.orders,
            refunds=total.refunds,
            cancellations=total.cancellations,
            net_micros=total.net_micros,
            currency=self.brand.settings.currency,
            first_day=self._days[0] if self._days else None,
            last_day=self._days[1] if self._days else None,
            left_out=tuple(RowsLeftOut(each.reason, each.rows, each.micros) for each in self.plan.left_out()),
            notes=self.tally.notes(),
        )


@asynccontextmanager
async def open_orders_file(
    path: Path, brand: Brand, scope: TenantContext, *, bus: MessageBus, clock: Clock, warehouse: Warehouse
) -> AsyncIterator[OrdersFile]:
    """A file on disk, opened; at most two at once. Raises `MalformedInput` for one of no known kind.

    Its orders without an id say which orders of their name and day were known by then.
    """
    settings, now = brand.settings, clock.now()
    with ExitStack() as opened:
        async with _AT_ONCE:
            try:
                plan = open_plan(
                    path,
                    shop=settings.shopify_store,
                    currency=settings.currency,
                    zone=settings.zone,
                    now=max(now, settings.business_time(now)),
                )
                entered = await asyncio.to_thread(opened.enter_context, plan)
            except UnreadableFile as error:
                raise MalformedInput(str(error).replace(str(path), "The file"), reason="unreadable_file") from None
            if entered.without_id is not None:
                entered.match(await _recorded_orders(warehouse, scope, *entered.without_id))
            yield OrdersFile(entered, brand, scope, bus, clock)


async def _recorded_orders(
    warehouse: Warehouse, scope: TenantContext, first: datetime, last: datetime
) -> RecordedOrders:
    rows = await run_named_query(
        warehouse, scope, "orders_placed", start_at=first - SAME_ORDER, end_at=last + SAME_ORDER
    )
    recorded: dict[str, list[tuple[int, datetime]]] = {}
    for row in rows:
        if row["order_id"].isdecimal():
            recorded.setdefault(row["name"], []).append((int(row["order_id"]), row["created_at"]))
    return recorded


def as_delivered(delivery: Delivery, shop: str, received_at: datetime, owner: TenantContext | None = None) -> Message:
    """A delivery as the webhook address would publish it, but for its origin and the brand it is for (None: not said).

    The digest of the body stands for its signature.
    """
    headers = {
        "shop": shop,
        "shopify-topic": delivery.topic,
        "shopify-api-version": API_VERSION,
        "shopify-triggered-at": delivery.triggered_at,
        "shopify-webhook-id": delivery.webhook_id,
        "shopify-event-id": delivery.event_id,
        ORIGIN: Origin.FILE.name.lower(),
    }
    if owner is not None:
        headers |= {"tenant": str(owner.tenant_id), "brand": str(owner.brand_id)}
    body_id = b64encode(sha256(delivery.body).digest()).decode()
    return raw_message(RAW_TOPIC, delivery.body, headers, body_id, received_at)


async def audit_upload(person: Person, brand: Brand, uploaded: Uploaded, commands: Commands) -> None:
    """Enter an upload in the audit log."""
    notes = [note.model_dump(mode="json", exclude_defaults=True) for note in uploaded.notes]
    counts = asdict(replace(uploaded, left_out=(), notes=()))
    detail = counts | {"left_out": sum(each.rows for each in uploaded.left_out), "notes": notes}

    async def work(reader: Reader) -> Outcome:
        row = {
            "brand_id": str(brand.brand_id),
            "actor": person.email,
            "action": "orders.uploaded",
            "subject": brand.settings.shopify_store,
            "detail": detail,
            "occurred_at": reader.now().isoformat(),
        }
        return Outcome(writes=[Write("audit_log", str(uuid4()), row)])

    await commands.execute(person.scope.brand(brand.brand_id), work, dedup_key=uuid4())
