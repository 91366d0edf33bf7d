"""Google's asynchronous clients of Pub/Sub, on the emulator that PUBSUB_EMULATOR_HOST names where it is set.

The variable is Google's own; their asynchronous clients, unlike the others, do not look at it.
https://cloud.google.com/pubsub/docs/emulator#env
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Protocol

import grpc.aio
from google.api_core.grpc_helpers_async import wrap_errors
from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.services.subscriber import SubscriberAsyncClient
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport

from pulsepoint.adapters.pubsub.errors import pubsub_errors

# An emulator that was restarted is found again soon: gRPC would wait up to two minutes between looks.
# https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md
OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


class PublishCall(Protocol):
    """`Publish` for a request that is encoded already, as bytes; seconds, and metadata as gRPC takes it."""

    def __call__(self, request: bytes, *, timeout: float, metadata: tuple[tuple[str, str], ...]) -> Awaitable[object]:
        """Raises what Google's clients raise."""
        ...


@asynccontextmanager
async def publish_call() -> AsyncIterator[PublishCall]:
    """`Publish` on a channel like the asynchronous client's, closed on exit; raises as `publisher_client` does.

    The client itself would build a request object of what is encoded, and hand it through layers for logs and traces
    that nobody asked for.
    """
    host = os.environ.get("PUBSUB_EMULATOR_HOST")
    with pubsub_errors():
        channel = _channel(host) if host else PublisherGrpcAsyncIOTransport.create_channel(options=OPTIONS)
    try:
        method = channel.unary_unary("/google.pubsub.v1.Publisher/Publish")
        call: PublishCall = wrap_errors(method)  # type: ignore[no-untyped-call]
        yield call
    finally:
        await channel.close()


@asynccontextmanager
async def publisher_client() -> AsyncIterator[PublisherAsyncClient]:
    """A client that makes topics, closed on exit; raises `EngineUnavailable` without credentials."""
    with pubsub_errors():
        host = os.environ.get("PUBSUB_EMULATOR_HOST")
        transport = PublisherGrpcAsyncIOTransport(channel=_channel(host)) if host else None
        client = PublisherAsyncClient(transport=transport)
    try:
        yield client
    finally:
        await client.transport.close()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def subscriber_client() -> AsyncIterator[SubscriberAsyncClient]:
    """A client that makes subscriptions, closed on exit; raises `EngineUnavailable` without credentials."""
    with pubsub_errors():
        host = os.environ.get("PUBSUB_EMULATOR_HOST")
        transport = SubscriberGrpcAsyncIOTransport(channel=_channel(host)) if host else None
        client = SubscriberAsyncClient(transport=transport)
    try:
        yield client
    finally:
        await client.transport.close()  # type: ignore[no-untyped-call]


def _channel(host: str) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(host, options=OPTIONS)
