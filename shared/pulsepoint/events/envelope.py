"""The envelope every event travels in: CloudEvents 1.0 attributes on a Pub/Sub message.

Ids are derived, not drawn: UUIDv5 of source, entity, version and a digest of the content, so the
same fact always has the same id and a changed one never does.
CloudEvents attribute names: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md and
the Pub/Sub binding's `ce-` prefix:
https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from random import getrandbits
from typing import ClassVar, Generic, NamedTuple, TypeAlias
from uuid import UUID, uuid5

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import TypeVar

from pulsepoint.errors import MalformedInput
from pulsepoint.events.precedence import ORIGIN
from pulsepoint.events.upcasting import lift
from pulsepoint.tenancy import SYSTEM, TenantContext

EVENT_NAMESPACE = UUID("6d1f7a52-2f0e-5d0c-9b41-0d6f0f1b7a10")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RAW_IDENTITY = ("shop", "shopify-topic", "ce-id", "shopify-triggered-at", ORIGIN)
"""Attributes that tell raw deliveries apart."""


class Payload(BaseModel):
    """Base of event data: frozen, and made with the fields it has only (`decode` alone ignores others).

    Subclasses name their wire type in `TYPE` ("order.recorded") and the newest `SCHEMA` they are written in; how one
    grows is said in `pulsepoint.events.upcasting`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    TYPE: ClassVar[str]
    SCHEMA: ClassVar[int] = 1


class Message(NamedTuple):
    """One message on the bus: topic, bytes and string attributes, the same in every engine.

    A tuple, because each webhook makes one before it is answered: a frozen dataclass takes twice as long.
    """

    topic: str
    data: bytes
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class RawPayload:
    """A webhook's body exactly as it came, with the headers needed to read it later."""

    TYPE: ClassVar[str] = "shopify.delivered"
    SCHEMA: ClassVar[int] = 1
    body: bytes
    headers: dict[str, str]


AnyPayload: TypeAlias = Payload | RawPayload
P = TypeVar("P", bound=Payload)
P_co = TypeVar("P_co", bound=AnyPayload, default=Payload, covariant=True)


@dataclass(frozen=True, slots=True)
class Event(Generic[P_co]):
    """One thing that happened, with who it belongs to and which trace it is part of.

    `version` is the source's own clock in microseconds since 1970 (or a document version for derived facts),
    `precedence` decides among equal versions (`pulsepoint.events.precedence`); `time` is when the source says it
    happened (UTC). A bare `Event` has any payload but a raw one.
    """

    payload: P_co
    entity: str
    version: int
    source: str
    scope: TenantContext
    time: datetime
    id: UUID
    digest: str
    traceparent: str = ""
    precedence: int = 0

    @property
    def rank(self) -> tuple[int, int, str]:
        """The order of tellings of one entity: the highest is current."""
        return self.version, self.precedence, self.digest

    @property
    def type(self) -> str:
        """The wire type, such as `order.recorded`."""
        return self.payload.TYPE


def digest_of(data: bytes) -> str:
    """Hex SHA-256 of content."""
    return sha256(data).hexdigest()


def canonical(payload: BaseModel) -> bytes:
    """The payload as JSON with sorted keys: what is digested and what is sent."""
    return orjson.dumps(payload.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)


def derive_id(source: str, entity: str, version: int, digest: str) -> UUID:
    """The id of the fact (source, entity, version, content)."""
    return uuid5(EVENT_NAMESPACE, f"{source}\n{entity}\n{version}\n{digest}")


def new_event(
    payload: P,
    *,
    source: str,
    entity: str,
    version: int,
    scope: TenantContext,
    time: datetime | None = None,
    traceparent: str = "",
    precedence: int = 0,
) -> Event[P]:
    """An event whose id follows from its content; `time` defaults to `version` read as microseconds.

    The precedence is part of the id: told by a better source, the same content is news.
    """
    digest = digest_of(canonical(payload))
    timestamp = time or datetime.fromtimestamp(version / 1_000_000, tz=UTC)
    # The tenant is part of the source: two tenants never share an event id.
    content = f"{digest}\n{precedence}" if precedence else digest
    identity = derive_id(f"{scope.tenant_id}/{scope.brand_id}/{source}", f"{payload.TYPE}:{entity}", version, content)
    return Event(payload, entity, version, source, scope, timestamp, identity, digest, traceparent, precedence)


def encode(event: Event, topic: str) -> Message:
    """The event as a bus message."""
    attributes = {
        "ce-specversion": "1.0",
        "ce-id": str(event.id),
        "ce-type": event.type,
        "ce-source": event.source,
        "ce-subject": event.entity,
        "ce-time": event.time.isoformat(),
        "ce-dataschema": f"{event.type}/{event.payload.SCHEMA}",
        "version": str(event.version),
        "digest": event.digest,
        "tenant": str(event.scope.tenant_id),
        "brand": str(event.scope.brand_id),
    }
    if event.precedence:
        attributes["precedence"] = str(event.precedence)
    if event.traceparent:
        attributes["traceparent"] = event.traceparent
        attributes["googclient_traceparent"] = event.traceparent
    return Message(topic, canonical(event.payload), attributes)


