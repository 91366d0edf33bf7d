"""Publishing to topics, and pushing what was published to subscriptions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pulsepoint.events.envelope import Message

# Pub/Sub's 10 MB hold for the whole request: the topic's name and the lengths of attributes take part of it.
# https://cloud.google.com/pubsub/quotas#resource_limits
MAX_MESSAGE_BYTES = 10_000_000 - 4_096


def message_size(message: Message) -> int:
    """Bytes of a message that count against `MAX_MESSAGE_BYTES`; attributes are ASCII."""
    return len(message.data) + sum(len(name) + len(value) for name, value in message.attributes.items())


class MessageBus(Protocol):
    """The bus services publish to; a subscription's messages reach its service as HTTP pushes."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once the engine has stored every message for every subscription of its topic.

        Raises `LimitExceeded` over 10 MB a message and `EngineUnavailable` when the engine does not
        confirm; then none, some or all of them may have been stored, and publishing again is right.
        """
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to push a message: the same fields Pub/Sub sends."""

    subscription: str
    message_id: str
    message: Message
    attempt: int
    publish_time: str


Push = Callable[[Delivery], Awaitable[int]]
"""Delivers one push and returns the HTTP status; 2xx acknowledges, anything else is delivered again."""


class PushEngine(Protocol):
    """The part of an embedded bus that delivers; in the cloud Pub/Sub itself does this."""

    async def run(self, push: Push) -> None:
        """Deliver until cancelled: at least once, with back-off, dead-lettering after the catalog's attempts."""
        ...

    async def drain(self, timeout: float) -> bool:
        """Wait until nothing is waiting or in flight; False when `timeout` seconds did not suffice."""
        ...
