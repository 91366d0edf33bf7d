"""Whatever is done to a body, it is read or refused on purpose, and what is read can be stored and sent."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_shopify.domain import read_delivery
from ingest_shopify.domain.deliveries import FAMILIES
from pulsepoint.errors import PermanentError
from pulsepoint.events.envelope import canonical
from tests.builders.shopify import (
    RECEIVED_AT,
    SHOP,
    as_bytes,
    level_body,
    line_body,
    money,
    order_body,
    privacy_body,
    product_body,
    refund_body,
)

pytestmark = pytest.mark.slow

LARGEST = 2**63
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 1.5, 1e300, -0.0, 2**63, 2**64, 10**400, "", " ", "0", "-1", "1e400", "NaN",
    "Infinity", "0x10", "1_000", "１２", "example string", "\x00", "\ud83d", "2026-03-10", "2026-03-10T11:00:00Z",
    "9999-12-31T23:59:59-14:00", "x" * 5_000,
    [], {}, [None], [[]], [{}], {"": None}, {"shop_money": 1}, {"shop_money": {"amount": "x"}}, money("7"),
    [{"id": 1, "quantity": 1, "price": "1"}], [[[[[[]]]]]], "gid://shopify/Order/0", "gid://shopify/Order/5",
]  # fmt: skip


def rich_order() -> dict[str, Any]:
    """An order with every part that is read."""
    tax = {"price": "2.00", "price_set": money("2.00"), "rate": 0.2}
    allocation = {"amount": "3.00", "amount_set": money("3.00")}
    lines = [
        line_body(1, tax_lines=[tax], discount_allocations=[allocation]),
        line_body(2, gift_card=True),
        line_body(3, total_discount="1.00", tip=None),
    ]
    visit = {"landingPage": "/", "occurredAt": "2026-03-09T00:00:00Z", "utmParameters": {"source": "x"}}
    return order_body(
        lines=lines,
        taxes_included=True,
        total_discounts="9.00",
        subtotal_price="120.00",
        shipping_lines=[{"id": 1, "price": "5.00", "discounted_price": "4.00", "tax_lines": [tax]}],
        refunds=[refund_body(order_adjustments=[{"kind": "refund_discrepancy", "amount": "-1.00"}])],
        note_attributes=[{"name": "a", "value": "b"}],
        discount_codes=[{"code": "VIP"}],
        customerJourneySummary={"firstVisit": visit, "lastVisit": None},
        customerJourney={"moments": [visit]},
    )


EDIT = {
    "id": 1,
    "order_id": 2,
    "created_at": "2026-03-12T08:00:00Z",
    "line_items": {"additions": [{"id": 2, "delta": 3}]},
}
BODIES: dict[str, dict[str, Any]] = {
    "orders/updated": rich_order(),
    "orders/edited": {"order_edit": EDIT},
    "orders/delete": {"id": 1},
    "refunds/create": rich_order()["refunds"][0],
    "products/update": product_body(),
    "inventory_levels/update": level_body(),
    "app/uninstalled": {"id": 1, "myshopify_domain": SHOP},
    "customers/redact": privacy_body(orders_to_redact=[1]),
    "customers/data_request": privacy_body(orders_requested=[1], data_request={"id": 1}),
    "shop/redact": {"shop_domain": SHOP},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to everything inside a body."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    paths: list[tuple[Any, ...]] = []
    for key, inner in inside:
        paths += [(*path, key), *places(inner, (*path, key))]
    return paths


def change(body: dict[str, Any], place: tuple[Any, ...], value: Any, *, drop: bool) -> None:
    """Put `value` at a place, or drop what is there; nothing where an earlier change took it away."""
    holder: Any = body
    for key in place[:-1]:
        try:
            holder = holder[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(holder, dict) or (
        isinstance(holder, list) and isinstance(place[-1], int) and place[-1] < len(holder)
    ):
        if drop:
            holder.pop(place[-1], None) if isinstance(holder, dict) else holder.pop(place[-1])
        else:
            holder[place[-1]] = value


def numbers(value: Any) -> list[int]:
    """Every integer in a payload."""
    if isinstance(value, bool):
        return []
    if isinstance(value, int):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [number for item in inner for number in numbers(item)]


def read_or_refuse(topic: str, data: bytes) -> None:
    """Read; nothing but a `PermanentError` with a word for its reason may come out."""
    refused: PermanentError | None = None
    try:
        reading = read_delivery(topic, "2026-04", data, shop=SHOP, received_at=RECEIVED_AT, shop_currency="EUR")
    except PermanentError as error:
        refused = error
    if refused is not None:
        assert refused.reason in {"not_json", "missing_field", "unreadable_field"}
        assert len(str(refused)) < 400
        return
    content = canonical(reading.payload)
    assert b"\\u0000" not in content
    assert all(abs(number) < LARGEST for number in numbers(reading.payload.model_dump()))
    assert reading.entity
    assert 0 <= reading.version < LARGEST


@settings(max_examples=1_500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_mutated_body_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    topic = data.draw(st.sampled_from(sorted(BODIES)))
    body = copy.deepcopy(BODIES[topic])
    spots = places(body)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(spots))
        value = data.draw(st.sampled_from(ODD))
        change(body, place, copy.deepcopy(value), drop=data.draw(st.booleans()))
    read_or_refuse(topic, as_bytes(body))


def test_every_field_survives_every_odd_value() -> None:
    for topic, original in BODIES.items():
        for place in places(original):
            for value in ODD:
                body = copy.deepcopy(original)
                change(body, place, copy.deepcopy(value), drop=False)
                read_or_refuse(topic, as_bytes(body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FAMILIES)), JSON | st.binary())
def test_any_json_and_any_bytes_are_read_or_refused(topic: str, body: Any) -> None:
    read_or_refuse(topic, body if isinstance(body, bytes) else as_bytes(body))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(BODIES)), st.integers(0, 5_000), st.integers(0, 255))
def test_a_body_with_one_byte_changed_is_read_or_refused(topic: str, at: int, value: int) -> None:
    data = bytearray(as_bytes(BODIES[topic]))
    data[at % len(data)] = value
    read_or_refuse(topic, bytes(data))
