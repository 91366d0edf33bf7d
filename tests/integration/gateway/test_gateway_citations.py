"""Every number the API shows leads to its formula and its rows: the fact beside it opens with the same value."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from pulsepoint.tenancy import TenantContext
from tests.builders.cited import NO_FIGURES, Cited, numbers, sentences, spoken
from tests.builders.gateway_shop import RANGE, a_brand, a_shop, scope_of
from tests.builders.identity_store import RunningGateway
from tests.builders.storefront import fact

LENGTHS = frozenset({"days_before"})
"""Figures of sentences that are lengths of time, not measured."""


async def opens(client: httpx.AsyncClient, cited: Cited, seen: dict[str, Any]) -> bool:
    """True where the fact beside a number opens with the number's value."""
    if cited.fact_id is None:
        return False
    if cited.fact_id not in seen:
        answer = await client.get(f"/api/facts/{cited.fact_id}")
        assert answer.status_code == 200, (cited, answer.text)
        seen[cited.fact_id] = answer.json()
    opened = seen[cited.fact_id]
    assert opened["formula"]
    return bool(opened["value"] == pytest.approx(cited.value, abs=1e-6))


async def unexplained(client: httpx.AsyncClient, answer: Any) -> list[Cited]:
    """The numbers of an answer that no fact beside them explains."""
    seen: dict[str, Any] = {}
    return [
        cited for cited in numbers(answer) if not NO_FIGURES.search(cited.path) and not await opens(client, cited, seen)
    ]


def shown_beside(answer: dict[str, Any]) -> set[str]:
    """Paths of figures that are lengths of time."""
    listed = answer.get("summary", {}).get("figures", [])
    return {f".summary.figures[{place}].value" for place, each in enumerate(listed) if each["name"] in LENGTHS}


@pytest.mark.parametrize(
    "query", [RANGE, "start_date=2026-03-20&end_date=2026-04-10", f"model=last_touch&date_basis=ordered&{RANGE}"]
)
async def test_every_number_of_the_dashboard_opens_with_its_value(gateway: RunningGateway, query: str) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        answer = (await client.get(f"/api/brands/{brand_id}/dashboard?compare=true&{query}")).json()
        del answer["recommendations"]
        counted = list(numbers(answer))
        assert len(counted) > 100
        left = await unexplained(client, answer)
    assert {cited.path for cited in left} == shown_beside(answer)


async def test_every_number_of_a_day_and_a_brand_of_nothing_opens_too(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_brand(client)
        answer = (await client.get(f"/api/brands/{brand_id}/dashboard?{RANGE}")).json()
        left = await unexplained(client, answer)
    assert {cited.path for cited in left} == shown_beside(answer)


async def test_money_in_another_currency_opens_in_that_currency(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        scope = await scope_of(client, brand_id)
        await gateway.ports.warehouse.append([foreign_spend(scope)])
        answer = (await client.get(f"/api/brands/{brand_id}/dashboard?{RANGE}")).json()
        [excluded] = answer["performance_snapshot"]["excluded"]
        opened = (await client.get(f"/api/facts/{excluded['fact_id']}")).json()
    assert (excluded["metric"], excluded["currency"], excluded["amount"]) == ("spend", "SEK", 90.0)
    assert (opened["metric"], opened["currency"], opened["value"]) == ("spend", "SEK", 90.0)


def foreign_spend(scope: TenantContext) -> Any:
    """A day of another account, which spends Swedish kronor."""
    return fact(
        scope, "ad_performance", "meta:2:19:2026-03-10", platform="meta", account_id="2", account_currency="SEK",
        account_timezone="Europe/London", campaign_id="19", campaign_name="nordic", day=date(2026, 3, 10),
        spend_micros=90_000_000, impressions=9, clicks=1, conversions_micros=None, conversion_value_micros=None,
        click_window_days=None, view_window_days=None,
    )  # fmt: skip


async def test_the_stock_opens_variant_by_variant(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        answer = (await client.get(f"/api/brands/{brand_id}/inventory")).json()
        assert len(answer["running_out"]) == 2
        assert await unexplained(client, answer) == []


async def test_a_sentence_says_no_number_that_is_not_among_its_figures(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        answer = (await client.get(f"/api/brands/{brand_id}/dashboard?{RANGE}")).json()
    cited = {each["text"].split(" ")[0] for each in answer["summary"]["figures"]}
    for numbers_of in answer["performance_snapshot"]["by_channel"].values():
        cited |= {f"{value:,.2f}" for value in numbers_of.values() if isinstance(value, float)}
        cited |= {f"{numbers_of['orders']:,}", cut(numbers_of["attributed_roas"])}
    texts = dict(sentences(answer["summary"], ".summary"))
    assert set(texts) > {".summary.summary", ".summary.inventory_insights", ".summary.channel_performance.meta"}
    advice = ".summary.summary"  # ends with what to do first, whose figures stand beside the recommendation
    for path, text in texts.items():
        said = spoken(text.split("First:")[0])
        derived = {each for each in said if f"{each} %" in text}
        assert set(said) - derived <= cited, (path, text)
    assert advice in texts


def cut(ratio: float | None) -> str:
    """A ratio as sentences write it: two decimals, cut."""
    return "" if ratio is None else f"{int(ratio * 100) / 100:.2f}"
