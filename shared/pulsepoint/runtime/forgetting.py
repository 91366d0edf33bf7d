"""A shop that left is forgotten: what every service keeps of its brand goes, documents and facts.

The second pass meets what was on its way in the first.
"""

from __future__ import annotations

from datetime import timedelta

from pulsepoint.events.envelope import Event
from pulsepoint.events.privacy import ShopErasureRequested
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.ports import ServicePorts
from pulsepoint.warehouse.answers import facts_erased

FORGET_BRAND = "brand.forget"
SECOND_PASS = timedelta(minutes=10)


async def forget_shop(reader: Reader, event: Event[ShopErasureRequested]) -> Outcome:
    """Handler of `shop.erasure_requested` in every service."""
    return Outcome(effects=[forgets_brand(str(event.id))])


def forgets_brand(key: str) -> Effect:
    """The effect that forgets the brand of the event in hand; `key` names the request."""
    return Effect(FORGET_BRAND, key, {"key": key, "passes": 1})


async def forget_brand(ports: ServicePorts, effect: StoredEffect) -> None:
    """Delete what the service keeps of the effect's brand, its facts and payloads; raises `EngineUnavailable`."""
    await ports.store.forget_brand(effect.scope)
    await ports.warehouse.forget_brand(effect.scope)
    if ports.payloads is not None:
        await ports.payloads.erase(effect.scope, lambda _: True)
    await facts_erased(ports.cache, effect.scope)
    if ports.checksums is not None:
        await ports.checksums.forget_brand(effect.scope)


async def forget_again(reader: Reader, effect: StoredEffect, result: None) -> Outcome:
    """The second pass, once."""
    data = effect.data
    if data["passes"] > 1:
        return NOTHING
    return Outcome(effects=[Effect(effect.kind, f"{data['key']}:2", {**data, "passes": 2}, SECOND_PASS)])


FORGETS_BRAND: EffectDefinition[None] = EffectDefinition(
    run=forget_brand, on_success=forget_again, timeout=60.0, first_retry=30.0, goes_on_suspended=True
)
