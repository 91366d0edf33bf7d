"""The checks of a brand's books, each a query that answers with violations; and one hash of the state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

import orjson

from gateway.verification.queries import QUERIES
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import QueryValue, Row

Unit = Literal["micros", "count"]
LISTED = 50
"""Violations of a check that are listed."""


@dataclass(frozen=True, slots=True)
class Violation:
    """The expected and the actual value, in the check's unit; exact integers."""

    subject: str
    detail: str
    expected: int
    found: int
    currency: str | None


@dataclass(frozen=True, slots=True)
class NamedCheck:
    """One property of the books; `unit` is that of its numbers."""

    name: str
    title: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Check(NamedCheck):
    """A check that a query makes: it answers with violations (at most 50, and how many there are)."""

    query: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check; `total` counts violations beyond those listed.

    `settled_seconds` says that orders with something recorded in the last seconds were left out.
    """

    check: NamedCheck
    total: int
    violations: tuple[Violation, ...]
    settled_seconds: int = 0


CHECKS: tuple[Check, ...] = (
    Check("conservation", "Sales entries equal credits, for every model", "micros", "conservation"),
    Check("order_net", "Every order's attribution says its net revenue", "micros", "order_net"),
    Check("entry_credits", "Every sale, edit, refund and cancellation is credited once", "micros", "entry_credits"),
    Check("entry_dates", "Credits are booked when their sale, refund or cancellation was", "count", "entry_dates"),
    Check("chosen_touches", "Credits go to the touch that each model chooses", "count", "chosen_touches"),
    Check("counted_once", "Every order and refund is counted once", "count", "sales_once"),
    Check("edit_days", "Every change of an order is of a day that was told", "count", "edit_days"),
    Check("heads", "Every snapshot has the rows its head tells of", "count", "heads"),
    Check("orphans", "Every row of a snapshot has a head", "count", "orphans"),
    Check("view_orders", "Orders shown are the newest", "count", "view_orders"),
    Check("view_order_lines", "Order lines shown are the newest", "count", "view_order_lines"),
    Check("view_refunds", "Refunds shown are the newest", "count", "view_refunds"),
    Check("view_refund_lines", "Refund lines shown are the newest", "count", "view_refund_lines"),
    Check("view_products", "Products shown are the newest", "count", "view_products"),
    Check("view_stock_levels", "Stock levels shown are the newest", "count", "view_inventory_levels"),
    Check("view_ad_days", "Ad days shown are the newest", "count", "view_ad_performance"),
    Check("view_attributions", "Attributions shown are the newest", "count", "view_attributions"),
    Check("view_order_changes", "Changes of orders shown are the newest", "count", "view_order_changes"),
    Check("view_credits", "Credits shown are the newest", "count", "view_credits"),
    Check("view_sales", "Sales entries equal orders less refunds", "micros", "view_sales"),
    Check("view_unified", "Spend and credits side by side lose nothing", "micros", "view_unified"),
)

STATE: tuple[str, ...] = ("orders", "refunds", "credits", "ad_days", "stock_levels")


async def run_check(
    warehouse: Warehouse,
    scope: TenantContext,
    check: Check,
    *,
    cancelled_orders: str,
    lookback_days: int,
    settled_before: datetime,
) -> Checked:
    """The outcome of one check of a brand, under its settings; raises `EngineUnavailable`.

    Conservation leaves out orders with something recorded after `settled_before`.
    """
    given: dict[str, QueryValue] = {
        "cancelled_orders": cancelled_orders,
        "lookback_days": lookback_days,
        "settled_before": settled_before,
    }
    takes = QUERIES.get(check.query).parameters
    rows = await QUERIES.run(
        warehouse, scope, check.query, {name: value for name, value in given.items() if name in takes}
    )
    names = ("subject", "detail", "expected", "found", "currency")
    violations = tuple(Violation(**{name: row[name] for name in names}) for row in rows)
    return Checked(check, rows[0]["total"] if rows else 0, violations)


async def reconciliation(warehouse: Warehouse, scope: TenantContext, *, cancelled_orders: str) -> list[Row]:
    """For each model and currency what was sold, what is credited and the difference, in micros."""
    return await QUERIES.run(warehouse, scope, "reconciliation", {"cancelled_orders": cancelled_orders})


async def source_counts(warehouse: Warehouse, scope: TenantContext) -> list[Row]:
    """For each source how many snapshots of how many things it told, and the newest moments, by source."""
    return await QUERIES.run(warehouse, scope, "counts", {})


@dataclass(frozen=True, slots=True)
class State:
    """The digest of a brand's facts: equal for instances that were given the same input, in whatever order."""

    sha256: str
    rows: dict[str, int]


async def state_of(warehouse: Warehouse, scope: TenantContext) -> State:
    """The SHA-256 of every current order, refund, credit, ad day and stock level.

    A row is its table's name and its columns as a JSON array, in UTC; rows go by table, entity and text, each ended
    by a line feed. They are read in pages of entities, so a brand that receives orders meanwhile has no one state.
    """
    digest = sha256()
    counts: dict[str, int] = {}
    for table in STATE:
        counts[table] = 0
        after = ""
        while rows := await QUERIES.run(warehouse, scope, f"state_{table}", {"after": after}):
            lines = sorted((row["entity"], _canonical(table, row)) for row in rows if _is_row(table, row))
            for _, line in lines:
                digest.update(line)
            counts[table] += len(lines)
            after = rows[-1]["entity"]
    return State(digest.hexdigest(), counts)


def _is_row(table: str, row: Row) -> bool:
    """Orders without credits only carry the page on."""
    return table != "credits" or row["model"] is not None


def _canonical(table: str, row: Row) -> bytes:
    return orjson.dumps([table, *row.values()], option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
