"""Shopify orders exports: rows as its admin writes them, and what an instance counts of a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from file_import.plan import Plan, open_plan
from file_import.tally import Tally
from file_import.webhooks import Webhook, first_delivery
from ingest_shopify.domain import read_delivery
from pulsepoint.brand.facts import Omission
from pulsepoint.events.orders import OrderRecorded

SHOP = "first-light.myshopify.com"


@dataclass(frozen=True, slots=True)
class Imported:
    """A file's webhooks, its tally, and the orders an instance reads of them by id, the latest snapshot of each."""

    plan: Plan
    webhooks: tuple[Webhook, ...]
    tally: Tally
    orders: dict[str, OrderRecorded]
    left_out: dict[Omission, int]
    left_out_micros: int

    @property
    def net_micros(self) -> int:
        """Net sales of all orders before returns."""
        return sum(order.net_micros for order in self.orders.values())


def imported(path: Path, *, currency: str = "EUR", timezone: str = "UTC", now: datetime | None = None) -> Imported:
    """The file as an upload at a moment for a brand of that currency and timezone."""
    tally, orders = Tally(), {}
    with open_plan(path, shop=SHOP, currency=currency, zone=ZoneInfo(timezone), now=now) as plan:
        webhooks = tuple(plan.webhooks())
        left_out = plan.left_out()
    for webhook in webhooks:
        tally.count(webhook)
        delivery = first_delivery(webhook, SHOP)
        received_at = datetime.fromisoformat(delivery.triggered_at)
        payload = read_delivery(delivery.topic, None, delivery.body, shop=SHOP, received_at=received_at).payload
        if isinstance(payload, OrderRecorded):
            orders[payload.order_id] = payload
    rows = {entry.reason: entry.rows for entry in left_out}
    return Imported(plan, webhooks, tally, orders, rows, sum(entry.micros for entry in left_out))


def write_export(path: Path, rows: Iterable[dict[str, str]]) -> Path:
    """The rows as a CSV file with the columns of the first ones first."""
    written = list(rows)
    header = list(dict.fromkeys(name for row in written for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(written)
    return path


def head(name: str = "#1", price: str = "100.00", **changed: str) -> dict[str, str]:
    """The first row of an order of one line; keyword names with underscores stand for the header's spaces."""
    row = {
        "Name": name,
        "Email": "b@x.test",
        "Financial Status": "paid",
        "Paid at": "2026-11-10 12:00:00 +0000",
        "Currency": "EUR",
        "Subtotal": price,
        "Shipping": "0.00",
        "Taxes": "0.00",
        "Total": price,
        "Discount Amount": "0.00",
        "Created at": "2026-11-10 12:00:00 +0000",
        "Lineitem quantity": "1",
        "Lineitem name": f"Item {name}",
        "Lineitem price": price,
        "Lineitem sku": f"S{name}",
    }
    return row | {key.replace("_", " "): value for key, value in changed.items()}


def further(name: str = "#1", price: str = "50.00", item: str = "Beta", **changed: str) -> dict[str, str]:
    """A further row of an order: only its name, date and line are filled."""
    row = {
        "Name": name,
        "Email": "b@x.test",
        "Created at": "2026-11-10 12:00:00 +0000",
        "Lineitem quantity": "1",
        "Lineitem name": item,
        "Lineitem price": price,
        "Lineitem sku": item,
    }
    return row | {key.replace("_", " "): value for key, value in changed.items()}
