"""Rules of every embedded bus: who gets a message, its limits, back-off and dead letters.

The model is Pub/Sub: https://cloud.google.com/pubsub/docs/handling-failures and
https://cloud.google.com/pubsub/quotas#resource_limits
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import uniform

from pulsepoint.errors import LimitExceeded
from pulsepoint.events.catalog import Subscription
from pulsepoint.events.envelope import Message
from pulsepoint.ports.message_bus import MAX_MESSAGE_BYTES, Delivery

MAX_ATTRIBUTES = 100
MAX_ATTRIBUTE_NAME_BYTES = 256
MAX_ATTRIBUTE_VALUE_BYTES = 1_024
SOURCE_SUBSCRIPTION = "CloudPubSubDeadLetterSourceSubscription"
SOURCE_DELIVERY_COUNT = "CloudPubSubDeadLetterSourceDeliveryCount"
SOURCE_PUBLISH_TIME = "CloudPubSubDeadLetterSourceTopicPublishTime"


@dataclass(frozen=True, slots=True)
class Route:
    """One subscription as a bus delivers it.

    `types` None wants everything; `dead_letter_topic` None: tried for ever. Seconds throughout.
    """

    name: str
    topic: str
    types: frozenset[str] | None
    dead_letter_topic: str | None
    max_attempts: int
    min_backoff: float
    max_backoff: float
    ack_deadline: float

    def wants(self, message: Message) -> bool:
        """True when the filter lets the message through."""
        return self.types is None or message.attributes.get("ce-type") in self.types

    def backoff(self, attempt: int) -> float:
        """Seconds until the delivery after failed `attempt` (from 1): doubling, with up to 10 % spread."""
        pause = self.min_backoff * 2.0 ** min(attempt - 1, 30)
        return min(pause, self.max_backoff) * uniform(1.0, 1.1)  # noqa: S311 (spread, not secrecy)

    def is_last(self, attempt: int) -> bool:
        """True when a message that failed `attempt` times goes to the dead letters."""
        return self.dead_letter_topic is not None and attempt >= self.max_attempts


def routes(subscriptions: Iterable[Subscription]) -> dict[str, Route]:
    """Routes by subscription name: the given ones and `{service}.dead-letters` of each service among them."""
    made: dict[str, Route] = {}
    for entry in subscriptions:
        made[entry.name] = Route(
            entry.name,
            entry.topic,
            entry.types,
            entry.dead_letter_topic,
            entry.max_attempts,
            entry.min_backoff,
            entry.max_backoff,
            entry.ack_deadline,
        )
        name = f"{entry.service}.dead-letters"
        made.setdefault(
            name,
            Route(
                name,
                entry.dead_letter_topic,
                None,
                None,
                entry.max_attempts,
                entry.min_backoff,
                entry.max_backoff,
                entry.ack_deadline,
            ),
        )
    return made


def by_topic(table: Mapping[str, Route]) -> dict[str, tuple[Route, ...]]:
    """Routes each topic fans out to."""
    by_name: dict[str, tuple[Route, ...]] = {}
    for route in table.values():
        by_name[route.topic] = (*by_name.get(route.topic, ()), route)
    return by_name


def check_message(message: Message) -> None:
    """Raise `LimitExceeded` for a message Pub/Sub would refuse."""
    _, data, attributes = message
    names, values = "".join(attributes), "".join(attributes.values())
    size = len(data) + len(names) + len(values)
    if size > MAX_MESSAGE_BYTES:
        raise LimitExceeded(f"a message of {size} bytes is over the limit of {MAX_MESSAGE_BYTES}")
    if len(attributes) > MAX_ATTRIBUTES:
        raise LimitExceeded(f"a message may have {MAX_ATTRIBUTES} attributes, not {len(attributes)}")
    # Together within the limit of one: none can be over it, and that is how nearly every message is.
    short = len(values) <= MAX_ATTRIBUTE_VALUE_BYTES and len(names) <= MAX_ATTRIBUTE_NAME_BYTES
    if not (short and names.isascii() and values.isascii()):
        _check_attributes(attributes)


def _check_attributes(attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        if len(value.encode()) > MAX_ATTRIBUTE_VALUE_BYTES:
            raise LimitExceeded(f"message attribute {name!r} is longer than {MAX_ATTRIBUTE_VALUE_BYTES} bytes")
        if len(name.encode()) > MAX_ATTRIBUTE_NAME_BYTES:
            raise LimitExceeded(f"an attribute name is longer than {MAX_ATTRIBUTE_NAME_BYTES} bytes: {name[:40]!r}")


def dead_letter(route: Route, delivery: Delivery) -> Message:
    """The message to publish when `delivery` failed for the last time, marked as Pub/Sub marks it."""
    assert route.dead_letter_topic is not None
    return Message(
        route.dead_letter_topic,
        delivery.message.data,
        {
            **delivery.message.attributes,
            SOURCE_SUBSCRIPTION: delivery.subscription,
            SOURCE_DELIVERY_COUNT: str(delivery.attempt),
            SOURCE_PUBLISH_TIME: delivery.publish_time,
        },
    )
