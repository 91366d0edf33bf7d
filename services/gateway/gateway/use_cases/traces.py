"""A trace with its causes, as far as they are the asker's."""

from __future__ import annotations

from gateway.domain.identity import Person
from gateway.domain.traces import MAX_TRACES, linked_traces, shown
from pulsepoint.metrics.named_queries import run_named_query
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import SYSTEM


async def spans_of(person: Person, trace_id: str, warehouse: Warehouse) -> list[dict[str, object]]:
    """The spans of a trace and of the traces that caused it, oldest first, at most `MAX_TRACES` traces.

    Spans of other tenants are left out; empty where none is the person's.
    """
    tenants = frozenset(str(scope.tenant_id) for scope in person.scopes())
    spans: list[dict[str, object]] = []
    waiting, seen = [trace_id], {trace_id}
    while waiting and len(seen) <= MAX_TRACES:
        rows = await run_named_query(warehouse, SYSTEM, "trace_hops", trace_id=waiting.pop())
        visible = shown(rows, tenants)
        spans += visible
        fresh = sorted(linked_traces(visible) - seen)
        seen |= set(fresh)
        waiting += fresh
    return sorted(spans, key=lambda span: (span["started_at"], span["span_id"]))
