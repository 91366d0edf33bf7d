"""`…/alerts` and `…/recommendations`: what the advisor and the alerts say now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel

from gateway.domain.dashboard import money
from gateway.endpoints.access import BrandOf, PersonOf, PortsOf
from gateway.endpoints.problems import PROBLEMS
from pulsepoint.metrics.named_queries import run_named_query

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["advice"], responses=PROBLEMS)
_RANK = {"high": 0, "medium": 1, "low": 2}


class AlertView(BaseModel):
    """An alert; `facts` are the ids of the numbers it rests on, `trace_id` leads to what caused it."""

    alert_id: str
    type: str
    severity: str
    channel: str | None
    product: str | None
    title: str
    explanation: str
    recommended_action: str
    opened_at: datetime
    resolved_at: datetime | None
    facts: list[str]
    trace_id: str | None


class Alerts(BaseModel):
    """Alerts, most severe first."""

    alerts: list[AlertView]


class RecommendationView(BaseModel):
    """One thing to do; money in the brand's currency, `facts` are the ids of the numbers it rests on."""

    recommendation_id: str
    type: str
    priority: str
    subject: str
    action: str
    current_spend: float | None
    recommended_change: float | None
    currency: str
    reason: str
    expected_impact: str
    facts: list[str]


class Recommendations(BaseModel):
    """Recommendations that stand."""

    recommendations: list[RecommendationView]


@router.get("/alerts")
async def list_alerts(
    brand: BrandOf, person: PersonOf, ports: PortsOf, status: Literal["open", "all"] = "open"
) -> Alerts:
    """Open alerts; with `status=all` also those that resolved."""
    scope = person.scope.brand(brand.brand_id)
    rows = await run_named_query(ports.warehouse, scope, "dashboard_alerts", resolved=status == "all")
    traces = await ports.identity_store.alert_traces(person.scope, brand.brand_id)
    return Alerts(
        alerts=[
            AlertView(**row | {"facts": orjson.loads(row["facts"]), "trace_id": traces.get(row["alert_id"])})
            for row in rows
        ]
    )


@router.get("/recommendations")
async def list_recommendations(
    brand: BrandOf,
    person: PersonOf,
    ports: PortsOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    sort_by: Literal["position", "priority", "impact", "spend"] = "position",
) -> Recommendations:
    """What to do, as the advisor ordered it, or by priority, size of the change or spend."""
    scope = person.scope.brand(brand.brand_id)
    rows = await run_named_query(ports.warehouse, scope, "dashboard_recommendations")
    rows.sort(key=lambda row: _order(row, sort_by))
    currency = brand.settings.currency
    return Recommendations(recommendations=[recommendation(row, currency) for row in rows[:limit]])


def _order(row: dict[str, Any], sort_by: str) -> tuple[int, int]:
    keys = {
        "position": 0,
        "priority": _RANK.get(row["priority"], 3),
        "impact": -abs(row["recommended_change_micros"] or 0),
        "spend": -(row["current_spend_micros"] or 0),
    }
    return keys[sort_by], row["position"]


def recommendation(row: dict[str, Any], currency: str) -> RecommendationView:
    """A row of `dashboard_recommendations` as the API shows it."""
    return RecommendationView(
        **row
        | {
            "current_spend": money(row["current_spend_micros"]),
            "recommended_change": money(row["recommended_change_micros"]),
            "currency": currency,
            "facts": orjson.loads(row["facts"]),
        }
    )
