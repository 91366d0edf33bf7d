"""Sends finished spans over OTLP: to Cloud Trace, or any collector.

https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/v1.traces.post
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from pulsepoint.events.observability import SpanRecord

log = structlog.get_logger(__name__)
SCOPE = "https://www.googleapis.com/auth/trace.append"
TIMEOUT_SECONDS = 4.0


class OtlpTraces:
    """Spans of one service over OTLP; what the collector does not take is dropped: the identity store has it."""

    def __init__(self, exporter: OTLPSpanExporter, resource: Resource) -> None:
        self._exporter = exporter
        self._resource = resource

    async def send(self, records: Sequence[SpanRecord]) -> None:
        """Send the spans; a collector that refuses or does not answer is logged and harms nothing."""
        spans = [span_of(record, self._resource) for record in records]
        result = await asyncio.to_thread(self._exporter.export, spans)
        if result is not SpanExportResult.SUCCESS:
            log.warning("traces.not_sent", spans=len(spans))


@asynccontextmanager
async def open_otlp(endpoint: str, *, service: str, project: str) -> AsyncIterator[OtlpTraces]:
    """Traces to `endpoint` (`https://host`, without a path); Google's own asks for the machine's credentials."""
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=TIMEOUT_SECONDS, session=_session(endpoint)
    )
    resource = Resource({"service.name": service, "service.namespace": "pulsepoint", "gcp.project_id": project})
    try:
        yield OtlpTraces(exporter, resource)
    finally:
        await asyncio.to_thread(exporter.shutdown)


def _session(endpoint: str) -> Any:
    if not (urlsplit(endpoint).hostname or "").endswith(".googleapis.com"):
        return None
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=[SCOPE])
    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]


def span_of(record: SpanRecord, resource: Resource) -> ReadableSpan:
    """The OTLP span of a record, made up where it was measured without one."""
    started = int(record.started_at.timestamp() * 1_000_000) * 1_000
    attributes: dict[str, str | int] = {**record.attributes}
    attributes |= {"tenant": record.tenant_id} if record.tenant_id else {}
    attributes |= {"brand": record.brand_id} if record.brand_id else {}
    if record.tokens_input or record.tokens_output:
        attributes |= {
            "gen_ai.usage.input_tokens": record.tokens_input,
            "gen_ai.usage.output_tokens": record.tokens_output,
        }
        attributes["pulsepoint.cost_nano_usd"] = record.cost_nano_usd
    return ReadableSpan(
        record.name,
        context=_context(record.trace_id, record.span_id),
        parent=_context(record.trace_id, record.parent_span_id) if record.parent_span_id else None,
        resource=resource,
        attributes=attributes,
        links=[Link(_context(trace_id, span_id)) for trace_id, span_id in record.links],
        kind=SpanKind[record.kind.upper()],
        status=Status(StatusCode.ERROR if record.status == "error" else StatusCode.UNSET),
        start_time=started,
        end_time=started + record.duration_us * 1_000,
    )


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
