"""Delivers webhooks over HTTP as Shopify does: signed, again until acknowledged, now and then twice or out of order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from random import Random

import httpx
import stamina

from file_import.webhooks import Delivery, Webhook, first_delivery, headers

TWICE_EVERY = 50
"""One delivery in so many comes twice: Shopify delivers at least once
(https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates)."""
ANSWER_SECONDS = 20.0
PATIENCE_SECONDS = 300.0
REMEMBERED = 2_000


class Refused(Exception):
    """The address answered that it will never take a delivery."""


class NotYet(Exception):
    """The address did not acknowledge; it is tried again."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address that a shop's webhooks go to, and the app's secret that signs them."""

    url: str
    shop: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery that was acknowledged; `number` counts them, `at` is wall time."""

    number: int
    topic: str
    resource_id: int
    occurred_at: str
    at: str
    sent_ms: int
    available: int | None = None

    def as_json(self) -> dict[str, object]:
        """The delivery as JSON, as the control address lists it."""
        return asdict(self)


class Sender:
    """Sends webhooks to one address; keeps the newest deliveries for those who watch."""

    def __init__(self, http: httpx.AsyncClient, address: Address, *, at_once: int = 8) -> None:
        """`http` is the caller's to close; `at_once` bounds the deliveries under way."""
        self._http = http
        self._address = address
        self._room = asyncio.Semaphore(at_once)
        self.acknowledged = 0
        self.repeated = 0
        self.refused: list[str] = []
        self.newest: deque[Sent] = deque(maxlen=REMEMBERED)

    async def send(self, webhooks: Sequence[Webhook], *, shuffled: Random | None = None) -> int:
        """Deliver all; their number once each is acknowledged or refused for good.

        Raises `NotYet` when the address stays silent for five minutes.
        """
        order = list(webhooks)
        if shuffled is not None:
            shuffled.shuffle(order)
        async with asyncio.TaskGroup() as group:
            for webhook in order:
                await self._room.acquire()
                group.create_task(self._deliver(webhook))
        return len(order)

    async def _deliver(self, webhook: Webhook) -> None:
        try:
            delivery = first_delivery(webhook, self._address.shop)
            began = asyncio.get_running_loop().time()
            try:
                await self._until_acknowledged(delivery)
            except Refused as error:
                self.refused = [*self.refused[-19:], str(error)]
                return
            self._note(webhook, began)
            if comes_twice(delivery):
                self.repeated += 1
                await self._until_acknowledged(delivery)
        finally:
            self._room.release()

    def _note(self, webhook: Webhook, began: float) -> None:
        self.acknowledged += 1
        available = webhook.body.get("available")
        self.newest.append(
            Sent(
                number=self.acknowledged,
                topic=webhook.topic,
                resource_id=webhook.resource_id,
                occurred_at=webhook.occurred_at.isoformat(),
                at=datetime.now(UTC).isoformat(),
                sent_ms=round((asyncio.get_running_loop().time() - began) * 1000),
                available=available if isinstance(available, int) else None,
            )
        )

    async def _until_acknowledged(self, delivery: Delivery) -> None:
        waits = stamina.retry_context(
            on=NotYet, attempts=None, timeout=PATIENCE_SECONDS, wait_initial=0.1, wait_max=5.0, wait_jitter=0.5
        )
        async for attempt in waits:
            with attempt:
                await self._once(delivery)

    async def _once(self, delivery: Delivery) -> None:
        signed = headers(delivery, self._address.shop, self._address.secret)
        try:
            answer = await self._http.post(
                self._address.url, content=delivery.body, headers=signed, timeout=ANSWER_SECONDS
            )
        except httpx.TransportError as error:
            raise NotYet(f"{delivery.topic}: {type(error).__name__}") from None
        if answer.is_success:
            return
        outcome = f"{delivery.topic} {delivery.webhook_id}: {answer.status_code}"
        if answer.status_code in (408, 425, 429) or answer.is_server_error:
            raise NotYet(outcome)
        raise Refused(outcome)


def comes_twice(delivery: Delivery) -> bool:
    """True for a delivery that is repeated; always the same for the same delivery."""
    return int(delivery.webhook_id.replace("-", "")[:8], 16) % TWICE_EVERY == 0


def in_time_order(webhooks: Iterable[Webhook]) -> list[Webhook]:
    """Webhooks by when they happened."""
    return sorted(webhooks, key=lambda webhook: (webhook.occurred_at, webhook.topic, webhook.resource_id))
