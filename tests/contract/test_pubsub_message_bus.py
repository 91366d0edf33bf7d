from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.builders.pubsub import PushedBus
from tests.contract.suites.message_bus import MessageBusSuite, OpenBus


class TestPubSubMessageBus(MessageBusSuite):
    LEASE = 1.0

    @pytest_asyncio.fixture
    async def open_bus(self, pubsub_emulator: str) -> AsyncIterator[OpenBus]:
        opened: list[PushedBus] = []

        def make(subscriptions: object, **options: object) -> PushedBus:
            opened.append(PushedBus(subscriptions))  # type: ignore[arg-type]
            return opened[-1]

        yield make
        for bus in opened:
            await bus.close()
