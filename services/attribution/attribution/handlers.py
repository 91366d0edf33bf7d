"""One function per event: it changes an order's document, and attributes the order anew where that changed.

Settings and the order are read in the same transaction, so an order committed after a settings change has it, and the
sweep that a settings change starts meets only orders from before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from attribution.domain.facts import HEAD, Row, attribution_of
from attribution.domain.orders import OrderState
from attribution.domain.policy import BrandPolicy
from pulsepoint.events.attributions import OrderAttributed
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event
from pulsepoint.events.orders import OrderDeleted, OrderEditCommitted, OrderRecorded, RefundRecorded
from pulsepoint.events.privacy import SubjectErased
from pulsepoint.ports.document_store import Document, StoredEffect, Write
from pulsepoint.runtime.brand_projection import BRANDS, brand_write, is_stale, kept_brand
from pulsepoint.runtime.erasure import ERASE_FACTS, erases_facts, facts_erasure
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.quarantine import erases_quarantined
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.telemetry import current_traceparent

ORDERS = "orders"
REATTRIBUTE, ERASE = "reattribute", "erase"
# Well under 500 writes and, at some 10 kB of rows an order, under 1 MiB a transaction.
BATCH = 50


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order's document as read; version 0 where there is none yet."""

    order_id: str
    version: int
    state: OrderState


async def attribute_order(reader: Reader, event: Event[OrderRecorded]) -> Outcome:
    """An order snapshot, with the refunds it carried."""
    payload = event.payload
    policy, (stored,) = await _read(reader, [payload.order_id])
    return _recorded(reader, policy, [(stored, stored.state.with_order(event, policy.settings))])


async def attribute_refund(reader: Reader, event: Event[RefundRecorded]) -> Outcome:
    """A refund delivered on its own, perhaps before its order."""
    payload = event.payload
    policy, (stored,) = await _read(reader, [payload.order_id])
    return _recorded(reader, policy, [(stored, stored.state.with_refund(event))])


async def date_edit(reader: Reader, event: Event[OrderEditCommitted]) -> Outcome:
    """A committed edit: the day of what it added and removed, perhaps before the order shows it."""
    payload = event.payload
    policy, (stored,) = await _read(reader, [payload.order_id])
    return _recorded(reader, policy, [(stored, stored.state.with_edit(event))])


async def withdraw_order(reader: Reader, event: Event[OrderDeleted]) -> Outcome:
    """A deleted order: nothing of it counts any more, nor of snapshots from before."""
    payload = event.payload
    policy, (stored,) = await _read(reader, [payload.order_id])
    return _recorded(reader, policy, [(stored, stored.state.with_deletion(event))])


async def erase_subject(reader: Reader, event: Event[SubjectErased]) -> Outcome:
    """A forgotten buyer: what these orders' touches say of a person goes, credits stay."""
    order_ids, key = sorted(set(event.payload.order_ids)), str(event.id)
    outcome = await _erase(reader, order_ids, key=key)
    recorded = [facts_erasure(order_ids, key), erases_quarantined(order_ids, key)] if order_ids else []
    return replace(outcome, effects=[*outcome.effects, *recorded])


async def configure_brand(reader: Reader, event: Event[BrandConfigured]) -> Outcome:
    """New settings; where they change how revenue is credited, orders are attributed anew, batch by batch."""
    document = await reader.get(BRANDS, _brand_id(reader))
    if is_stale(document, event):
        return NOTHING
    before = _policy(document)
    if not before.is_changed_by(event.payload):
        return Outcome(writes=[brand_write(reader, event, policy_version=before.policy_version)])
    policy_version = (document.version if document is not None else 0) + 1
    write = brand_write(reader, event, policy_version=policy_version)
    return Outcome(writes=[write], effects=[_reattribution(policy_version, after="")])


async def reattribute_batch(reader: Reader, effect: StoredEffect, result: object) -> Outcome:
    """Attribute the next orders under the policy that started the sweep; a newer policy has its own sweep."""
    policy = _policy(await reader.get(BRANDS, _brand_id(reader)))
    policy_version = int(effect.data["policy_version"])
    if policy.policy_version != policy_version:
        return NOTHING
    documents = await reader.find(ORDERS, limit=BATCH, after=str(effect.data["after"]))
    orders = [_stored_order(document.id, document) for document in documents]
    due = [(stored, stored.state) for stored in orders if stored.state.policy_version != policy_version]
    more = [_reattribution(policy_version, after=documents[-1].id)] if len(documents) == BATCH else []
    return _outcome(reader, policy, due, more)


