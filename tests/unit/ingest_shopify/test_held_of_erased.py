"""What waits in quarantine of an erased customer's orders stays with its figures, and says nothing of them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ingest_shopify.domain import read_body
from ingest_shopify.erasure import without_person
from ingest_shopify.handlers import EFFECTS, HANDLERS
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.object_store import MemoryObjectStore
from pulsepoint.events.envelope import decode, encode, new_event
from pulsepoint.events.observability import MessageReleased
from pulsepoint.events.orders import OrderRecorded
from pulsepoint.events.touches import TrackingData
from pulsepoint.money import MICROS
from tests.builders.ingest import BRAND, Ingest, release
from tests.builders.runtime import run_effects, running
from tests.builders.shopify import (
    RECEIVED_AT,
    line_body,
    order_body,
    privacy_body,
    refund_body,
    refund_line_body,
)

EMAIL = "ada.quill@mail.example"
ADA = {"id": 7358220173425, "email": EMAIL, "first_name": "Adaquill", "orders_count": 3}
PERSONAL: dict[str, Any] = {
    "customer": ADA,
    "email": EMAIL,
    "note": "quill-note",
    "landing_site": "/?gclid=quill-click",
    "discount_codes": [{"code": "QUILL10"}],
    "shipping_address": {"name": "Adaquill", "address1": "Quillweg 7", "country_code": "DE", "province_code": "BE"},
    "a_key_of_next_year": "quill",
}
LINES = [line_body(1, price="3000000.00"), line_body(2, product_id=None, title="Portrait of quill", price="1.00")]


async def erase(ingest: Ingest, order_id: int = 1) -> None:
    body = privacy_body(customer={"id": ADA["id"], "email": EMAIL}, orders_to_redact=[order_id])
    assert await ingest.deliver(body, "customers/redact") == 204
    for _ in range(4):
        ingest.runtime.ports.clock.advance(seconds=60)
        await ingest.runtime.pipeline.mark_dispatched()
        await run_effects(ingest.runtime)


@pytest.mark.rule("SEC-25")
async def test_a_held_order_of_an_erased_customer_counts_without_them(ingest: Ingest) -> None:
    await ingest.deliver(order_body(1, lines=LINES, **PERSONAL))
    assert ingest.quarantined() == ["amount_above_bound"]
    await erase(ingest)
    assert ingest.payloads(MessageReleased) == []
    again = await release(ingest)
    assert b"quill" not in again.data.lower()
    assert str(ADA["id"]).encode() not in again.data
    [order] = await ingest.rows("orders_current")
    assert (order["gross_micros"], order["subject"]) == (3_000_001 * MICROS, None)
    assert (order["shipping_country"], order["customer_orders_count"]) == ("DE", 3)
    titles = {line["line_id"]: line["title"] for line in await ingest.rows("order_lines")}
    assert "Portrait" not in str(titles)


@pytest.mark.rule("SEC-25")
@pytest.mark.parametrize(
    ("unusual", "reason"),
    [({"lines": LINES}, "amount_above_bound"), ({"processed_at": "2041-03-10T11:00:00Z"}, "date_out_of_bounds")],
)
async def test_what_comes_late_of_an_erased_customer_is_held_without_them(
    ingest: Ingest, unusual: dict[str, Any], reason: str
) -> None:
    await ingest.deliver(order_body(1, customer=ADA, email=EMAIL))
    await erase(ingest)
    await ingest.deliver(order_body(2, **PERSONAL, **unusual))
    assert ingest.quarantined() == [reason]
    again = await release(ingest)
    assert b"quill" not in again.data.lower()
    assert {row["order_id"] for row in await ingest.rows("orders_current")} == {"1", "2"}


@pytest.mark.rule("SEC-25")
@pytest.mark.parametrize("named", [True, False], ids=["named", "not_named"])
async def test_a_held_refund_of_an_erased_customers_order_stays(ingest: Ingest, named: bool) -> None:
    order_id = 90_000_001
    await ingest.deliver(order_body(order_id, customer=ADA))
    refund = refund_body(order_id=order_id, lines=[refund_line_body(subtotal="2000000.00")], note="from Adaquill")
    await ingest.deliver(refund, "refunds/create")
    await erase(ingest, order_id if named else 2)
    again = await release(ingest)
    assert b"Adaquill" not in again.data
    assert [row["order_id"] for row in await ingest.rows("refunds_current")] == [str(order_id)]


@pytest.mark.rule("SEC-25")
@pytest.mark.parametrize("body", [{"updated_at": EMAIL}, None], ids=["unreadable", "cut"])
async def test_what_cannot_be_read_goes_with_the_customer(ingest: Ingest, body: dict[str, Any] | None) -> None:
    """Nothing of it has counted or could: nobody can say where in it the person is."""
    order = order_body(1, customer=ADA)
    await ingest.deliver({**order, **body} if body else orjson.dumps(order)[:-9])
    await erase(ingest)
    assert [each.outcome for each in ingest.payloads(MessageReleased)] == ["expired"]


@pytest.mark.rule("SEC-25")
def test_a_dead_letter_of_an_order_says_nothing_of_its_buyer_and_goes_on_to_count() -> None:
    evidence = TrackingData(landing_site="/?gclid=quill-click", discount_codes=("QUILL10",))
    [order] = read_body("orders/create", None, orjson.dumps(order_body(1, lines=LINES)), received_at=RECEIVED_AT)
    assert isinstance(order, OrderRecorded)
    payload = order.model_copy(update={"subject": "quill-subject", "evidence": evidence})
    event = new_event(payload, source="ingest-shopify", entity="1", version=1, scope=BRAND)
    message = without_person(encode(event, "orders"))
    assert message is not None
    assert b"quill" not in message.data.lower()
    anew = decode(message, OrderRecorded)
    assert (anew.id, anew.payload.net_micros) == (event.id, order.net_micros)


@pytest.mark.rule("SEC-25")
async def test_what_is_too_large_for_a_message_goes_a_day_later() -> None:
    """Until then somebody may not have taken it: it is published once, and a delivery without it would be lost."""
    clock, payloads = FixedClock(RECEIVED_AT), MemoryObjectStore()
    async with running("ingest-shopify", clock, HANDLERS, EFFECTS, payloads, without_person) as runtime:
        ingest = Ingest(runtime)
        await ingest.configure()
        await ingest.deliver(order_body(90_000_001, customer=ADA))
        for order_id in ("90000001", "90000002"):
            body = orjson.dumps({"order_id": order_id})
            await payloads.put(BRAND, f"payloads/{order_id}", body, content_type="application/octet-stream")
        await erase(ingest, 90_000_001)
        assert await payloads.get(BRAND, "payloads/90000001") is not None
        clock.advance(days=1)
        await run_effects(runtime)
        assert await payloads.get(BRAND, "payloads/90000001") is None
        assert await payloads.get(BRAND, "payloads/90000002") is not None
