"""One function per event: deliveries become facts and events of the brand that owns the shop."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from ingest_shopify.amounts import let_count
from ingest_shopify.bodies import refuse_taken, remember_body, telling_of
from ingest_shopify.dates import let_date_count
from ingest_shopify.domain import FAMILIES, READER_VERSION, Reading, is_shop_domain, read_delivery
from ingest_shopify.erasure import EFFECTS as ERASING
from ingest_shopify.erasure import erasure_effects, shop_erasure
from ingest_shopify.facts import facts_of
from ingest_shopify.order_names import OrderNames, Telling, name_key
from ingest_shopify.shops import PRIVACY, SHOPS, Route, Shop, claim, drain, given_up, route, shop_keys
from ingest_shopify.subjects import PersonRecord, erase_subject, keys_of, recognise, recognised
from pulsepoint.errors import MalformedInput, NeedsRelease, PermanentError, TenantSuspended
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event, RawPayload
from pulsepoint.events.orders import OrderEditCommitted, OrderRecorded, RefundRecorded
from pulsepoint.events.precedence import origin_of, precedence_of
from pulsepoint.events.privacy import ShopErasureRequested, SubjectDataRequested, SubjectErased
from pulsepoint.ports.document_store import Document, Write
from pulsepoint.runtime.brand_projection import BRANDS, brand_write, is_stale
from pulsepoint.runtime.erasure_log import EFFECTS as LOGGING
from pulsepoint.runtime.erasure_log import logged
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.values import JsonObject

Delivered: TypeAlias = Event[RawPayload]


async def deliver(reader: Reader, event: Delivered) -> Outcome:
    """Read one verified delivery into the brand it is for.

    Raises `UnknownShop`, `TenantSuspended`, and `PermanentError` with reason `shop_domain`, `endpoint_token`,
    `body_of_another_shop`, `body_of_another_topic`, `shop_mismatch`, `amount_above_bound`, `quantity_above_bound`,
    `date_out_of_bounds` or a reason of `read_delivery`.
    """
    raw = event.payload
    domain = raw.headers.get("shop", "")
    if not is_shop_domain(domain):
        text, names = f"X-Shopify-Shop-Domain {domain[:100]!r} is no shop domain", {"shop": domain[:100]}
        raise MalformedInput(text, reason="shop_domain", names=names)
    topic = raw.headers.get("shopify-topic", "")
    seen, named, *address = await reader.get_many([("bodies", event.digest), *shop_keys(domain, raw.headers)])
    to = await route(reader, domain, topic, raw.headers, named, *address)
    try:
        outcomes = [await _deliver_to(reader, event, topic, shop, to, seen) for shop in (to.shop, *to.also)]
    except TenantSuspended:
        raise  # what waits for a shop's tenant lies with what waits for its owner
    except PermanentError as error:
        error.owner = to.shop.scope
        raise
    return Outcome(
        facts=[fact for each in outcomes for fact in each.facts],
        writes=_distinct([*to.writes, *(write for each in outcomes for write in each.writes)]),
        events=[published for each in outcomes for published in each.events],
        effects=[*to.effects, *(effect for each in outcomes for effect in each.effects)],
    )


async def _deliver_to(
    reader: Reader, event: Delivered, topic: str, shop: Shop, to: Route, seen: Document | None
) -> Outcome:
    raw = event.payload
    domain = raw.headers["shop"]
    refuse_taken(domain, topic, seen, proven=to.proven)
    if shop.suspended and FAMILIES.get(topic) not in PRIVACY:
        raise TenantSuspended
    telling = telling_of(event, seen)
    received_at = telling.received_at + shop.clock_offset
    reading = read_delivery(
        topic,
        raw.headers.get("shopify-api-version"),
        raw.body,
        shop=domain,
        received_at=received_at,
        triggered_at=telling.triggered_at,
        shop_currency=shop.currency,
    )
    if reading.shop_domain not in (None, domain):
        explanation = f"the body names the shop {reading.shop_domain}, its header {domain}"
        names = {"shop": domain, "named": str(reading.shop_domain)}
        raise PermanentError(explanation, reason="shop_mismatch", names=names)
    writes = remember_body(event, reading.has_clock, telling, seen)
    writes += await _let_by_people(reader, event, shop, reading, max(received_at, telling.received_at))
    outcome = await _publish(reader, event, shop, reading, writes)
    if telling.recorded:
        # An erasure that was made once: a shop that came back since is not forgotten by a copy.
        return outcome
    if isinstance(reading.payload, ShopErasureRequested):
        forgotten = await shop_erasure(reader, event, shop, proven=to.proven)
        outcome = replace(outcome, writes=[*writes, *forgotten.writes], effects=forgotten.effects)
    if isinstance(reading.payload, SubjectErased | ShopErasureRequested):
        return logged(outcome, f"{event.id}/{shop.scope.brand_id}")
    return outcome


async def _let_by_people(
    reader: Reader, event: Delivered, shop: Shop, reading: Reading, now: datetime
) -> Sequence[Write]:
    """The writes that remember what a person let count; raises `NeedsRelease` for what waits for one."""
    headers = event.payload.headers
    try:
        sizes = await let_count(reader, shop, reading.payload, headers)
        return [*sizes, *await let_date_count(reader, shop, reading.payload, headers, now)]
    except NeedsRelease as error:
        error.of_erased = await _is_of_erased(reader, shop, reading)
        raise


async def _is_of_erased(reader: Reader, shop: Shop, reading: Reading) -> bool:
    """True where it is about an order of a customer who was erased, whatever day it says it was made on."""
    if not isinstance(reading.payload, OrderRecorded | RefundRecorded | OrderEditCommitted):
        return False
    order_id = reading.payload.order_id
    key = shop.identity_key
    buyer = await recognise(reader, shop.scope, key, reading.person, order_id=order_id, remember=False)
    return buyer.redacted or buyer.erased_at is not None


def _distinct(writes: Sequence[Write]) -> list[Write]:
    """The writes, of several to one place the last."""
    return list({(each.scope, each.collection, each.id): each for each in writes}.values())


async def _publish(reader: Reader, event: Delivered, shop: Shop, reading: Reading, writes: list[Write]) -> Outcome:
    payload: Any = reading.payload
    entity = reading.entity
    effects: Sequence[Effect] = ()
    precedence = precedence_of(origin_of(event.payload.headers), READER_VERSION, reading.triggered_at)
    if isinstance(payload, OrderRecorded | RefundRecorded):
        tellings, kept = await _tellings(reader, shop, reading, precedence)
        return _published(reader, shop, tellings, [*writes, *kept])
    if isinstance(payload, SubjectErased):
        record = await erase_subject(
            reader, shop.scope, shop.identity_key, reading.person, order_ids=payload.order_ids, at=payload.erased_at
        )
        payload = payload.model_copy(update={"subject": record.subject})
        entity = record.handle or entity
        writes = [*writes, *record.writes]
        effects = erasure_effects(event, shop, reading, record, payload, entity)
    elif isinstance(payload, SubjectDataRequested):
        record = await recognise(reader, shop.scope, shop.identity_key, reading.person, remember=False)
        payload = payload.model_copy(update={"subject": record.subject, "subjects": tuple(record.subjects)})
        entity = payload.request_id or record.handle or entity
    published = reader.event(payload, entity=entity, version=reading.version, precedence=precedence, scope=shop.scope)
    return Outcome(facts=facts_of(reader, published), writes=writes, events=[published], effects=effects)


async def _tellings(
    reader: Reader, shop: Shop, reading: Reading, precedence: int
) -> tuple[list[Telling], Sequence[Write]]:
    """The tellings of an order or a refund, with its buyer's subject, under the id it is known by; and what is kept."""
    payload = reading.payload
    assert isinstance(payload, OrderRecorded | RefundRecorded)
    names, buyer = await _names_and_buyer(reader, shop, reading)
    writes: Sequence[Write] = ()
    if isinstance(payload, OrderRecorded):
        payload, writes = _with_subject(payload, buyer), buyer.writes
    telling = Telling(payload, reading.version, precedence)
    if names is None:
        return [telling], writes
    tellings, kept = await names.tellings(reader, telling)
    return tellings, [*writes, *kept]


