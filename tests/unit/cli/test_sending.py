"""Sending: signatures, retries, refusals, bounded concurrency, copies and shuffling."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections import Counter
from uuid import UUID

import httpx
import pytest

from deploy.cli.copies import Duplication, shuffled, with_copies
from deploy.cli.sender import NotAnswered, Pace, Sent, Target, send_all
from file_import.webhooks import Delivery

SECRET = "hush"
TARGET = Target("http://instance", "first-light.myshopify.com", SECRET)
AT_ONCE = Pace(concurrency=4, patience=5)


def deliveries(count: int) -> list[Delivery]:
    return [
        Delivery("orders/create", b'{"id":%d}\n' % number, f"w{number}", f"e{number}", "2011-02-01T10:00:00Z")
        for number in range(count)
    ]


class Instance:
    """Answers with the given statuses in turn, then 200; remembers what it was sent."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.under_way = self.most_under_way = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, text="told")


async def send(instance: Instance, count: int, pace: Pace = AT_ONCE) -> Sent:
    return await send_all(iter(deliveries(count)), TARGET, pace, transport=httpx.MockTransport(instance))


async def test_every_delivery_carries_shopifys_headers_over_the_exact_bytes() -> None:
    instance = Instance()
    await send(instance, 1)
    [request] = instance.requests
    expected = base64.b64encode(hmac.new(SECRET.encode(), request.content, hashlib.sha256).digest()).decode()
    assert request.content == b'{"id":0}\n'
    assert request.url == "http://instance/webhooks/shopify"
    assert {name: value for name, value in request.headers.items() if name.startswith("x-shopify")} == {
        "x-shopify-topic": "orders/create",
        "x-shopify-hmac-sha256": expected,
        "x-shopify-shop-domain": TARGET.shop,
        "x-shopify-api-version": "2026-04",
        "x-shopify-webhook-id": "w0",
        "x-shopify-event-id": "e0",
        "x-shopify-triggered-at": "2011-02-01T10:00:00Z",
    }


@pytest.mark.parametrize("failure", [503, 500, 429, httpx.ConnectError("refused"), httpx.ReadError("reset")])
async def test_a_delivery_not_acknowledged_is_sent_again_unchanged(failure: int | Exception) -> None:
    instance = Instance(failure, failure)
    sent = await send(instance, 1)
    assert (sent.acknowledged, sent.retries, sent.refused) == (1, 2, 0)
    assert len({(request.content, request.headers["x-shopify-webhook-id"]) for request in instance.requests}) == 1


async def test_a_refused_delivery_is_told_and_not_sent_again() -> None:
    instance = Instance(401)
    sent = await send(instance, 2)
    assert (sent.acknowledged, sent.refused, len(instance.requests)) == (1, 1, 2)
    assert "401" in sent.refusals[0]


async def test_a_silent_instance_ends_the_sending_after_the_patience() -> None:
    instance = Instance(*[httpx.ConnectError("refused")] * 1000)
    with pytest.raises(NotAnswered, match="http://instance did not acknowledge"):
        await send(instance, 50, Pace(concurrency=2, patience=0.1))


async def test_no_more_than_the_asked_for_number_are_under_way() -> None:
    instance = Instance()
    sent = await send(instance, 40, Pace(concurrency=3))
    assert (sent.acknowledged, instance.most_under_way) == (40, 3)


async def test_a_rate_spreads_the_deliveries_over_time() -> None:
    started = asyncio.get_running_loop().time()
    await send(Instance(), 6, Pace(concurrency=4, rate=50))
    assert asyncio.get_running_loop().time() - started >= 5 / 50


def test_every_tenth_is_sent_three_times_half_of_the_copies_under_fresh_ids() -> None:
    sent = list(with_copies(deliveries(100), Duplication(10, 3), seed=1))
    times = Counter(delivery.body for delivery in sent)
    assert Counter(times.values()) == {1: 90, 3: 10}
    fresh = [delivery for delivery in sent if not delivery.webhook_id.startswith("w")]
    assert len(sent) - 100 == 20
    assert len(fresh) == len({delivery.webhook_id for delivery in fresh}) == 10
    assert all(UUID(delivery.event_id).version == 4 for delivery in fresh)


def test_shuffling_keeps_every_delivery_whole_and_follows_the_seed() -> None:
    ours = deliveries(50)
    once, again, other = (list(shuffled(ours, seed)) for seed in (7, 7, 8))
    assert once == again != other
    assert once != ours
    assert sorted(once, key=lambda delivery: delivery.webhook_id) == sorted(ours, key=lambda each: each.webhook_id)


@pytest.mark.parametrize("text", ["", "ten", "0:3", "10:0", "10:x"])
def test_a_duplication_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Duplication.parse(text)
