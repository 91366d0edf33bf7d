from __future__ import annotations

import pytest

from pulsepoint.adapters.memory.message_bus import MemoryMessageBus
from tests.contract.suites.embedded_bus import EmbeddedBusSuite, OpenBus
from tests.contract.suites.message_bus import message


class TestMemoryMessageBus(EmbeddedBusSuite):
    @pytest.fixture
    def open_bus(self) -> OpenBus:
        return lambda subscriptions, **options: MemoryMessageBus(subscriptions=subscriptions, **options)

    async def test_it_remembers_what_was_published(self, topic: str) -> None:
        bus = MemoryMessageBus()
        await bus.publish([message(topic, b"1"), message(topic, b"2")])
        assert [sent.data for sent in bus.published] == [b"1", b"2"]
