"""The suite of every bus. Subclasses give a fixture `open_bus(subscriptions, **options)`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol
from uuid import uuid4

import pytest

from pulsepoint.errors import LimitExceeded
from pulsepoint.events.catalog import Subscription
from pulsepoint.events.envelope import Message
from pulsepoint.ports.message_bus import Delivery, MessageBus, Push, PushEngine

SOON = 30.0


class DeliveringBus(MessageBus, PushEngine, Protocol):
    """A bus and what delivers its messages: in the cloud Pub/Sub's pushes and who receives them."""


OpenBus = Callable[..., DeliveringBus]


class Receiver:
    """A service that answers each push with `answer(delivery)` and remembers what it got."""

    def __init__(self, answer: Callable[[Delivery], Any] = lambda delivery: 204) -> None:
        self.answer = answer
        self.got: list[Delivery] = []
        self._came = asyncio.Condition()

    async def push(self, delivery: Delivery) -> int:
        self.got.append(delivery)
        async with self._came:
            self._came.notify_all()
        status = self.answer(delivery)
        return int(status if isinstance(status, int) else await status)

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON), self._came:
            await self._came.wait_for(met)

    async def until_got(self, count: int) -> None:
        await self.until(lambda: len(self.got) >= count)


@asynccontextmanager
async def running(bus: PushEngine, push: Push) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(bus.run(push))
    try:
        yield task
    finally:
        await stopped(task)


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def subscribe(topic: str, *, service: str | None = None, types: Iterable[str] = ("a",), **fields: Any) -> Subscription:
    quick: dict[str, Any] = {"max_attempts": 5, "min_backoff": 0.01, "max_backoff": 0.05, "ack_deadline": 20.0}
    return Subscription(topic, service or f"service-{uuid4()}", frozenset(types), **{**quick, **fields})


def message(topic: str, data: bytes = b"{}", type: str = "a", **attributes: str) -> Message:
    return Message(topic, data, {"ce-type": type, **attributes})


async def never() -> int:
    await asyncio.Event().wait()
    return 204


