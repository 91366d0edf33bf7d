"""Every number the API shows leads to its formula and its rows: the fact beside it opens with the same value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from ai_advisor.domain.advice import Rules, reorders
from ai_advisor.domain.citations import Citations
from ai_advisor.domain.performance import Period as AdvisedPeriod
from alerting.domain.stock import StockView, findings
from gateway.domain.brands import Brand
from pulsepoint.brand.facts import Stated
from pulsepoint.brand.vocabulary import StockState
from pulsepoint.events.insights import Recommendation
from pulsepoint.events.inventory import StockStatus
from pulsepoint.metrics.basis import MetricSettings
from pulsepoint.metrics.catalog import divided
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from tests.builders.cited import NO_FIGURES, Cited, figures, numbers, sentences, spoken
from tests.builders.gateway_shop import LAST, RANGE, a_brand, a_shop, scope_of
from tests.builders.identity_store import RunningGateway
from tests.builders.storefront import ad_day, at_once, fact, order_facts

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


DERIVED = frozenset({
    "units_sold", "days_in_stock", "days_unknown", "days_known",  # of the window that stock was judged over
    "reorder_units",  # a rule's result, made from the velocity and the stock beside it
    "lead_time", "review",  # lengths of time: settings
})  # fmt: skip
"""Figures of alerts and advice that no metric defines."""


def short_statuses() -> list[StockStatus]:
    """The two variants of `stock_facts` that run out, as stock is judged."""
    rows = (("v1", 4, 3_100_000, "critical", 21_400_000), ("v2", 0, 1_400_000, "out_of_stock", 9_250_000))
    return [
        StockStatus(
            variant_id=variant_id, sku=variant_id, product_id="p", title=f"Variant {variant_id}", available=available,
            velocity_micros=velocity, days_in_stock=28, units_sold=80, status=StockState(status),
            days_of_cover_micros=divided(available, velocity, 10**12), continue_selling=False,
            spend_at_risk_micros=risk,
        )
        for variant_id, available, velocity, status, risk in rows
    ]  # fmt: skip


def stated(facts: Stated) -> dict[str, Any]:
    """The columns of what is stated."""
    return dict(facts.columns())


async def standing_facts(gateway: RunningGateway, scope: TenantContext, brand: Brand) -> list[FactRow]:
    """Alerts and a newer advice on the stock, by the rules that make them."""
    now, currency = datetime.now(UTC), brand.settings.currency
    settings = MetricSettings.of(brand.settings, brand.version)
    cite = await gateway.ports.metrics.citing(scope, settings=settings, as_of=now, currency=currency)
    statuses = short_statuses()
    view = StockView(tuple(statuses), frozenset(), frozenset(), complete=True)
    holding = findings(view, currency, {}, lambda metric, variant: cite(metric, {"variant_id": variant}, LAST, LAST))
    alerts = [
        fact(
            scope, "alerts", each.subject, alert_id=each.subject, type=each.type, severity=each.severity,
            subject=each.subject, channel=each.channel, product=each.product, title=None, explanation=None,
            recommended_action=None, opened_at=now, resolved_at=None, facts="[]", **stated(each),
        )
        for each in holding
    ]  # fmt: skip
    advised = list(
        reorders(
            Citations(scope.brand_id, AdvisedPeriod(LAST, LAST), currency, cite), brand.settings, statuses, Rules()
        )
    )
    return at_once([*alerts, *advice_rows(scope, advised, now)])


def advice_rows(scope: TenantContext, advised: list[Recommendation], now: datetime) -> list[FactRow]:
    head = fact(scope, "advice", "advice", version=2, computed_at=now, summary=None, recommendations=len(advised))
    return [
        head,
        *(
            fact(
                scope, "ai_insights", "advice", part=each.recommendation_id, version=2, position=position,
                recommendation_id=each.recommendation_id, type=each.type, priority=each.priority,
                subject=each.subject, action=None, reason=None, expected_impact=None, current_spend_micros=None,
                recommended_change_micros=None, facts="[]", **stated(each),
            )
            for position, each in enumerate(advised, start=1)
        ),
    ]  # fmt: skip


async def test_every_measured_figure_of_alerts_and_advice_opens_with_its_value(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        scope = await scope_of(client, brand_id)
        brand = await gateway.ports.identity_store.brand(scope, scope.brand_id)
        await gateway.ports.warehouse.append(await standing_facts(gateway, scope, brand))
        seen: dict[str, Any] = {}
        for path, least in (("alerts", 8), ("recommendations", 6)):
            answer = (await client.get(f"/api/brands/{brand_id}/{path}")).json()
            shown = list(figures(answer))
            cited = [Cited(each["name"], each["value"], each["fact_id"]) for each in shown if each["fact_id"]]
            assert len(cited) >= least
            assert [each for each in cited if not await opens(client, each, seen)] == []
            assert {each["name"] for each in shown if not each["fact_id"]} <= DERIVED
            for each in answer[path]:
                texts = {figure["text"].split(" ")[0] for figure in each["figures"]}
                said = {number for _, text in sentences(each) for number in spoken(text)}
                # Old rows hold sentences of their own, and no figures.
                assert not texts or (said and said <= texts), each


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
