"""A customer's erasure beyond their mapping: all their orders, what is held of them, and what facts say of them.

https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance#customers-redact names some orders; those of the
customer that it does not name are found by the subject that the mapping led to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingest_shopify.domain import Reading, without_buyer
from ingest_shopify.order_names import ORDER_NAMES, key_of, without_buyers
from ingest_shopify.shops import Shop, forgotten
from ingest_shopify.subjects import PersonRecord, redactions, unmapped
from pulsepoint.events.envelope import Event, Message, RawPayload, decode_raw
from pulsepoint.events.privacy import SubjectErased
from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.ports.document_store import StoredEffect, Write
from pulsepoint.runtime import redaction
from pulsepoint.runtime.erasure import SETTLES, are_on_their_way, erase_facts, rows_of_orders
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.runtime.quarantine import erases_quarantined, erases_quarantined_of
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import JsonObject

ERASE_CUSTOMER = "customer.erase"
ERASE_IN_NAMES = "order_names.erase"
ERASE_PAYLOADS = "payloads.erase"
DELIVERED = timedelta(days=1)
"""After this everybody has what was published of an order, or keeps it in quarantine."""
PAGE = 50
FACTS = {"order_lines": "personal_order_lines"}


@dataclass(frozen=True, slots=True)
class ErasedOrders:
    """All orders of a customer, and the documents of their names (`order_names`).

    `buyers` are the subjects of the orders that a request named without their buyer: the mapping of these goes first.
    """

    order_ids: Sequence[str] = ()
    names: Sequence[str] = ()
    buyers: Sequence[str] = ()


def erasure_effects(
    event: Event[RawPayload],
    shop: Shop,
    reading: Reading,
    record: PersonRecord,
    payload: SubjectErased,
    entity: str,
) -> list[Effect]:
    """The effects left to run once a customer's mapping is gone; none holds a value of theirs."""
    person, key = reading.person, str(event.id)
    data = {
        "subjects": list(record.subjects),
        "order_ids": list(payload.order_ids),
        "erased_at": payload.erased_at.isoformat(),
        "entity": entity,
        "version": reading.version,
        "key": key,
        "round": 0,
    }
    values = [person.customer_id, person.email, person.phone, *payload.order_ids]
    return [
        erases_quarantined(values, key, of_shop=shop.data["shop"]),
        replace(erases_quarantined(values, key), scope=shop.scope),
        Effect(ERASE_CUSTOMER, key, data, SETTLES, shop.scope),
    ]


async def shop_erasure(reader: Reader, event: Event[RawPayload], shop: Shop, *, proven: bool) -> Outcome:
    """The changes that forget a shop that left as one brand had it, and what is held of it and is nobody's.

    What came to a brand's own address (`proven`) says nothing of the deliveries that others wait for: no effect then.
    """
    domain = str(shop.data["shop"])
    writes = await forgotten(reader, shop, domain, proven=proven)
    return Outcome(writes=writes, effects=[] if proven else [erases_quarantined_of(domain, str(event.id))])


def without_person(message: Message) -> Message | None:
    """See `pulsepoint.runtime.redaction.WithoutPerson`, for deliveries of a shop too. Raises `MalformedInput`."""
    if message.attributes.get("ce-type") != RawPayload.TYPE:
        return redaction.without_person(message)
    body = without_buyer(decode_raw(message))
    return message._replace(data=body) if body is not None else None


async def _erase(ports: ServicePorts, effect: StoredEffect) -> ErasedOrders | None:
    """Erases in the facts of this service; the customer's orders, None while some are on their way."""
    subjects, order_ids = effect.data["subjects"], set(effect.data["order_ids"])
    if await are_on_their_way(ports, effect.scope, order_ids=order_ids, subjects=subjects):
        return None
    if not subjects and (buyers := await _buyers_of(ports, effect.scope, sorted(order_ids))):
        return ErasedOrders(buyers=buyers)
    for subject in subjects:
        rows = await run_named_query(ports.warehouse, effect.scope, "orders_of_subject", subject=subject)
        order_ids.update(row["order_id"] for row in rows)
    await erase_facts(ports, effect.scope, FACTS, sorted(order_ids))
    return ErasedOrders(sorted(order_ids), await _names_of(ports, effect.scope, sorted(order_ids)))


