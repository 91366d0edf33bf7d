"""Facts and events about stock, sales and ads, with defaults; times are business time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from pulsepoint.money import MICROS
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext

SCOPE = TenantContext(UUID(int=11), UUID(int=12))
OTHER_BRAND = TenantContext(UUID(int=11), UUID(int=13))
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def days_ago(days: float, *, now: datetime = NOW) -> datetime:
    """The moment so many days before `now`."""
    return now - timedelta(days=days)


def fact(
    table: str,
    entity: str,
    columns: Mapping[str, Any],
    *,
    version: int = 1,
    part: str = "",
    digest: str = "d",
    scope: TenantContext = SCOPE,
) -> FactRow:
    """One row of a warehouse table."""
    identity = sha256(f"{scope.brand_id}/{table}/{entity}/{version}/{digest}/{part}".encode()).hexdigest()[:32]
    six = {
        "fact_id": identity,
        "brand_id": str(scope.brand_id),
        "entity": entity,
        "version": version,
        "digest": digest,
        "recorded_at": NOW,
    }
    return FactRow(scope, table, {**six, **columns})


def order_facts(
    order_id: str,
    at: datetime,
    lines: Iterable[Mapping[str, Any]],
    *,
    test: bool = False,
    deleted: bool = False,
    scope: TenantContext = SCOPE,
) -> list[FactRow]:
    """An order and its lines; a line is {variant_id, sku, title, quantity, price_micros} with defaults."""
    rows = [_line(order_id, number, line, scope) for number, line in enumerate(lines, start=1)]
    gross = sum(row.row["gross_micros"] for row in rows)
    head = {
        "order_id": order_id,
        "currency": "EUR",
        "created_at": at,
        "processed_at": at,
        "test": test,
        "deleted": deleted,
        "taxes_included": False,
        "gross_micros": gross,
        "discount_micros": 0,
        "tax_micros": 0,
        "shipping_micros": 0,
        "total_micros": gross,
    }
    return [fact("orders", order_id, head, scope=scope), *rows]


def _line(order_id: str, number: int, line: Mapping[str, Any], scope: TenantContext) -> FactRow:
    quantity = line.get("quantity", 1)
    columns = {
        "order_id": order_id,
        "line_id": f"{order_id}-{number}",
        "variant_id": line.get("variant_id"),
        "sku": line.get("sku"),
        "title": line.get("title", ""),
        "quantity": quantity,
        "gross_micros": quantity * line.get("price_micros", 10 * MICROS),
        "discount_micros": 0,
        "tax_micros": 0,
    }
    return fact("order_lines", order_id, columns, part=str(number), scope=scope)


def product_facts(
    product_id: str,
    variants: Iterable[Mapping[str, Any]],
    *,
    title: str = "Shirt",
    status: str | None = "active",
    deleted: bool = False,
) -> list[FactRow]:
    """A product and its variants; a variant is {variant_id, available, …} with defaults."""
    rows = [
        fact("products", product_id, {"product_id": product_id, "title": title, "status": status, "deleted": deleted})
    ]
    for variant in variants:
        columns = {
            "product_id": product_id,
            "inventory_item_id": f"item-{variant['variant_id']}",
            "sku": None,
            "title": "",
            "price_micros": 10 * MICROS,
            "continue_selling": False,
            "tracked": True,
            "available": None,
            **variant,
        }
        rows.append(fact("variants", product_id, columns, part=columns["variant_id"]))
    return rows


def level_fact(
    variant_id: str,
    at: datetime,
    available: int | None,
    *,
    location_id: str = "l1",
    incoming: int | None = None,
    trace: str | None = None,
    scope: TenantContext = SCOPE,
) -> FactRow:
    """A stock level of a variant's item at a location."""
    item = f"item-{variant_id}"
    columns = {"inventory_item_id": item, "location_id": location_id, "available": available, "updated_at": at}
    columns |= {"trace": trace, "incoming": incoming}
    return fact(
        "inventory_levels", f"{item}:{location_id}", columns, version=int(at.timestamp() * 1_000_000), scope=scope
    )


def ad_day_fact(
    day: date,
    spend_micros: int,
    *,
    platform: str = "meta",
    account_id: str = "a1",
    currency: str = "EUR",
    campaign_id: str = "c1",
    name: str = "Spring",
    conversions_micros: int | None = None,
) -> FactRow:
    """One campaign's day."""
    columns = {
        "platform": platform,
        "account_id": account_id,
        "account_currency": currency,
        "account_timezone": "UTC",
        "campaign_id": campaign_id,
        "campaign_name": name,
        "day": day,
        "spend_micros": spend_micros,
        "conversions_micros": conversions_micros,
    }
    return fact("ad_performance", f"{platform}:{account_id}:{campaign_id}:{day}", columns)


def touch_fact(order_id: str, at: datetime, *, channel: str = "meta", evidence: str = "landing_site") -> FactRow:
    """A touch of an order; it counts beside `credit_facts` of the order."""
    columns = {"order_id": order_id, "occurred_at": at, "channel": channel, "paid": True, "evidence": evidence}
    return fact("touches", order_id, columns, part="0")


def credit_facts(
    order_id: str,
    at: datetime,
    net_micros: int,
    *,
    channel: str = "meta",
    campaign: str | None = "Spring",
    paid: bool = True,
    model: str = "last_non_direct",
) -> list[FactRow]:
    """The whole of an order's sale credited to one campaign."""
    head = {
        "order_id": order_id,
        "currency": "EUR",
        "net_micros": net_micros,
        "source_version": 1,
        "settings_version": 1,
        "rules_version": 1,
    }
    credit = {
        "order_id": order_id,
        "model": model,
        "entry_id": order_id,
        "entry_kind": "sale",
        "occurred_at": at,
        "channel": channel,
        "paid": paid,
        "campaign": campaign,
        "credit_micros": net_micros,
        "currency": "EUR",
    }
    return [fact("attributions", order_id, head), fact("credits", order_id, credit, part=f"{model}:{order_id}")]


def brand_data(**changes: Any) -> dict[str, Any]:
    """Settings of a brand as `brand.configured` carries them."""
    return {
        "name": "Nordic Wool",
        "shopify_store": "nordic-wool.myshopify.com",
        "currency": "EUR",
        "timezone": "UTC",
        "default_model": "last_non_direct",
        "lead_time_days": 14,
        "clock_offset_seconds": 0,
        **changes,
    }


def as_json(value: Any) -> Any:
    """A value as it looks after a trip through JSON."""
    return orjson.loads(orjson.dumps(value))
