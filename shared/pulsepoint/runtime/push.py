"""The push endpoint: one delivery in, a status out.

204 acknowledges (handled, seen before, not wanted, or quarantined); 503 and 500 ask for another attempt.
Push format: https://cloud.google.com/pubsub/docs/push#receive_push
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import structlog
from opentelemetry.trace import SpanKind

from pulsepoint.errors import MalformedInput, PermanentError, RetryableError, TenantSuspended, UnknownShop
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.catalog import BY_NAME, BY_TYPE, Subscription
from pulsepoint.events.commands import ReplayRequested
from pulsepoint.events.envelope import AnyPayload, Event, Message, Payload, RawPayload, decode, decode_raw, scope_of
from pulsepoint.events.observability import SpanRecord
from pulsepoint.events.privacy import ShopErasureRequested
from pulsepoint.ports.message_bus import Delivery
from pulsepoint.runtime.crash import crash_point
from pulsepoint.runtime.forgetting import forget_shop
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.runtime.pipeline import Pipeline, Work
from pulsepoint.runtime.quarantine import QuarantineStore, drains_suspended
from pulsepoint.runtime.routes import Routes, on
from pulsepoint.runtime.suspension import GOES_ON, Suspensions, refuse_suspended
from pulsepoint.telemetry import Telemetry, span_context_of
from pulsepoint.tenancy import SYSTEM

log = structlog.get_logger(__name__)
UNTRACED = frozenset({"observability"})
"""Topics whose handlers emit no observability, or it would never end."""


class PushReceiver:
    """Takes the deliveries of one service's subscriptions."""

    def __init__(
        self,
        pipeline: Pipeline,
        handlers: Routes,
        quarantine: QuarantineStore,
        telemetry: Telemetry,
        suspensions: Suspensions,
    ) -> None:
        self._pipeline = pipeline
        self._suspensions = suspensions
        routes = (on(ReplayRequested, quarantine.replay_requested), on(ShopErasureRequested, forget_shop))
        self._handlers = handlers.with_routes(*(route for route in routes if route.type not in handlers))
        self._quarantine = quarantine
        self._telemetry = telemetry
        self._dead_letters = f"{pipeline.service}.dead-letters"

    async def receive(self, subscription: str, body: bytes) -> int:
        """The HTTP status for one push body."""
        try:
            delivery = read_push(subscription, body)
        except MalformedInput as error:
            log.error("push.malformed", subscription=subscription, detail=str(error))
            return 400
        if subscription == self._dead_letters:
            return await self._guard(delivery, self._dead_letter(delivery))
        declared = BY_NAME.get(subscription)
        if declared is None or declared.service != self._pipeline.service:
            return 404
        if delivery.message.attributes.get("ce-type") not in declared.types:
            return 204
        if declared.topic in UNTRACED:
            return await self._guard(delivery, self._handle(declared, delivery))
        with self._telemetry.span(
            f"process {declared.topic}",
            kind=SpanKind.CONSUMER,
            parent=delivery.message.attributes.get("traceparent", ""),
            scope=scope_of(delivery.message),
            attributes=_attributes(declared, delivery),
        ):
            return await self._guard(delivery, self._handle(declared, delivery))

    async def _guard(self, delivery: Delivery, work: Awaitable[None]) -> int:
        try:
            await work
        except RetryableError as error:
            log.warning(
                "push.retry", subscription=delivery.subscription, error=type(error).__name__, detail=str(error)[:300]
            )
            return 503
        except Exception:
            log.exception("push.failed", subscription=delivery.subscription, attempt=delivery.attempt)
            return 500
        crash_point("before_acknowledge")
        return 204

    async def _dead_letter(self, delivery: Delivery) -> None:
        """Keep a message whose attempts ran out, with its payload: that may go before the message does."""
        try:
            delivery = await self._pipeline.claims.checked_out(delivery)
        except PermanentError as error:
            log.warning("push.payload_gone", subscription=delivery.subscription, detail=str(error)[:300])
        await self._quarantine.dead_letter(delivery, scope_of(delivery.message))

    async def _handle(self, subscription: Subscription, delivery: Delivery) -> None:
        scope = scope_of(delivery.message)
        work: Work | None = None
        try:
            delivery = await self._pipeline.claims.checked_out(delivery)
            event = decode_delivery(delivery.message)
            scope = SYSTEM if subscription.scope == "system" else event.scope
            if isinstance(event.payload, RawPayload):
                self._telemetry.record(_ingress_span(event, event.payload, delivery))
            if subscription.topic not in GOES_ON and await self._suspensions.holds(scope):
                work = refuse_suspended
                raise TenantSuspended
            work = self._handling(event)
            await self._pipeline.execute(scope, work, dedup_key=event.id)
            if isinstance(event.payload, BrandConfigured):
                self._suspensions.forget(event.scope)
        except PermanentError as error:
            # Its explanation stands in the list alone: it may quote the body.
            log.warning("push.quarantined", subscription=subscription.name, reason=error.reason)
            # Whether nobody owns a shop may change at any moment; what cannot be read will not be readable then.
            again = work if isinstance(error, UnknownShop | TenantSuspended) else None
            await self._quarantine.quarantine(delivery, error, error.owner or scope, again)

    def _handling(self, event: Event[AnyPayload]) -> Work:
        handler = self._handlers[event.type]

        async def handle(reader: Reader) -> Outcome:
            outcome = await handler(reader, event)
            if (
                isinstance(event.payload, BrandConfigured)
                and not event.payload.suspended
                and not reader.scope.is_system
            ):
                return replace(outcome, effects=[*outcome.effects, drains_suspended(reader.scope)])
            return outcome

        return handle