async def _buyers_of(ports: ServicePorts, scope: TenantContext, order_ids: Sequence[str]) -> list[str]:
    """The subjects that these orders are told to be of now."""
    pages = rows_of_orders(ports, scope, "subjects_of_orders", order_ids)
    return sorted({str(row["subject"]) async for rows in pages for row in rows})


async def _names_of(ports: ServicePorts, scope: TenantContext, order_ids: Sequence[str]) -> list[str]:
    """The documents of these orders' names."""
    pages = rows_of_orders(ports, scope, "names_of_orders", order_ids)
    return sorted({key_of(row["name"]) async for rows in pages for row in rows})


async def _tell_the_others(reader: Reader, effect: StoredEffect, erased_orders: ErasedOrders | None) -> Outcome:
    """Publish the erasure of the orders that the request did not name."""
    data, erased_at = effect.data, datetime.fromisoformat(effect.data["erased_at"])
    if erased_orders is None or erased_orders.buyers:
        subjects = list(erased_orders.buyers) if erased_orders is not None else data["subjects"]
        writes = await unmapped(reader, subjects, erased_at) if erased_orders is not None else []
        again = {**data, "subjects": subjects, "round": data["round"] + 1}
        # The key differs: the effect under way still holds its own.
        return Outcome(writes=writes, effects=[Effect(effect.kind, f"{data['key']}:{data['round']}", again, SETTLES)])
    order_ids = erased_orders.order_ids
    erasing = [_in_names({**data, "order_ids": order_ids}, erased_orders.names)] if erased_orders.names else []
    erasing.append(Effect(ERASE_PAYLOADS, data["key"], {"values": [*data["subjects"], *order_ids]}, DELIVERED))
    unnamed = tuple(order_id for order_id in order_ids if order_id not in set(data["order_ids"]))
    if not unnamed:
        return Outcome(effects=erasing)
    erased = SubjectErased(subject=next(iter(data["subjects"]), None), order_ids=unnamed, erased_at=erased_at)
    event = reader.event(erased, entity=data["entity"], version=data["version"])
    in_quarantine = erases_quarantined(unnamed, f"{data['key']}:{data['round']}")
    return Outcome(writes=redactions(unnamed, erased_at), events=[event], effects=[*erasing, in_quarantine])


def _in_names(data: JsonObject, names: Sequence[str]) -> Effect:
    kept = {"subjects": data["subjects"], "order_ids": data["order_ids"], "names": list(names), "key": data["key"]}
    # The key differs from page to page: the effect under way still holds its own.
    return Effect(ERASE_IN_NAMES, f"{data['key']}:{len(names)}", kept)


async def _erase_in_names(reader: Reader, effect: StoredEffect, result: object) -> Outcome:
    """Erase in what is kept of the next names' orders that came without ids, and go on with the rest."""
    data = effect.data
    page, rest = data["names"][:PAGE], data["names"][PAGE:]
    documents = await reader.get_many([(ORDER_NAMES, name) for name in page])
    order_ids = frozenset(data["order_ids"])
    erased = [(each, without_buyers(each.data, order_ids, data["subjects"])) for each in documents if each]
    writes = [Write(ORDER_NAMES, each.id, anew) for each, anew in erased if anew != each.data]
    return Outcome(writes=writes, effects=[_in_names(data, rest)] if rest else [])


async def _erase_payloads(ports: ServicePorts, effect: StoredEffect) -> None:
    """Drop the payloads too large for a message that tell of the customer or of an order of theirs."""
    named = [f'"{value}"'.encode() for value in effect.data["values"]]
    if ports.payloads is not None:
        await ports.payloads.erase(effect.scope, lambda data: any(value in data for value in named))


async def _done(reader: Reader, effect: StoredEffect, result: None) -> Outcome:
    return NOTHING


EFFECTS: dict[str, EffectDefinition] = {
    ERASE_CUSTOMER: EffectDefinition(
        run=_erase, on_success=_tell_the_others, timeout=60.0, first_retry=30.0, goes_on_suspended=True
    ),
    ERASE_PAYLOADS: EffectDefinition(run=_erase_payloads, on_success=_done, timeout=60.0, goes_on_suspended=True),
    ERASE_IN_NAMES: EffectDefinition(on_success=_erase_in_names, goes_on_suspended=True),
}