class MessageBusSuite:
    """Subclassed once for each adapter; `LEASE` is the shortest acknowledgement deadline it has, in seconds."""

    LEASE = 0.2

    @pytest.fixture
    def topic(self) -> str:
        return f"topic-{uuid4()}"

    async def test_a_message_arrives_as_it_was_published(self, open_bus: OpenBus, topic: str) -> None:
        subscription = subscribe(topic)
        bus, receiver = open_bus([subscription]), Receiver()
        sent = message(topic, bytes(range(256)), note="größe 🧦")
        await bus.publish([sent])
        async with running(bus, receiver.push):
            assert await bus.drain(SOON)
        (delivery,) = receiver.got
        assert (delivery.subscription, delivery.message, delivery.attempt) == (subscription.name, sent, 1)
        assert delivery.publish_time
        assert delivery.message_id

    async def test_each_subscription_gets_what_its_filter_wants(self, open_bus: OpenBus, topic: str) -> None:
        only_a, both = subscribe(topic), subscribe(topic, types=("a", "b"))
        elsewhere = subscribe(f"other-{topic}")
        bus, receiver = open_bus([only_a, both, elsewhere]), Receiver()
        async with running(bus, receiver.push):
            await bus.publish([message(topic, type="a"), message(topic, type="b"), message(topic, type="c")])
            await bus.publish([Message(topic, b"no type", {})])
            assert await bus.drain(SOON)
        got = sorted((delivery.subscription, delivery.message.attributes["ce-type"]) for delivery in receiver.got)
        assert got == sorted([(only_a.name, "a"), (both.name, "a"), (both.name, "b")])

    async def test_a_topic_without_subscribers_takes_everything(self, open_bus: OpenBus, topic: str) -> None:
        bus = open_bus([])
        await bus.publish([message(topic)])
        await bus.publish([])
        assert await bus.drain(0.1)

    async def test_a_running_engine_delivers_at_once(self, open_bus: OpenBus, topic: str) -> None:
        bus, receiver = open_bus([subscribe(topic)]), Receiver()
        async with running(bus, receiver.push):
            for count in range(1, 4):
                await bus.publish([message(topic)])
                await receiver.until_got(count)

    async def test_many_publishers_at_once_lose_nothing(self, open_bus: OpenBus, topic: str) -> None:
        bus, receiver = open_bus([subscribe(topic)]), Receiver()
        async with running(bus, receiver.push):
            await asyncio.gather(*(bus.publish([message(topic, str(number).encode())]) for number in range(500)))
            assert await bus.drain(SOON)
        assert sorted(int(delivery.message.data) for delivery in receiver.got) == list(range(500))

    async def test_one_slow_subscription_does_not_hold_up_another(self, open_bus: OpenBus, topic: str) -> None:
        slow, quick = subscribe(topic), subscribe(topic)
        receiver = Receiver(lambda delivery: never() if delivery.subscription == slow.name else 204)
        bus = open_bus([slow, quick], in_flight=2, grace=0.0)
        await bus.publish([message(topic) for _ in range(30)])
        async with running(bus, receiver.push):
            await receiver.until(lambda: sum(got.subscription == quick.name for got in receiver.got) == 30)

    @pytest.mark.parametrize("failure", [500, 429, 302, RuntimeError("the service broke")])
    async def test_what_was_not_acknowledged_is_delivered_again(
        self, open_bus: OpenBus, topic: str, failure: int | Exception
    ) -> None:
        def answer(delivery: Delivery) -> int:
            if delivery.attempt > 1:
                return 204
            if isinstance(failure, Exception):
                raise failure
            return failure

        bus, receiver = open_bus([subscribe(topic)]), Receiver(answer)
        await bus.publish([message(topic, b"again")])
        async with running(bus, receiver.push):
            assert await bus.drain(SOON)
        assert [(delivery.attempt, delivery.message.data) for delivery in receiver.got] == [
            (1, b"again"),
            (2, b"again"),
        ]
        assert len({delivery.message_id for delivery in receiver.got}) == 1

    async def test_it_waits_longer_after_each_failure(self, open_bus: OpenBus, topic: str) -> None:
        times: list[float] = []

        def answer(delivery: Delivery) -> int:
            times.append(asyncio.get_running_loop().time())
            return 204 if delivery.attempt == 3 else 503

        bus = open_bus([subscribe(topic, min_backoff=0.1, max_backoff=10.0)])
        await bus.publish([message(topic)])
        async with running(bus, Receiver(answer).push):
            assert await bus.drain(SOON)
        assert times[1] - times[0] >= 0.1
        assert times[2] - times[1] >= 0.2

    async def test_a_failing_message_does_not_hold_up_the_others(self, open_bus: OpenBus, topic: str) -> None:
        receiver = Receiver(lambda delivery: 500 if delivery.message.data == b"bad" else 204)
        bus = open_bus([subscribe(topic, min_backoff=60.0, max_backoff=60.0)], in_flight=1)
        await bus.publish([message(topic, b"bad"), *(message(topic) for _ in range(20))])
        async with running(bus, receiver.push):
            await receiver.until_got(21)
            assert not await bus.drain(0.05)
        assert sum(delivery.message.data == b"bad" for delivery in receiver.got) == 1

    async def test_after_the_last_attempt_it_is_a_dead_letter_of_its_service(
        self, open_bus: OpenBus, topic: str
    ) -> None:
        subscription = subscribe(topic, service="shop-" + topic)
        dead_letters = f"{subscription.service}.dead-letters"
        receiver = Receiver(lambda delivery: 204 if delivery.subscription == dead_letters else 500)
        bus = open_bus([subscription])
        await bus.publish([message(topic, b"\xff body", tenant="t")])
        async with running(bus, receiver.push):
            assert await bus.drain(SOON)
        *tries, dead = receiver.got
        assert [(got.subscription, got.attempt) for got in tries] == [(subscription.name, n) for n in range(1, 6)]
        assert (dead.subscription, dead.attempt) == (dead_letters, 1)
        assert (dead.message.topic, dead.message.data) == (f"dead-letters.{subscription.service}", b"\xff body")
        attributes = dead.message.attributes
        assert attributes["CloudPubSubDeadLetterSourceSubscription"] == subscription.name
        assert attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
        assert (attributes["ce-type"], attributes["tenant"]) == ("a", "t")

    async def test_a_push_that_outlasts_its_lease_is_delivered_again(self, open_bus: OpenBus, topic: str) -> None:
        receiver = Receiver(lambda delivery: never() if delivery.attempt == 1 else 204)
        bus = open_bus([subscribe(topic, ack_deadline=self.LEASE)])
        await bus.publish([message(topic)])
        async with running(bus, receiver.push):
            assert await bus.drain(SOON)
        # On a slow machine the answer to the second may come after its lease too.
        assert [delivery.attempt for delivery in receiver.got][:2] == [1, 2]

    async def test_messages_over_pub_subs_limits_are_refused(self, open_bus: OpenBus, topic: str) -> None:
        bus = open_bus([subscribe(topic)])
        for wrong in (
            message(topic, b"x" * 9_996_000),
            message(topic, note="x" * 1_025),
            message(topic, note="ü" * 513),
            Message(topic, b"", {str(number): "" for number in range(101)}),
            Message(topic, b"", {"x" * 257: ""}),
        ):
            with pytest.raises(LimitExceeded):
                await bus.publish([message(topic), wrong])
        await bus.publish([message(topic, b"x" * 9_000_000, note="x" * 1_024)])
        receiver = Receiver()
        async with running(bus, receiver.push):
            assert await bus.drain(SOON)
        assert [len(delivery.message.data) for delivery in receiver.got] == [9_000_000]