def read_push(subscription: str, body: bytes) -> Delivery:
    """The delivery in a Pub/Sub push body; raises `MalformedInput` when it is none."""
    try:
        push = orjson.loads(body)
        message = push["message"]
        attributes = dict(message.get("attributes") or {})
        if not all(isinstance(value, str) for value in attributes.values()):
            raise MalformedInput("not a push body: an attribute is no text")
        topic = BY_NAME[subscription].topic if subscription in BY_NAME else subscription
        return Delivery(
            subscription=subscription,
            message_id=str(message.get("messageId") or message.get("message_id") or ""),
            message=Message(topic, b64decode(message.get("data") or "", validate=True), attributes),
            attempt=int(push.get("deliveryAttempt") or 1),
            publish_time=str(message.get("publishTime") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedInput(f"not a push body: {error}") from None


def decode_delivery(message: Message) -> Event[AnyPayload]:
    """The event in a message of the catalog; raises `MalformedInput` for a type nobody declared."""
    entry = BY_TYPE.get(message.attributes.get("ce-type", ""))
    if entry is None:
        raise MalformedInput(f"unknown event type {message.attributes.get('ce-type')!r}")
    if issubclass(entry.payload, Payload):
        return decode(message, entry.payload)
    return decode_raw(message)


def _attributes(subscription: Subscription, delivery: Delivery) -> dict[str, str]:
    attributes = delivery.message.attributes
    span_attributes = {
        "messaging.system": "gcp_pubsub",
        "messaging.destination.name": subscription.topic,
        "messaging.destination.subscription.name": subscription.name,
        "messaging.message.id": delivery.message_id,
        "pulsepoint.event.type": attributes.get("ce-type", ""),
        "pulsepoint.event.id": attributes.get("ce-id", ""),
    }
    return (
        span_attributes
        if delivery.attempt == 1
        else {**span_attributes, "messaging.gcp_pubsub.message.delivery_attempt": str(delivery.attempt)}
    )


def _ingress_span(event: Event[AnyPayload], raw: RawPayload, delivery: Delivery) -> SpanRecord:
    """The webhook request itself, recorded by its first subscriber from what the webhook path wrote down."""
    context = span_context_of(event.traceparent)
    if context is None:
        raise MalformedInput("raw delivery lacks the attribute traceparent")
    try:
        published = datetime.fromisoformat(delivery.publish_time)
    except ValueError:
        published = event.time
    taken = max(
        0, int(((published if published.tzinfo else published.replace(tzinfo=UTC)) - event.time).total_seconds() * 1e6)
    )
    return SpanRecord(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        service="ingest-shopify",
        name="POST /webhooks/shopify",
        kind="server",
        started_at=event.time,
        duration_us=taken,
        attributes={"shop": event.entity, "shopify.topic": raw.headers.get("shopify-topic", "")},
    )
