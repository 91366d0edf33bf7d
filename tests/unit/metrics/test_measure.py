"""Metric queries: ratios of sums, nothing dropped, nothing added up that must not be, every number recomputable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.verification.checks import reconciliation
from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.errors import MalformedInput, PermanentError
from pulsepoint.metrics.basis import Period
from pulsepoint.metrics.catalog import METRICS, UnknownMetric, catalog, dimensions_of, divided, sums_of
from pulsepoint.ports.document_store import FactRow
from tests.builders.metrics import APRIL, measured, recomputed, under, values
from tests.builders.orders import order_line, refund
from tests.builders.warehouse import (
    NOON,
    OTHER_BRAND,
    SCOPE,
    ad_fact,
    credit_facts,
    fact,
    line_facts,
    order_fact,
    quarantine_fact,
    refund_fact,
)


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


@pytest.mark.rule("ATTR-08")
@pytest.mark.slow
async def test_roas_is_the_ratio_of_sums_never_the_mean_of_rows(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(
        [
            ad_fact("big", spend=900),
            ad_fact("small", spend=100),
            *credit_facts("o1", [("meta", "big", 900)]),
            *credit_facts("o2", [("meta", "small", 900)]),
        ]
    )
    assert await values(warehouse, "roas") == {"roas": 1_800_000}
    by_campaign = await measured(warehouse, ["roas"], by=["campaign"])
    assert {row.at["campaign"]: row.numbers["roas"].value for row in by_campaign.rows} == {
        "big": 1_000_000,
        "small": 9_000_000,
    }


@pytest.mark.rule("ATTR-08")
async def test_roas_counts_what_the_model_credits_to_ads_not_what_platforms_claim(warehouse: DuckDBWarehouse) -> None:
    claims: dict[str, Any] = {"conversions_micros": 9_000_000, "conversion_value_micros": 9 * 10**8}
    await warehouse.append(
        [
            ad_fact("a", spend=100, click_window_days=7, view_window_days=1, **claims),
            *credit_facts("o1", [("meta", "a", 200)]),
            *credit_facts("o2", [("email", None, 500)]),
            *credit_facts("o3", [("unattributed", None, 50)]),
        ]
    )
    got = await values(
        warehouse,
        "roas",
        "platform_roas",
        "attributed_revenue",
        "unattributed_revenue",
        "attributed_orders",
        "unattributed_orders",
    )
    assert got == {
        "roas": 2_000_000,
        "platform_roas": 9_000_000,
        "attributed_revenue": 700_000_000,
        "unattributed_revenue": 50_000_000,
        "attributed_orders": 2,
        "unattributed_orders": 1,
    }


@pytest.mark.rule("ADS-05")
async def test_roas_is_the_same_in_every_currency(warehouse: DuckDBWarehouse) -> None:
    claim: dict[str, Any] = {"conversion_value_micros": 5_000 * 10**6, "conversions_micros": 10**6}
    await warehouse.append([ad_fact("a", spend=1_000, account_currency="SEK", **claim)])
    for currency in ("SEK", "EUR", None):
        assert await values(warehouse, "platform_roas", currency=currency) == {"platform_roas": 5_000_000}
    (row,) = (await measured(warehouse, ["platform_roas", "platform_value"], currency="EUR")).rows
    assert row.numbers["platform_value"].value is None, "an amount is not the same in every currency"
    explained = await recomputed(warehouse, row.numbers["platform_roas"].fact_id)
    assert (explained.value, [behind.total_rows for behind in explained.behind]) == (5_000_000, [1])


async def test_claims_in_two_currencies_have_no_ratio(warehouse: DuckDBWarehouse) -> None:
    claim: dict[str, Any] = {"conversion_value_micros": 5_000 * 10**6, "conversions_micros": 10**6}
    await warehouse.append([ad_fact(name, account_currency=name, **claim) for name in ("SEK", "GBP")])
    assert await values(warehouse, "platform_roas", currency="EUR") == {"platform_roas": None}


async def test_a_ratio_without_a_denominator_is_none(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([order_fact()])
    assert await values(warehouse, "mer", "roas", "cac", "ctr", "cpc", "aov") == {
        "mer": None, "roas": None, "cac": None, "ctr": None, "cpc": None, "aov": 100_000_000,
    }  # fmt: skip


@pytest.mark.rule("ADS-02")
async def test_what_was_not_asked_of_a_platform_is_none_not_zero(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([ad_fact("a", spend=30, clicks=10, impressions=1_000), ad_fact("b", spend=70)])
    got = await values(warehouse, "spend", "clicks", "cpc", "ctr", "platform_conversions")
    assert got == {
        "spend": 100_000_000,
        "clicks": 10,
        "cpc": 3_000_000,
        "ctr": 10_000,
        "platform_conversions": None,
    }


@pytest.mark.rule("ATTR-09")
async def test_mixed_attribution_windows_and_several_platforms_claims_are_refused(warehouse: DuckDBWarehouse) -> None:
    claim: dict[str, Any] = {"conversions_micros": 10**6, "view_window_days": 1}
    await warehouse.append([ad_fact("a", click_window_days=7, **claim), ad_fact("b", click_window_days=28, **claim)])
    with pytest.raises(PermanentError, match=r"click 28 d, view 1 d, click 7 d") as windows:
        await values(warehouse, "platform_conversions")
    assert windows.value.reason == "mixed_windows"
    assert await values(warehouse, "platform_conversions", where={"campaign": "a"}) == {"platform_conversions": 10**6}
    await warehouse.append([ad_fact("c", platform="google", click_window_days=7, **claim)])
    with pytest.raises(PermanentError) as platforms:
        await values(warehouse, "platform_conversions", where={})
    assert platforms.value.reason == "mixed_platforms"
    assert await values(warehouse, "spend") == {"spend": 30_000_000}


@pytest.mark.rule("REV-06")
async def test_money_in_two_currencies_is_never_added_up(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(
        [
            order_fact(net=300),
            ad_fact("a", spend=100),
            ad_fact("b", spend=1_000, platform="google", account_currency="SEK"),
            *credit_facts("o1", [("meta", "a", 300)]),
        ]
    )
    with pytest.raises(PermanentError, match="GBP, SEK") as mixed:
        await values(warehouse, "spend", "net_revenue")
    assert mixed.value.reason == "mixed_currencies"
    measurement = await measured(warehouse, ["spend", "mer", "roas", "net_revenue"], currency="GBP")
    assert {name: number.value for name, number in measurement.total.numbers.items()} == {
        "spend": 100_000_000, "mer": None, "roas": None, "net_revenue": 300_000_000,
    }  # fmt: skip
    assert [(each.metric, each.currency, each.value) for each in measurement.excluded] == [("spend", "SEK", 10**9)]
    by_channel = await measured(warehouse, ["spend", "roas"], by=["channel"], currency="GBP")
    assert {row.at["channel"]: row.numbers["roas"].value for row in by_channel.rows} == {
        "meta": 3_000_000,
        "google": None,
    }
    assert [dict(each.at) for each in by_channel.excluded] == [{"channel": "google"}]


@pytest.mark.rule("ADS-04")
async def test_a_quarantined_day_is_left_out_until_it_adds_up(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([ad_fact("a", spend=5), ad_fact("a", date(2026, 3, 11), spend=7), quarantine_fact()])
    assert await values(warehouse, "spend") == {"spend": 7_000_000}
    await warehouse.append([quarantine_fact(quarantined=False, version=2)])
    assert await values(warehouse, "spend") == {"spend": 12_000_000}


@pytest.mark.rule("ATTR-11")
async def test_campaigns_match_by_id_or_any_name_they_ever_had_in_any_spelling(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(
        [
            ad_fact("Old | Name", date(2026, 3, 1), spend=1, campaign_id="120"),
            ad_fact("Spring  Sale_2026", date(2026, 3, 9), spend=2, campaign_id="120"),
            *credit_facts("o1", [("meta", "spring-sale 2026", 10)]),
            *credit_facts("o2", [("meta", "OLD_NAME", 20)]),
            *credit_facts("o3", [("meta", "120", 40)]),
            *credit_facts("o4", [("google", "120", 80)]),
        ]
    )
    measurement = await measured(warehouse, ["spend", "attributed_revenue"], by=["channel", "campaign_id", "campaign"])
    assert {
        tuple(row.at.values()): tuple(number.value for number in row.numbers.values()) for row in measurement.rows
    } == {
        ("meta", "120", "Spring  Sale_2026"): (3_000_000, 70_000_000),
        ("google", None, "120"): (0, 80_000_000),
    }


async def test_a_campaign_id_on_two_accounts_loses_no_spend_and_counts_no_credit_twice(
    warehouse: DuckDBWarehouse,
) -> None:
    await warehouse.append(
        [
            ad_fact("Same", spend=1, campaign_id="7", account_id="a1"),
            ad_fact("Same", spend=2, campaign_id="7", account_id="a2"),
            *credit_facts("o1", [("meta", "same", 10)]),
        ]
    )
    assert await values(warehouse, "spend", "ad_revenue") == {"spend": 3_000_000, "ad_revenue": 10_000_000}


@pytest.mark.rule("ATTR-02")
async def test_the_books_balance_once_every_order_is_credited(warehouse: DuckDBWarehouse) -> None:
    given_back = refund_fact(refund(amount=10))
    await warehouse.append([order_fact(net=100), given_back, *credit_facts("o1", [("meta", "a", 60)])])
    (row,) = await reconciliation(warehouse, SCOPE, cancelled_orders="return")
    assert (row["model"], row["sales_micros"], row["credit_micros"], row["difference_micros"]) == (
        "last_non_direct", 90_000_000, 60_000_000, 30_000_000,
    )  # fmt: skip
    await warehouse.append(credit_facts("o1", [("meta", "a", 60), ("unattributed", None, 30)], version=2))
    (row,) = await reconciliation(warehouse, SCOPE, cancelled_orders="return")
    assert (row["difference_micros"], row["entries"], row["credits"]) == (0, 2, 2)


@pytest.mark.rule("REV-02", "REV-03")
async def test_a_cancelled_order_follows_the_brands_policy_and_date_basis(warehouse: DuckDBWarehouse) -> None:
    cancelled = order_fact("c", net=40, cancelled_at=NOON + timedelta(days=30))
    await warehouse.append([order_fact("o", net=100), cancelled])
    names = ("gross_sales", "returns", "net_revenue", "orders")

    async def sales(**options: Any) -> tuple[int | None, ...]:
        return tuple((await values(warehouse, *names, **options)).values())

    million = 10**6
    returned = under(cancelled_orders="return", date_basis="occurred")
    assert await sales(settings=returned) == (140 * million, 0, 140 * million, 2)
    assert await sales(settings=returned, period=APRIL) == (0, 40 * million, -40 * million, 0)
    assert await sales(settings=under(cancelled_orders="keep"), period=APRIL) == (0, 0, 0, 0)
    assert await sales(settings=under(cancelled_orders="exclude")) == (100 * million, 0, 100 * million, 1)
    assert await sales(settings=under(cancelled_orders="return", date_basis="ordered")) == (
        140 * million,
        40 * million,
        100 * million,
        2,
    )


@pytest.mark.rule("REV-09")
async def test_a_customer_is_new_by_the_first_order_that_the_policy_counts(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(
        [
            order_fact("o1", subject="anna", processed_at=NOON - timedelta(days=60), cancelled_at=NOON),
            order_fact("o2", subject="anna"),
            order_fact("o3", subject="ben", cancelled_at=NOON),
        ]
    )
    by_month = {
        policy: await values(warehouse, "new_customers", settings=under(cancelled_orders=policy))
        for policy in ("return", "keep", "exclude")
    }
    assert [number["new_customers"] for number in by_month.values()] == [1, 1, 1]
    exclude = under(cancelled_orders="exclude")
    (row,) = (await measured(warehouse, ["new_customers"], settings=exclude)).rows
    explained = await recomputed(warehouse, row.numbers["new_customers"].fact_id)
    assert [row["order_id"] for row in explained.behind[0].rows] == ["o2"]


async def test_units_items_and_new_customers(warehouse: DuckDBWarehouse) -> None:
    first = order_fact("o1", subject="anna", processed_at=NOON - timedelta(days=40))
    second = order_fact("o2", subject="anna")
    third = order_fact("o3", subject="ben")
    await warehouse.append(
        [
            first, second, third, order_fact("o4", subject=None), ad_fact(spend=50),
            *line_facts(second, [order_line("1", quantity=3)]), *line_facts(third, [order_line("2", quantity=4)]),
        ]
    )  # fmt: skip
    assert await values(warehouse, "units", "new_customers") == {"units": 7, "new_customers": 1}
    assert await values(warehouse, "cac") == {"cac": 50_000_000}
    by_sku = await measured(warehouse, ["units"], by=["sku"])
    assert {row.at["sku"]: row.numbers["units"].value for row in by_sku.rows} == {"SKU-1": 3, "SKU-2": 4}


async def test_stock_metrics_are_ratios_of_sums_too(warehouse: DuckDBWarehouse) -> None:
    head = fact("stock_assessments", "stock", 1, {"assessed_at": NOON, "window_days": 28, "variants": 2})
    shared = {"days_in_stock": 28, "days_unknown": 0, "units_sold": 1, "status": "low", "continue_selling": False,
              "spend_at_risk_micros": 0}  # fmt: skip
    rows = [
        fact("stock_statuses", "stock", 1,
             {"variant_id": name, "available": available, "velocity_micros": velocity, **shared},
             digest=head.row["digest"], part=name)
        for name, available, velocity in (("a", 10, 1_000_000), ("b", 2, 3_000_000), ("c", 3, 0))
    ]  # fmt: skip
    await warehouse.append([head, *rows])
    got = await values(warehouse, "days_of_cover", "velocity", "available_units")
    assert got == {"days_of_cover": 3_750_000, "velocity": 4_000_000, "available_units": 15}
    by_variant = await measured(warehouse, ["days_of_cover"], by=["variant_id"])
    assert [row.numbers["days_of_cover"].value for row in by_variant.rows] == [10_000_000, 666_667, None]


@pytest.mark.rule("REV-07")
async def test_days_of_another_timezone_say_so_and_ranges_conserve(warehouse: DuckDBWarehouse) -> None:
    ads = [ad_fact("a", date(2026, 3, day), spend=day, account_timezone="Asia/Tokyo") for day in range(1, 32)]
    orders = [order_fact(f"o{n}", net=n, processed_at=datetime(2026, 3, 1, n % 24, tzinfo=UTC)) for n in range(48)]
    await warehouse.append([*ads, *orders])
    for timezone in ("Asia/Tokyo", "UTC", "America/Los_Angeles"):
        wide = Period(date(2026, 2, 27), date(2026, 4, 2))
        settings = under(timezone=timezone)
        measurement = await measured(warehouse, ["spend", "net_revenue"], by=["day"], period=wide, settings=settings)
        assert sum(row.numbers["spend"].value or 0 for row in measurement.rows) == sum(range(32)) * 10**6
        assert sum(row.numbers["net_revenue"].value or 0 for row in measurement.rows) == sum(range(48)) * 10**6
        assert bool(measurement.notes) == (timezone != "Asia/Tokyo")


@pytest.mark.rule("REV-10")
async def test_a_tenants_other_brand_adds_nothing(warehouse: DuckDBWarehouse) -> None:
    theirs: list[FactRow] = [order_fact("x", scope=OTHER_BRAND), ad_fact(scope=OTHER_BRAND)]
    await warehouse.append([order_fact(net=1), *theirs, *credit_facts("x", [("meta", "a", 5)], scope=OTHER_BRAND)])
    got = await values(warehouse, "net_revenue", "spend", "attributed_revenue")
    assert got == {"net_revenue": 1_000_000, "spend": 0, "attributed_revenue": 0}


@pytest.mark.parametrize(
    ("metrics", "options", "words"),
    [
        (["profit"], {}, "profit"),
        (["net_revenue"], {"by": ["channel"]}, "channel"),
        (["mer"], {"by": ["campaign"]}, "only by: currency, day, month"),
        (["spend"], {"where": {"1 = 1 OR channel": "x"}}, "1 = 1"),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_words(
    warehouse: DuckDBWarehouse, metrics: list[str], options: dict[str, Any], words: str
) -> None:
    with pytest.raises((UnknownMetric, MalformedInput), match=words):
        await measured(warehouse, metrics, **options)


def test_days_in_the_wrong_order_and_unknown_choices_are_refused() -> None:
    with pytest.raises(MalformedInput, match="ends before"):
        Period(date(2026, 4, 1), date(2026, 3, 31))
    for changes in ({"timezone": "Mars/Olympus"}, {"model": "guess"}, {"date_basis": "later"}):
        with pytest.raises(MalformedInput, match=next(iter(changes))):
            under(**changes)


async def test_an_empty_brand_has_zeros_and_unknowns(warehouse: DuckDBWarehouse) -> None:
    measurement = await measured(warehouse, ["net_revenue", "spend", "orders", "clicks", "roas"])
    assert [number.value for number in measurement.total.numbers.values()] == [0, 0, 0, None, None]
    assert (measurement.currency, measurement.as_of) == (None, None)
    assert (await recomputed(warehouse, measurement.total.numbers["spend"].fact_id)).value == 0


@pytest.mark.rule("REV-05")
@given(st.integers(-(10**15), 10**15), st.integers(-(10**12), 10**12))
def test_ratios_round_half_to_even_and_never_touch_floats(numerator: int, denominator: int) -> None:
    got = divided(numerator, denominator, 10**6)
    if denominator == 0:
        assert got is None
    else:
        assert got is not None
        assert abs(got * denominator - numerator * 10**6) * 2 <= abs(denominator)
    assert divided(None, 1, 1) is None


def test_the_catalog_names_what_it_says() -> None:
    listed = {str(each["name"]) for each in catalog()}
    required = {
        "spend", "gross_sales", "discounts", "returns", "net_revenue", "orders", "units", "aov", "attributed_revenue",
        "attributed_roas", "blended_roas", "claimed_roas", "cac", "impressions", "clicks", "cpc", "ctr",
        "platform_conversions", "days_of_cover", "velocity",
    }  # fmt: skip
    assert required <= listed <= set(METRICS)
    for name in METRICS:
        assert sums_of(name)
        assert isinstance(dimensions_of(name), frozenset)
