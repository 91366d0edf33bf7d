"""Every real body that is an order, refund, product or stock level is read, or refused by the name of its field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest_shopify.domain import WebhookKeys, read_body, without_buyer
from ingest_shopify.domain.deliveries import FAMILIES
from pulsepoint.errors import MalformedInput
from pulsepoint.events.envelope import Payload, decode_raw, raw_message
from pulsepoint.events.orders import OrderRecorded, RefundRecorded
from pulsepoint.events.products import ProductRecorded
from pulsepoint.metrics.revenue import refund_net
from tests.conftest import shared_data

pytestmark = pytest.mark.real_data
RECEIVED_AT = datetime(2026, 1, 1, tzinfo=UTC)
SHOPIFY = shared_data() / "shopify"
KINDS = {
    "order": "orders/updated",
    "refund": "refunds/create",
    "product": "products/update",
    "inventory_level": "inventory_levels/update",
}
STREAMS = {
    "orders": "orders/updated",
    "order_refunds": "refunds/create",
    "inventory_levels": "inventory_levels/update",
}
LISTS = {f"{kind}s": topic for kind, topic in KINDS.items()}


def unwrap(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(topic, body) of everything in a REST answer, however it is wrapped, and of what lies inside orders."""
    if isinstance(document, list):
        for item in document:
            yield from unwrap(item)
    elif isinstance(document, dict):
        for name, value in document.items():
            if name in KINDS and isinstance(value, dict):
                yield KINDS[name], value
            elif name in LISTS and isinstance(value, list):
                yield from ((LISTS[name], item) for item in value if isinstance(item, dict))
            yield from unwrap(value)


def webhooks() -> list[Any]:
    """Every webhook body of a topic that is read, by what its file is called."""
    bodies = []
    for file in sorted((SHOPIFY / "webhooks").glob("*/*.json")):
        name = file.name.removeprefix("rudder_").split(".")[0]
        topic = next((topic for topic in FAMILIES if name == topic.replace("/", "_")), None)
        topic = topic or LISTS.get(name) or ("orders/updated" if name.startswith("laravel_orders") else None)
        if topic is not None:
            bodies.append(pytest.param(topic, file, id=f"{file.parent.name}/{file.name}"))
    return bodies


def rest_files() -> list[Any]:
    """Every REST answer and connector record with something that is read."""
    files = sorted([*(SHOPIFY / "rest").glob("*/*.json"), *(SHOPIFY / "connector_records").glob("*.jsonl")])
    return [pytest.param(file, id=f"{file.parent.name}/{file.name}") for file in files if list(bodies_in(file))]


