"""A day whose ad spend is in quarantine is left out of ratios of sales and spend on both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from pulsepoint.adapters.duckdb.warehouse import DuckDBWarehouse, open_duckdb
from pulsepoint.brand.sentences import note_text
from pulsepoint.brand.texts import texts
from pulsepoint.ports.document_store import FactRow
from tests.builders.metrics import measured, recomputed, values
from tests.builders.warehouse import RECORDED_AT, ad_fact, credit_facts, fact, order_fact, quarantine_fact

pytestmark = [pytest.mark.rule("ADS-18"), pytest.mark.slow]

GOOD, BAD = date(2026, 3, 10), date(2026, 3, 11)


@pytest.fixture
async def warehouse() -> AsyncIterator[DuckDBWarehouse]:
    async with open_duckdb() as opened:
        yield opened


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def sold(day: date, credits_: list[tuple[str, str | None, int]], **fields: Any) -> list[FactRow]:
    """An order of a day, credited in full."""
    order_id = f"o-{day}-{credits_}"
    net = sum(amount for _, _, amount in credits_)
    order = order_fact(order_id, net=net, processed_at=noon(day), subject=order_id, **fields)
    return [order, *credit_facts(order_id, credits_, occurred_at=noon(day))]


def two_days() -> list[FactRow]:
    """Each day sells 200 for 100 of spend; the second day's spend does not add up and was never told."""
    return [
        ad_fact("a", GOOD, spend=100), *sold(GOOD, [("meta", "a", 200)]), *sold(BAD, [("meta", "a", 200)]),
        quarantine_fact(BAD),
    ]  # fmt: skip


RATIOS = ("blended_roas", "attributed_roas", "cac", "mer", "roas")


