"""Whether a brand's ledgers are whole: named questions that answer with violations, and one hash of the state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import orjson

from pulsepoint.metrics.named_queries import named_queries, run_named_query
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext

Unit = Literal["micros", "count"]


@dataclass(frozen=True, slots=True)
class Violation:
    """What should be and what is, in the check's unit; exact integers."""

    subject: str
    detail: str
    expected: int
    found: int
    currency: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """One property of the books; `named_query` answers with violations (at most 50, and how many there are)."""

    name: str
    title: str
    unit: Unit
    named_query: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found; `total` counts violations beyond those listed."""

    check: Check
    total: int
    violations: tuple[Violation, ...]


CHECKS: tuple[Check, ...] = (
    Check("conservation", "Sales entries equal credits, for every model", "micros", "verify_conservation"),
    Check("order_net", "Every order's attribution says its net revenue", "micros", "verify_order_net"),
    Check("entry_credits", "Every sale, refund and cancellation is credited once", "micros", "verify_entry_credits"),
    Check("counted_once", "Every order and refund is counted once", "count", "verify_sales_once"),
    Check("heads", "Every snapshot has the rows its head tells of", "count", "verify_heads"),
    Check("orphans", "Every row of a snapshot has a head", "count", "verify_orphans"),
    Check("view_orders", "Orders shown are the newest", "count", "verify_view_orders"),
    Check("view_order_lines", "Order lines shown are the newest", "count", "verify_view_order_lines"),
    Check("view_refunds", "Refunds shown are the newest", "count", "verify_view_refunds"),
    Check("view_refund_lines", "Refund lines shown are the newest", "count", "verify_view_refund_lines"),
    Check("view_products", "Products shown are the newest", "count", "verify_view_products"),
    Check("view_stock_levels", "Stock levels shown are the newest", "count", "verify_view_inventory_levels"),
    Check("view_ad_days", "Ad days shown are the newest", "count", "verify_view_ad_performance"),
    Check("view_attributions", "Attributions shown are the newest", "count", "verify_view_attributions"),
    Check("view_credits", "Credits shown are the newest", "count", "verify_view_credits"),
    Check("view_sales", "Sales entries equal orders less refunds", "micros", "verify_view_sales"),
    Check("view_unified", "Spend and credits side by side lose nothing", "micros", "verify_view_unified"),
)

STATE: tuple[str, ...] = ("orders", "refunds", "credits", "ad_days", "stock_levels")


async def run_check(
    warehouse: Warehouse, scope: TenantContext, check: Check, *, cancelled_orders: str, settled_before: datetime
) -> Checked:
    """Ask one check about a brand, under its policy for cancelled orders.

    Conservation leaves out orders with something recorded after `settled_before`.
    """
    given: dict[str, Any] = {"cancelled_orders": cancelled_orders, "settled_before": settled_before}
    takes = named_queries()[check.named_query].parameters
    rows = await run_named_query(
        warehouse, scope, check.named_query, **{name: value for name, value in given.items() if name in takes}
    )
    names = ("subject", "detail", "expected", "found", "currency")
    violations = tuple(Violation(**{name: row[name] for name in names}) for row in rows)
    return Checked(check, rows[0]["total"] if rows else 0, violations)


@dataclass(frozen=True, slots=True)
class State:
    """What a brand's facts come to: equal for towers that were given the same input, in whatever order."""

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
        while rows := await run_named_query(warehouse, scope, f"verify_state_{table}", after=after):
            lines = sorted((row["entity"], _canonical(table, row)) for row in rows if _is_row(table, row))
            for _, line in lines:
                digest.update(line)
            counts[table] += len(lines)
            after = rows[-1]["entity"]
    return State(digest.hexdigest(), counts)


def _is_row(table: str, row: dict[str, Any]) -> bool:
    """Orders without credits only carry the page on."""
    return table != "credits" or row["model"] is not None


def _canonical(table: str, row: dict[str, Any]) -> bytes:
    return orjson.dumps([table, *row.values()], option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
