"""Deliveries a second that Pub/Sub confirmed before the 2xx, on Google's emulator.

Against a bare ASGI app that only checks the HMAC, and against the same service awaiting the futures of the vendor's
batching client. Each server runs on one core of its own; the load and the emulator have the others.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from deploy.emulated.engines import pubsub_emulator
from pulsepoint.adapters.pubsub.clients import publisher_client
from pulsepoint.events.catalog import RAW_TOPIC
from tests.load.servers import BENCH_PROJECT
from tests.load.table import Row, median_of_ratios
from tests.load.webhook_rate import in_turns, pin, serving, signed_request

WARM_UP = 4
"""Rounds that do not count: the emulator answers five times as fast once its code is compiled."""


def measure(*, quick: bool = False) -> list[Row]:
    """Two rows: confirmed by Pub/Sub before the 2xx, and the vendor's own way of publishing."""
    rounds, seconds = (2, 0.5) if quick else (7, 2.0)
    rates: dict[str, list[float]] = {"bare": [], "batched": [], "futures": []}
    cores = os.sched_getaffinity(0)
    with ExitStack() as stack, tempfile.TemporaryDirectory() as home:
        pin(0, cores - {0} or cores)  # the emulator inherits it
        emulator = stack.enter_context(pubsub_emulator(Path(home)))
        asyncio.run(_make_topic(emulator))
        for round_number in range(-WARM_UP, rounds):
            for name, got in _round(emulator, seconds).items():
                if round_number >= 0:
                    rates[name].append(got)
        os.sched_setaffinity(0, cores)
    batched = median(rates["batched"])
    bare, futures = (median_of_ratios(rates["batched"], rates[name]) for name in ("bare", "futures"))
    return [
        Row("deliveries, confirmed by Pub/Sub first", batched, "1/s", "bare ASGI app, HMAC only", bare, ">= 0.4"),
        Row("deliveries, confirmed by Pub/Sub first", batched, "1/s", "PublisherClient's futures", futures, ">= 3"),
        Row("deliveries, PublisherClient's futures awaited", median(rates["futures"]), "1/s"),
    ]


def _round(emulator: str, seconds: float) -> dict[str, float]:
    environment = {"PUBSUB_EMULATOR_HOST": emulator}
    with ExitStack() as stack:
        ports = {
            "bare": stack.enter_context(serving("bare_hmac_app", module="uvicorn")),
            "batched": stack.enter_context(serving("service_on_pubsub", **environment)),
            "futures": stack.enter_context(serving("service_on_pubsub_futures", **environment)),
        }
        return in_turns(ports, signed_request(), seconds)


async def _make_topic(emulator: str) -> None:
    os.environ["PUBSUB_EMULATOR_HOST"] = emulator
    try:
        async with publisher_client() as client:
            await client.create_topic(name=f"projects/{BENCH_PROJECT}/topics/{RAW_TOPIC}")
    finally:
        del os.environ["PUBSUB_EMULATOR_HOST"]