def bodies_in(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """The bodies of a file."""
    if file.suffix != ".jsonl":
        return list(unwrap(json.loads(file.read_bytes())))
    records = [json.loads(line) for line in file.read_text().splitlines()]
    return [(STREAMS[record["stream"]], record["data"]) for record in records if record["stream"] in STREAMS]


def read(topic: str, body: bytes) -> Payload:
    [payload] = read_body(topic, "2026-04", body, received_at=RECEIVED_AT, shop="s.myshopify.com", shop_currency="USD")
    return payload


def skip_without_data() -> None:
    if not SHOPIFY.is_dir():
        pytest.skip(f"real payloads are not at {SHOPIFY} (set PULSEPOINT_SHARED_DATA)")


@pytest.mark.parametrize(("topic", "file"), webhooks())
def test_a_real_webhook_is_read_or_refused_by_the_name_of_its_field(topic: str, file: Path) -> None:
    body = file.read_bytes()
    if b"example string" in body:  # a shape: its amounts were blanked
        with pytest.raises(MalformedInput, match=r"^[a-z_.0-9]+: expected a .*'example string'"):
            read(topic, body)
    elif json.loads(body) == {}:
        with pytest.raises(MalformedInput, match=r"^inventory_item_id: is missing$"):
            read(topic, body)
    else:
        read(topic, body)


@pytest.mark.parametrize("file", rest_files())
def test_a_real_rest_body_is_read(file: Path) -> None:
    for topic, body in bodies_in(file):
        if not body:
            continue  # requests of the documentation's pairs
        missing = missing_field(topic, body)
        assert missing is None or value_at(body, missing) in (None, ""), (topic, missing)


def missing_field(topic: str, body: dict[str, Any]) -> str | None:
    """The field a body is refused for lacking: requests and trimmed answers lack what a webhook always has."""
    try:
        read(topic, json.dumps(body).encode())
    except MalformedInput as error:
        if error.reason == "missing_field":
            return str(error).split(":")[0]
        raise
    return None


def value_at(value: Any, path: str) -> Any:
    """What lies at a path such as `line_items.0.price`."""
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else (value or {}).get(key)
    return value


def test_there_are_real_bodies_to_read() -> None:
    skip_without_data()
    assert len(webhooks()) >= 50
    assert sum(len(bodies_in(param.values[0])) for param in rest_files()) >= 100


ORDERS = [param for param in webhooks() if param.values[0].startswith("orders/") and "real_shapes" not in param.id]


@pytest.mark.rule("REV-01")
@pytest.mark.parametrize(("topic", "file"), [param for param in ORDERS if "delete" not in param.id])
def test_net_sales_of_a_real_order_are_the_shops_own_subtotal(topic: str, file: Path) -> None:
    subtotal = json.loads(file.read_bytes())
    order = read(topic, file.read_bytes())
    assert isinstance(order, OrderRecorded)
    assert order.net_micros == round(float(subtotal["subtotal_price"]) * 1_000_000)
    assert order.gross_micros == round(float(subtotal["total_line_items_price"]) * 1_000_000)
    assert sum(line.net_micros for line in order.lines) == order.net_micros


def test_the_2017_test_notification_keeps_its_exact_id(real_data: Path) -> None:
    order = read("orders/create", (real_data / "shopify/webhooks/recorded/laravel_orders_test_2017.json").read_bytes())
    assert isinstance(order, OrderRecorded)
    assert (order.order_id, order.test, order.net_micros) == ("820982911946154508", True, 47_980_000)
    assert order.cancelled_at == datetime(2017, 7, 17, 17, 44, 9, tzinfo=UTC)


@pytest.mark.rule("SHOP-08")
def test_tax_is_taken_out_of_real_orders_whose_prices_include_it(real_data: Path) -> None:
    file = real_data / "shopify/connector_records/airbyte_shopify_records.jsonl"
    orders = [body for topic, body in bodies_in(file) if topic == "orders/updated" and body["taxes_included"]]
    assert orders
    for body in orders:
        order = read("orders/updated", json.dumps(body).encode())
        assert isinstance(order, OrderRecorded)
        tax = sum(float(tax["price"]) for line in body["line_items"] for tax in line["tax_lines"])
        assert order.net_micros == round((float(body["subtotal_price"]) - tax) * 1_000_000)


@pytest.mark.rule("SHOP-11")
def test_a_documented_refund_gives_shipping_back_once(real_data: Path) -> None:
    pairs = json.loads((real_data / "shopify/rest/docs_examples/refund.2026-07.json").read_bytes())
    body = next(p["response"]["refund"] for p in pairs if p["response"].get("refund", {}).get("refund_shipping_lines"))
    payload = read("refunds/create", json.dumps(body).encode())
    assert isinstance(payload, RefundRecorded)
    assert (payload.refund.shipping_micros, payload.refund.adjustment_micros) == (5_000_000, 0)


@pytest.mark.rule("SHOP-11")
def test_a_documented_cancellation_that_gave_less_back_is_a_smaller_return(real_data: Path) -> None:
    pairs = json.loads((real_data / "shopify/rest/docs_examples/order.2024-10.json").read_bytes())
    orders = [p["response"]["order"] for p in pairs if isinstance(p["response"].get("order"), dict)]
    body = next(o for o in orders if any(r.get("order_adjustments") for r in o.get("refunds") or []))
    order = read("orders/cancelled", json.dumps(body).encode())
    assert isinstance(order, OrderRecorded)
    [refund] = order.refunds
    assert refund.adjustment_micros == -89_640_000
    assert refund_net(refund, taxes_included=False) == refund.subtotal_micros - 89_640_000


def test_a_real_customer_journey_has_its_three_moments(real_data: Path) -> None:
    journey = json.loads((real_data / "shopify/bulk/airbyte_customer_journey.jsonl").read_text())
    order = json.loads((real_data / "shopify/webhooks/recorded/rudder_orders_create.1.json").read_bytes())
    payload = read("orders/create", json.dumps({**order, **journey}).encode())
    assert isinstance(payload, OrderRecorded)
    moments = payload.evidence.moments
    assert [timestamp.occurred_at.isoformat() for timestamp in moments if timestamp.occurred_at] == [
        "2022-06-22T10:07:37+00:00",
        "2022-06-22T10:15:42+00:00",
        "2022-06-22T10:49:33+00:00",
    ]
    assert moments[1].utm == (("source", "analytics_test"), ("medium", "referral"))
    assert moments[1].referrer == "https://analytics.google.com/"
    # Without the list of moments, first and last visit stand for it.
    del journey["customerJourney"]
    payload = read("orders/create", json.dumps({**order, **journey}).encode())
    assert isinstance(payload, OrderRecorded)
    assert len(payload.evidence.moments) == 2


def test_real_landing_sites_are_kept_as_they_came(real_data: Path) -> None:
    order = json.loads((real_data / "shopify/webhooks/recorded/rudder_orders_create.1.json").read_bytes())
    for line in (real_data / "shopify/landing_site_values.jsonl").read_text().splitlines():
        landing_site = json.loads(line)["landing_site"]
        payload = read("orders/create", json.dumps({**order, "landing_site": landing_site}).encode())
        assert isinstance(payload, OrderRecorded)
        assert payload.evidence.landing_site == landing_site


def test_a_documented_product_has_all_its_variants(real_data: Path) -> None:
    file = real_data / "shopify/webhooks/docs_samples/products_create.2024-10.json"
    product = read("products/create", file.read_bytes())
    assert isinstance(product, ProductRecorded)
    assert [variant.available for variant in product.variants] == [75, 50]


@pytest.mark.rule("SHOP-01")
def test_the_published_signature_vectors_hold(real_data: Path) -> None:
    vectors = json.loads((real_data / "signatures/shopify_hmac.json").read_text())["webhook_vectors"]
    assert {vector["valid"] for vector in vectors} == {True, False}
    for vector in vectors:
        given = (vector["hmac_header"] or "").encode()
        signature = WebhookKeys([vector["secret"].encode()]).signature(vector["raw_body"].encode(), given)
        assert (signature is not None) is vector["valid"], vector


@pytest.mark.rule("SEC-25")
@pytest.mark.parametrize(("topic", "file"), ORDERS)
def test_a_real_order_is_the_same_without_its_buyer(topic: str, file: Path) -> None:
    headers = {"shopify-topic": topic, "shop": "s.myshopify.com", "shopify-api-version": "2026-04"}
    event = decode_raw(raw_message("shopify-deliveries", file.read_bytes(), headers, "digest", RECEIVED_AT))
    body = without_buyer(event)
    assert body is not None
    sent = json.loads(file.read_bytes())
    customer = sent.get("customer") or {}
    personal = [sent.get("email"), sent.get("browser_ip"), customer.get("first_name"), sent.get("landing_site")]
    assert [value for value in personal if value and str(value).encode() in body] == []
