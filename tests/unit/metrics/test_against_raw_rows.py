"""The catalog against a second reading of the raw facts in plain Python, now and as of moments in the past."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.brand.vocabulary import AttributionModel, CancelledOrders, DateBasis, Platform
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.query import Breakdown, Measurement, measure_all
from pulsepoint.metrics.revenue import OrderChange
from pulsepoint.ports.document_store import FactRow
from tests.builders.metrics import CODEC
from tests.builders.orders import refund
from tests.builders.warehouse import (
    OTHER_BRAND,
    RECORDED_AT,
    SCOPE,
    ad_fact,
    change_facts,
    credit_facts,
    fact,
    order_fact,
    refund_fact,
)

pytestmark = pytest.mark.slow

Row = dict[str, Any]
FIRST = datetime(2026, 2, 20, tzinfo=UTC)
CHANNELS = ("meta", "google", "tiktok", "email", "direct", "unattributed")
TOTALS = ("net_revenue", "orders", "aov", "spend", "blended_roas", "gross_sales", "discounts", "returns")
CHANNEL = ("spend", "attributed_revenue", "unattributed_revenue", "attributed_orders", "attributed_roas", "clicks")


def moment(chance: random.Random) -> datetime:
    return FIRST + timedelta(seconds=chance.randrange(50 * 86_400))


def recorded(chance: random.Random) -> datetime:
    return RECORDED_AT + timedelta(hours=chance.randrange(200))


def shop(chance: random.Random) -> list[FactRow]:
    """Orders told several times, refunds, ad-days restated, days that do not add up, credits told anew."""
    facts: list[FactRow] = []
    for number in range(40):
        facts += an_order(chance, f"o{number}")
    for campaign in range(3):
        for day in range(50):
            for version in range(1, chance.randrange(1, 4)):
                facts.append(
                    ad_fact(
                        f"Campaign {campaign}",
                        FIRST.date() + timedelta(days=day),
                        platform=("meta", "google", "tiktok")[campaign],
                        spend=chance.randrange(100),
                        version=version,
                        clicks=chance.choice([None, chance.randrange(50)]),
                        recorded_at=recorded(chance),
                    )
                )
    for day in chance.sample(range(50), 6):
        day_of = {"platform": "meta", "account_id": "acc", "day": FIRST.date() + timedelta(days=day)}
        for version, quarantined in ((1, True), (2, chance.random() < 0.5)):
            columns = {**day_of, "quarantined": quarantined, "account_spend_micros": 2, "campaign_spend_micros": 1}
            facts.append(fact("ad_days_quarantined", f"meta:{day}", version, columns, recorded_at=recorded(chance)))
    return facts


def an_order(chance: random.Random, order_id: str) -> Iterable[FactRow]:
    placed = moment(chance)
    for version in range(1, chance.randrange(2, 4)):
        gross = chance.randrange(1, 500)
        yield order_fact(
            order_id,
            version,
            processed_at=placed,
            cancelled_at=placed + timedelta(days=chance.randrange(9)) if chance.random() < 0.25 else None,
            test=chance.random() < 0.1,
            deleted=chance.random() < 0.05,
            taxes_included=chance.random() < 0.5,
            gross_micros=gross * 10**6,
            discount_micros=gross * 10**5,
            recorded_at=recorded(chance),
        )
    for number in range(chance.randrange(3)):
        issued = placed + timedelta(days=chance.randrange(20))
        given_back = refund(f"{order_id}-{number}", amount=chance.randrange(60)).model_copy(
            update={"issued_at": issued, "tax_micros": chance.randrange(10**6)}
        )
        yield refund_fact(given_back, order_id, recorded_at=recorded(chance))
    for version in range(1, chance.randrange(1, 3)):
        moments = [placed + timedelta(days=chance.randrange(1, 9)) for _ in range(chance.randrange(3))]
        changes = [OrderChange(at, "1", 1, chance.randrange(-60, 60) * 10**6, 10**5) for at in sorted(set(moments))]
        yield from change_facts(order_id, changes, version, recorded_at=recorded(chance))
    for version in range(1, chance.randrange(2, 4)):
        split = [(chance.choice(CHANNELS), None, chance.randrange(100)) for _ in range(chance.randrange(1, 4))]
        model = chance.choice(list(AttributionModel)).value
        credited_at = placed + timedelta(days=chance.randrange(4))
        yield from credit_facts(
            order_id, split, version=version, model=model, occurred_at=credited_at, recorded_at=recorded(chance)
        )


def standing(row: Row) -> tuple[int, int, str]:
    """The order in which snapshots of one thing follow each other."""
    return row["version"], row.get("precedence") or 0, row["digest"]


@dataclass(frozen=True, slots=True)
class RawBooks:
    """The facts of a brand known at a moment, each thing as it was told last."""

    facts: list[FactRow]
    as_of: datetime | None

    def rows(self, table: str) -> list[Row]:
        return [
            each.row
            for each in self.facts
            if each.table == table and (self.as_of is None or each.row["recorded_at"] <= self.as_of)
        ]

    def current(self, table: str) -> dict[str, Row]:
        newest: dict[str, Row] = {}
        for row in self.rows(table):
            other = newest.get(row["entity"])
            if other is None or standing(row) > standing(other):
                newest[row["entity"]] = row
        return newest


@dataclass(frozen=True, slots=True)
class Entry:
    kind: str
    occurred_at: datetime
    ordered_at: datetime
    net: int
    gross: int = 0
    discount: int = 0


def entries(books: RawBooks, policy: CancelledOrders) -> list[Entry]:
    refunds = defaultdict(list)
    for row in books.current("refunds").values():
        refunds[row["order_id"]].append(row)
    orders = books.current("orders")
    rows: list[Entry] = []
    for order_id in {*orders, *refunds}:
        order = orders.get(order_id)
        if order is not None and (order["test"] or order["deleted"]):
            continue
        if order is not None and order["cancelled_at"] is not None and policy is CancelledOrders.EXCLUDE:
            continue
        rows += entries_of(order, refunds[order_id], changes_recorded(books, order_id), policy)
    return rows


def changes_recorded(books: RawBooks, order_id: str) -> list[Row]:
    rows = [row for row in books.rows("order_changes") if row["entity"] == order_id]
    newest = max((standing(row) for row in rows), default=None)
    return [row for row in rows if standing(row) == newest and row.get("entry_id") is not None]


def entries_of(order: Row | None, refunds: list[Row], changes: list[Row], policy: CancelledOrders) -> list[Entry]:
    rows = []
    if order is not None:
        placed, gross, discount = order["processed_at"], order["gross_micros"], order["discount_micros"]
        for row in changes:
            more, less = row["gross_micros"], row["discount_micros"]
            gross, discount = gross - more, discount - less
            rows.append(Entry("edit", row["occurred_at"], placed, more - less, more, less))
        rows.append(Entry("sale", placed, placed, gross - discount, gross, discount))
    for row in refunds:
        tax = row["tax_micros"] if order is not None and order["taxes_included"] else 0
        back = row["subtotal_micros"] + row["adjustment_micros"] - tax
        placed = order["processed_at"] if order is not None else row["issued_at"]
        rows.append(Entry("refund", row["issued_at"], placed, -back))
    left = sum(entry.net for entry in rows)
    if order is not None and order["cancelled_at"] is not None and policy is CancelledOrders.RETURN and left > 0:
        rows.append(Entry("cancellation", order["cancelled_at"], order["processed_at"], -left))
    return rows


def quarantined_days(books: RawBooks) -> set[tuple[str, str, date]]:
    return {
        (row["platform"], row["account_id"], row["day"])
        for row in books.current("ad_days_quarantined").values()
        if row["quarantined"]
    }


def ad_days(books: RawBooks) -> list[Row]:
    quarantined = quarantined_days(books)
    days = books.current("ad_performance").values()
    return [row for row in days if (row["platform"], row["account_id"], row["day"]) not in quarantined]


def credits_recorded(books: RawBooks, model: str) -> list[Row]:
    heads = {(row["entity"], row["version"], row["digest"]) for row in books.current("attributions").values()}
    return [
        row
        for row in books.rows("credits")
        if (row["entity"], row["version"], row["digest"]) in heads and row["model"] == model
    ]


def divided(numerator: int, denominator: int, scale: int) -> int | None:
    return round(Fraction(numerator * scale, denominator)) if denominator else None


@dataclass(frozen=True, slots=True)
class Oracle:
    books: RawBooks
    settings: MetricSettings
    period: Period

    def holds(self, day: date) -> bool:
        return self.period.start <= day <= self.period.end

    def local(self, moment_: datetime) -> date:
        return moment_.astimezone(ZoneInfo(self.settings.timezone)).date()

    def day_of(self, entry: Entry) -> date:
        ordered = self.settings.date_basis is DateBasis.ORDERED
        return self.local(entry.ordered_at if ordered else entry.occurred_at)

    def credit_day(self, row: Row) -> date:
        order = self.books.current("orders").get(row["order_id"])
        ordered = self.settings.date_basis is DateBasis.ORDERED and order is not None
        return self.local(order["processed_at"] if ordered and order is not None else row["occurred_at"])

    def sales(self) -> list[Entry]:
        return [each for each in entries(self.books, self.settings.cancelled_orders) if self.holds(self.day_of(each))]

    def ads(self) -> list[Row]:
        return [row for row in ad_days(self.books) if self.holds(row["day"])]

    def totals(self, counts: Callable[[date], bool] = lambda day: True) -> tuple[int | None, ...]:
        sales = [each for each in self.sales() if counts(self.day_of(each))]
        spend = sum(row["spend_micros"] for row in self.ads() if counts(row["day"]))
        sold = [each for each in sales if each.kind == "sale"]
        net = sum(each.net for each in sales)
        left_out = {day for _, _, day in quarantined_days(self.books)}
        whole = [each.net for each in sales if self.day_of(each) not in left_out]
        spend_of_whole = [
            row["spend_micros"] for row in self.ads() if counts(row["day"]) and row["day"] not in left_out
        ]
        return (
            net,
            len(sold),
            divided(sum(each.net for each in sales if each.kind in {"sale", "edit"}), len(sold), 1),
            spend,
            divided(sum(whole), sum(spend_of_whole), 10**6),
            sum(each.gross for each in sales),
            sum(each.discount for each in sales),
            -sum(each.net for each in sales if each.kind not in {"sale", "edit"}),
        )

    def channel(self, name: str) -> tuple[int | None, ...]:
        ads = [row for row in self.ads() if row["platform"] == name]
        mine = [
            row
            for row in credits_recorded(self.books, self.settings.model.value)
            if row["channel"] == name and self.holds(self.credit_day(row))
        ]
        spend, credited = sum(row["spend_micros"] for row in ads), sum(row["credit_micros"] for row in mine)
        nobody = name == "unattributed"
        clicks = [row["clicks"] for row in ads if row["clicks"] is not None]
        left_out = {day for platform, _, day in quarantined_days(self.books) if platform == name}
        from_ads = sum(row["credit_micros"] for row in mine if self.credit_day(row) not in left_out)
        spend_of_whole = sum(row["spend_micros"] for row in ads if row["day"] not in left_out)
        return (
            spend,
            0 if nobody else credited,
            credited if nobody else 0,
            0 if nobody else len({row["order_id"] for row in mine}),
            divided(from_ads if name in set(Platform) else 0, spend_of_whole, 10**6),
            sum(clicks) if clicks else None,
        )


def shown(measurement: Measurement, name: str) -> dict[Any, tuple[int | None, ...]]:
    return {row.at[name]: tuple(number.value for number in row.numbers.values()) for row in measurement.rows}


def any_settings(chance: random.Random) -> MetricSettings:
    return MetricSettings(
        version=1,
        timezone=chance.choice(["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Apia"]),
        model=chance.choice(list(AttributionModel)),
        cancelled_orders=chance.choice(list(CancelledOrders)),
        date_basis=chance.choice(list(DateBasis)),
    )


@pytest.mark.parametrize("seed", range(6))
async def test_the_figures_of_a_dashboard_are_those_of_the_raw_rows(seed: int) -> None:
    chance = random.Random(seed)
    facts = shop(chance)
    theirs = [FactRow(OTHER_BRAND, each.table, {**each.row, "brand_id": str(OTHER_BRAND.brand_id),
              "fact_id": f"x{each.row['fact_id']}"}) for each in shop(chance)]  # fmt: skip
    chance.shuffle(facts)
    async with open_duckdb() as warehouse:
        await warehouse.append([*facts[::2], *theirs])
        await warehouse.append([*facts, *facts[::3]])
        for as_of in (None, RECORDED_AT + timedelta(hours=60), RECORDED_AT + timedelta(hours=150)):
            settings = any_settings(chance)
            start = FIRST.date() + timedelta(days=chance.randrange(30))
            period = Period(start, start + timedelta(days=chance.randrange(1, 30)))
            before = Period(period.start - timedelta(days=9), period.start - timedelta(days=1))
            breakdowns = [
                Breakdown(TOTALS, period),
                Breakdown(TOTALS, before),
                Breakdown(TOTALS, period, ("day",)),
                Breakdown(CHANNEL, period, ("channel",)),
            ]
            totals, earlier, by_day, by_channel = await measure_all(
                warehouse, CODEC, SCOPE, breakdowns, settings=settings, currency="GBP", as_of=as_of
            )
            oracle = Oracle(RawBooks(facts, as_of), settings, period)
            assert tuple(number.value for number in totals.total.numbers.values()) == oracle.totals()
            assert tuple(number.value for number in earlier.total.numbers.values()) == (
                Oracle(RawBooks(facts, as_of), settings, before).totals()
            )
            days = shown(by_day, "day")
            assert days == {day: oracle.totals(lambda each, day=day: each == day) for day in days}  # type: ignore[misc]
            assert set(map(oracle.day_of, oracle.sales())) <= days.keys()
            channels = shown(by_channel, "channel")
            assert channels == {name: oracle.channel(name) for name in channels}
            assert {row["channel"] for row in credits_recorded(oracle.books, settings.model.value)
                    if oracle.holds(oracle.credit_day(row))} <= channels.keys()  # fmt: skip
            newest = max(each.row["recorded_at"] for each in facts if as_of is None or each.row["recorded_at"] <= as_of)
            assert totals.as_of == (newest if as_of is None else as_of)
