"""A trace as people see it: its hops and those that caused it, through parents and links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from pulsepoint.tenancy import SYSTEM_TENANT_ID

MAX_TRACES = 200


def linked_traces(hops: Iterable[Mapping[str, Any]]) -> set[str]:
    """Ids of the traces these hops name as causes."""
    return {str(link[0]) for hop in hops for link in links_of(hop)}


def links_of(hop: Mapping[str, Any]) -> list[list[str]]:
    """(trace id, span id) of a hop's causes outside its own trace."""
    found = orjson.loads(hop["links"])
    return found if isinstance(found, list) else []


def shown(hops: Sequence[Mapping[str, Any]], tenants: frozenset[str]) -> list[dict[str, Any]]:
    """The hops of one trace that may be shown to people of these tenants.

    Hops of no tenant (a webhook before its shop is known) are shown where the trace has one of theirs; hops of
    another tenant never.
    """
    system = str(SYSTEM_TENANT_ID)
    owned = [hop for hop in hops if hop["tenant_id"] in tenants]
    if not owned and system not in tenants:
        return []
    return [dict(hop) for hop in hops if hop["tenant_id"] in {*tenants, system, None}]


def summary(hops: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Services in order of their first hop, how long it all took, tokens and cost."""
    ordered = sorted(hops, key=lambda hop: hop["started_at"])
    if not ordered:
        return {"services": [], "hops": 0, "duration_us": 0, "tokens": 0, "cost_nano_usd": 0}
    start = ordered[0]["started_at"]
    ends = [(hop["started_at"] - start).total_seconds() * 1e6 + hop["duration_us"] for hop in ordered]
    return {
        "services": list(dict.fromkeys(hop["service"] for hop in ordered)),
        "hops": len(ordered),
        "duration_us": round(max(ends)),
        "tokens": sum(hop["tokens_input"] + hop["tokens_output"] for hop in ordered),
        "cost_nano_usd": sum(hop["cost_nano_usd"] for hop in ordered),
    }
