"""Messages without their buyer: what waits in quarantine of an order goes on to count once its buyer was erased."""

from __future__ import annotations

from collections.abc import Callable

from pulsepoint.events.attributions import OrderAttributed
from pulsepoint.events.envelope import Message, canonical, decode
from pulsepoint.events.orders import OrderDeleted, OrderEditCommitted, OrderRecorded, RefundRecorded

WithoutPerson = Callable[[Message], Message | None]
"""A message without what it says of the buyer of an order; None where these cannot be parted."""
NAMELESS = frozenset(each.TYPE for each in (RefundRecorded, OrderDeleted, OrderEditCommitted, OrderAttributed))
"""Events that say of an order nothing of its buyer."""


def without_person(message: Message) -> Message | None:
    """See `WithoutPerson`, for events of the catalog; raises `MalformedInput` for one that cannot be read."""
    event_type = message.attributes.get("ce-type")
    if event_type in NAMELESS:
        return message
    if event_type != OrderRecorded.TYPE:
        return None
    event = decode(message, OrderRecorded)
    schema = f"{event.type}/{OrderRecorded.SCHEMA}"
    attributes = {**message.attributes, "ce-dataschema": schema}
    return message._replace(data=canonical(event.payload.without_buyer()), attributes=attributes)
