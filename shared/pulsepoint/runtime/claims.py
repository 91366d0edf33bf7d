"""Claim check: a payload over the message limit waits in the object store while a small message travels in its place.

The payload is stored before the message is committed, under its tenant and brand and named by its content, so storing
it again changes nothing, and a payload whose commit never came is dropped with the others after `PAYLOAD_LIFE`. It is
not dropped when a delivery is acknowledged: other subscriptions may still wait, a delivery may come twice, and nobody
counts them. https://www.enterpriseintegrationpatterns.com/patterns/messaging/StoreInLibrary.html and the limit:
https://cloud.google.com/pubsub/quotas#resource_limits
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from pulsepoint.errors import LimitExceeded, MalformedInput
from pulsepoint.events.envelope import Message, scope_of
from pulsepoint.ports.message_bus import MAX_MESSAGE_BYTES, Delivery, message_size
from pulsepoint.ports.object_store import ObjectStore

PAYLOAD = "payload-sha256"
"""Attribute of a message whose data waits in the object store: the digest of it."""
PAYLOAD_LIFE = timedelta(days=32)
"""Longer than any engine delivers again: a subscription keeps messages for 31 days at most.
https://cloud.google.com/pubsub/docs/subscription-properties"""
MAX_PAYLOAD_BYTES = 100_000_000
"""What a service can hold in memory a few times over; a payload above is a fault of who makes it."""


class Claims:
    """Checks large payloads in and out; without a store every message must be within the limit."""

    def __init__(self, payloads: ObjectStore | None) -> None:
        self._payloads = payloads

    async def checked_in(self, message: Message) -> Message:
        """The message as it may travel: itself within the limit, else one that names its stored payload.

        Raises `LimitExceeded` where it is over the limit and there is no store, or over `MAX_PAYLOAD_BYTES`.
        """
        size = message_size(message)
        if size <= MAX_MESSAGE_BYTES:
            return message
        if self._payloads is None:
            raise LimitExceeded(
                f"a message of {size} bytes is over the limit of {MAX_MESSAGE_BYTES}, and no bucket for payloads is"
                " named (PULSEPOINT_PAYLOAD_BUCKET)"
            )
        if size > MAX_PAYLOAD_BYTES:
            raise LimitExceeded(f"a message of {size} bytes is over the limit of payloads, {MAX_PAYLOAD_BYTES}")
        digest = sha256(message.data).hexdigest()
        await self._payloads.put(
            scope_of(message), _name(digest), message.data, content_type="application/octet-stream"
        )
        return message._replace(data=b"", attributes={**message.attributes, PAYLOAD: digest})

    async def checked_out(self, delivery: Delivery) -> Delivery:
        """The delivery with its payload; itself where it carries it.

        Raises `MalformedInput` where the payload is no longer kept or is not what was stored, `EngineUnavailable`.
        """
        message = delivery.message
        digest = message.attributes.get(PAYLOAD)
        if digest is None:
            return delivery
        if self._payloads is None:
            raise MalformedInput("its payload lies in an object store, and none is named (PULSEPOINT_PAYLOAD_BUCKET)")
        data = await self._payloads.get(scope_of(message), _name(digest))
        if data is None:
            raise MalformedInput(f"its payload is kept no longer: it was sent more than {PAYLOAD_LIFE.days} days ago")
        if sha256(data).hexdigest() != digest:
            raise MalformedInput("its payload is not what was stored")
        attributes = {name: value for name, value in message.attributes.items() if name != PAYLOAD}
        return replace(delivery, message=message._replace(data=data, attributes=attributes))

    async def expire(self, now: datetime) -> int:
        """Drop payloads past their life, where the engine does not by itself; how many."""
        return 0 if self._payloads is None else await self._payloads.expire(now - PAYLOAD_LIFE)


def _name(digest: str) -> str:
    return f"payloads/{digest}"
