"""Periods, totals, and the words of the summary."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_advisor.domain.citations import Citations
from ai_advisor.domain.performance import (
    CampaignDay,
    Performance,
    Period,
    SalesDay,
    Totals,
    performance_of,
)
from ai_advisor.domain.summary import summarise
from ai_advisor.handlers import HANDLERS
from pulsepoint.brand.facts import RecommendationFacts, SummaryFacts
from pulsepoint.brand.sentences import summary_text
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.brand.texts import texts
from pulsepoint.errors import RetryableError
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.catalog import subscriptions_of
from pulsepoint.events.inventory import StockStatus
from pulsepoint.money import MICROS
from tests.builders.insights import Bench, bench_of, event_of, stock_assessed, stock_status, text_of
from tests.builders.inventory import NOW, SCOPE, ad_day_fact, brand_data, credit_facts, days_ago, order_facts
from tests.builders.metrics import citing

TODAY = date(2026, 3, 15)
PERIOD = Period(date(2026, 3, 1), date(2026, 3, 14))


def summary_of(performance: Performance, counts: dict[str, int], too_little_data: int = 0) -> str:
    brand = BrandSettings.model_validate(brand_data())
    citations = Citations(SCOPE.brand_id, performance.period, citing(SCOPE, brand.currency, NOW))
    return summary_text(summarise(citations, "EUR", performance, counts, too_little_data), (), texts())


def day(ago: int, spend: int, revenue: int = 0, *, currency: str = "EUR", campaign_id: str = "c1") -> CampaignDay:
    when = TODAY - timedelta(days=ago)
    return CampaignDay("meta", "a1", campaign_id, "Spring", currency, when, spend, revenue, 1 if revenue else 0)


def sale(ago: int, net: int, *, currency: str = "EUR") -> SalesDay:
    return SalesDay(TODAY - timedelta(days=ago), currency, net, 1)


def of(campaign_days: list[CampaignDay], sales: list[SalesDay]) -> Performance:
    return performance_of(campaign_days, sales, today=TODAY, currency="EUR")


def test_today_is_not_a_complete_day() -> None:
    result = of([day(0, 5), day(1, 10)], [sale(0, 7), sale(1, 30)])
    assert result.now == Totals(30, 1, 10)
    assert result.period == Period(TODAY - timedelta(days=14), TODAY - timedelta(days=1))


def test_a_first_day_counts_because_nothing_else_is_known() -> None:
    result = of([day(0, 5)], [sale(0, 7)])
    assert result.now == Totals(7, 1, 5)
    assert result.today_counts


def test_the_period_before_is_as_long() -> None:
    result = of([day(14, 10), day(15, 100), day(28, 1000), day(29, 10_000)], [sale(14, 1), sale(15, 2), sale(28, 4)])
    assert (result.now.spend_micros, result.before.spend_micros) == (10, 1100)
    assert (result.now.net_micros, result.before.net_micros) == (1, 6)


@pytest.mark.rule("REV-06")
def test_currencies_are_never_mixed() -> None:
    result = of(
        [day(1, 10), day(1, 999, currency="SEK", campaign_id="c2")], [sale(1, 30), sale(1, 999, currency="USD")]
    )
    assert result.now == Totals(30, 1, 10)
    assert [item.campaign_id for item in result.campaigns] == ["c1"]
    assert result.foreign_spend == {"SEK": 999}


def test_a_stopped_campaign_is_not_judged() -> None:
    result = of([day(1, 10), day(2, 10), day(4, 10, campaign_id="c2")], [])
    assert [item.campaign_id for item in result.campaigns] == ["c1"]


@given(st.lists(st.tuples(st.integers(0, 28), st.integers(0, 10**12), st.integers(-(10**12), 10**12)), max_size=30))
def test_totals_are_sums_over_the_period(rows: list[tuple[int, int, int]]) -> None:
    result = of([day(ago, spend, net) for ago, spend, net in rows], [sale(ago, net) for ago, _, net in rows])
    first = 0 if result.today_counts else 1
    inside = [row for row in rows if first <= row[0] < first + 14]
    assert result.now.spend_micros == sum(spend for _, spend, _ in inside)
    assert result.now.net_micros == sum(net for _, _, net in inside)
    assert sum(item.revenue_micros for item in result.campaigns) in (0, result.now.net_micros)


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [(108, 100, "8 % more than"), (97, 100, "3 % less than"), (1000, 999, "as much as"), (-5, 10, "150 % less than")],
)
def test_changes_are_said_in_whole_percent(now: int, before: int, said: str) -> None:
    performance = Performance(PERIOD, Totals(now, 3, 0), Totals(before, 3, 0))
    assert f"orders, {said} the 14 days before." in summary_of(performance, {})


def test_the_summary_says_what_was_sold_spent_and_runs_out() -> None:
    performance = Performance(
        PERIOD,
        Totals(12_345_670_000, 321, 1_234_000_000),
        Totals(11_431_175_926, 300, 1_300_000_000),
        foreign_spend={"SEK": 1_000 * MICROS},
    )
    counts = {"out_of_stock": 1, "critical": 2, "healthy": 9, "untracked": 4}
    assert summary_of(performance, counts, too_little_data=2) == (
        "From 2026-03-01 to 2026-03-14 the shop sold 12,345.67 EUR net in 321 orders, 8 % more than the 14 days "
        "before. Ads cost 1,234.00 EUR: blended ROAS 10.00 (8.79 before). "
        "Ads for 1,000.00 SEK are in another currency than the shop's and are not part of these figures. "
        "Of 12 variants 1 is out of stock, 2 last less than half the lead time and 0 less than the lead time. "
        "There is nothing to advise. 2 campaigns have too little spend or too few days for advice on ROAS."
    )


@pytest.mark.rule("AI-05")
def test_the_summary_of_an_empty_shop_claims_nothing() -> None:
    said = summary_of(of([], []), {})
    assert said.endswith(
        "nothing was sold. No ad spend is known for these days. No stock is known. There is nothing to advise."
    )


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_of("ai-advisor") as bench:
        yield bench


async def configure(bench: Bench, **changes: Any) -> None:
    await bench.handle(HANDLERS["brand.configured"], event_of(BrandConfigured(**brand_data(**changes))))


async def assessed(bench: Bench, *statuses: StockStatus, version: int = 1) -> Any:
    event = event_of(stock_assessed(*statuses), version=version, time=NOW)
    return await bench.handle(HANDLERS["stock.assessed"], event)


def test_every_subscribed_event_has_a_handler() -> None:
    subscribed = {kind for subscription in subscriptions_of("ai-advisor") for kind in subscription.types}
    assert subscribed - HANDLERS.keys() <= {"replay.requested"}


async def test_advice_waits_for_the_brands_settings(bench: Bench) -> None:
    with pytest.raises(RetryableError):
        await assessed(bench)


async def seed(bench: Bench, *, roas: int = 1) -> None:
    """Ten days of one campaign at 100 a day, and its orders of 50."""
    for ago in range(1, 11):
        await bench.append([ad_day_fact(NOW.date() - timedelta(days=ago), 100 * MICROS)])
        for number in range(2 * roas):
            at = days_ago(ago)
            order = order_facts(f"o{ago}-{number}", at, [{"variant_id": "v1", "price_micros": 50 * MICROS}])
            await bench.append(order, credit_facts(f"o{ago}-{number}", at, 50 * MICROS))


@pytest.mark.slow
async def test_advice_is_computed_from_the_warehouse_and_written_down(bench: Bench) -> None:
    await configure(bench)
    await seed(bench)
    outcome = await assessed(bench, stock_status())
    payload = outcome.events[0].payload
    assert [item.type for item in payload.recommendations] == ["reorder", "reduce_spend"]
    assert "ROAS 1.00 against a target of 2.00: 1,000.00 EUR spent" in text_of(payload.recommendations[1]).reason
    summary = summary_text(payload, payload.recommendations, texts())
    assert "sold 1,000.00 EUR net in 20 orders" in summary
    assert "advice weighs revenue, not profit" in summary
    rows = await bench.rows("SELECT * FROM ai_insights_current WHERE brand_id = @brand_id ORDER BY position")
    assert [(row["position"], row["type"]) for row in rows] == [(1, "reorder"), (2, "reduce_spend")]
    assert [tuple(orjson.loads(row["facts"])) for row in rows] == [item.facts for item in payload.recommendations]
    [head] = await bench.rows("SELECT * FROM advice_current WHERE brand_id = @brand_id")
    stored = [RecommendationFacts.of_row(row) for row in rows]
    assert summary_text(SummaryFacts.of_row(head), stored, texts()) == summary
    assert [text_of(item) for item in stored] == [text_of(item) for item in payload.recommendations]


async def test_the_same_advice_is_told_again_but_not_written_again(bench: Bench) -> None:
    await configure(bench)
    first = await assessed(bench, stock_status())
    bench.clock.advance(minutes=1)
    again = await assessed(bench, stock_status(), version=2)
    assert first.facts
    assert not again.facts
    assert again.events[0].version == first.events[0].version + 1


async def test_an_older_assessment_changes_nothing(bench: Bench) -> None:
    await configure(bench)
    await assessed(bench, stock_status(), version=5)
    late = await assessed(bench, version=4)
    assert not late.events
    assert await bench.document("brands", str(SCOPE.brand_id)) is not None


async def test_older_settings_do_not_replace_newer_ones(bench: Bench) -> None:
    for version, lead in ((2, 30), (1, 3)):
        payload = BrandConfigured(**brand_data(lead_time_days=lead))
        await bench.handle(HANDLERS["brand.configured"], event_of(payload, version=version))
    kept = await bench.document("brands", str(SCOPE.brand_id))
    assert kept is not None
    assert kept.data["lead_time_days"] == 30


@pytest.mark.rule("AI-01")
@pytest.mark.slow
async def test_fact_ids_compute_the_figures_of_the_reason_again(bench: Bench) -> None:
    await configure(bench)
    await seed(bench)
    unpaid = order_facts("organic", days_ago(3), [{"variant_id": "v1"}])
    await bench.append(unpaid, credit_facts("organic", days_ago(3), 10 * MICROS, paid=False))
    [advised] = (await assessed(bench)).events[0].payload.recommendations
    assert "1,000.00 EUR net revenue credited (20 orders)" in text_of(advised).reason
    explained = [await bench.recompute(cited) for cited in advised.facts]
    assert [each.citation.metric for each in explained] == ["attributed_roas", "spend", "ad_revenue"]
    assert [each.value for each in explained] == [MICROS, 1000 * MICROS, 1000 * MICROS]
