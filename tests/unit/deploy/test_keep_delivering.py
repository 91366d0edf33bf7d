"""A push engine that ends by itself is started again."""

from __future__ import annotations

import asyncio

import pytest

from deploy.local.instance import keep_delivering
from pulsepoint.ports.message_bus import Delivery, Push


class Enough(Exception):
    """Ends the test."""


class Engine:
    """Ends twice, once with an error."""

    def __init__(self) -> None:
        self.runs = 0

    async def run(self, push: Push) -> None:
        self.runs += 1
        if self.runs == 1:
            raise RuntimeError("the pool took its connection back")

    async def drain(self, timeout: float) -> bool:
        return True


async def push(delivery: Delivery) -> int:
    return 204


async def test_an_engine_that_ended_runs_again_after_a_pause() -> None:
    engine, pauses = Engine(), []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise Enough
        await asyncio.sleep(0)

    with pytest.raises(Enough):
        await keep_delivering(engine, push, sleep)
    assert engine.runs == 3
