"""Sends deliveries over HTTP as Shopify does: keep-alive, a bounded number at once, again until acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import uniform

import httpx

from file_import.webhooks import Delivery, headers

# Shopify gives an app 5 s (https://shopify.dev/docs/apps/build/webhooks/subscribe/https); a small machine gets more.
ANSWER_SECONDS = 30.0
FIRST_WAIT = 0.05
LONGEST_WAIT = 3.0
KEPT_REFUSALS = 20
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Target:
    """Where deliveries go, for which shop, and the secret that signs them."""

    address: str
    shop: str
    secret: str = field(repr=False)


@dataclass(slots=True)
class Sent:
    """The outcome of the deliveries; `refusals` keeps the first few in the instance's words."""

    acknowledged: int = 0
    refused: int = 0
    retries: int = 0
    refusals: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `concurrency` at once, `rate` a second (0: as fast as answered), each tried for `patience` seconds."""

    concurrency: int = 16
    rate: float = 0.0
    patience: float = 60.0


class NotAnswered(Exception):
    """The instance acknowledged a delivery not once within the patience; sending stopped."""


async def send_all(
    deliveries: Iterator[Delivery],
    target: Target,
    pace: Pace,
    *,
    on_acknowledged: Callable[[Delivery], None] = lambda delivery: None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Sent:
    """Send every delivery until it is acknowledged or refused; raises `NotAnswered` when the instance stays silent."""
    sent = Sent()
    started = asyncio.get_running_loop().time()
    taken = 0
    trusted = httpx.create_ssl_context(trust_env=False)

    async def worker() -> None:
        nonlocal taken
        # A client of its own: one pool of many connections looks at all of them for each request.
        async with httpx.AsyncClient(
            base_url=target.address, timeout=ANSWER_SECONDS, transport=transport, verify=trusted, trust_env=False
        ) as http:
            for delivery in deliveries:
                taken += 1
                if pace.rate > 0:
                    await asyncio.sleep(started + (taken - 1) / pace.rate - asyncio.get_running_loop().time())
                if await _send(http, delivery, target, pace, sent):
                    on_acknowledged(delivery)

    tasks = [asyncio.create_task(worker()) for _ in range(pace.concurrency)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return sent


async def _send(http: httpx.AsyncClient, delivery: Delivery, target: Target, pace: Pace, sent: Sent) -> bool:
    signed = headers(delivery, target.shop, target.secret)
    deadline = asyncio.get_running_loop().time() + pace.patience
    wait = FIRST_WAIT
    while True:
        try:
            response = await http.post("/webhooks/shopify", content=delivery.body, headers=signed)
        except httpx.TransportError as error:
            reason, pause = type(error).__name__, 0.0
        else:
            if response.is_success:
                sent.acknowledged += 1
                return True
            reason, pause = f"{response.status_code}", _retry_after(response)
            if response.status_code not in RETRIED:
                sent.refused += 1
                if len(sent.refusals) < KEPT_REFUSALS:
                    sent.refusals.append(f"{delivery.topic} {delivery.webhook_id}: {reason} {response.text[:200]}")
                return False
        if asyncio.get_running_loop().time() > deadline:
            raise NotAnswered(
                f"The instance at {target.address} did not acknowledge a {delivery.topic}"
                f" in {pace.patience:.0f} s ({reason})."
            )
        sent.retries += 1
        # Spread, so that many waiting senders do not come back at the same moment.
        await asyncio.sleep(max(pause, uniform(wait / 2, wait)))  # noqa: S311 - jitter, not a secret
        wait = min(wait * 2, LONGEST_WAIT)


def _retry_after(response: httpx.Response) -> float:
    try:
        return min(float(response.headers.get("Retry-After", 0)), LONGEST_WAIT)
    except ValueError:
        return 0.0
