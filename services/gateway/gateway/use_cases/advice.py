"""Alerts and recommendations that stand for a brand."""

from __future__ import annotations

import orjson

from gateway.domain.advice import AdviceOrder, StandingAdvice, StandingAlert, alert_order
from gateway.domain.identity import Person
from gateway.ports import IdentityStore
from gateway.use_cases.measuring import Measuring
from pulsepoint.brand.facts import AlertFacts, RecommendationFacts


async def alerts_of(
    person: Person, measuring: Measuring, identity_store: IdentityStore, *, resolved: bool
) -> list[StandingAlert]:
    """Open alerts, most urgent first, then newest; with `resolved` also those that are over, after them."""
    rows = await measuring.rows("dashboard_alerts", resolved=resolved)
    traces = await identity_store.alert_traces(person.scope, measuring.brand.brand_id)
    alerts = [
        StandingAlert(
            alert_id=row["alert_id"],
            facts=AlertFacts.of_row(row),
            citations=tuple(orjson.loads(row["facts"])),
            opened_at=row["opened_at"],
            resolved_at=row["resolved_at"],
            trace_id=traces.get(row["alert_id"]),
            opened_figures=AlertFacts.of_row({**row, "figures": row["opened_figures"]}).figures,
        )
        for row in rows
    ]
    return sorted(alerts, key=alert_order)


async def advice_of(measuring: Measuring, order: AdviceOrder = AdviceOrder.POSITION) -> list[StandingAdvice]:
    """The recommendations that stand, sorted."""
    rows = await measuring.rows("dashboard_recommendations")
    advice = [
        StandingAdvice(row["position"], RecommendationFacts.of_row(row), tuple(orjson.loads(row["facts"])))
        for row in rows
    ]
    return sorted(advice, key=order.key)
