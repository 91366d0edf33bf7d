"""Periods, totals, and the words of the summary."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import orjson
import pytest

from ai_advisor.domain.performance import (
    CampaignTotals,
    Performance,
    Period,
    SpendDay,
    Totals,
    period_of,
    running_campaigns,
)
from ai_advisor.domain.summary import summarise
from ai_advisor.handlers import HANDLERS
from ai_advisor.measuring import measure_performance
from pulsepoint.brand import figures
from pulsepoint.brand.facts import RecommendationFacts, SummaryFacts
from pulsepoint.brand.sentences import summary_text
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.brand.texts import texts
from pulsepoint.errors import RetryableError
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.insights import AdviceComputed
from pulsepoint.events.inventory import StockStatus
from pulsepoint.metrics.quarantined_days import QuarantinedDay
from pulsepoint.money import MICROS
from pulsepoint.runtime.brand_projection import brand_of
from pulsepoint.runtime.outcome import Reader
from tests.builders.citing import of_advice
from tests.builders.insights import Bench, bench_of, event_of, payload_in, stock_assessed, stock_status, text_of
from tests.builders.inventory import NOW, SCOPE, ad_day_fact, brand_data, credit_facts, days_ago, order_facts
from tests.builders.metrics import citing
from tests.builders.performance import totals

TODAY = date(2026, 3, 15)
PERIOD = Period(date(2026, 3, 1), date(2026, 3, 14))


def summary_of(performance: Performance, counts: dict[str, int], too_little_data: int = 0) -> str:
    brand = BrandSettings.model_validate(brand_data())
    citations = of_advice(SCOPE.brand_id, performance.period, brand.currency, citing(SCOPE, brand.currency, NOW))
    return summary_text(summarise(citations, "EUR", performance, counts, too_little_data), (), texts())


def spent(ago: int, micros: int = 10, *, campaign_id: str = "c1", name: str = "Spring") -> SpendDay:
    return SpendDay("meta", "a1", campaign_id, name, TODAY - timedelta(days=ago), micros)


def test_today_is_not_a_complete_day() -> None:
    period = period_of([TODAY, TODAY - timedelta(days=1)], TODAY)
    assert period == Period(TODAY - timedelta(days=14), TODAY - timedelta(days=1))
    assert period.before == Period(TODAY - timedelta(days=28), TODAY - timedelta(days=15))
    assert period.recent == Period(TODAY - timedelta(days=7), TODAY - timedelta(days=1))


@pytest.mark.parametrize(("earlier", "end"), [([0], 0), ([0, 3], 1), ([], 1)])
def test_a_first_day_counts_because_nothing_else_is_known(earlier: list[int], end: int) -> None:
    assert period_of([TODAY - timedelta(days=ago) for ago in earlier], TODAY).end_day == TODAY - timedelta(days=end)


def test_a_stopped_campaign_is_not_judged() -> None:
    days = [spent(1), spent(2), spent(4, campaign_id="c2")]
    running = running_campaigns(days, period_of([row.day for row in days], TODAY), {}, {})
    assert [campaign.campaign_id for campaign in running] == ["c1"]


def test_a_campaign_bears_its_last_name_and_counts_its_days_in_the_period() -> None:
    days = [spent(ago, name="New" if ago == 1 else "Old") for ago in (1, 2, 20)]
    totals_of = {("meta", "a1", "c1"): CampaignTotals(20, 60, 2, 3 * MICROS)}
    [campaign] = running_campaigns(days, period_of([row.day for row in days], TODAY), totals_of, {})
    assert (campaign.name, campaign.days_with_spend, campaign.revenue_micros) == ("New", 2, 60)


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [(108, 100, "8 % more than"), (97, 100, "3 % less than"), (1000, 999, "as much as"), (-5, 10, "150 % less than")],
)
def test_changes_are_said_in_whole_percent(now: int, before: int, said: str) -> None:
    performance = Performance(PERIOD, totals(now, 3, 0), totals(before, 3, 0))
    assert f"orders, {said} the 14 days before." in summary_of(performance, {})


def test_the_summary_says_what_was_sold_spent_and_runs_out() -> None:
    performance = Performance(
        PERIOD,
        totals(12_345_670_000, 321, 1_234_000_000),
        totals(11_431_175_926, 300, 1_300_000_000),
        foreign_spend={"SEK": figures.money(1_000 * MICROS, "SEK")},
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
    said = summary_of(Performance(PERIOD, Totals(), Totals()), {})
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
    summary_row, *rows = rows
    assert (summary_row["position"], summary_row["type"], tuple(orjson.loads(summary_row["facts"]))) == (
        0,
        "summary",
        payload.citations,
    )
    assert orjson.loads(summary_row["figures"]) == orjson.loads(payload.columns()["figures"])
    assert [(row["position"], row["type"]) for row in rows] == [(1, "reorder"), (2, "reduce_spend")]
    shown = await bench.metrics.query(SCOPE, "dashboard_recommendations")
    assert [row["type"] for row in shown] == ["reorder", "reduce_spend"]
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


@pytest.mark.rule("ADS-18")
def test_the_summary_says_which_days_its_roas_leaves_out() -> None:
    days = [QuarantinedDay(date(2026, 3, day), "meta", account, "EUR") for day in (9, 3) for account in ("a1", "a2")]
    said = summary_of(Performance(PERIOD, Totals(), Totals(), left_out=days), {})
    assert (
        "Ad spend of 2026-03-03, 2026-03-09 does not add up and is not counted; "
        "ROAS leaves these days out on both sides, sales and spend."
    ) in said
    assert "does not add up" not in summary_of(Performance(PERIOD, Totals(), Totals()), {})


@pytest.mark.rule("AI-01")
@pytest.mark.slow
async def test_fact_ids_compute_the_figures_of_the_reason_again(bench: Bench) -> None:
    await configure(bench)
    await seed(bench)
    unpaid = order_facts("organic", days_ago(3), [{"variant_id": "v1"}])
    await bench.append(unpaid, credit_facts("organic", days_ago(3), 10 * MICROS, paid=False))
    [advised] = (await assessed(bench)).events[0].payload.recommendations
    assert "1,000.00 EUR net revenue credited (20 orders)" in text_of(advised).reason
    for name, figure in advised.figures.items():
        assert figure.fact_id is not None, name
        explained = await bench.recompute(figure.fact_id)
        assert explained.value == figure.value, name
        assert explained.behind or explained.inputs, name
    assert advised.figures["current_spend"].value == 100 * MICROS
    assert advised.recommended_change_micros == advised.figures["recommended_change"].value == -50 * MICROS


@pytest.mark.rule("AI-01")
@pytest.mark.slow
async def test_fact_ids_compute_the_figures_of_the_summary_again(bench: Bench) -> None:
    await configure(bench)
    await seed(bench)
    facts = payload_in(await assessed(bench), AdviceComputed).figures
    for name in ("net_revenue", "net_revenue_before", "orders", "spend", "blended_roas", "blended_roas_before"):
        fact_id = facts[name].fact_id
        assert fact_id is not None, name
        assert (await bench.recompute(fact_id)).value == facts[name].value, name


@pytest.mark.rule("REV-06")
@pytest.mark.slow
async def test_currencies_are_never_mixed(bench: Bench) -> None:
    await configure(bench)
    await seed(bench)
    yesterday = NOW.date() - timedelta(days=1)
    await bench.append([ad_day_fact(yesterday, 999 * MICROS, currency="SEK", campaign_id="c2")])
    measured = await bench.read(measured_by)
    assert (measured.now.spend_micros, measured.now.net_micros) == (1000 * MICROS, 1000 * MICROS)
    assert [campaign.campaign_id for campaign in measured.campaigns] == ["c1"]
    assert {code: figure.value for code, figure in measured.foreign_spend.items()} == {"SEK": 999 * MICROS}
    assert measured.now.roas_micros == MICROS


@pytest.mark.slow
async def test_the_period_before_is_as_long_and_today_is_in_neither(bench: Bench) -> None:
    await configure(bench)
    for ago, units in ((0, 1), (1, 10), (14, 100), (15, 1000), (28, 10_000), (29, 100_000)):
        day = NOW.date() - timedelta(days=ago)
        await bench.append(
            [ad_day_fact(day, units * MICROS)],
            order_facts(f"o{ago}", days_ago(ago), [{"variant_id": "v1", "price_micros": units * MICROS}]),
        )
    measured = await bench.read(measured_by)
    assert (measured.now.spend_micros, measured.before.spend_micros) == (110 * MICROS, 11_000 * MICROS)
    assert (measured.now.net_micros, measured.before.net_micros) == (110 * MICROS, 11_000 * MICROS)
    assert (measured.now.orders, measured.now.order_value_micros) == (2, 55 * MICROS)


async def measured_by(reader: Reader) -> Performance:
    return await measure_performance(reader, await brand_of(reader), NOW)
