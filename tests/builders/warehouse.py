"""Facts for the warehouse with defaults: say only what a test is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from pulsepoint.events.orders import OrderLine, Refund
from pulsepoint.metrics.revenue import OrderChange, SoldOrder, change_id
from pulsepoint.money import MICROS
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext

SCOPE = TenantContext(UUID("11111111-1111-4111-8111-111111111111"), UUID("22222222-2222-4222-8222-222222222222"))
OTHER_TENANT = TenantContext(UUID("33333333-3333-4333-8333-333333333333"), SCOPE.brand_id)
OTHER_BRAND = SCOPE.brand(UUID("44444444-4444-4444-8444-444444444444"))
RECORDED_AT = datetime(2026, 3, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def fact(
    table: str,
    entity: str,
    version: int,
    columns: Mapping[str, Any],
    *,
    scope: TenantContext = SCOPE,
    digest: str = "",
    part: str = "",
    precedence: int | None = None,
    recorded_at: datetime = RECORDED_AT,
) -> FactRow:
    """A row whose fact id follows from everything that identifies it."""
    content_digest = digest or sha256(repr(sorted(columns.items(), key=str)).encode()).hexdigest()
    identity = f"{scope.tenant_id}/{scope.brand_id}/{table}/{entity}/{version}/{content_digest}/{part}/{precedence}"
    row = {
        "fact_id": sha256(identity.encode()).hexdigest()[:32],
        "brand_id": str(scope.brand_id),
        "entity": entity,
        "version": version,
        "digest": content_digest,
        "recorded_at": recorded_at,
        "precedence": precedence,
        **columns,
    }
    return FactRow(scope, table, row)


def order_fact(order_id: str = "o1", version: int = 1, *, net: int = 100, **fields: Any) -> FactRow:
    """An order of `net` whole currency units, as sold; `fact` takes scope, digest, part and recorded_at."""
    named = {name: fields.pop(name) for name in ("scope", "digest", "precedence", "recorded_at") if name in fields}
    columns = {
        "order_id": order_id,
        "currency": "GBP",
        "created_at": NOON,
        "processed_at": NOON,
        "cancelled_at": None,
        "test": False,
        "deleted": False,
        "taxes_included": False,
        "gross_micros": net * MICROS,
        "discount_micros": 0,
    }
    return fact("orders", order_id, version, {**columns, **fields}, **named)


def sold_order_fact(order: SoldOrder, version: int = 1, **named: Any) -> FactRow:
    """The orders row of what decides an order's revenue."""
    return order_fact(
        order.order_id,
        version,
        processed_at=order.processed_at,
        cancelled_at=order.cancelled_at,
        test=order.test,
        deleted=order.deleted,
        taxes_included=order.taxes_included,
        gross_micros=order.net_micros + 7,
        discount_micros=7,
        uncharged_micros=order.uncharged_micros,
        **named,
    )


def line_facts(order: FactRow, lines: Sequence[OrderLine]) -> list[FactRow]:
    """Lines that follow their order's snapshot."""
    head = order.row
    return [
        fact(
            "order_lines",
            head["entity"],
            head["version"],
            {"order_id": head["order_id"], **line.model_dump(exclude={"removed"})},
            scope=order.scope,
            digest=head["digest"],
            part=line.line_id,
            precedence=head["precedence"],
            recorded_at=head["recorded_at"],
        )
        for line in lines
    ]


def refund_fact(refund: Refund, order_id: str = "o1", version: int = 1, **fields: Any) -> FactRow:
    """A refund of an order."""
    named = {name: fields.pop(name) for name in ("scope", "digest", "recorded_at") if name in fields}
    columns = {"order_id": order_id, "currency": "GBP", **refund.model_dump(exclude={"lines"}), **fields}
    return fact("refunds", refund.refund_id, version, columns, **named)


