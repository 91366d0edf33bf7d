"""A kept answer ends when the runtime has appended a fact, before the event of it is published."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from pulsepoint.adapters.cached_warehouse import CachedWarehouse
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.envelope import Message
from pulsepoint.events.orders import OrderDeleted
from pulsepoint.runtime.app import Runtime
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.runtime.routes import Routes
from tests.builders.runtime import running
from tests.builders.warehouse import NOON, SCOPE, order_fact

COUNT = "SELECT COUNT(*) AS n FROM orders_current WHERE brand_id = @brand_id"


async def record(runtime: Runtime, order_id: str) -> None:
    """An order's fact and event, through the runtime's own steps."""

    async def work(reader: Reader) -> Outcome:
        event = reader.event(OrderDeleted(order_id=order_id), entity=order_id, version=1, time=NOON)
        return Outcome(facts=[order_fact(order_id, recorded_at=reader.now())], events=[event])

    await runtime.pipeline.execute(SCOPE, work, dedup_key=uuid4())


async def test_who_hears_of_a_fact_is_not_answered_without_it() -> None:
    async with running("ingest-shopify", FixedClock(NOON), Routes()) as runtime:
        ports = runtime.ports
        kept = CachedWarehouse(ports.warehouse, ports.cache, ports.clock, seconds=60)
        answers: list[object] = []
        publish = ports.bus.publish

        async def heard(messages: Sequence[Message]) -> None:
            answers.append((await kept.query(SCOPE, COUNT))[0]["n"])
            await publish(messages)

        object.__setattr__(ports.bus, "publish", heard)
        for number in range(3):
            assert (await kept.query(SCOPE, COUNT))[0]["n"] == number
            await record(runtime, f"o{number}")
        assert answers == [1, 2, 3]