async def test_a_ratio_of_sales_and_spend_does_not_double(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(two_days())
    assert await values(warehouse, *RATIOS, "net_revenue", "spend", "ad_revenue") == {
        "blended_roas": 2_000_000, "attributed_roas": 2_000_000, "cac": 100_000_000, "mer": 2_000_000,
        "roas": 2_000_000, "net_revenue": 400_000_000, "spend": 100_000_000, "ad_revenue": 400_000_000,
    }  # fmt: skip


@pytest.mark.parametrize(
    "by", [["channel"], ["account_id"], ["campaign"], ["campaign_id"], ["channel", "campaign"], ["month"]]
)
async def test_neither_does_a_part_of_it(warehouse: DuckDBWarehouse, by: list[str]) -> None:
    await warehouse.append(two_days())
    (row,) = (await measured(warehouse, ["attributed_roas"], by=by)).rows
    assert row.values == {"attributed_roas": 2_000_000}


async def test_the_day_itself_has_no_ratio(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(two_days())
    rows = (await measured(warehouse, ["blended_roas", "net_revenue"], by=["day"])).rows
    assert {row.at["day"]: row.values["blended_roas"] for row in rows} == {GOOD: 2_000_000, BAD: None}
    assert {row.at["day"]: row.values["net_revenue"] for row in rows} == dict.fromkeys((GOOD, BAD), 200_000_000)


async def test_a_released_day_makes_figures_whole_again(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(two_days())
    before = (await measured(warehouse, ["blended_roas", "attributed_roas"])).total
    later = RECORDED_AT + timedelta(days=2)
    release = quarantine_fact(BAD, quarantined=False, version=2, recorded_at=later)
    await warehouse.append([release, ad_fact("a", BAD, spend=60, recorded_at=later)])
    after = await measured(warehouse, ["blended_roas", "attributed_roas"])
    assert after.total.values == {"blended_roas": 2_500_000, "attributed_roas": 2_500_000}
    assert (after.left_out, after.notes) == ((), ())
    for name, number in before.numbers.items():
        assert (await recomputed(warehouse, number.fact_id)).value == 2_000_000, f"{name} as it was known then"


async def test_a_citation_opens_to_the_same_value_and_says_which_days_are_left_out(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(two_days())
    for name in RATIOS[:3]:
        number = (await measured(warehouse, [name])).total.numbers[name]
        explained = await recomputed(warehouse, number.fact_id)
        assert explained.value == number.value
        assert [(each.day, each.platform, each.account_id) for each in explained.left_out] == [(BAD, "meta", "acc")]
        assert [behind.total_rows for behind in explained.behind] == [1, 1], "rows of the day are not behind it"
        note = explained.notes[0]
        assert "Meta account acc does not add up on 2026-03-11." in note_text(note, texts())


async def test_nothing_is_noted_where_spend_is_no_part(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append(two_days())
    assert (await measured(warehouse, ["net_revenue", "attributed_revenue"])).notes == ()
    assert len((await measured(warehouse, ["spend"])).notes) == 1
    outside = await measured(warehouse, ["spend"], where={"channel": "google"})
    assert (outside.notes, outside.left_out) == ((), ())


async def test_only_the_platform_whose_day_it_is_loses_it(warehouse: DuckDBWarehouse) -> None:
    for day, google in ((GOOD, 300), (BAD, 100)):
        await warehouse.append([ad_fact("g", day, spend=100, platform="google"), *sold(day, [("google", "g", google)])])
    await warehouse.append(two_days())
    rows = (await measured(warehouse, ["attributed_roas"], by=["channel"])).rows
    assert {row.at["channel"]: row.values["attributed_roas"] for row in rows} == {
        "meta": 2 * 10**6,
        "google": 2 * 10**6,
    }
    total = await values(warehouse, "attributed_roas", "blended_roas")
    # Credits: Meta's good day, Google's both. Sales of a shop are not told apart: its whole bad day is left out.
    assert total == {
        "attributed_roas": round(Fraction((200 + 300 + 100) * 10**6, 300)),
        "blended_roas": round(Fraction((200 + 300) * 10**6, 200)),
    }


async def test_only_the_account_whose_day_it_is_loses_it(warehouse: DuckDBWarehouse) -> None:
    other: dict[str, Any] = {"account_id": "other"}
    await warehouse.append([*two_days(), *sold(BAD, [("meta", "b", 300)]), *sold(BAD, [("meta", None, 999)])])
    await warehouse.append([ad_fact("b", BAD, spend=100, **other), ad_fact("b", GOOD, spend=100, **other)])
    rows = (await measured(warehouse, ["attributed_roas"], by=["account_id"])).rows
    assert {row.at["account_id"]: row.values["attributed_roas"] for row in rows} == {
        "acc": 2_000_000, "other": 1_500_000, None: None,
    }  # fmt: skip
    assert await values(warehouse, "attributed_roas", where={"account_id": "other"}) == {"attributed_roas": 1_500_000}
    # What names no campaign may be of either: a platform's whole day is left out.
    assert await values(warehouse, "attributed_roas", where={"channel": "meta"}) == {"attributed_roas": 1_000_000}


async def test_a_day_in_another_currency_takes_nothing_from_ours(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([*two_days()[:-1], ad_fact("a", BAD, spend=100)])
    await warehouse.append([quarantine_fact(BAD, account_id="swedish", account_currency="SEK")])
    for currency in ("GBP", None):
        got = await values(warehouse, "blended_roas", "attributed_roas", "cac", currency=currency)
        assert got == {"blended_roas": 2 * 10**6, "attributed_roas": 2 * 10**6, "cac": 100 * 10**6}
    own = await measured(warehouse, ["spend"], where={"currency": "GBP"})
    assert own.left_out == ()


async def test_a_day_quarantined_by_an_earlier_release_is_left_out_too(warehouse: DuckDBWarehouse) -> None:
    old = quarantine_fact(BAD).row
    columns = {name: old[name] for name in ("platform", "account_id", "day", "quarantined")}
    amounts = {"account_spend_micros": 2, "campaign_spend_micros": 1}
    await warehouse.append([*two_days()[:-1], fact("ad_days_quarantined", old["entity"], 1, {**columns, **amounts})])
    got = await values(warehouse, "blended_roas", "attributed_roas", where={"currency": "GBP"})
    assert got == {"blended_roas": 2_000_000, "attributed_roas": 2_000_000}


async def test_two_accounts_on_one_day_take_it_once(warehouse: DuckDBWarehouse) -> None:
    await warehouse.append([*two_days(), quarantine_fact(BAD, account_id="second"), quarantine_fact(GOOD, version=3)])
    await warehouse.append([ad_fact("t", BAD, spend=50, platform="tiktok", account_id="t")])
    assert await values(warehouse, "blended_roas", "net_revenue") == {"blended_roas": None, "net_revenue": 4 * 10**8}
