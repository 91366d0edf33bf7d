"""`GET /api/traces/{trace_id}`: every span from the webhook to the message, as far as it is yours."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel

from gateway.domain.traces import links_of, summary
from gateway.endpoints.access import PortsOf, TenantReaderOf
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.traces import spans_of

router = APIRouter(prefix="/api/traces", tags=["traces"], responses=PROBLEMS)
TraceId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class SpanView(BaseModel):
    """One span; `links` are [trace_id, span_id] of causes in other traces. Cost in US dollars."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    links: list[list[str]]
    service: str
    name: str
    kind: str
    started_at: datetime
    duration_us: int
    status: str
    tokens_input: int
    tokens_output: int
    cost_usd: float
    attributes: dict[str, str]


class TraceSummary(BaseModel):
    """Services in order of their first span, and what it took in all."""

    services: list[str]
    hops: int
    duration_us: int
    tokens: int
    cost_nano_usd: int


class TraceView(BaseModel):
    """Spans of a trace and of those that caused it, oldest first."""

    trace_id: str
    trace_ids: list[str]
    summary: TraceSummary
    hops: list[SpanView]


@router.get("/{trace_id}")
async def read_trace(trace_id: TraceId, person: TenantReaderOf, ports: PortsOf) -> TraceView:
    """A trace with its causes; spans of other tenants are left out, and a trace with none of yours is not there."""
    spans = await spans_of(person, trace_id, ports.warehouse)
    if not spans:
        raise HTTPException(404, "There is no such trace, or it belongs to another tenant.")
    return TraceView(
        trace_id=trace_id,
        trace_ids=list(dict.fromkeys(span["trace_id"] for span in spans)),
        summary=TraceSummary(**summary(spans)),
        hops=[_view(span) for span in spans],
    )


def _view(span: dict[str, Any]) -> SpanView:
    fields = {name: span[name] for name in SpanView.model_fields if name in span}
    more = {
        "links": links_of(span),
        "attributes": orjson.loads(span["attributes"]),
        "cost_usd": span["cost_nano_usd"] / 1e9,
    }
    return SpanView(**fields | more)
