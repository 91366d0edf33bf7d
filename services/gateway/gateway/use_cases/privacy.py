"""People's rights: what is held about somebody, for who must answer them, and having them erased."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4

import orjson

from file_import.webhooks import API_VERSION
from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.ports import Commands, IdentityStore
from pulsepoint.errors import AccessDenied
from pulsepoint.events.catalog import RAW_TOPIC
from pulsepoint.events.envelope import raw_message
from pulsepoint.events.precedence import ORIGIN, Origin
from pulsepoint.events.privacy import SubjectDataRequested
from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.ports.document_store import Write
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.values import JsonObject, Row

LISTED = 500
TABLES = {
    "orders": "told_orders",
    "order_lines": "told_order_lines",
    "refunds": "told_refunds",
    "touches": "personal_touches",
}
"""The query of each kind of rows that an order's buyer can ask for."""
REDACTION = "customers/redact"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A customer as the shop knows them; what is None is not known."""

    customer_id: str | None
    email: str | None
    phone: str | None
    order_ids: tuple[str, ...]


async def data_requests(person: Person, identity_store: IdentityStore) -> list[JsonObject]:
    """The requests of customers for their data, as the audit log has them, newest first, at most `LISTED`."""
    action = SubjectDataRequested.TYPE
    return await identity_store.audit(person.scope, limit=LISTED, offset=0, action=action)


async def data_of(
    person: Person, request_id: UUID, identity_store: IdentityStore, warehouse: Warehouse
) -> Mapping[str, list[Row]]:
    """All rows that are held of the customer of a request, by kind; nothing of it is kept.

    Raises `AccessDenied` for a request that is not there.
    """
    requests = await data_requests(person, identity_store)
    request = next((each for each in requests if each["audit_id"] == str(request_id)), None)
    if request is None:
        raise AccessDenied
    scope, detail = person.scope.brand(UUID(request["brand_id"])), request["detail"]
    order_ids = set(detail["order_ids"])
    # Requests of earlier releases name one subject.
    for subject in detail.get("subjects") or filter(None, [detail["subject"]]):
        rows = await run_named_query(warehouse, scope, "orders_of_subject", subject=subject)
        order_ids.update(row["order_id"] for row in rows)
    ids = f" {' '.join(sorted(order_ids))} "
    return {kind: await run_named_query(warehouse, scope, query, order_ids=ids) for kind, query in TABLES.items()}


async def erase_customer(person: Person, brand: Brand, somebody: Somebody, commands: Commands) -> None:
    """Have a customer erased, as the shop itself would ask for it; who asked is in the audit log, not for whom."""
    shop = brand.settings.shopify_store
    customer = {"id": somebody.customer_id, "email": somebody.email, "phone": somebody.phone}
    body = orjson.dumps(
        {"shop_domain": shop, "customer": customer, "orders_to_redact": list(somebody.order_ids), "of": str(uuid4())}
    )
    headers = {
        "shop": shop,
        "shopify-topic": REDACTION,
        "shopify-api-version": API_VERSION,
        ORIGIN: Origin.FILE.name.lower(),
        "tenant": str(person.scope.tenant_id),
        "brand": str(brand.brand_id),
    }

    async def work(reader: Reader) -> Outcome:
        now = reader.now()
        body_id = b64encode(sha256(body).digest()).decode()
        row = {
            "brand_id": str(brand.brand_id),
            "actor": person.email,
            "action": "subject.erasure_requested",
            "subject": shop,
            "detail": {"orders": len(somebody.order_ids)},
            "occurred_at": now.isoformat(),
        }
        return Outcome(
            writes=[Write("audit_log", str(uuid4()), row)],
            messages=[raw_message(RAW_TOPIC, body, headers, body_id, now)],
        )

    await commands.execute(person.scope.brand(brand.brand_id), work, dedup_key=uuid4())
