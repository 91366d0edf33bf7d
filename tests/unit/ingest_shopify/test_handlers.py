"""Deliveries become facts and events of the brand that owns the shop: the service's handlers in a real runtime."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from pulsepoint.events.inventory import StockLevelRecorded
from pulsepoint.events.orders import OrderDeleted, OrderEditCommitted, OrderRecorded, RefundRecorded
from pulsepoint.events.privacy import AppUninstalled, ShopErasureRequested, SubjectDataRequested, SubjectErased
from pulsepoint.events.products import ProductDeleted, ProductRecorded
from pulsepoint.ports.document_store import Commit, Transaction
from pulsepoint.telemetry import span_context_of
from pulsepoint.tenancy import TenantContext
from tests.builders.ingest import BRAND, Ingest
from tests.builders.runtime import deliver, published, run_effects
from tests.builders.shopify import (
    SHOP,
    level_body,
    line_body,
    order_body,
    privacy_body,
    product_body,
    refund_body,
)

OTHER = TenantContext(uuid4(), uuid4())
OTHER_SHOP = "night-lane.myshopify.com"


async def test_an_order_becomes_an_event_and_facts_of_the_brand_that_owns_the_shop(ingest: Ingest) -> None:
    assert await ingest.deliver(order_body(lines=[line_body(1), line_body(2)], refunds=[refund_body()])) == 204
    [event] = published(ingest.runtime, OrderRecorded)
    assert (event.scope, event.entity, event.source) == (BRAND, "5778367414385", "ingest-shopify")
    [row] = await ingest.rows("orders_current")
    assert (row["order_id"], row["gross_micros"], row["currency"]) == ("5778367414385", 100_000_000, "EUR")
    assert (row["test"], row["deleted"], row["version"]) == (False, False, event.version)
    assert row["subject"] == event.payload.subject
    assert [line["line_id"] for line in await ingest.rows("order_lines_current")] == ["1", "2"]
    [refund] = await ingest.rows("refunds_current")
    assert (refund["subtotal_micros"], refund["order_id"]) == (50_000_000, "5778367414385")
    assert len(await ingest.rows("refund_lines_current")) == 1
    assert not ingest.quarantined()


@pytest.mark.rule("SHOP-04")
async def test_a_delivery_told_again_adds_nothing(ingest: Ingest) -> None:
    body = order_body(refunds=[refund_body()])
    for topic, webhook_id in (("orders/create", "1"), ("orders/create", "2"), ("orders/paid", "3")):
        assert await ingest.deliver(body, topic, shopify_webhook_id=webhook_id) == 204
    assert await ingest.deliver(refund_body(), "refunds/create") == 204
    for table in ("orders", "order_lines", "refunds_current", "refund_lines_current"):
        assert len(await ingest.rows(table)) == 1, table
    assert len({event.id for event in published(ingest.runtime, OrderRecorded)}) == 1


@pytest.mark.rule("SHOP-05")
async def test_an_older_snapshot_that_comes_late_changes_nothing(ingest: Ingest) -> None:
    newer = order_body(updated_at="2026-03-10T15:00:00Z", lines=[line_body(price="80.00")])
    await ingest.deliver(newer, "orders/updated")
    await ingest.deliver(order_body(), "orders/create")
    [row] = await ingest.rows("orders_current")
    assert row["gross_micros"] == 80_000_000
    assert [line["gross_micros"] for line in await ingest.rows("order_lines_current")] == [80_000_000]


async def test_a_line_id_told_twice_is_two_lines(ingest: Ingest) -> None:
    await ingest.deliver(order_body(lines=[line_body(1), line_body(1)]))
    assert len(await ingest.rows("order_lines_current")) == 2


async def test_a_refund_on_its_own_is_a_fact_and_an_event(ingest: Ingest) -> None:
    assert await ingest.deliver(refund_body(lines=[]), "refunds/create") == 204
    [payload] = ingest.payloads(RefundRecorded, BRAND)
    assert payload.currency == "EUR"  # the shop's, since the body tells none
    assert [row["order_id"] for row in await ingest.rows("refunds_current")] == ["5778367414385"]


@pytest.mark.rule("SHOP-14")
async def test_a_deleted_order_leaves_a_tombstone_and_no_sales(ingest: Ingest) -> None:
    await ingest.deliver(order_body())
    await ingest.deliver({"id": 5778367414385}, "orders/delete", shopify_triggered_at="2026-03-12T00:00:00Z")
    assert [payload.order_id for payload in ingest.payloads(OrderDeleted, BRAND)] == ["5778367414385"]
    [row] = await ingest.rows("orders_current")
    assert (row["deleted"], row["test"], row["gross_micros"]) == (True, False, None)
    assert await ingest.rows("order_lines_current") == []
    assert await ingest.rows("sales_entries") == []


async def test_products_levels_and_edits_become_facts_and_events(ingest: Ingest) -> None:
    edit = {"id": 1, "order_id": 2, "created_at": "2026-03-11T08:00:00Z", "line_items": {"additions": []}}
    assert await ingest.deliver(product_body(), "products/create") == 204
    assert await ingest.deliver(level_body(), "inventory_levels/update") == 204
    assert await ingest.deliver({"order_edit": edit}, "orders/edited") == 204
    assert len(ingest.payloads(ProductRecorded, BRAND)) == len(ingest.payloads(StockLevelRecorded, BRAND)) == 1
    assert len(ingest.payloads(OrderEditCommitted, BRAND)) == 1
    assert [row["status"] for row in await ingest.rows("products_current")] == ["active"]
    assert [row["available"] for row in await ingest.rows("variants_current")] == [12]
    [level] = await ingest.rows("inventory_levels_current")
    assert level["available"] == 6
    assert span_context_of(level["trace"]) is not None
    assert [row["lines_added"] for row in await ingest.rows("order_edits_current")] == [0]
    await ingest.deliver({"id": 7001}, "products/delete", shopify_triggered_at="2026-03-12T00:00:00Z")
    assert len(ingest.payloads(ProductDeleted, BRAND)) == 1
    assert [row["deleted"] for row in await ingest.rows("products_current")] == [True]
    assert await ingest.rows("variants_current") == []


@pytest.mark.rule("SHOP-17")
@pytest.mark.parametrize(
    ("body", "topic", "shop", "headers", "reason"),
    [
        (b"not json", "orders/create", SHOP, {}, "not_json"),
        ({}, "inventory_levels/update", SHOP, {}, "missing_field"),
        (order_body(currency="example string"), "orders/create", SHOP, {}, "unreadable_field"),
        (order_body(), "carts/create", SHOP, {}, "unknown_topic"),
        (order_body(), "", SHOP, {}, "unknown_topic"),
        (order_body(), "orders/create", SHOP, {"shopify_api_version": "soon"}, "unknown_api_version"),
        (order_body(), "orders/create", "stranger.myshopify.com", {}, "unknown_shop"),
        (order_body(), "orders/create", "evil.example.com", {}, "shop_domain"),
        (order_body(), "orders/create", "", {}, "shop_domain"),
        (privacy_body(OTHER_SHOP), "customers/redact", SHOP, {}, "shop_mismatch"),
        ({"shop_domain": OTHER_SHOP}, "shop/redact", SHOP, {}, "shop_mismatch"),
        ({"myshopify_domain": OTHER_SHOP}, "app/uninstalled", SHOP, {}, "shop_mismatch"),
    ],
)
async def test_what_cannot_be_used_is_acknowledged_and_held_with_its_reason(
    ingest: Ingest, body: object, topic: str, shop: str, headers: dict[str, str], reason: str
) -> None:
    assert await ingest.deliver(body, topic, shop, **headers) == 204
    assert ingest.quarantined() == [reason]
    assert await ingest.rows("orders") == []
    assert not ingest.payloads(OrderRecorded) + ingest.payloads(SubjectErased) + ingest.payloads(ShopErasureRequested)


@pytest.mark.rule("SHOP-02")
async def test_a_body_replayed_under_another_shops_header_writes_nothing(ingest: Ingest) -> None:
    await ingest.configure(OTHER, OTHER_SHOP)
    await ingest.deliver(order_body())
    assert await ingest.deliver(order_body(), shop=OTHER_SHOP) == 204
    assert ingest.quarantined() == ["body_of_another_shop"]
    assert await ingest.rows("orders", OTHER) == []
    assert ingest.payloads(OrderRecorded, OTHER) == []


@pytest.mark.rule("SHOP-21")
async def test_where_an_address_has_a_token_the_token_decides(ingest: Ingest) -> None:
    shop = await ingest.document("shops", SHOP)
    assert shop is not None
    await ingest.put("shops", SHOP, {**shop.data, "endpoint_token": "secret-path"})
    await ingest.deliver(order_body())
    await ingest.deliver(order_body(order_id=2), endpoint_token="guessed")
    assert ingest.quarantined() == ["endpoint_token", "endpoint_token"]
    assert ingest.payloads(OrderRecorded) == []
    await ingest.deliver(order_body(order_id=3), endpoint_token="secret-path")
    assert [payload.order_id for payload in ingest.payloads(OrderRecorded, BRAND)] == ["3"]


async def test_an_endpoint_token_outlives_a_change_of_settings(ingest: Ingest) -> None:
    before = await ingest.document("shops", SHOP)
    assert before is not None
    await ingest.put("shops", SHOP, {**before.data, "endpoint_token": "secret-path"})
    await ingest.configure(version=2, name="Renamed")
    again = await ingest.document("shops", SHOP)
    assert again is not None
    assert (again.data["name"], again.data["endpoint_token"]) == ("Renamed", "secret-path")
    assert again.data["identity_key"] == before.data["identity_key"]


@pytest.mark.rule("SHOP-18")
async def test_what_was_held_for_an_unknown_shop_is_delivered_when_a_brand_owns_it(ingest: Ingest) -> None:
    await ingest.deliver(order_body(), shop=OTHER_SHOP)
    assert ingest.quarantined() == ["unknown_shop"]
    await ingest.configure(OTHER, OTHER_SHOP)
    await run_effects(ingest.runtime)
    [*_, again] = [m for m in ingest.runtime.ports.bus.published if m.topic == "shopify-deliveries"]
    assert await deliver(ingest.runtime, "shopify-deliveries", again) == 204
    assert [payload.order_id for payload in ingest.payloads(OrderRecorded, OTHER)] == ["5778367414385"]


async def test_a_shop_of_another_brand_is_not_given_away(ingest: Ingest) -> None:
    await ingest.deliver(order_body(order_id=1))
    assert await ingest.configure(OTHER, SHOP) == 204
    await ingest.deliver(order_body(order_id=2))
    assert ingest.quarantined() == []
    assert ingest.payloads(OrderRecorded, OTHER) == []
    assert len(ingest.payloads(OrderRecorded, BRAND)) == 2


async def test_a_brand_that_changes_its_shop_gives_up_the_old_one_and_still_knows_its_people(ingest: Ingest) -> None:
    await ingest.deliver(order_body())
    await ingest.configure(shop=OTHER_SHOP, version=2)
    await ingest.deliver(order_body(order_id=2))
    assert ingest.quarantined() == ["unknown_shop"]
    await ingest.deliver(order_body(order_id=3), shop=OTHER_SHOP)
    first, second = ingest.payloads(OrderRecorded, BRAND)
    assert first.subject == second.subject


async def test_settings_that_come_late_do_not_undo_newer_ones(ingest: Ingest) -> None:
    await ingest.configure(version=5, currency="GBP")
    await ingest.configure(version=4, currency="USD")
    shop = await ingest.document("shops", SHOP)
    assert shop is not None
    assert shop.data["currency"] == "GBP"


@pytest.mark.parametrize("store", ["shop.example.com", "x.myshopify.com/admin"])
async def test_a_brand_cannot_own_what_is_no_shop(ingest: Ingest, store: str) -> None:
    await ingest.configure(OTHER, store)
    assert ingest.quarantined() == ["shop_domain"]


async def test_a_brand_without_a_shop_is_no_error(ingest: Ingest) -> None:
    assert await ingest.configure(OTHER, "") == 204
    assert not ingest.quarantined()


def buyer(**contact: Any) -> dict[str, Any]:
    """A customer with this contact data only."""
    return {"customer": {"id": None, "email": None, "phone": None, **contact}}


@pytest.mark.rule("SEC-07")
async def test_a_buyer_is_one_random_subject_by_id_email_or_phone(ingest: Ingest) -> None:
    await ingest.deliver(order_body(order_id=1, **buyer(id=7, email="Ada@example.com")))
    await ingest.deliver(order_body(order_id=2, **buyer(email="ada@example.com", phone="+49 30 901820")))
    await ingest.deliver(order_body(order_id=3, **buyer(phone="0049 30 901820")))
    await ingest.deliver(order_body(order_id=4, **buyer(phone="+4930901820")))
    await ingest.deliver(order_body(order_id=5, **buyer(id=8)))
    await ingest.deliver(order_body(order_id=6, **buyer()))
    first, second, _, fourth, unmatched, nobody = (payload.subject for payload in ingest.payloads(OrderRecorded))
    assert first == second == fourth != unmatched
    assert UUID(first).version == 4
    assert nobody is None


@pytest.mark.rule("SEC-07")
async def test_people_of_two_brands_have_nothing_in_common(ingest: Ingest) -> None:
    await ingest.configure(OTHER, OTHER_SHOP)
    await ingest.deliver(order_body(order_id=1))
    await ingest.deliver(order_body(order_id=2), shop=OTHER_SHOP)
    first, second = (payload.subject for payload in ingest.payloads(OrderRecorded))
    assert first != second


@pytest.mark.rule("SEC-07")
async def test_contact_data_stays_out_of_documents_facts_and_events(ingest: Ingest) -> None:
    await ingest.deliver(order_body())
    await ingest.deliver(privacy_body(orders_to_redact=[1]), "customers/redact")
    store, bus = ingest.runtime.ports.store, ingest.runtime.ports.bus
    kept = repr(store._documents) + repr([m for m in bus.published if m.topic != "shopify-deliveries"])
    kept += repr(await ingest.rows("orders"))
    for contact in ("ada@example.com", "7358220173425", "901820"):
        assert contact not in kept


@pytest.mark.rule("SHOP-15")
async def test_an_erased_buyer_stays_unknown_whatever_is_replayed(ingest: Ingest) -> None:
    order = order_body(note_attributes=[{"name": "to", "value": "Ada"}])
    await ingest.deliver(order)
    [before] = ingest.payloads(OrderRecorded)
    erasure = privacy_body(customer={"email": "ada@example.com"}, orders_to_redact=[5778367414385])
    await ingest.deliver(erasure, "customers/redact", shopify_triggered_at="2026-03-20T00:00:00Z")
    [erased] = ingest.payloads(SubjectErased, BRAND)
    assert (erased.subject, erased.order_ids) == (before.subject, ("5778367414385",))
    # Told by e-mail alone, yet the customer id that led to the same subject is gone too.
    await ingest.deliver(order_body(**buyer(id=7358220173425), updated_at="2026-03-11T00:00:00Z"), "orders/updated")
    await ingest.deliver(order, "orders/paid")
    # Nor is an order that the erasure did not name, told by that id or by the telephone alone.
    await ingest.deliver(order_body(order_id=2, **buyer(id=7358220173425)))
    await ingest.deliver(order_body(order_id=3, **buyer(phone="+49 30 901820")))
    replays = ingest.payloads(OrderRecorded)[1:]
    assert len(replays) == 4
    for replayed in replays:
        assert replayed.subject is None
        assert replayed.evidence.landing_site is None
        assert replayed.evidence.note_attributes == ()
        assert replayed.gross_micros == before.gross_micros


async def test_an_order_an_erased_buyer_makes_later_has_evidence_but_no_subject(ingest: Ingest) -> None:
    await ingest.deliver(privacy_body(), "customers/redact", shopify_triggered_at="2026-03-01T00:00:00Z")
    await ingest.deliver(order_body())
    [order] = ingest.payloads(OrderRecorded)
    assert order.subject is None
    assert order.evidence.landing_site is not None


@pytest.mark.rule("SHOP-15")
async def test_an_order_redacted_before_it_was_known_has_no_evidence_and_makes_nobody_known(ingest: Ingest) -> None:
    erasure = privacy_body(customer=None, orders_to_redact=[5778367414385])
    await ingest.deliver(erasure, "customers/redact")
    await ingest.deliver(order_body())
    [order] = ingest.payloads(OrderRecorded)
    assert (order.subject, order.evidence.landing_site) == (None, None)


async def test_an_erasure_of_more_orders_than_a_transaction_writes_is_done(ingest: Ingest) -> None:
    await ingest.deliver(order_body())
    erasure = privacy_body(orders_to_redact=list(range(1, 2_000)))
    assert await ingest.deliver(erasure, "customers/redact") == 204
    assert not ingest.quarantined()
    await ingest.deliver(order_body(order_id=1_999, created_at="2026-01-01T00:00:00Z"))
    assert ingest.payloads(OrderRecorded)[-1].evidence.landing_site is None


async def test_a_data_request_names_the_subject_and_makes_nobody_known(ingest: Ingest) -> None:
    await ingest.deliver(privacy_body(data_request={"id": 1}), "customers/data_request")
    await ingest.deliver(order_body())
    await ingest.deliver(privacy_body(data_request={"id": 2}, orders_requested=[5]), "customers/data_request")
    unmatched, matched = ingest.payloads(SubjectDataRequested, BRAND)
    [order] = ingest.payloads(OrderRecorded)
    assert unmatched.subject is None
    assert (matched.subject, matched.order_ids) == (order.subject, ("5",))


async def test_a_shop_that_leaves_is_told(ingest: Ingest) -> None:
    await ingest.deliver({"id": 1, "myshopify_domain": None}, "app/uninstalled")
    await ingest.deliver({"shop_id": 1, "shop_domain": SHOP}, "shop/redact")
    assert [payload.shop for payload in ingest.payloads(AppUninstalled, BRAND)] == [SHOP]
    assert [payload.shop for payload in ingest.payloads(ShopErasureRequested, BRAND)] == [SHOP]


class _CountingTransaction:
    """Counts round trips."""

    def __init__(self, inner: Transaction) -> None:
        self._inner = inner
        self.scope = inner.scope
        self.trips = 0

    def __getattr__(self, name: str) -> Any:
        self.trips += 1
        return getattr(self._inner, name)


async def test_a_delivery_costs_two_round_trips_at_most(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[_CountingTransaction] = []
    store = ingest.runtime.ports.store
    transact = store.transact

    async def counting(scope: TenantContext, work: Any, **options: Any) -> Any:
        async def counted_work(transaction: Transaction) -> Commit:
            counted.append(_CountingTransaction(transaction))
            commit: Commit = await work(counted[-1])
            return commit

        return await transact(scope, counted_work, **options)

    monkeypatch.setattr(store, "transact", counting)
    await ingest.deliver(order_body(order_id=1))
    await ingest.deliver(order_body(order_id=2))
    await ingest.deliver(product_body(), "products/update")
    assert [transaction.trips for transaction in counted] == [2, 2, 1]
