"""While a brand's tenant is suspended messages are kept and effects wait; settings that say otherwise end it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event, new_event
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.events.orders import OrderRecorded
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.runtime.app import Runtime
from pulsepoint.runtime.brand_projection import keep_brand
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.runtime.suspension import KEPT_SECONDS, PAUSE
from pulsepoint.tenancy import TenantContext
from tests.builders.orders import order
from tests.builders.runtime import deliver, published, run_effects, running

SCOPE = TenantContext(uuid4(), uuid4())
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def settings(version: int, *, suspended: bool) -> Event[BrandConfigured]:
    payload = BrandConfigured(
        name="N", shopify_store="n.myshopify.com", currency="GBP", timezone="UTC", suspended=suspended
    )
    return new_event(payload, source="gateway", entity=str(SCOPE.brand_id), version=version, scope=SCOPE)


def sold(order_id: str) -> Event[OrderRecorded]:
    return new_event(order(order_id), source="ingest-shopify", entity=order_id, version=1, scope=SCOPE)


class Work:
    """What a service did."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.ran: list[str] = []

    async def handle(self, reader: Reader, event: Event[OrderRecorded]) -> Outcome:
        self.handled.append(event.payload.order_id)
        return Outcome(effects=[Effect("own.effect", event.payload.order_id, {})])

    async def run(self, ports: object, effect: StoredEffect) -> None:
        self.ran.append(effect.key)

    async def done(self, reader: Reader, effect: StoredEffect, result: object) -> Outcome:
        return NOTHING


def reasons(runtime: Runtime) -> list[str]:
    return [event.payload.reason for event in published(runtime, MessageQuarantined)]


@pytest.mark.rule("SEC-26")
async def test_messages_and_effects_of_a_suspended_tenant_wait_for_its_return() -> None:
    work, clock = Work(), FixedClock(NOW)
    handlers = Routes(on(OrderRecorded, work.handle), on(BrandConfigured, keep_brand))
    effects = {"own.effect": EffectDefinition(run=work.run, on_success=work.done)}
    async with running("attribution", clock, handlers, effects) as runtime:
        await deliver(runtime, "brands", settings(1, suspended=False))
        await deliver(runtime, "orders", sold("o1"))
        await deliver(runtime, "brands", settings(2, suspended=True))
        await run_effects(runtime)
        assert (work.handled, work.ran) == (["o1"], [])

        assert await deliver(runtime, "orders", sold("o2")) == 204
        assert (work.handled, reasons(runtime)) == (["o1"], ["tenant_suspended"])

        clock.set(NOW + timedelta(seconds=1))
        await deliver(runtime, "brands", settings(3, suspended=False))
        clock.set(NOW + PAUSE + timedelta(seconds=KEPT_SECONDS))
        await run_effects(runtime)
        assert work.ran == ["o1"]
        again = [message for message in runtime.ports.bus.published if message.topic == "orders"]
        for message in again:
            await deliver(runtime, "orders", message)
        assert work.handled == ["o1", "o2"]


async def test_a_brand_that_is_unknown_yet_is_not_suspended() -> None:
    work = Work()
    async with running("attribution", FixedClock(NOW), Routes(on(OrderRecorded, work.handle))) as runtime:
        await deliver(runtime, "orders", sold("o1"))
        assert work.handled == ["o1"]
