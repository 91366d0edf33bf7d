"""The suite of an embedded bus: order, limits in flight, shutdown, depth.

Pub/Sub promises no order without ordering keys, and its pushes are Google's: how many are in flight and what
waits is not ours to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from tests.contract.suites.message_bus import (
    SOON,
    DeliveringBus,
    MessageBusSuite,
    Receiver,
    message,
    never,
    running,
    subscribe,
)


class EmbeddedBus(DeliveringBus, Protocol):
    async def depth(self) -> dict[str, dict[str, float]]: ...


OpenBus = Callable[..., EmbeddedBus]


class EmbeddedBusSuite(MessageBusSuite):
    """Subclassed once for each embedded adapter."""

    async def test_messages_come_in_the_order_they_were_published(self, open_bus: OpenBus, topic: str) -> None:
        bus, receiver = open_bus([subscribe(topic)], in_flight=1), Receiver()
        await bus.publish([message(topic, str(number).encode()) for number in range(50)])
        await bus.publish([message(topic, str(number).encode()) for number in range(50, 100)])
        async with running(bus, receiver.push):
            assert await bus.drain(SOON)
        assert [int(delivery.message.data) for delivery in receiver.got] == list(range(100))

    async def test_no_more_than_the_limit_are_in_flight(self, open_bus: OpenBus, topic: str) -> None:
        at_once, most, go = 0, 0, asyncio.Event()

        async def answer() -> int:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await go.wait()
            at_once -= 1
            return 204

        bus, receiver = open_bus([subscribe(topic)], in_flight=4), Receiver(lambda delivery: answer())
        await bus.publish([message(topic) for _ in range(40)])
        async with running(bus, receiver.push):
            await receiver.until_got(4)
            go.set()
            assert await bus.drain(SOON)
        assert most == 4

    async def test_a_dead_letter_is_tried_for_ever(self, open_bus: OpenBus, topic: str) -> None:
        subscription = subscribe(topic, max_attempts=1)
        receiver = Receiver(lambda delivery: 204 if delivery.attempt == 6 else 500)
        bus = open_bus([subscription])
        await bus.publish([message(topic)])
        async with running(bus, receiver.push):
            assert await bus.drain(SOON)
        assert [delivery.attempt for delivery in receiver.got] == [1, 1, 2, 3, 4, 5, 6]

    async def test_shutdown_lets_pushes_finish(self, open_bus: OpenBus, topic: str) -> None:
        go = asyncio.Event()

        async def answer() -> int:
            await go.wait()
            return 204

        bus, receiver = open_bus([subscribe(topic)], grace=SOON), Receiver(lambda delivery: answer())
        await bus.publish([message(topic)])
        async with running(bus, receiver.push) as task:
            await receiver.until_got(1)
            task.cancel()
            go.set()
        assert await bus.drain(0.5)
        assert len(receiver.got) == 1

    async def test_what_shutdown_cut_short_is_delivered_by_the_next_run(self, open_bus: OpenBus, topic: str) -> None:
        bus = open_bus([subscribe(topic)], in_flight=2, grace=0.0)
        await bus.publish([message(topic, str(number).encode()) for number in range(5)])
        hanging, answering = Receiver(lambda delivery: never()), Receiver()
        async with running(bus, hanging.push):
            await hanging.until_got(2)
        assert not await bus.drain(0.0)
        async with running(bus, answering.push):
            assert await bus.drain(SOON)
        assert sorted(delivery.message.data for delivery in answering.got) == [b"0", b"1", b"2", b"3", b"4"]
        assert {delivery.attempt for delivery in answering.got} == {1}

    async def test_drain_says_whether_anything_is_left(self, open_bus: OpenBus, topic: str) -> None:
        bus, go = open_bus([subscribe(topic)]), asyncio.Event()

        async def answer() -> int:
            await go.wait()
            return 204

        receiver = Receiver(lambda delivery: answer())
        await bus.publish([message(topic)])
        assert not await bus.drain(0.0)
        async with running(bus, receiver.push):
            await receiver.until_got(1)
            assert not await bus.drain(0.05)
            go.set()
            assert await bus.drain(SOON)

    async def test_depth_counts_what_waits_and_what_is_in_flight(self, open_bus: OpenBus, topic: str) -> None:
        subscription = subscribe(topic)
        bus, receiver = open_bus([subscription], in_flight=1, grace=0.0), Receiver(lambda delivery: never())
        assert subscription.name not in await bus.depth()
        await bus.publish([message(topic)])
        depth = (await bus.depth())[subscription.name]
        assert (depth["waiting"], depth["in_flight"]) == (1, 0)
        assert 0.0 <= depth["oldest_age_seconds"] < SOON
        async with running(bus, receiver.push):
            await receiver.until_got(1)
            depth = (await bus.depth())[subscription.name]
            assert (depth["waiting"], depth["in_flight"]) == (0, 1)
