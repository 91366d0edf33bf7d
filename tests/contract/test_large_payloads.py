"""A payload over the message limit goes through the object store, in every engine that has one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from google.oauth2 import service_account
from structlog.testing import capture_logs

from deploy.emulated.fakes.cloud_storage import Objects, app_of, service_account_file
from pulsepoint.adapters.cloud_storage import CloudStorageObjectStore, open_cloud_storage
from pulsepoint.adapters.delivery_rules import SOURCE_DELIVERY_COUNT, SOURCE_SUBSCRIPTION, check_message
from pulsepoint.adapters.local_objects import LocalObjectStore, open_local_objects
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.object_store import MemoryObjectStore
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.errors import EngineUnavailable, LimitExceeded, MalformedInput
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.events.envelope import Event, Message, encode, new_event
from pulsepoint.events.observability import MessageQuarantined
from pulsepoint.ports.document_store import Write
from pulsepoint.ports.message_bus import MAX_MESSAGE_BYTES, Delivery, message_size
from pulsepoint.ports.object_store import ObjectStore
from pulsepoint.runtime.app import Runtime
from pulsepoint.runtime.claims import PAYLOAD, PAYLOAD_LIFE, Claims
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.tenancy import TenantContext
from tests.builders.runtime import deliver, published, push_of, running
from tests.builders.stubs import serving

SCOPE = TenantContext(uuid4(), uuid4())
OTHER = TenantContext(uuid4(), SCOPE.brand_id)
TOPIC = "held-messages"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def large(over: int, scope: TenantContext = SCOPE) -> Event[MessageQuarantined]:
    """An event whose message is `over` bytes larger than the limit."""

    def event(length: int) -> Event[MessageQuarantined]:
        payload = MessageQuarantined(
            held_id="1",
            kind="quarantine",
            service="alerting",
            subscription="alerting.orders",
            event_type="order.recorded",
            reason="malformed",
            explanation="x" * length,
            size_bytes=1,
            attempts=1,
            held_at=NOW,
            expires_at=NOW,
        )
        return new_event(payload, source="alerting", entity="1", version=1, scope=scope, time=NOW)

    return event(MAX_MESSAGE_BYTES + over - message_size(encode(event(0), TOPIC)))


async def sent(payloads: ObjectStore | None, event: Event) -> Message:
    """What a service publishes for an event of its own."""
    async with running("alerting", FixedClock(NOW), Routes(), payloads=payloads) as runtime:

        async def work(reader: Reader) -> Outcome:
            return Outcome(events=[event])

        await runtime.pipeline.execute(event.scope, work, dedup_key=uuid4())
        [message] = runtime.ports.bus.published
        assert isinstance(message, Message)
        return message


class Lost(MemoryObjectStore):
    """A store that is away."""

    async def get(self, scope: TenantContext, name: str) -> bytes | None:
        raise EngineUnavailable("away")


class LargePayloadSuite:
    """Subclassed once for each object store, which gives the fixture `payloads`."""

    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock(NOW)

    async def test_up_to_the_limit_a_message_carries_its_payload_and_above_it_names_it(
        self, payloads: ObjectStore
    ) -> None:
        whole, claimed = await sent(payloads, large(0)), await sent(payloads, large(1))
        assert PAYLOAD not in whole.attributes and message_size(whole) == MAX_MESSAGE_BYTES
        assert claimed.data == b"" and len(claimed.attributes[PAYLOAD]) == 64
        for message in (whole, claimed):
            check_message(message)

    async def test_who_gets_it_sees_the_event_as_it_was(self, payloads: ObjectStore, clock: FixedClock) -> None:
        event = large(1)
        async with running("gateway", clock, Routes(on(MessageQuarantined, self.note)), payloads=payloads) as runtime:
            message = await sent(payloads, event)
            assert [await deliver(runtime, TOPIC, message) for _ in range(2)] == [204, 204]
            assert await self.noted(runtime) == [(str(event.id), len(event.payload.explanation))]

    async def test_another_tenants_payload_is_not_had_by_naming_it(
        self, payloads: ObjectStore, clock: FixedClock
    ) -> None:
        message = await sent(payloads, large(1))
        for foreign in (OTHER, SCOPE.brand(uuid4())):
            named = {**message.attributes, "tenant": str(foreign.tenant_id), "brand": str(foreign.brand_id)}
            forged = message._replace(attributes=named)
            async with running(
                "gateway", clock, Routes(on(MessageQuarantined, self.note)), payloads=payloads
            ) as runtime:
                assert await deliver(runtime, TOPIC, forged) == 204
                [quarantined] = published(runtime, MessageQuarantined)
                assert "is kept no longer" in quarantined.payload.explanation and await self.noted(runtime) == []

    async def test_a_payload_that_was_changed_is_quarantined_and_one_out_of_reach_is_asked_for_again(
        self, payloads: ObjectStore, clock: FixedClock
    ) -> None:
        message = await sent(payloads, large(1))
        await payloads.put(SCOPE, f"payloads/{message.attributes[PAYLOAD]}", b"{}", content_type="text/plain")
        async with running("gateway", clock, Routes(on(MessageQuarantined, self.note)), payloads=payloads) as runtime:
            assert await deliver(runtime, TOPIC, message) == 204
            [quarantined] = published(runtime, MessageQuarantined)
            assert "not what was stored" in quarantined.payload.explanation
        async with running("gateway", clock, Routes(on(MessageQuarantined, self.note)), payloads=Lost()) as runtime:
            assert await deliver(runtime, TOPIC, message) == 503

    async def test_a_dead_letter_keeps_the_payload_and_replays_as_it_came(
        self, payloads: ObjectStore, clock: FixedClock
    ) -> None:
        message = await sent(payloads, large(1))
        marked = {**message.attributes, SOURCE_SUBSCRIPTION: f"gateway.{TOPIC}", SOURCE_DELIVERY_COUNT: "5"}
        async with running("gateway", clock, Routes(on(MessageQuarantined, self.note)), payloads=payloads) as runtime:
            body = push_of(message._replace(attributes=marked))
            assert await runtime.receiver.receive("gateway.dead-letters", body) == 204
            [quarantined] = published(runtime, MessageQuarantined)
            assert quarantined.payload.size_bytes > MAX_MESSAGE_BYTES - 2_000
            command = ReplayRequested(service="gateway", held_id=quarantined.payload.held_id, requested_at=NOW)
            replay = new_event(command, source="gateway", entity="1", version=1, scope=SCOPE, time=NOW)

            async def work(reader: Reader) -> Outcome:
                return await runtime.receiver._quarantine.replay_requested(reader, replay)

            await runtime.pipeline.execute(SCOPE, work, dedup_key=replay.id)
            again = next(each for each in runtime.ports.bus.published if PAYLOAD in each.attributes)
            assert await deliver(runtime, TOPIC, again) == 204
            assert [count for _, count in await self.noted(runtime)] == [len(large(1).payload.explanation)]

    async def note(self, reader: Reader, event: Event[MessageQuarantined]) -> Outcome:
        seen = {"id": str(event.id), "length": len(event.payload.explanation)}
        return Outcome(writes=[Write("seen", str(event.id), seen)])

    async def noted(self, runtime: Runtime) -> list[tuple[str, int]]:
        rows: list[tuple[str, int]] = []

        async def work(reader: Reader) -> Outcome:
            document = await reader.get("seen", str(large(1).id))
            rows.extend([(document.data["id"], document.data["length"])] if document else [])
            return Outcome()

        await runtime.pipeline.execute(SCOPE, work, dedup_key=uuid4())
        return rows


class TestInMemory(LargePayloadSuite):
    @pytest.fixture
    def payloads(self, clock: FixedClock) -> MemoryObjectStore:
        return MemoryObjectStore(clock)

    async def test_payloads_go_after_their_life(self, payloads: MemoryObjectStore, clock: FixedClock) -> None:
        message = await sent(payloads, large(1))
        async with running("gateway", clock, Routes(on(MessageQuarantined, self.note)), payloads=payloads) as runtime:
            clock.advance(seconds=PAYLOAD_LIFE.total_seconds())
            await runtime.drain_outbox(0)
            assert await payloads.get(SCOPE, f"payloads/{message.attributes[PAYLOAD]}") is not None
            clock.advance(seconds=1)
            await runtime.drain_outbox(0)
            assert await payloads.get(SCOPE, f"payloads/{message.attributes[PAYLOAD]}") is None


class TestInFiles(LargePayloadSuite):
    @pytest_asyncio.fixture
    async def payloads(self, tmp_path: Path, clock: FixedClock) -> AsyncIterator[LocalObjectStore]:
        async with open_local_objects(
            tmp_path / "payloads", MemorySecretStore(), clock, public_url="http://x"
        ) as objects:
            yield objects


class TestInCloudStorage(LargePayloadSuite):
    @pytest_asyncio.fixture
    async def payloads(self, tmp_path: Path) -> AsyncIterator[CloudStorageObjectStore]:
        clock, account = FixedClock(datetime.now(UTC)), service_account_file(tmp_path / "account.json")
        credentials = service_account.Credentials.from_service_account_file(str(account))  # type: ignore[no-untyped-call]
        async with (
            serving(app_of(Objects(), account, clock)) as endpoint,
            open_cloud_storage("payloads", endpoint=endpoint, credentials=credentials, clock=clock) as objects,
        ):
            yield objects


async def test_without_a_store_a_large_message_is_refused_with_what_to_set() -> None:
    with pytest.raises(LimitExceeded, match="PULSEPOINT_PAYLOAD_BUCKET"):
        await sent(None, large(1))
    assert message_size(await sent(None, large(0))) == MAX_MESSAGE_BYTES


async def test_a_large_message_is_counted_among_the_signals_as_any_other() -> None:
    with capture_logs() as lines:
        await sent(MemoryObjectStore(), large(1))
    assert [line["type"] for line in lines if line["event"] == "signal"] == ["message.held"]


async def test_a_claim_nobody_can_redeem_says_so() -> None:
    message = Message(TOPIC, b"", {PAYLOAD: "0" * 64})
    with pytest.raises(MalformedInput, match="PULSEPOINT_PAYLOAD_BUCKET"):
        await Claims(None).checked_out(Delivery("gateway.held-messages", "1", message, 1, ""))
