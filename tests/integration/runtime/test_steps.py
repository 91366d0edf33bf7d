"""The steps of a commit: whatever fails between them, the redelivery or the sweep finishes them, once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import EngineUnavailable, MalformedInput, VendorError, VendorRateLimited
from pulsepoint.events.alerts import NotificationSent
from pulsepoint.events.attributions import OrderAttributed
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.events.envelope import Event, Message, encode, new_event
from pulsepoint.events.observability import MessageQuarantined, MessageReleased
from pulsepoint.events.orders import OrderDeleted
from pulsepoint.ports.document_store import Commit, FactRow, StoredEffect, Write
from pulsepoint.runtime.outcome import NOTHING, Effect, EffectDefinition, Outcome, Reader
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.tenancy import TenantContext
from tests.builders.runtime import deliver, published, run_effects, running

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BRAND = TenantContext(UUID(int=7), UUID(int=8))


def order_deleted(order_id: str = "1", version: int = 1_700_000_000_000_000) -> Event:
    """An event that the attribution service subscribes to."""
    return new_event(
        OrderDeleted(order_id=order_id), source="ingest-shopify", entity=order_id, version=version, scope=BRAND
    )


async def count_deletion(reader: Reader, event: Event) -> Outcome:
    """A handler that uses everything an outcome has: a document, a fact, an event."""
    seen = await reader.get("orders", event.entity)
    version = (seen.version if seen else 0) + 1
    payload = OrderAttributed(order_id=event.entity, currency="GBP", net_micros=0, credits=0, attributed_at=NOW)
    columns = {
        "order_id": event.entity,
        "currency": "GBP",
        "net_micros": 0,
        "source_version": event.version,
        "settings_version": 0,
        "rules_version": 1,
    }
    return Outcome(
        writes=[Write("orders", event.entity, {"times": (seen.data["times"] if seen else 0) + 1})],
        facts=[reader.fact("attributions", event.entity, version, columns)],
        events=[reader.event(payload, entity=event.entity, version=version)],
    )


async def rows_of(runtime: Any) -> list[dict[str, Any]]:
    return list(await runtime.ports.warehouse.query(BRAND, "SELECT order_id, version FROM attributions"))


class BreaksOnce:
    """An engine whose first call fails after `done` of its work."""

    def __init__(self, engine: Any, name: str) -> None:
        self._engine = engine
        self._name = name
        self._broken = False

    def __getattr__(self, name: str) -> Any:
        if name != self._name or self._broken:
            return getattr(self._engine, name)

        async def fail(rows: Sequence[FactRow]) -> None:
            self._broken = True
            raise EngineUnavailable("the engine did not answer")

        return fail


async def test_a_redelivered_event_is_counted_once() -> None:
    async with running("attribution", FixedClock(NOW), Routes(on(OrderDeleted, count_deletion))) as runtime:
        event = order_deleted()
        assert [await deliver(runtime, "orders", event) for _ in range(3)] == [204, 204, 204]
        assert len(await rows_of(runtime)) == 1
        assert len({event.id for event in published(runtime, OrderAttributed)}) == 1
        await runtime.pipeline.mark_dispatched()
        so_far = len(published(runtime, OrderAttributed))
        assert await deliver(runtime, "orders", event) == 204
        assert len(published(runtime, OrderAttributed)) == so_far


@pytest.mark.parametrize(("port", "call"), [("warehouse", "append"), ("bus", "publish")])
async def test_what_a_failed_step_left_is_finished_by_the_redelivery(port: str, call: str) -> None:
    async with running("attribution", FixedClock(NOW), Routes(on(OrderDeleted, count_deletion))) as runtime:
        object.__setattr__(runtime.ports, port, BreaksOnce(getattr(runtime.ports, port), call))
        assert await deliver(runtime, "orders", order_deleted()) == 503
        assert await deliver(runtime, "orders", order_deleted(), attempt=2) == 204
        assert len(await rows_of(runtime)) == 1
        assert len(published(runtime, OrderAttributed)) == 1


async def test_what_a_failed_step_left_is_finished_by_the_sweep() -> None:
    clock = FixedClock(NOW)
    async with running("attribution", clock, Routes(on(OrderDeleted, count_deletion))) as runtime:
        object.__setattr__(runtime.ports, "warehouse", BreaksOnce(runtime.ports.warehouse, "append"))
        assert await deliver(runtime, "orders", order_deleted()) == 503
        clock.advance(seconds=60)
        await runtime.sweep(outbox_older_than=10)
        assert len(await rows_of(runtime)) == 1
        assert len(published(runtime, OrderAttributed)) == 1
        await runtime.sweep(outbox_older_than=10)
        assert await runtime.ports.store.outbox_records(older_than=clock.now()) == []


async def test_an_unreadable_message_is_quarantined_acknowledged_and_replayable() -> None:
    calls: list[str] = []

    async def choosy(reader: Reader, event: Event) -> Outcome:
        calls.append(event.entity)
        if len(calls) == 1:
            raise MalformedInput("line 3 has no price")
        return NOTHING

    async with running("attribution", FixedClock(NOW), Routes(on(OrderDeleted, choosy))) as runtime:
        assert await deliver(runtime, "orders", order_deleted("42")) == 204
        quarantined = published(runtime, MessageQuarantined)[0].payload
        assert (quarantined.kind, quarantined.reason, quarantined.explanation) == (
            "quarantine",
            "malformed",
            "line 3 has no price",
        )
        command = ReplayRequested(service="attribution", held_id=quarantined.held_id, requested_at=NOW)
        event = new_event(command, source="gateway", entity=quarantined.held_id, version=1, scope=BRAND)
        assert await deliver(runtime, "commands", event) == 204
        again = [m for m in runtime.ports.bus.published if m.attributes.get("ce-type") == "order.deleted"]
        assert len(again) == 1
        assert await deliver(runtime, "orders", again[0]) == 204
        assert calls == ["42", "42"]
        assert [e.payload.outcome for e in published(runtime, MessageReleased)] == ["replayed"]


@pytest.mark.rule("SEC-09")
async def test_held_bodies_are_encrypted() -> None:
    async def refuse(reader: Reader, event: Event) -> Outcome:
        raise MalformedInput("no")

    async with running("attribution", FixedClock(NOW), Routes(on(OrderDeleted, refuse))) as runtime:
        await deliver(runtime, "orders", order_deleted("very-secret-order"))

        async def look(transaction: Any) -> Any:
            documents = [*(await transaction.find("held")), *(await transaction.find("held_parts"))]
            assert len(documents) == 2
            assert "very-secret-order" not in str([document.data for document in documents])
            return Commit()

        await runtime.ports.store.transact(BRAND, look)


async def test_a_large_message_that_does_not_compress_is_held_whole_and_replayed() -> None:
    body = random.Random(5).randbytes(5_000_000)
    message = encode(order_deleted("42"), "orders")
    large = Message(message.topic, body, message.attributes)

    async with running("attribution", FixedClock(NOW), Routes()) as runtime:
        for _ in range(2):
            assert await deliver(runtime, "orders", large) == 204
        quarantined = published(runtime, MessageQuarantined)[-1].payload
        command = ReplayRequested(service="attribution", held_id=quarantined.held_id, requested_at=NOW)
        event = new_event(command, source="gateway", entity=quarantined.held_id, version=1, scope=BRAND)
        assert await deliver(runtime, "commands", event) == 204
        assert [each.data for each in runtime.ports.bus.published if each.topic == "orders"] == [body]

        async def look(transaction: Any) -> Any:
            assert [*(await transaction.find("held")), *(await transaction.find("held_parts"))] == []
            return Commit()

        await runtime.ports.store.transact(BRAND, look)


async def test_an_unknown_error_asks_for_another_attempt() -> None:
    async def broken(reader: Reader, event: Event) -> Outcome:
        raise KeyError("a defect")

    async with running("attribution", FixedClock(NOW), Routes(on(OrderDeleted, broken))) as runtime:
        assert await deliver(runtime, "orders", order_deleted()) == 500
        assert published(runtime, MessageQuarantined) == []


async def test_types_a_subscription_does_not_want_are_dropped() -> None:
    async with running("inventory-intel", FixedClock(NOW), Routes()) as runtime:
        event = new_event(
            NotificationSent(alert_id="a", target="slack", trace_id="t", sent_at=NOW),
            source="alerting",
            entity="a",
            version=1,
            scope=BRAND,
        )
        assert await deliver(runtime, "attributions", event) == 204


async def test_a_push_to_another_services_subscription_is_not_found() -> None:
    async with running("attribution", FixedClock(NOW), Routes()) as runtime:
        assert await runtime.receiver.receive("alerting.insights", b'{"message": {"attributes": {}}}') == 404
        assert await runtime.receiver.receive("attribution.orders", b"not json") == 400


def effect_after(kind: str, delay: float = 0) -> Any:
    async def handler(reader: Reader, event: Event) -> Outcome:
        return Outcome(effects=[Effect(kind, "only", {"order": event.entity}, delay=timedelta(seconds=delay))])

    return handler


async def test_an_effect_is_performed_concluded_and_gone() -> None:
    performed: list[str] = []

    async def run(ports: Any, effect: StoredEffect) -> str:
        performed.append(effect.data["order"])
        return "posted"

    async def on_success(reader: Reader, effect: StoredEffect, result: Any) -> Outcome:
        return Outcome(writes=[Write("results", "one", {"result": result})])

    effects = {"post": EffectDefinition(on_success=on_success, run=run)}
    async with running(
        "attribution", FixedClock(NOW), Routes(on(OrderDeleted, effect_after("post"))), effects
    ) as runtime:
        await deliver(runtime, "orders", order_deleted("9"))
        assert await run_effects(runtime) == 1
        assert await run_effects(runtime) == 0
        assert performed == ["9"]


async def test_a_pending_effect_is_single_and_waits_for_its_time() -> None:
    clock = FixedClock(NOW)
    ticks: list[str] = []

    async def on_success(reader: Reader, effect: StoredEffect, result: Any) -> Outcome:
        ticks.append(effect.data["order"])
        return NOTHING

    effects = {"tick": EffectDefinition(on_success=on_success)}
    async with running("attribution", clock, Routes(on(OrderDeleted, effect_after("tick", 5))), effects) as runtime:
        for number in range(5):
            await deliver(runtime, "orders", order_deleted(str(number)))
        assert await run_effects(runtime) == 0
        clock.advance(seconds=6)
        assert await run_effects(runtime) == 1
        assert ticks == ["0"]


async def test_a_failing_effect_is_recorded_and_tried_again_when_the_vendor_says() -> None:
    clock = FixedClock(NOW)
    failures: list[int] = []
    answers: list[Exception | None] = [VendorRateLimited("slow down", retry_after=100), VendorError("down"), None]

    async def run(ports: Any, effect: StoredEffect) -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    async def on_success(reader: Reader, effect: StoredEffect, result: Any) -> Outcome:
        return NOTHING

    async def on_failure(reader: Reader, effect: StoredEffect, error: Exception) -> Outcome:
        failures.append(effect.attempts)
        return NOTHING

    effects = {"pull": EffectDefinition(on_success=on_success, run=run, on_failure=on_failure)}
    async with running("attribution", clock, Routes(on(OrderDeleted, effect_after("pull"))), effects) as runtime:
        await deliver(runtime, "orders", order_deleted())
        assert await run_effects(runtime) == 1
        clock.advance(seconds=99)
        assert await run_effects(runtime) == 0
        clock.advance(seconds=2)
        assert await run_effects(runtime) == 1
        clock.advance(seconds=900)
        assert await run_effects(runtime) == 1
        assert failures == [0, 1]
        assert await run_effects(runtime) == 0


async def test_work_that_changes_nothing_leaves_no_marker_and_may_change_something_later() -> None:
    ready = False

    async def wait_for_the_brand(reader: Reader, event: Event) -> Outcome:
        return await count_deletion(reader, event) if ready else NOTHING

    async with running("attribution", FixedClock(NOW), Routes(on(OrderDeleted, wait_for_the_brand))) as runtime:
        assert await deliver(runtime, "orders", order_deleted()) == 204
        assert await rows_of(runtime) == []
        ready = True
        assert await deliver(runtime, "orders", order_deleted()) == 204
        assert len(await rows_of(runtime)) == 1


async def test_a_waiting_effect_is_not_stored_again_for_each_event() -> None:
    requested = 0

    async def ask(reader: Reader, event: Event) -> Outcome:
        return Outcome(effects=[Effect("tick", "one", {}, delay=timedelta(minutes=5))])

    async with running("attribution", FixedClock(NOW), Routes(on(OrderDeleted, ask))) as runtime:
        transact = runtime.ports.store.transact

        async def counting(scope: TenantContext, work: Any) -> Any:
            async def counted(transaction: Any) -> Commit:
                nonlocal requested
                commit: Commit = await work(transaction)
                requested += len(commit.effects)
                return commit

            return await transact(scope, counted)

        object.__setattr__(runtime.ports, "store", Replaced(runtime.ports.store, transact=counting))
        for number in range(30):
            assert await deliver(runtime, "orders", order_deleted(str(number))) == 204
        assert requested == 8


class Replaced:
    """An engine with some of its methods replaced."""

    def __init__(self, engine: Any, **methods: Any) -> None:
        self._engine = engine
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        return self._methods.get(name) or getattr(self._engine, name)