def decode(message: Message, payload_type: type[P]) -> Event[P]:
    """The event in a bus message of this schema, an earlier or a newer one; fields it does not know are ignored.

    Raises `MalformedInput` naming the attribute or field that is wrong.
    """
    attributes = message.attributes
    try:
        return Event(
            payload=_payload(payload_type, attributes["ce-dataschema"], message.data),
            entity=attributes["ce-subject"],
            version=int(attributes["version"]),
            source=attributes["ce-source"],
            scope=TenantContext(UUID(attributes["tenant"]), UUID(attributes["brand"])),
            time=datetime.fromisoformat(attributes["ce-time"]),
            id=UUID(attributes["ce-id"]),
            digest=attributes["digest"],
            traceparent=attributes.get("traceparent", ""),
            precedence=int(attributes.get("precedence", "0")),
        )
    except KeyError as missing:
        raise MalformedInput(f"message lacks the attribute {missing.args[0]}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MalformedInput(f"{payload_type.TYPE}: {where}: {first['msg']}") from None
    except ValueError as error:
        raise MalformedInput(f"message attribute cannot be read: {error}") from None


def _payload(payload_type: type[P], data_schema: str, data: bytes) -> P:
    if data_schema != f"{payload_type.TYPE}/{payload_type.SCHEMA}":
        type, _, schema = data_schema.rpartition("/")
        if type != payload_type.TYPE or not schema.isdecimal():
            raise MalformedInput(f"unknown data schema {data_schema!r} for {payload_type.TYPE}")
        if int(schema) < payload_type.SCHEMA:
            data = orjson.dumps(lift(type, orjson.loads(data), int(schema), payload_type.SCHEMA))
    return payload_type.model_validate_json(data, extra="ignore")


def scope_of(message: Message) -> TenantContext:
    """Whose message this is by its attributes; the system tenant's where they do not say."""
    try:
        return TenantContext(UUID(message.attributes["tenant"]), UUID(message.attributes["brand"]))
    except (KeyError, ValueError):
        return SYSTEM


def raw_message(
    topic: str, body: bytes, headers: dict[str, str], body_id: str, received_at: datetime, traceparent: str = ""
) -> Message:
    """A webhook body as it came at `received_at` (UTC); `body_id` is a digest of the body: the verified signature.

    Starts a trace when it gets none, and takes `headers` for its own. The event id follows from `body_id`, shop and
    topic, and is made by the reader: this is paid for by every delivery before it is answered.
    """
    since = received_at - EPOCH  # `isoformat` asks the zone each time and takes twice as long
    headers["ce-id"] = body_id
    headers["ce-type"] = RawPayload.TYPE
    headers["ce-time"] = f"{_second(since.days, since.seconds)}.{since.microseconds:06d}+00:00"
    trace = traceparent or f"00-{getrandbits(192).to_bytes(24).hex('-', -16)}-01"
    headers["traceparent"] = headers["googclient_traceparent"] = trace
    return Message(topic, body, headers)


@lru_cache(maxsize=8)
def _second(days: int, seconds: int) -> str:
    return (EPOCH + timedelta(days, seconds)).replace(tzinfo=None).isoformat()


def decode_raw(message: Message) -> Event[RawPayload]:
    """The raw delivery in a bus message, owned by the system tenant until its shop is looked up.

    Its id follows from shop, topic, body, trigger and origin: Shopify sends all of them again when it tries again.
    """
    attributes = message.attributes
    identity = (attributes.get(name, "") for name in RAW_IDENTITY)
    # The same body may be for two brands, each at its own address; others have the id they always had.
    addressed = (attributes[name] for name in ("endpoint-token", "brand") if name in attributes)
    try:
        received = datetime.fromisoformat(attributes["ce-time"])
        return Event(
            payload=RawPayload(message.data, dict(attributes)),
            entity=attributes["shop"],
            version=int(received.timestamp() * 1_000_000),
            source="shopify",
            scope=SYSTEM,
            time=received,
            id=uuid5(EVENT_NAMESPACE, "\n".join([*identity, *addressed])),
            digest=digest_of(message.data),
            traceparent=attributes.get("traceparent", ""),
        )
    except KeyError as missing:
        raise MalformedInput(f"raw delivery lacks the attribute {missing.args[0]}") from None
    except ValueError as error:
        raise MalformedInput(f"raw delivery attribute cannot be read: {error}") from None
