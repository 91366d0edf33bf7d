"""The webhook address, over ASGI with the memory bus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from starlette.types import Message as ASGIMessage

from ingest_shopify.endpoints import LINGER_BYTES, webhook_app
from ingest_shopify.settings import Settings
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.message_bus import MemoryMessageBus
from pulsepoint.errors import EngineUnavailable
from pulsepoint.events.envelope import Message, decode_raw
from tests.builders.shopify import SECRET, SHOP, as_bytes, order_body, sign, signed

BODY = as_bytes(order_body())
LIMIT = 20_000


class Door:
    """The address on a memory bus; `post` answers (status, headers, body) and counts the chunks read.

    `chunks_read_unanswered` are those read before the status was told.
    """

    def __init__(self, bus: Any = None, *, previous: str = "") -> None:
        self.bus = bus or MemoryMessageBus(FixedClock())
        self.clock = FixedClock()
        self.chunks_read = 0
        self.chunks_read_unanswered = 0
        settings = Settings(
            shopify_api_secret=SecretStr(SECRET),
            shopify_api_secret_previous=SecretStr(previous),
            shopify_body_limit=LIMIT,
        )
        self._app = webhook_app(self, settings)

    async def post(
        self,
        headers: dict[str, str],
        *chunks: bytes,
        path: str = "/webhooks/shopify",
        method: str = "POST",
        declared_length: int | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        waiting = list(chunks)
        sent: list[ASGIMessage] = []
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        if declared_length is not None:
            pairs.append((b"content-length", str(declared_length).encode()))

        async def receive() -> ASGIMessage:
            self.chunks_read += 1
            self.chunks_read_unanswered += not sent
            body = waiting.pop(0) if waiting else b""
            return {"type": "http.request", "body": body, "more_body": bool(waiting)}

        async def send(message: ASGIMessage) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "headers": pairs}
        await self._app(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])

    @property
    def published(self) -> list[Message]:
        return self.bus.published


class BrokenBus:
    published: Sequence[Message] = ()

    async def publish(self, messages: Sequence[Message]) -> None:
        raise EngineUnavailable("the queue did not answer")


@pytest.mark.rule("SHOP-03")
async def test_a_signed_delivery_is_published_as_it_came_and_then_acknowledged() -> None:
    door = Door()
    status, headers, body = await door.post(signed(BODY), BODY)
    assert (status, body) == (200, b"")
    [message] = door.published
    assert message.topic == "shopify-deliveries"
    assert message.data == BODY
    event = decode_raw(message)
    assert event.entity == SHOP
    assert event.time == door.clock.now()
    assert event.payload.headers["shopify-topic"] == "orders/create"
    assert event.payload.headers["shopify-api-version"] == "2026-04"
    assert event.payload.headers["shopify-webhook-id"] == "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"
    assert event.payload.headers["shopify-event-id"] == "98880550-7158-44d4-b7cd-2c97c8a091b5"
    assert event.payload.headers["shopify-triggered-at"] == "2026-03-10T11:00:04.123456789Z"
    assert headers == {"content-length": "0"}


async def test_each_delivery_begins_a_trace_of_its_own_and_honours_none_from_outside() -> None:
    door = Door()
    foreign = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for _ in range(2):
        await door.post(signed(BODY, traceparent=foreign), BODY)
    first, second = (message.attributes["traceparent"] for message in door.published)
    assert len({first, second, foreign}) == 3
    version, trace_id, span_id, flags = first.split("-")
    assert (version, len(trace_id), len(span_id), flags) == ("00", 32, 16, "01")


@pytest.mark.rule("SHOP-04")
async def test_the_same_body_has_the_same_id_whatever_shopify_numbers_the_delivery() -> None:
    door = Door()
    await door.post(signed(BODY), BODY)
    await door.post(signed(BODY, x_shopify_webhook_id="another", x_shopify_event_id="other"), BODY)
    await door.post(signed(BODY, topic="orders/paid"), BODY)
    ids = [decode_raw(message).id for message in door.published]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.rule("SHOP-01")
@pytest.mark.parametrize("given", ["", "wronghash", sign(BODY, "another secret"), sign(BODY + b" "), "é" * 44])
async def test_a_missing_or_wrong_signature_is_refused(given: str) -> None:
    door = Door()
    headers = signed(BODY)
    headers["x-shopify-hmac-sha256"] = given
    assert (await door.post(headers, BODY))[0] == 401
    del headers["x-shopify-hmac-sha256"]
    assert (await door.post(headers, BODY))[0] == 401
    assert not door.published


@pytest.mark.rule("SHOP-01")
async def test_a_body_changed_on_the_way_is_refused() -> None:
    door = Door()
    changed = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
    assert (await door.post(signed(BODY), changed))[0] == 401
    assert not door.published


async def test_the_signature_header_without_a_prefix_counts_too() -> None:
    door = Door()
    headers = {name.removeprefix("x-"): value for name, value in signed(BODY).items()}
    assert (await door.post(headers, BODY))[0] == 200
    assert door.published[0].attributes["shop"] == SHOP


async def test_a_header_too_long_for_the_bus_is_cut_and_the_delivery_is_kept() -> None:
    door = Door()
    headers = signed(BODY) | {"x-shopify-triggered-at": "ü" * 1_000}
    assert (await door.post(headers, BODY))[0] == 200
    (message,) = door.published
    assert message.attributes["shopify-triggered-at"] == "ü" * 250
    assert message.attributes["shopify-topic"] == "orders/create"


async def test_while_a_secret_is_replaced_both_are_accepted() -> None:
    door = Door(previous="the old secret")
    assert (await door.post(signed(BODY, "the old secret"), BODY))[0] == 200
    assert (await door.post(signed(BODY), BODY))[0] == 200
    assert (await Door().post(signed(BODY, "the old secret"), BODY))[0] == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_post_is_allowed(method: str) -> None:
    status, headers, _ = await Door().post(signed(BODY), BODY, method=method)
    assert (status, headers["allow"]) == (405, "POST")


async def test_a_body_told_to_be_over_the_limit_is_refused_unread() -> None:
    door = Door()
    status, _, _ = await door.post(signed(BODY), BODY, declared_length=LIMIT + 1)
    assert (status, door.chunks_read_unanswered) == (413, 0)


async def test_a_streamed_body_is_refused_once_it_passes_the_limit() -> None:
    door = Door()
    chunk = b"x" * (LIMIT // 4)
    status, headers, _ = await door.post(signed(chunk * 40), *[chunk] * 40)
    assert (status, door.chunks_read_unanswered) == (413, 5)
    assert headers["connection"] == "close"
    assert not door.published


async def test_what_still_comes_of_a_refused_body_is_dropped_so_that_its_sender_hears_why() -> None:
    door = Door()
    chunk = b"x" * (LIMIT // 4)
    for declared_length in (None, LIMIT * 10):
        door.chunks_read = 0
        assert (await door.post(signed(chunk * 40), *[chunk] * 40, declared_length=declared_length))[0] == 413
        assert door.chunks_read == 40


async def test_a_sender_that_never_ends_is_left() -> None:
    door = Door()
    chunk = bytes(LINGER_BYTES // 8)
    assert (await door.post(signed(chunk), *[chunk] * 40))[0] == 413
    assert door.chunks_read == 1 + 8


async def test_a_single_chunk_over_the_limit_is_refused_though_its_length_was_not_told() -> None:
    body = b"x" * (LIMIT + 1)
    assert (await Door().post(signed(body), body))[0] == 413


async def test_a_body_of_exactly_the_limit_is_taken_whole_or_in_pieces() -> None:
    door = Door()
    body = b"x" * LIMIT
    assert (await door.post(signed(body), body, declared_length=LIMIT))[0] == 200
    assert (await door.post(signed(body), body[:7], body[7:9_000], body[9_000:]))[0] == 200
    assert [message.data for message in door.published] == [body, body]


async def test_a_length_that_is_no_number_is_refused() -> None:
    headers = {**signed(BODY), "content-length": "-1"}
    assert (await Door().post(headers, BODY))[0] == 400


@pytest.mark.rule("SHOP-03")
async def test_a_bus_that_does_not_confirm_is_no_acknowledgement() -> None:
    status, _, body = await Door(BrokenBus()).post(signed(BODY), BODY)
    assert (status, body) == (503, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-shopify-shop-domain": "evil.example.com"},
        {"x-shopify-shop-domain": ""},
        {"x-shopify-topic": "no/such-topic"},
        {"x-shopify-topic": ""},
        {"x-shopify-api-version": "yesterday"},
    ],
)
async def test_the_sender_of_a_signed_delivery_that_cannot_be_used_learns_nothing(headers: dict[str, str]) -> None:
    door = Door()
    good = await door.post(signed(BODY), BODY)
    odd = await door.post({**signed(BODY), **headers}, BODY)
    unreadable = await door.post(signed(b"not json"), b"not json")
    assert good == odd == unreadable == (200, {"content-length": "0"}, b"")
    assert len(door.published) == 3


async def test_a_delivery_without_shop_and_topic_headers_still_reaches_the_subscriber() -> None:
    door = Door()
    status, _, _ = await door.post({"x-shopify-hmac-sha256": sign(BODY)}, BODY)
    assert status == 200
    assert decode_raw(door.published[0]).entity == ""


async def test_shop_domains_are_told_in_lower_case() -> None:
    door = Door()
    await door.post(signed(BODY, shop="Light-Lane.MyShopify.com"), BODY)
    assert door.published[0].attributes["shop"] == SHOP


async def test_header_values_are_cut_to_what_an_attribute_may_hold() -> None:
    door = Door()
    status, _, _ = await door.post(signed(BODY, topic="ÿ" * 5_000), BODY)
    assert status == 200
    assert all(len(value.encode()) <= 1024 for value in door.published[0].attributes.values())


@pytest.mark.parametrize(
    ("path", "status", "token"),
    [
        ("/webhooks/shopify", 200, None),
        ("/webhooks/shopify/", 200, None),
        ("/webhooks/shopify/3f2A-b_9", 200, "3f2A-b_9"),
        ("/webhooks/shopify/two/parts", 404, None),
        ("/webhooks/shopify/%00", 404, None),
        ("/webhooks/shopify/" + "x" * 129, 404, None),
        ("/webhooks/shopify2", 404, None),
    ],
)
async def test_the_endpoint_token_is_carried_and_other_paths_are_not_found(
    path: str, status: int, token: str | None
) -> None:
    door = Door()
    assert (await door.post(signed(BODY), BODY, path=path))[0] == status
    assert [message.attributes.get("endpoint-token") for message in door.published] == (
        [token] if status == 200 else []
    )


async def test_a_token_sent_as_a_header_counts_for_nothing() -> None:
    door = Door()
    await door.post(signed(BODY, endpoint_token="forged"), BODY)
    assert "endpoint-token" not in door.published[0].attributes


def test_the_service_does_not_start_without_the_webhook_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULSEPOINT_SHOPIFY_API_SECRET", raising=False)
    with pytest.raises(ValidationError, match="PULSEPOINT_SHOPIFY_API_SECRET is not set"):
        Settings()
    monkeypatch.setenv("PULSEPOINT_SHOPIFY_API_SECRET", "from the environment")
    monkeypatch.setenv("PULSEPOINT_SHOPIFY_API_SECRET_PREVIOUS", "older")
    assert Settings().webhook_secrets == (b"from the environment", b"older")
    assert "environment" not in repr(Settings())
