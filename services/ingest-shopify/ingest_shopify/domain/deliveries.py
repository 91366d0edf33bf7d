"""From a delivery's topic, API version and bytes to what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from pydantic import ValidationError

from ingest_shopify.domain import refunds
from ingest_shopify.domain.families import Family, refuse_foreign, refuse_unfit
from ingest_shopify.domain.fields import Fields, micros_of, read_timestamp
from ingest_shopify.domain.order_names import WithoutId, read_without_id
from ingest_shopify.domain.orders import read_edit, read_order
from ingest_shopify.domain.people import NOBODY, Person, read_person
from ingest_shopify.domain.privacy import read_data_request, read_redaction, shop_named_in
from ingest_shopify.domain.products import read_disconnection, read_level, read_product
from pulsepoint.errors import MalformedInput
from pulsepoint.events.envelope import Payload
from pulsepoint.events.orders import OrderDeleted, RefundRecorded
from pulsepoint.events.precedence import trusted_trigger
from pulsepoint.events.privacy import AppUninstalled, ShopErasureRequested
from pulsepoint.events.products import ProductDeleted

READER_VERSION = 4
"""Counts corrections of what the readers read: a body read anew then outranks what was read of it before."""
LARGEST_TOTAL = 10**15
# An edit and a refund cannot be read without a moment of their own.
_ALWAYS_DATED = frozenset({Family.ORDER_EDIT, Family.REFUND})
_DATED = frozenset({Family.ORDER, Family.PRODUCT, Family.STOCK_LEVEL})
# Versions are quarters; any is read whose bodies the readers understand, a form never seen is not guessed at:
# https://shopify.dev/docs/api/usage/versioning
_API_VERSION = re.compile(r"20(1[7-9]|[2-9][0-9])-(0[1-9]|1[0-2])|unstable", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """One delivery as read.

    `version` is the source's clock in microseconds since 1970, `person` who it is about, `shop_domain` the shop
    the body names itself (None where it names none), `triggered_at` when it was triggered, as far as an unsigned
    header is believed (None: unsaid), `without_id` how an order or refund of a file names its order that has no id;
    without `has_clock` the body says nothing of when it was, and `version` is its delivery's.
    """

    payload: Payload
    entity: str
    version: int
    person: Person = NOBODY
    shop_domain: str | None = None
    triggered_at: datetime | None = None
    without_id: WithoutId | None = None
    has_clock: bool = True


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A parsed body with what its headers say about it."""

    body: Fields
    at: datetime
    shop: str
    currency: str | None


def read_delivery(
    topic: str,
    api_version: str | None,
    body: bytes,
    *,
    shop: str,
    received_at: datetime,
    triggered_at: str | None = None,
    shop_currency: str | None = None,
) -> Reading:
    """Reads the body of a webhook; `shop_currency` stands in where a body names none.

    `received_at` is on the brand's business clock.
    Raises `MalformedInput` for anything that cannot be read: reasons `unknown_topic`, `unknown_api_version`,
    `not_json`, `topic_mismatch`, `missing_field`, `unreadable_field`; the message names the field. Whether a body that
    names another shop fits its topic is not asked: the caller refuses it.
    """
    family = FAMILIES.get(topic)
    if family is None:
        text, names = f"topic {topic[:100]!r} is not one that is read", {"topic": topic[:100]}
        raise MalformedInput(text, reason="unknown_topic", names=names)
    if api_version and not _API_VERSION.fullmatch(api_version):
        text, names = f"API version {api_version[:40]!r} is not known", {"version": api_version[:40]}
        raise MalformedInput(text, reason="unknown_api_version", names=names)
    triggered = _triggered(triggered_at, received_at)
    values = parse(body)
    refuse_foreign(topic, family, values)
    try:
        reading = READERS[family](_Delivery(Fields(values), triggered or received_at, shop, shop_currency))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MalformedInput(f"{where}: {first['msg']}", reason="unreadable_field", names={"field": where}) from None
    if reading.shop_domain in (None, shop):
        refuse_unfit(topic, family, values)
    return replace(reading, triggered_at=triggered, has_clock=_has_clock(family, values))


def read_body(
    topic: str,
    api_version: str | None,
    body: bytes,
    *,
    received_at: datetime,
    shop: str = "",
    triggered_at: str | None = None,
    shop_currency: str | None = None,
) -> list[Payload]:
    """The payloads a body is read as; see `read_delivery`."""
    reading = read_delivery(
        topic,
        api_version,
        body,
        shop=shop,
        received_at=received_at,
        triggered_at=triggered_at,
        shop_currency=shop_currency,
    )
    return [reading.payload]