async def erase_batch(reader: Reader, effect: StoredEffect, result: object) -> Outcome:
    """Go on erasing where one transaction was too small for all orders."""
    return await _erase(reader, list(effect.data["order_ids"]), key=str(effect.data["key"]))


HANDLERS = Routes(
    on(OrderRecorded, attribute_order),
    on(RefundRecorded, attribute_refund),
    on(OrderEditCommitted, date_edit),
    on(OrderDeleted, withdraw_order),
    on(SubjectErased, erase_subject),
    on(BrandConfigured, configure_brand),
)

EFFECTS: dict[str, EffectDefinition] = {
    REATTRIBUTE: EffectDefinition(on_success=reattribute_batch),
    ERASE: EffectDefinition(on_success=erase_batch, goes_on_suspended=True),
    ERASE_FACTS: erases_facts({"touches": "personal_touches", "credits": "personal_credits"}),
}


async def _erase(reader: Reader, order_ids: Sequence[str], *, key: str) -> Outcome:
    policy, orders = await _read(reader, order_ids[:BATCH])
    left = list(order_ids[BATCH:])
    # The key names what is left: the running effect still holds its own.
    more = [Effect(ERASE, f"{key}:{len(left)}", {"order_ids": left, "key": key})] if left else []
    return _recorded(reader, policy, [(stored, stored.state.with_erasure(policy.settings)) for stored in orders], more)


def _reattribution(policy_version: int, *, after: str) -> Effect:
    return Effect(REATTRIBUTE, f"{policy_version}:{after}", {"policy_version": policy_version, "after": after})


def _recorded(
    reader: Reader, policy: BrandPolicy, news: Iterable[tuple[StoredOrder, OrderState]], effects: Sequence[Effect] = ()
) -> Outcome:
    """The outcome of the orders that changed; empty where none did.

    Where a snapshot changed nothing that counts it is kept alone: what it says of a change's day may matter later.
    """
    changed = [(stored, state) for stored, state in news if state != stored.state]
    counted = [(stored, state) for stored, state in changed if not state.counts_as(stored.state)]
    outcome = _outcome(reader, policy, counted, effects)
    kept = [each for each in changed if each not in counted]
    writes = [Write(ORDERS, stored.order_id, state.model_dump(mode="json")) for stored, state in kept]
    return replace(outcome, writes=[*outcome.writes, *writes]) if writes else outcome


def _outcome(
    reader: Reader, policy: BrandPolicy, orders: Iterable[tuple[StoredOrder, OrderState]], effects: Sequence[Effect]
) -> Outcome:
    facts, writes, events = [], [], []
    for stored, state in orders:
        version = stored.version + 1
        current = state.model_copy(update={"policy_version": policy.policy_version})
        writes.append(Write(ORDERS, stored.order_id, current.model_dump(mode="json")))
        attribution = attribution_of(stored.order_id, current, policy)
        if attribution is None:
            continue
        facts += [
            reader.fact(row.table, stored.order_id, version, _traced(row), part=row.part, digest=attribution.digest)
            for row in attribution.rows
        ]
        payload = OrderAttributed(
            order_id=stored.order_id,
            currency=attribution.currency,
            net_micros=attribution.net_micros,
            credits=attribution.credits,
            attributed_at=reader.now(),
        )
        events.append(reader.event(payload, entity=stored.order_id, version=version, time=reader.now()))
    return Outcome(facts=facts, writes=writes, events=events, effects=effects)


def _traced(row: Row) -> dict[str, object]:
    """The row; the head also says in which trace it was made, so that what is concluded from it can link back."""
    return {**row.columns, "trace": current_traceparent()} if row.table == HEAD else dict(row.columns)


async def _read(reader: Reader, order_ids: Sequence[str]) -> tuple[BrandPolicy, list[StoredOrder]]:
    keys = [(BRANDS, _brand_id(reader)), *((ORDERS, order_id) for order_id in order_ids)]
    brand, *orders = await reader.get_many(keys)
    return _policy(brand), [
        _stored_order(order_id, document) for order_id, document in zip(order_ids, orders, strict=True)
    ]


def _brand_id(reader: Reader) -> str:
    return str(reader.scope.brand_id)


def _policy(document: Document | None) -> BrandPolicy:
    """The policy in the brand's document; defaults while no settings have arrived."""
    if document is None:
        return BrandPolicy()
    brand = kept_brand(document)
    return BrandPolicy(brand.settings, brand.version, int(document.data.get("policy_version", 0)))


def _stored_order(order_id: str, document: Document | None) -> StoredOrder:
    if document is None:
        return StoredOrder(order_id, 0, OrderState())
    return StoredOrder(order_id, document.version, OrderState.model_validate(document.data))