async def _names_and_buyer(reader: Reader, shop: Shop, reading: Reading) -> tuple[OrderNames | None, PersonRecord]:
    """The orders of the name that is told of, None where there is none, and the buyer, nobody where that is a refund.

    One round trip where the order's id is Shopify's own; of a file without it, the name says first which order it is.
    """
    payload, scope = reading.payload, shop.scope
    assert isinstance(payload, OrderRecorded | RefundRecorded)
    key = name_key(reading)
    by_name = [key] if key is not None else []
    if isinstance(payload, OrderRecorded) and reading.without_id is None:
        keys = keys_of(reading.person, shop.identity_key, payload.order_id)
        documents = await reader.get_many([*keys, *by_name], scope=scope)
        names = OrderNames(scope, key[1], documents[-1], reading) if key is not None else None
        return names, await recognised(reader, scope, keys, documents[: len(keys)])
    document = (await reader.get_many(by_name, scope=scope))[0] if by_name else None
    names = OrderNames(scope, key[1], document, reading) if key is not None else None
    if isinstance(payload, RefundRecorded):
        return names, PersonRecord(None)
    order_id = names.order_id if names is not None else payload.order_id
    return names, await recognise(reader, scope, shop.identity_key, reading.person, order_id=order_id)


def _published(reader: Reader, shop: Shop, tellings: Sequence[Telling], writes: Sequence[Write]) -> Outcome:
    events = [
        reader.event(
            each.payload, entity=each.entity, version=each.version, precedence=each.precedence, scope=shop.scope
        )
        for each in tellings
    ]
    facts = [fact for published in events for fact in facts_of(reader, published)]
    return Outcome(facts=facts, writes=writes, events=events)


