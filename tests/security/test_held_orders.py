"""One order of 10^12 decides no figure: it waits with its amount, and counts when a person lets it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pulsepoint.brand.order_bounds import bound_of
from pulsepoint.brand.sentences.quarantine import quarantine_text
from pulsepoint.brand.texts import texts
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.events.orders import OrderRecorded
from pulsepoint.money import MICROS
from pulsepoint.runtime.quarantine import RELEASED
from tests.builders.ingest import BRAND, Ingest, release
from tests.builders.shopify import line_body, order_body, refund_body, refund_line_body

HUGE = "1000000000000.00"
REASON = "amount_above_bound"


def huge_order(order_id: int = 1, price: str = HUGE, **changes: Any) -> dict[str, Any]:
    return order_body(order_id, lines=[line_body(price=price)], **changes)


async def gross(ingest: Ingest) -> dict[str, int]:
    return {row["order_id"]: row["gross_micros"] for row in await ingest.rows("orders_current")}


@pytest.mark.rule("SHOP-28")
@pytest.mark.parametrize("origin", [{}, {"origin": "file"}], ids=["webhook", "file"])
async def test_an_order_above_the_bound_waits_with_its_amount_and_counts_when_released(
    ingest: Ingest, origin: dict[str, str]
) -> None:
    await ingest.deliver(order_body(2), **origin)
    await ingest.deliver(huge_order(), **origin)
    assert list(await gross(ingest)) == ["2"]
    assert [payload.order_id for payload in ingest.payloads(OrderRecorded)] == ["2"]
    [waiting] = ingest.payloads(MessageQuarantined, BRAND)
    assert waiting.reason == REASON
    assert waiting.names == {
        "order": waiting.names["order"],
        "amount_micros": str(10**18),
        "bound_micros": str(10**12),
        "currency": "EUR",
    }
    assert waiting.expires_at - waiting.held_at > timedelta(days=3000)
    said = quarantine_text(waiting.reason, waiting.names, waiting.explanation, texts("en"))
    assert "an amount of 1,000,000,000,000.00 EUR, above 1,000,000.00 EUR" in said

    await release(ingest)
    assert (await gross(ingest))["1"] == 10**12 * MICROS


@pytest.mark.rule("SHOP-28")
async def test_later_tellings_of_a_released_order_need_nobody_unless_they_tell_of_more(ingest: Ingest) -> None:
    await ingest.deliver(huge_order(price="500000000000.00"))
    await release(ingest)
    await ingest.deliver(huge_order(price="400000000000.00", updated_at="2026-03-10T12:00:00Z"))
    assert ingest.quarantined() == [REASON]
    await ingest.deliver(huge_order(updated_at="2026-03-10T13:00:00Z"))
    assert ingest.quarantined() == [REASON] * 2
    assert await gross(ingest) == {"1": 400_000_000_000 * MICROS}


@pytest.mark.rule("SHOP-28")
async def test_nobody_outside_can_say_that_a_person_released_it(ingest: Ingest) -> None:
    """Only headers of Shopify's names cross the door."""
    from ingest_shopify.endpoints import _CARRIED

    assert RELEASED not in {f"shopify-{name}" for name in _CARRIED}
    await ingest.deliver(huge_order(), shopify_webhook_id=RELEASED)
    assert ingest.quarantined() == [REASON]


@pytest.mark.rule("SHOP-28")
async def test_who_replays_another_fault_lets_no_amount_count(ingest: Ingest) -> None:
    await ingest.deliver(huge_order(), shopify_api_version="nonsense")
    first = ingest.quarantined()
    await release(ingest)
    assert REASON not in first
    assert ingest.payloads(OrderRecorded) == []


@pytest.mark.rule("SHOP-28")
@pytest.mark.parametrize("side", ["below", "above"])
@pytest.mark.parametrize("own", [None, 5_000])
async def test_the_bound_is_the_brands_own_for_each_currency(ingest: Ingest, side: str, own: int | None) -> None:
    units = own or 1_000_000
    bounds = [{"currency": "EUR", "amount_micros": units * MICROS}, {"currency": "USD", "amount_micros": MICROS}]
    await ingest.configure(version=2, order_bounds=bounds if own else [])
    price = f"{units}.00" if side == "below" else f"{units}.01"
    await ingest.deliver(huge_order(price=price))
    assert ingest.quarantined() == ([] if side == "below" else [REASON])


@pytest.mark.rule("SHOP-28")
async def test_a_refund_above_the_bound_waits_too(ingest: Ingest) -> None:
    await ingest.deliver(order_body(1))
    refund = refund_body(order_id=1, lines=[refund_line_body(subtotal=HUGE)])
    await ingest.deliver(refund, "refunds/create")
    assert ingest.quarantined() == [REASON]
    assert await ingest.rows("refunds_current") == []


def test_a_bound_fits_what_a_currency_is_worth() -> None:
    assert (bound_of("EUR"), bound_of("JPY"), bound_of("IDR")) == (10**12, 10**14, 10**16)