def change_facts(order_id: str, changes: Sequence[OrderChange], version: int = 1, **fields: Any) -> list[FactRow]:
    """What edits changed about an order; a row without an entry where there is nothing."""
    nothing = {"order_id": order_id, "quantity": 0, "gross_micros": 0, "discount_micros": 0}
    rows = [
        {**asdict(each), "order_id": order_id, "entry_id": change_id(order_id, each.occurred_at)} for each in changes
    ]
    digest = sha256(repr(rows).encode()).hexdigest()
    return [
        fact("order_changes", order_id, version, columns, part=str(place), digest=digest, **fields)
        for place, columns in enumerate(rows or [nothing])
    ]


def ad_fact(
    campaign: str = "Spring Sale",
    day: date = date(2026, 3, 10),
    *,
    spend: int = 10,
    platform: str = "meta",
    version: int = 1,
    **fields: Any,
) -> FactRow:
    """A campaign's day of `spend` whole currency units; its id is `id-` and its name in lower case."""
    named = {name: fields.pop(name) for name in ("scope", "digest", "recorded_at") if name in fields}
    columns = {
        "platform": platform,
        "account_id": "acc",
        "account_currency": "GBP",
        "account_timezone": "Europe/London",
        "campaign_id": f"id-{campaign.lower()}",
        "campaign_name": campaign,
        "day": day,
        "spend_micros": spend * MICROS,
        "impressions": None,
        "clicks": None,
        "conversions_micros": None,
        "conversion_value_micros": None,
        "click_window_days": None,
        "view_window_days": None,
        **fields,
    }
    entity = f"{columns['platform']}:{columns['account_id']}:{columns['campaign_id']}:{columns['day']}"
    return fact("ad_performance", entity, version, columns, **named)


def quarantine_fact(
    day: date = date(2026, 3, 10), *, quarantined: bool = True, version: int = 1, **fields: Any
) -> FactRow:
    """An account's day that does not add up, or (`quarantined` False) does again."""
    named = {name: fields.pop(name) for name in ("scope", "recorded_at") if name in fields}
    columns = {
        "platform": "meta",
        "account_id": "acc",
        "day": day,
        "quarantined": quarantined,
        "account_spend_micros": 2,
        "campaign_spend_micros": 1,
        "account_currency": "GBP",
        **fields,
    }
    entity = f"{columns['platform']}:{columns['account_id']}:{day}"
    return fact("ad_days_quarantined", entity, version, columns, **named)


def credit_facts(
    order_id: str, credits_: Sequence[tuple[str, str | None, int]], *, version: int = 1, **fields: Any
) -> list[FactRow]:
    """An order's attribution: (channel, campaign, whole currency units) for each credit of its sale."""
    named = {name: fields.pop(name) for name in ("scope", "recorded_at") if name in fields}
    shared = {"order_id": order_id, "currency": fields.pop("currency", "GBP")}
    model = fields.pop("model", "last_non_direct")
    versions = dict.fromkeys(("source_version", "settings_version", "rules_version"), 1)
    net = sum(amount for _, _, amount in credits_) * MICROS
    head = fact("attributions", order_id, version, {**shared, "net_micros": net, **versions}, **named)
    rows = [
        fact(
            "credits",
            order_id,
            version,
            {**shared, "model": model, **_sale(order_id), **_credit(*credit), **fields},
            digest=head.row["digest"],
            part=f"{model}:{position}",
            **named,
        )
        for position, credit in enumerate(credits_)
    ]
    return [head, *rows]


def _sale(order_id: str) -> dict[str, Any]:
    return {"entry_id": order_id, "entry_kind": "sale", "occurred_at": NOON}


def _credit(channel: str, campaign: str | None, amount: int) -> dict[str, Any]:
    paid = channel in {"meta", "tiktok", "google"}
    return {
        "channel": channel,
        "paid": paid,
        "campaign": campaign,
        "touch_at": None,
        "credit_micros": amount * MICROS,
    }
