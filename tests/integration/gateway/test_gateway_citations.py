"""Every number the API shows leads to its formula and its rows: the fact beside it opens with the same value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from pulsepoint.tenancy import TenantContext
from tests.builders.cited import NO_FIGURES, Cited, numbers, sentences, spoken
from tests.builders.gateway_shop import RANGE, a_brand, a_shop, scope_of
from tests.builders.identity_store import RunningGateway
from tests.builders.storefront import ad_day, fact, order_facts


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


async def unexplained(client: httpx.AsyncClient, answer: Any, seen: dict[str, Any] | None = None) -> list[Cited]:
    """The numbers of an answer that no fact beside them explains; `seen` keeps the opened facts by id."""
    opened = {} if seen is None else seen
    shown = [cited for cited in numbers(answer) if not NO_FIGURES.search(cited.path)]
    return [cited for cited in shown if not await opens(client, cited, opened)]


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
    assert left == []


async def test_every_number_of_a_day_and_a_brand_of_nothing_opens_too(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_brand(client)
        answer = (await client.get(f"/api/brands/{brand_id}/dashboard?{RANGE}")).json()
        left = await unexplained(client, answer)
    assert left == []


async def test_money_in_another_currency_opens_in_that_currency(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        scope = await scope_of(client, brand_id)
        await gateway.ports.warehouse.append([foreign_spend(scope)])
        answer = (await client.get(f"/api/brands/{brand_id}/dashboard?{RANGE}")).json()
        [excluded] = answer["performance_snapshot"]["excluded"]
        opened = (await client.get(f"/api/facts/{excluded['fact_id']}")).json()
    assert "Ads for 90.00 SEK are in another currency" in answer["summary"]["summary"]
    assert "Ads for 90.00 SEK are in another currency" in answer["summary"]["channel_performance"]["meta"]
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


async def test_unmatched_spend_and_orders_are_listed_with_their_amounts(gateway: RunningGateway) -> None:
    """A campaign that spent and earned nothing, and an order whose touch names a campaign that nobody knows."""
    at = datetime(2026, 3, 10, 12, tzinfo=UTC)
    async with await gateway.login() as client:
        brand_id = await a_brand(client)
        scope = await scope_of(client, brand_id)
        await gateway.ports.warehouse.append(
            [
                ad_day(scope, "google", at.date(), 40_000_000, "GBP"),
                *order_facts(scope, "lost", at, 75_000_000, "meta", "GBP"),
                *order_facts(scope, "mailed", at, 60_000_000, "email", "GBP"),
            ]
        )
        answer = (await client.get(f"/api/brands/{brand_id}/unmatched")).json()
        sums = answer["spend"] + answer["credits"]
        seen: dict[str, Any] = {}
        assert [
            each for each in sums if not await opens(client, Cited("amount", each["amount"], each["fact_id"]), seen)
        ] == []
    assert [(each["campaign"], each["amount"]) for each in answer["spend"]] == [("google-spring", 40.0)]
    assert [(each["campaign"], each["amount"]) for each in answer["credits"]] == [("meta-spring", 75.0)]
    assert [(each["order_id"], each["channel"], each["amount"]) for each in answer["orders"]] == [
        ("lost", "meta", 75.0)
    ]