def parse(body: bytes) -> dict[str, object]:
    """The JSON object in a body; of a repeated key the last counts.

    Raises `MalformedInput` (reason `not_json`) for anything else, NaN and nesting too deep included.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = _parse_leniently(body)
    if not isinstance(value, dict):
        raise MalformedInput("the body is not a JSON object", reason="not_json")
    return value


def _parse_leniently(body: bytes) -> object:
    """JSON that a strict parser refuses though nothing is lost: a byte-order mark, half of a surrogate pair."""

    def refuse(constant: str) -> object:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise MalformedInput(f"the body is not JSON: {str(error)[:100]}", reason="not_json") from None


def _has_clock(family: Family, values: dict[str, object]) -> bool:
    """True where a body of the family that could be read says itself when it was."""
    return family in _ALWAYS_DATED or (family in _DATED and values.get("updated_at") not in (None, ""))


def _triggered(header: str | None, received_at: datetime) -> datetime | None:
    """When the delivery was triggered, as far as an unsigned header is believed; None where it says nothing."""
    try:
        return trusted_trigger(read_timestamp(header, "X-Shopify-Triggered-At"), received_at) if header else None
    except MalformedInput:
        return None


def _order(delivery: _Delivery) -> Reading:
    order = read_order(delivery.body, reported_at=delivery.at, shop_currency=delivery.currency)
    return Reading(
        order,
        order.order_id,
        micros_of(order.updated_at),
        person=read_person(delivery.body),
        without_id=read_without_id(delivery.body),
    )


def _edit(delivery: _Delivery) -> Reading:
    edit = read_edit(delivery.body)
    return Reading(edit, edit.edit_id, micros_of(edit.committed_at))


def _deleted_order(delivery: _Delivery) -> Reading:
    order_id = delivery.body.id("id")
    return Reading(OrderDeleted(order_id=order_id), order_id, micros_of(delivery.at))


def _refund(delivery: _Delivery) -> Reading:
    refund = refunds.read_refund(delivery.body)
    currency = refunds.currency_of(delivery.body) or delivery.currency
    if currency is None:
        field = "subtotal_set.shop_money.currency_code"
        raise MalformedInput(f"{field}: is missing", reason="missing_field", names={"field": field})
    payload = RefundRecorded(order_id=delivery.body.id("order_id"), currency=currency, refund=refund)
    # Of two tellings of a refund an order's snapshot is the later one, also of the same second.
    version = micros_of(refunds.sent_at(delivery.body)) - 1
    if refund.is_total:
        # An export has no clock for it: of two the one that gave back more is later. Its cents count as microseconds.
        version += min(refund.total_micros or 0, LARGEST_TOTAL) // 10_000
    return Reading(payload, refund.refund_id, version, without_id=read_without_id(delivery.body))


def _product(delivery: _Delivery) -> Reading:
    product = read_product(delivery.body, reported_at=delivery.at)
    # Of two tellings of one moment the whole one says more.
    return Reading(product, product.product_id, micros_of(product.updated_at) - product.is_cut)


def _deleted_product(delivery: _Delivery) -> Reading:
    product_id = delivery.body.id("id")
    return Reading(ProductDeleted(product_id=product_id), product_id, micros_of(delivery.at))


def _level(delivery: _Delivery) -> Reading:
    level = read_level(delivery.body, reported_at=delivery.at)
    return Reading(level, f"{level.inventory_item_id}:{level.location_id}", micros_of(level.updated_at))


def _disconnection(delivery: _Delivery) -> Reading:
    level = read_disconnection(delivery.body, reported_at=delivery.at)
    return Reading(level, f"{level.inventory_item_id}:{level.location_id}", micros_of(level.updated_at))


def _uninstalled(delivery: _Delivery) -> Reading:
    named = delivery.body.text("myshopify_domain", 255)
    payload = AppUninstalled(shop=delivery.shop, uninstalled_at=delivery.at)
    return Reading(payload, delivery.shop, micros_of(delivery.at), shop_domain=named.lower() if named else None)


def _shop_redaction(delivery: _Delivery) -> Reading:
    shop = shop_named_in(delivery.body, "shop_domain")
    payload = ShopErasureRequested(shop=shop, requested_at=delivery.at)
    return Reading(payload, shop, micros_of(delivery.at), shop_domain=shop)


def _person_request(read: Callable[..., Payload]) -> Callable[[_Delivery], Reading]:
    def reading(delivery: _Delivery) -> Reading:
        shop = shop_named_in(delivery.body, "shop_domain")
        payload = read(delivery.body, reported_at=delivery.at)
        return Reading(payload, shop, micros_of(delivery.at), person=read_person(delivery.body), shop_domain=shop)

    return reading


READERS: dict[Family, Callable[[_Delivery], Reading]] = {
    Family.ORDER: _order,
    Family.ORDER_EDIT: _edit,
    Family.ORDER_DELETION: _deleted_order,
    Family.REFUND: _refund,
    Family.PRODUCT: _product,
    Family.PRODUCT_DELETION: _deleted_product,
    Family.STOCK_LEVEL: _level,
    Family.DISCONNECTION: _disconnection,
    Family.UNINSTALLATION: _uninstalled,
    Family.DATA_REQUEST: _person_request(read_data_request),
    Family.REDACTION: _person_request(read_redaction),
    Family.SHOP_REDACTION: _shop_redaction,
}
"""Family -> what its bodies are read as."""
FAMILIES: dict[str, Family] = {
    "orders/create": Family.ORDER,
    "orders/updated": Family.ORDER,
    "orders/paid": Family.ORDER,
    "orders/cancelled": Family.ORDER,
    "orders/fulfilled": Family.ORDER,
    "orders/partially_fulfilled": Family.ORDER,
    "orders/edited": Family.ORDER_EDIT,
    "orders/delete": Family.ORDER_DELETION,
    "refunds/create": Family.REFUND,
    "products/create": Family.PRODUCT,
    "products/update": Family.PRODUCT,
    "products/delete": Family.PRODUCT_DELETION,
    "inventory_levels/update": Family.STOCK_LEVEL,
    "inventory_levels/connect": Family.STOCK_LEVEL,
    "inventory_levels/disconnect": Family.DISCONNECTION,
    "app/uninstalled": Family.UNINSTALLATION,
    "customers/data_request": Family.DATA_REQUEST,
    "customers/redact": Family.REDACTION,
    "shop/redact": Family.SHOP_REDACTION,
}
"""Topic -> the family of its bodies; others are not read."""