def _with_subject(order: OrderRecorded, buyer: PersonRecord) -> OrderRecorded:
    """The order with its buyer's subject, and without what it says of the buyer where they were erased since."""
    if buyer.is_forgotten(order.order_id, order.created_at):
        return order.without_buyer()
    return order.model_copy(update={"subject": buyer.subject})


async def take_over_shop(reader: Reader, event: Event[BrandConfigured]) -> Outcome:
    """Keep who names a shop, and replay what was quarantined while nobody did.

    Raises `PermanentError`: reason `shop_domain` for what is no shop.
    """
    brand = event.payload
    domain = brand.shopify_store.strip().lower()
    if not domain:
        return NOTHING
    if not is_shop_domain(domain):
        text, names = f"{brand.shopify_store[:100]!r} is no shop domain", {"shop": brand.shopify_store[:100]}
        raise PermanentError(text, reason="shop_domain", names=names)
    named, before = await reader.get_many([(SHOPS, domain), (BRANDS, str(event.scope.brand_id))])
    if is_stale(before, event):
        return NOTHING
    previous: JsonObject = before.data if before is not None else {}
    # Minted once a brand: another key would make strangers of everybody known.
    identity_key = previous.get("identity_key") or secrets.token_hex(32)
    writes = [
        brand_write(reader, event, shop=domain, identity_key=identity_key),
        *claim(event, domain, named, previous, identity_key),
    ]
    if previous.get("shop", domain) != domain:
        writes += await given_up(reader, event.scope, previous["shop"])
    drained = () if brand.suspended else dict.fromkeys((domain, previous.get("shop", domain)))
    return Outcome(writes=writes, effects=[drain(each) for each in drained])


HANDLERS = Routes(on(RawPayload, deliver), on(BrandConfigured, take_over_shop))
EFFECTS: dict[str, EffectDefinition] = {**ERASING, **LOGGING}
