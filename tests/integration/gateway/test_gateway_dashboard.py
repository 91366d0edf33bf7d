"""The dashboard: the contract's fields, sums that agree, sentences about the period, and one instant for all of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import httpx
import pytest

from pulsepoint.brand.vocabulary import Platform
from pulsepoint.tenancy import TenantContext
from tests.builders.gateway_shop import LAST, RANGE, a_brand, a_shop, scope_of
from tests.builders.identity_store import RunningGateway
from tests.builders.storefront import alert, fact, order_facts


async def dashboard(client: httpx.AsyncClient, brand_id: str, query: str = RANGE) -> dict[str, Any]:
    answer = await client.get(f"/api/brands/{brand_id}/dashboard?{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_the_dashboard_has_the_fields_of_the_contract_and_its_sums_agree(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        whole = await dashboard(client, brand_id, f"compare=true&{RANGE}")
        books = (await client.get(f"/api/brands/{brand_id}/books")).json()
    assert {"summary", "channel_performance", "inventory_insights"} <= set(whole["summary"])
    assert {"priority", "action", "reason", "expected_impact"} <= set(whole["recommendations"][0])
    snapshot = whole["performance_snapshot"]
    assert {"total_spend", "total_revenue", "blended_roas", "by_channel"} <= set(snapshot)
    channels = list(snapshot["by_channel"].values())
    assert round(sum(day["revenue"] for day in snapshot["by_day"]), 2) == snapshot["total_revenue"]
    assert round(sum(each["revenue"] for each in channels), 2) == snapshot["total_revenue"]
    assert round(sum(each["spend"] or 0 for each in channels), 2) == snapshot["total_spend"]
    assert sum(each["orders"] for each in channels) == snapshot["orders"]
    assert all(each["orders"] for each in channels if each["revenue"])
    assert snapshot["blended_roas"] == pytest.approx(snapshot["total_revenue"] / snapshot["total_spend"], abs=1e-6)
    assert snapshot["previous"]["orders"] > 0
    assert books["balanced"] is True


async def test_channels_are_an_object_by_channel_and_no_ratio_is_called_plain_roas(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        snapshot = (await dashboard(client, await a_shop(gateway, client)))["performance_snapshot"]
    assert {"meta", "google", "tiktok", "unattributed"} <= set(snapshot["by_channel"])
    meta = snapshot["by_channel"]["meta"]
    assert meta["attributed_roas"] == pytest.approx(meta["revenue"] / meta["spend"], abs=1e-6)
    days = snapshot["by_day"]
    assert days[0]["blended_roas"] == pytest.approx(days[0]["revenue"] / days[0]["spend"], abs=1e-6)
    for numbers in (snapshot, meta, days[0]):
        assert "roas" not in numbers


@pytest.mark.rule("ADS-18")
async def test_a_day_in_quarantine_is_named_and_no_ratio_doubles(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        before = (await dashboard(client, brand_id))["performance_snapshot"]
        bad = date(2026, 3, 20)
        quarantine = fact(
            await scope_of(client, brand_id), "ad_days_quarantined", f"meta:1:{bad}", platform="meta", account_id="1",
            day=bad, quarantined=True, account_spend_micros=2, campaign_spend_micros=1, account_currency="GBP",
        )  # fmt: skip
        await gateway.ports.warehouse.append([quarantine])
        board = await dashboard(client, brand_id)
        snapshot = board["performance_snapshot"]
        opened = (await client.get(f"/api/facts/{snapshot['facts']['blended_roas']}")).json()
    left_out = "Ad spend of 2026-03-20 does not add up and is not counted; ROAS leaves these days out on both sides"
    assert left_out in board["summary"]["summary"]
    assert left_out in board["summary"]["channel_performance"]["meta"]
    assert "does not add up" not in board["summary"]["channel_performance"]["google"]
    kept = [day for day in before["by_day"] if day["day"] != str(bad)]
    expected = sum(day["revenue"] for day in kept) / sum(day["spend"] for day in kept)
    assert snapshot["blended_roas"] == opened["value"] == pytest.approx(expected, abs=1e-6)
    assert snapshot["total_revenue"] == before["total_revenue"]
    assert snapshot["left_out"] == opened["left_out"] == [{"platform": "meta", "account_id": "1", "day": str(bad)}]
    assert snapshot["notes"][:1] == opened["notes"]
    assert snapshot["notes"][0].startswith("Ad spend of Meta account 1 does not add up on 2026-03-20.")
    assert before["left_out"] == []


@pytest.mark.rule("REV-11")
async def test_new_customers_say_that_they_are_a_guess(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        whole = await dashboard(client, await a_shop(gateway, client))
        snapshot = whole["performance_snapshot"]
        opened = (await client.get(f"/api/facts/{snapshot['facts']['new_customers']}")).json()
    # Every order of this shop is of another buyer, and nothing says how often any of them bought before.
    assert snapshot["new_customers"] == snapshot["orders"] == opened["value"]
    assert (snapshot["partial"], opened["partial"]) == (["new_customers"], True)
    assert any(note.startswith("New customers are partly a guess") for note in snapshot["notes"])
    assert f"{snapshot['orders']} customers were new as far as is known" in whole["summary"]["summary"]


async def test_the_three_parts_of_the_summary_are_sentences(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        whole = await dashboard(client, await a_shop(gateway, client))
    summary, meta = whole["summary"], whole["performance_snapshot"]["by_channel"]["meta"]
    assert set(summary["channel_performance"]) == set(Platform)
    sentence = summary["channel_performance"]["meta"]
    assert sentence.startswith("Meta cost ")
    assert f"{meta['spend']:,.2f} GBP from 2026-03-02 to 2026-03-31" in sentence
    assert f"{meta['revenue']:,.2f} GBP net in {meta['orders']} orders" in sentence
    assert summary["inventory_insights"].startswith("Of 3 variants 1 is out of stock, 1 lasts less than half")
    assert whole["inventory"]["counts"] == {"out_of_stock": 1, "critical": 1, "healthy": 1}


@pytest.mark.parametrize(("start", "end"), [("2026-03-02", "2026-03-31"), ("2026-02-10", "2026-02-16")])
async def test_the_summary_is_about_the_period_asked_for(gateway: RunningGateway, start: str, end: str) -> None:
    """It was about the fourteen days before it was computed, whatever was asked."""
    async with await gateway.login() as client:
        whole = await dashboard(client, await a_shop(gateway, client), f"start_date={start}&end_date={end}&compare=1")
    text, snapshot = whole["summary"]["summary"], whole["performance_snapshot"]
    assert text.startswith(f"From {start} to {end} the shop sold {snapshot['total_revenue']:,.2f} GBP net")
    assert f"Ads cost {snapshot['total_spend']:,.2f} GBP" in text
    days = (date.fromisoformat(end) - date.fromisoformat(start)).days + 1
    assert f"than the {days} days before" in text
    figures = {each["name"]: each for each in whole["summary"]["figures"]}
    assert figures["net_revenue_before"]["value"] == snapshot["previous"]["total_revenue"]


async def test_a_period_of_nothing_says_so(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        whole = await dashboard(client, await a_brand(client))
    summary = whole["summary"]
    assert summary["summary"].startswith("From 2026-03-02 to 2026-03-31 nothing was sold. No ad spend is known")
    assert summary["channel_performance"]["tiktok"].startswith("No ad spend on TikTok is known")
    assert summary["inventory_insights"] == "No stock is known."
    assert len(whole["performance_snapshot"]["by_day"]) == 30
    assert whole["performance_snapshot"]["by_channel"] == {}


def without_citations(value: Any) -> Any:
    """An answer without fact ids and without the instant it was asked for."""
    if isinstance(value, dict):
        return {
            name: without_citations(each) for name, each in value.items() if name not in ("facts", "fact_id", "as_of")
        }
    return [without_citations(each) for each in value] if isinstance(value, list) else value


def later_facts(scope: TenantContext) -> list[Any]:
    """Everything a dashboard shows, changed: an order, stock, advice and an alert that is over."""
    at = datetime.combine(LAST, time(12), tzinfo=UTC)
    stock = {
        "variant_id": "v1", "product_id": "p", "sku": "v1", "title": "Light holder", "available": 900,
        "velocity_micros": 1_000_000, "days_in_stock": 28, "days_unknown": 0, "units_sold": 28,
        "days_of_cover_micros": 900_000_000, "status": "healthy", "continue_selling": False, "spend_at_risk_micros": 0,
    }  # fmt: skip
    now = datetime.now(UTC)
    return [
        *order_facts(scope, "late", at, 50_000_000, "meta", "GBP"),
        fact(scope, "stock_assessments", "stock", version=2, assessed_at=now, window_days=28, variants=1),
        fact(scope, "stock_statuses", "stock", part="v1", version=2, **stock),
        fact(scope, "advice", "advice", version=2, computed_at=now, summary="All is well.", recommendations=0),
        alert(scope, "a1", resolved_at=now, version=2),
    ]


@pytest.mark.parametrize("path", ["dashboard", "alerts", "recommendations", "inventory"])
async def test_as_of_shows_everything_as_it_was_known_then(gateway: RunningGateway, path: str) -> None:
    """It mixed the numbers of then with the stock, advice and alerts of now."""
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        url = f"/api/brands/{brand_id}/{path}"
        period = RANGE if path == "dashboard" else ""
        then = datetime.now(UTC)
        before = (await client.get(f"{url}?{period}")).json()
        await gateway.ports.warehouse.append(later_facts(await scope_of(client, brand_id)))
        now = (await client.get(f"{url}?{period}")).json()
        again = (await client.get(url, params={**dict(pair.split("=") for pair in period.split("&") if pair),
                                               "as_of": then.isoformat()})).json()  # fmt: skip
    assert without_citations(now) != without_citations(before)
    assert without_citations(again) == without_citations(before)


async def test_without_days_as_of_ends_on_the_day_of_then(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_brand(client, timezone="UTC")
        whole = await dashboard(client, brand_id, "as_of=2026-03-31T12:00:00Z")
    assert (whole["period"]["start_date"], whole["period"]["end_date"]) == ("2026-03-02", "2026-03-31")


def refunded(scope: TenantContext, ordered: datetime, issued: datetime) -> list[Any]:
    """An order of 100 credited to Meta, and its refund of 30."""
    credit: dict[str, Any] = {
        "order_id": "o1", "entry_id": "r1", "entry_kind": "refund", "occurred_at": issued, "channel": "meta",
        "paid": True, "campaign": "meta-spring", "touch_at": ordered, "credit_micros": -30_000_000, "currency": "GBP",
    }  # fmt: skip
    return [
        *order_facts(scope, "o1", ordered, 100_000_000, "meta", "GBP"),
        *(
            fact(scope, "credits", "o1", part=f"{model} r1", model=model, **credit)
            for model in ("last_touch", "last_non_direct")
        ),
        fact(
            scope, "refunds", "r1", refund_id="r1", order_id="o1", currency="GBP", issued_at=issued,
            subtotal_micros=30_000_000, tax_micros=0, adjustment_micros=0, shipping_micros=0,
        ),
    ]  # fmt: skip


async def test_the_day_of_money_is_its_own_or_that_of_its_order(gateway: RunningGateway) -> None:
    """A January order with a March refund: January's revenue is 100 or 70, of every channel too."""
    january, march = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 3))
    sums = {}
    async with await gateway.login() as client:
        brand_id = await a_brand(client, timezone="UTC")
        await gateway.ports.warehouse.append(refunded(await scope_of(client, brand_id), january, march))
        for basis in ("occurred", "ordered"):
            for month in ("01", "03"):
                query = f"start_date=2026-{month}-01&end_date=2026-{month}-28&date_basis={basis}"
                whole = await dashboard(client, brand_id, query)
                assert whole["period"]["date_basis"] == basis
                snapshot = whole["performance_snapshot"]
                credited = sum(each["revenue"] for each in snapshot["by_channel"].values())
                sums[basis, month] = (snapshot["total_revenue"], credited)
        assert (await client.get(f"/api/brands/{brand_id}/dashboard?date_basis=shipped")).status_code == 422
    assert sums == {
        ("occurred", "01"): (100.0, 100.0),
        ("occurred", "03"): (-30.0, -30.0),
        ("ordered", "01"): (70.0, 70.0),
        ("ordered", "03"): (0.0, 0.0),
    }
