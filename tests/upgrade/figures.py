"""What is asked of the kept home, before and after an upgrade: every figure the API gives, over fixed days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

Parameters = dict[str, str]
FACT_KEYS = ("fact_id", "facts")
"""Keys under which answers name what recomputes a figure."""
FACT = "(a fact id)"
SAMPLED, SHOWN_ROWS = 2, 3
DAYS = ({"start_date": "2026-02-24", "end_date": "2026-03-30"}, {"start_date": "2026-03-16", "end_date": "2026-03-29"})
MODELS = ("last_non_direct", "last_touch")
SALES = "gross_sales,discounts,returns,net_revenue,orders,aov"
ADS = "spend,impressions,clicks,cpc,ctr"
CREDITS = "attributed_revenue,unattributed_revenue,ad_revenue,attributed_orders,unattributed_orders"
BREAKDOWNS = (
    (SALES, ""),
    (SALES, "day"),
    (SALES, "month"),
    ("units", "sku"),
    ("units", "variant_id"),
    ("new_customers", "day"),
    ("new_customers,cac", ""),
    (ADS, "channel"),
    (ADS, "day,channel"),
    (ADS, "channel,account_id,campaign_id,campaign"),
    ("platform_conversions,platform_value,platform_roas", "channel"),
    (CREDITS, ""),
    (f"{CREDITS},spend,roas", "channel"),
    ("ad_revenue,spend,roas", "day"),
    ("ad_revenue,spend,roas", "channel,campaign"),
    ("mer,blended_roas,net_revenue,spend", "month"),
    ("available_units,velocity,days_of_cover", "sku"),
    ("available_units", "status"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """A request to read."""

    path: str
    parameters: Parameters


def questions(brand_id: str, seen_at: str) -> Iterator[Question]:
    """Every request about one brand; `known_at` is a moment in the middle of what happened (ISO 8601, UTC)."""
    brand = f"/api/brands/{brand_id}"
    for path in ("settings", "books", "recommendations", "integrations", "verify", "sources"):
        yield Question(f"{brand}/{path}", {})
    yield Question(f"{brand}/alerts", {})
    yield Question(f"{brand}/alerts", {"status": "all"})
    for model in MODELS:
        yield Question(f"{brand}/orders", {"limit": "200", "model": model})
    for days in DAYS:
        yield Question(f"{brand}/dashboard", {**days, "compare": "true"})
        yield Question(f"{brand}/dashboard", {**days, "model": "last_touch"})
        for metrics, by in BREAKDOWNS:
            yield Question(f"{brand}/performance", {**days, "metrics": metrics, "by": by})
    yield Question(f"{brand}/dashboard", {**DAYS[0], "as_of": seen_at})
    for metrics, by in BREAKDOWNS:
        calls = {**DAYS[0], "metrics": metrics, "by": by}
        yield Question(f"{brand}/performance", {**calls, "as_of": seen_at})
        if "revenue" in metrics:
            yield Question(f"{brand}/performance", {**calls, "model": "last_touch"})


async def ask(http: httpx.AsyncClient, path: str, parameters: Parameters) -> dict[str, Any]:
    """The status and the JSON of an answer."""
    response = await http.get(path, params=parameters)
    return {"status": response.status_code, "body": response.json()}


def fact_ids(answer: Any) -> Iterator[str]:
    """Every fact id in an answer, in the order it stands there."""
    if isinstance(answer, list):
        for each in answer:
            yield from fact_ids(each)
    elif isinstance(answer, dict):
        for key, value in answer.items():
            if key in FACT_KEYS:
                yield from _texts(value)
            else:
                yield from fact_ids(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def without_fact_ids(answer: Any) -> Any:
    """The answer with `FACT` in place of each fact id: their form may change, what they lead to must not."""
    if isinstance(answer, list):
        return [without_fact_ids(each) for each in answer]
    if isinstance(answer, dict):
        return {key: _blank(value) if key in FACT_KEYS else without_fact_ids(value) for key, value in answer.items()}
    return answer


def sampled(answers: list[dict[str, Any]]) -> list[str]:
    """Fact ids to open one by one: all of alerts and advice, and `SAMPLED` of each other request, spread evenly."""
    chosen: list[str] = []
    for answer in answers:
        every = list(dict.fromkeys(fact_ids(answer["body"])))
        whole = answer["path"].endswith(("/alerts", "/recommendations"))
        chosen += every if whole else every[:: max(1, len(every) // SAMPLED)][:SAMPLED]
    return list(dict.fromkeys(chosen))


def brief(fact: dict[str, Any]) -> dict[str, Any]:
    """An opened fact without its id and all but the first `SHOWN_ROWS` rows of each source behind it."""
    behind = [{**source, "rows": source["rows"][:SHOWN_ROWS]} for source in fact["behind"]]
    return {**fact, "fact_id": FACT, "behind": behind}


def _blank(value: Any) -> Any:
    if isinstance(value, str):
        return FACT
    if isinstance(value, dict):
        return {key: _blank(each) for key, each in value.items()}
    return [_blank(each) for each in value] if isinstance(value, list) else value
