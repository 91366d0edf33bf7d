"""A trace as people see it: its spans and those that caused it, through parents and links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from pulsepoint.tenancy import SYSTEM_TENANT_ID

MAX_TRACES = 200


def linked_traces(spans: Iterable[Mapping[str, object]]) -> set[str]:
    """Ids of the traces these spans name as causes."""
    return {str(link[0]) for span in spans for link in links_of(span)}


def links_of(span: Mapping[str, Any]) -> list[list[str]]:
    """(trace id, span id) of a span's causes outside its own trace."""
    links = orjson.loads(span["links"])
    return links if isinstance(links, list) else []


def shown(spans: Sequence[Mapping[str, object]], tenants: frozenset[str]) -> list[dict[str, object]]:
    """The spans of one trace that may be shown to people of these tenants.

    Spans of no tenant (a webhook before its shop is known) are shown where the trace has one of theirs; spans of
    another tenant never.
    """
    system = str(SYSTEM_TENANT_ID)
    owned = [span for span in spans if span["tenant_id"] in tenants]
    if not owned and system not in tenants:
        return []
    return [dict(span) for span in spans if span["tenant_id"] in {*tenants, system, None}]


def summary(spans: Iterable[Mapping[str, Any]]) -> dict[str, object]:
    """Services in order of their first span, how long it all took, tokens and cost."""
    ordered = sorted(spans, key=lambda span: span["started_at"])
    if not ordered:
        return {"services": [], "hops": 0, "duration_us": 0, "tokens": 0, "cost_nano_usd": 0}
    start = ordered[0]["started_at"]
    ends = [(span["started_at"] - start).total_seconds() * 1e6 + span["duration_us"] for span in ordered]
    return {
        "services": list(dict.fromkeys(span["service"] for span in ordered)),
        "hops": len(ordered),
        "duration_us": round(max(ends)),
        "tokens": sum(span["tokens_input"] + span["tokens_output"] for span in ordered),
        "cost_nano_usd": sum(span["cost_nano_usd"] for span in ordered),
    }
