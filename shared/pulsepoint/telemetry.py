"""Traces: one tracer provider a service; finished spans become `hops.recorded` events.

Span and attribute names follow OpenTelemetry's messaging conventions
(https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from pulsepoint.events.observability import SpanRecord
from pulsepoint.tenancy import TenantContext

PublishSpans = Callable[[Sequence[SpanRecord]], Awaitable[None]]
BATCH = 200


def span_context_of(traceparent: str) -> SpanContext | None:
    """The remote span a W3C `traceparent` names, or None when it is absent or malformed.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    parts = traceparent.split("-")
    if len(parts) != 4 or len(parts[1]) != 32 or len(parts[2]) != 16:
        return None
    try:
        context = SpanContext(int(parts[1], 16), int(parts[2], 16), True, TraceFlags(int(parts[3], 16)))
    except ValueError:
        return None
    return context if context.is_valid else None


def current_traceparent() -> str:
    """The `traceparent` of the span that is open here, or the empty string."""
    context = trace.get_current_span().get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01" if context.is_valid else ""


def current_trace_id() -> str:
    """The hex trace id of the span that is open here, or the empty string."""
    return current_traceparent()[3:35]


def link_causes(traceparents: Iterable[str]) -> None:
    """Link the span that is open here to these, but for what it links to already and what no `traceparent` names."""
    span = trace.get_current_span()
    linked = {(link.context.trace_id, link.context.span_id) for link in getattr(span, "links", ())}
    for context in map(span_context_of, traceparents):
        if context is not None and (context.trace_id, context.span_id) not in linked:
            span.add_link(context)


class Telemetry:
    """Spans of one service, collected and published in batches."""

    def __init__(self, service: str, publish: PublishSpans, *, enabled: bool = True) -> None:
        self.service = service
        self._publish = publish
        self._finished: list[SpanRecord] = []
        self._enabled = enabled
        provider = TracerProvider(resource=Resource({"service.name": service}), shutdown_on_exit=False)
        provider.add_span_processor(_Collector(self))
        self._tracer = provider.get_tracer("pulsepoint")

    @contextmanager
    def span(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: str = "",
        links: Sequence[str] = (),
        scope: TenantContext | None = None,
        attributes: dict[str, str] | None = None,
    ) -> Iterator[Span | None]:
        """An open span: child of the `parent` traceparent, else of the current span; linked to `links`.

        An error that passes through marks it failed with the error's type.
        """
        if not self._enabled:
            yield None
            return
        parent_context = span_context_of(parent)
        context = trace.set_span_in_context(NonRecordingSpan(parent_context), Context()) if parent_context else None
        linked = [Link(linked_context) for linked_context in map(span_context_of, links) if linked_context]
        span_attributes = dict(attributes or {})
        if scope is not None:
            span_attributes |= {"tenant": str(scope.tenant_id), "brand": str(scope.brand_id)}
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=kind,
            links=linked,
            attributes=span_attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span  # type: ignore[misc]
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def record(self, span: SpanRecord) -> None:
        """Add a span measured elsewhere (the webhook path makes no span of its own)."""
        if self._enabled:
            self._finished.append(span)

    async def flush(self) -> None:
        """Publish what has finished; spans are kept and tried again when the bus does not answer."""
        while self._finished:
            batch, self._finished = self._finished[:BATCH], self._finished[BATCH:]
            try:
                await self._publish(batch)
            except Exception:
                # The next flush tries again; beyond ten batches the oldest spans go, never the work itself.
                self._finished = (batch + self._finished)[-10 * BATCH :]
                raise

    async def run(self, seconds: float) -> None:
        """Flush every `seconds` until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.flush()
            except Exception:  # noqa: S112 - kept for the next round
                continue


class _Collector(SpanProcessor):
    """Turns each finished OpenTelemetry span into a `SpanRecord`."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def on_end(self, span: ReadableSpan) -> None:
        self._telemetry.record(_span_record_of(span, self._telemetry.service))


def _span_record_of(span: ReadableSpan, service: str) -> SpanRecord:
    context = span.get_span_context()
    assert context is not None and span.start_time is not None and span.end_time is not None
    attributes = {key: str(value) for key, value in (span.attributes or {}).items()}
    return SpanRecord(
        trace_id=f"{context.trace_id:032x}",
        span_id=f"{context.span_id:016x}",
        parent_span_id=f"{span.parent.span_id:016x}" if span.parent else None,
        links=tuple((f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") for link in span.links),
        service=service,
        name=span.name,
        kind=span.kind.name.lower(),
        started_at=datetime.fromtimestamp(span.start_time / 1e9, tz=UTC),
        duration_us=(span.end_time - span.start_time) // 1000,
        status="error" if span.status.status_code is StatusCode.ERROR else "ok",
        tenant_id=attributes.pop("tenant", None),
        brand_id=attributes.pop("brand", None),
        tokens_input=int(attributes.pop("gen_ai.usage.input_tokens", 0)),
        tokens_output=int(attributes.pop("gen_ai.usage.output_tokens", 0)),
        cost_nano_usd=int(attributes.pop("pulsepoint.cost_nano_usd", 0)),
        attributes=attributes,
    )
