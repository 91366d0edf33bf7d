"""UCI rows as webhooks: orders, refunds of the order they cancel, orphans, dates, ids, and sums that hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from deploy.cli.replay_check import oracle
from file_import.plan import open_plan
from file_import.tally import Tally
from file_import.uci import localise
from file_import.webhooks import Webhook, first_delivery
from pulsepoint.brand.sentences import note_text
from pulsepoint.brand.texts import texts
from tests.builders.transactions import Line, trading_days, write_transactions

SHOP = "first-light.myshopify.com"
LONDON = ZoneInfo("Europe/London")
MONDAY = datetime(2011, 2, 7, 10, 0)


def webhooks_of(tmp_path: Path, lines: Iterable[Line], *, shop: str = SHOP, zone: ZoneInfo = LONDON) -> list[Webhook]:
    path = write_transactions(tmp_path / "sales.csv", lines)
    with open_plan(path, shop=shop, currency="GBP", zone=zone) as plan:
        return list(plan.webhooks())


def body_cents(body: dict[str, Any]) -> int:
    """Net revenue as the body tells it, from its money texts alone; refunds negative."""
    if "refund_line_items" in body:
        return -sum(_cents(line["subtotal_set"]["shop_money"]["amount"]) for line in body["refund_line_items"])
    return sum(_cents(line["price_set"]["shop_money"]["amount"]) * line["quantity"] for line in body["line_items"])


def _cents(text: str) -> int:
    whole, cents = text.split(".")
    assert len(cents) == 2
    return int(whole + cents)


def monthly(webhooks: Iterable[Webhook]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for webhook in webhooks:
        body = orjson.loads(first_delivery(webhook, SHOP).body)
        assert body_cents(body) * 10_000 == webhook.net_micros
        timestamp = datetime.fromisoformat(body["processed_at"])
        sums[timestamp.astimezone(LONDON).strftime("%Y-%m")] += body_cents(body)
    return dict(sums)


def refunded(webhook: Webhook) -> list[tuple[int, int]]:
    body: Any = webhook.body
    return [(line["line_item_id"], line["quantity"]) for line in body["refund_line_items"]]


def test_an_invoice_becomes_one_order_with_a_line_for_each_row(tmp_path: Path) -> None:
    lines = [Line(quantity=6), Line(stock_code="71053", quantity=2, price=3.39), Line(quantity=6)]
    [order] = webhooks_of(tmp_path, lines)
    body: Any = order.body
    assert (order.topic, body["name"], body["total_price"]) == ("orders/create", "#536365", "37.38")
    assert [(line["sku"], line["quantity"], line["price"]) for line in body["line_items"]] == [
        ("85123A", 6, "2.55"),
        ("71053", 2, "3.39"),
        ("85123A", 6, "2.55"),
    ]
    assert len({line["id"] for line in body["line_items"]}) == 3


def test_a_cancellation_refunds_the_latest_order_with_enough_of_the_item(tmp_path: Path) -> None:
    lines = [
        Line("1", quantity=5, at=MONDAY),
        Line("2", quantity=5, at=MONDAY + timedelta(days=1)),
        Line("3", quantity=2, at=MONDAY + timedelta(days=2)),
        Line("C4", quantity=-4, at=MONDAY + timedelta(days=3)),
        Line("C5", quantity=-4, at=MONDAY + timedelta(days=4)),
        Line("6", quantity=9, at=MONDAY + timedelta(days=5)),
    ]
    sent = webhooks_of(tmp_path, lines)
    orders: Any = {webhook.body["name"]: webhook.resource_id for webhook in sent if webhook.topic == "orders/create"}
    refunds = [webhook for webhook in sent if webhook.topic == "refunds/create"]
    assert [refund.body["order_id"] for refund in refunds] == [orders["#2"], orders["#1"]]
    assert [refund.occurred_at.day for refund in refunds] == [10, 11]


@pytest.mark.parametrize(
    "other",
    [
        Line("C2", quantity=-1, customer=99, at=MONDAY + timedelta(days=1)),
        Line("C2", quantity=-1, customer=None, at=MONDAY + timedelta(days=1)),
        Line("C2", quantity=-1, price=2.50, at=MONDAY + timedelta(days=1)),
        Line("C2", quantity=-1, stock_code="71053", at=MONDAY + timedelta(days=1)),
        Line("C2", quantity=-4, at=MONDAY + timedelta(days=1)),
        Line("C2", quantity=-1, at=MONDAY - timedelta(days=1)),
    ],
)
def test_a_cancellation_that_fits_no_order_refunds_an_order_never_sent(tmp_path: Path, other: Line) -> None:
    sent = webhooks_of(tmp_path, [Line("1", quantity=3, at=MONDAY), other])
    refund = next(webhook for webhook in sent if webhook.topic == "refunds/create")
    assert refund.body["order_id"] not in {webhook.resource_id for webhook in sent if webhook.topic == "orders/create"}
    assert refund.net_micros < 0


def test_rows_without_a_customer_never_match_each_other(tmp_path: Path) -> None:
    bought = Line("1", quantity=3, customer=None, at=MONDAY)
    sent = webhooks_of(tmp_path, [bought, Line("C2", quantity=-3, customer=None, at=MONDAY + timedelta(days=1))])
    assert sent[1].body["order_id"] != sent[0].resource_id


def test_one_cancellation_of_two_orders_and_a_stranger_gives_three_refunds(tmp_path: Path) -> None:
    cancelled_at = MONDAY + timedelta(days=1)
    lines = [
        Line("1", stock_code="A", at=MONDAY),
        Line("2", stock_code="B", at=MONDAY),
        Line("C3", stock_code="A", quantity=-1, at=cancelled_at),
        Line("C3", stock_code="B", quantity=-1, at=cancelled_at),
        Line("C3", stock_code="Z", quantity=-1, at=cancelled_at),
    ]
    refunds = [webhook for webhook in webhooks_of(tmp_path, lines) if webhook.topic == "refunds/create"]
    assert len({refund.resource_id for refund in refunds}) == len({refund.body["order_id"] for refund in refunds}) == 3


def test_refunds_of_orders_that_are_not_in_the_file_are_told_apart(tmp_path: Path) -> None:
    sold = Line("1", quantity=2, at=MONDAY)
    back = replace(sold, invoice="C2", quantity=-1, at=MONDAY + timedelta(days=1))
    unmatched = replace(back, invoice="C3", customer=2)
    for lines, words in (([sold, back], []), ([sold, back, unmatched], ["1 refund is of an order that this file"])):
        tally = Tally()
        for webhook in webhooks_of(tmp_path, lines):
            tally.count(webhook)
        assert [note_text(note, texts()).partition(" does not")[0] for note in tally.notes()] == words


def test_a_return_is_taken_from_several_equal_lines_of_one_order(tmp_path: Path) -> None:
    lines = [Line(quantity=3, at=MONDAY), Line(quantity=2, at=MONDAY), Line("C1", quantity=-4, at=MONDAY)]
    order, refund = webhooks_of(tmp_path, lines)
    sold: Any = order.body["line_items"]
    assert refunded(refund) == [(sold[0]["id"], 3), (sold[1]["id"], 1)]


def test_what_is_given_back_on_an_ordinary_invoice_is_a_refund_of_that_day(tmp_path: Path) -> None:
    order, refund = webhooks_of(tmp_path, [Line(quantity=5, at=MONDAY), Line(quantity=-2, at=MONDAY)])
    assert (order.net_micros, refund.net_micros) == (12_750_000, -5_100_000)
    assert refund.body["order_id"] == order.resource_id


def test_what_is_sold_on_a_cancellation_is_an_order(tmp_path: Path) -> None:
    [order] = webhooks_of(tmp_path, [Line("C9", quantity=5)])
    assert (order.topic, order.net_micros) == ("orders/create", 12_750_000)


def test_an_invoice_that_straddles_a_month_counts_in_both(tmp_path: Path) -> None:
    lines = [Line(at=datetime(2011, 1, 31, 23, 59), quantity=1), Line(at=datetime(2011, 2, 1, 0, 0), quantity=2)]
    sent = webhooks_of(tmp_path, lines)
    assert monthly(sent) == {"2011-01": 255, "2011-02": 510}
    assert len({webhook.resource_id for webhook in sent}) == 2


def test_an_invoice_a_minute_long_stays_one_order(tmp_path: Path) -> None:
    [order] = webhooks_of(tmp_path, [Line(at=MONDAY), Line(at=MONDAY + timedelta(minutes=1))])
    assert order.occurred_at.replace(tzinfo=None) == MONDAY


def test_dates_are_local_to_the_brand(tmp_path: Path) -> None:
    lines = [Line("1", at=datetime(2011, 7, 1, 0, 30)), Line("2", at=datetime(2011, 1, 1, 0, 30))]
    winter, summer = webhooks_of(tmp_path, lines)
    assert winter.body["created_at"] == "2011-01-01T00:30:00+00:00"
    assert summer.body["created_at"] == "2011-07-01T00:30:00+01:00"
    assert first_delivery(summer, SHOP).triggered_at == "2011-06-30T23:30:00Z"


def test_an_hour_that_a_clock_change_repeats_is_the_first_and_one_it_skips_moves_on() -> None:
    twice = localise(datetime(2011, 10, 30, 1, 30), LONDON)
    never = localise(datetime(2011, 3, 27, 1, 30), LONDON)
    assert twice.astimezone(UTC) == datetime(2011, 10, 30, 0, 30, tzinfo=UTC)
    assert never.isoformat() == "2011-03-27T02:30:00+01:00"


def test_a_midnight_that_a_clock_change_skips_stays_on_its_day() -> None:
    assert localise(datetime(2011, 10, 16, 0, 30), ZoneInfo("America/Sao_Paulo")).date().day == 16


def test_the_same_file_gives_the_same_bytes_and_ids(tmp_path: Path) -> None:
    lines = list(trading_days(seed=3, invoices=60))
    first = [first_delivery(webhook, SHOP) for webhook in webhooks_of(tmp_path, lines)]
    second = [first_delivery(webhook, SHOP) for webhook in webhooks_of(tmp_path, lines)]
    assert first == second
    assert len({delivery.webhook_id for delivery in first}) == len(first)


def test_the_same_file_for_another_shop_shares_no_body(tmp_path: Path) -> None:
    lines = list(trading_days(seed=3, invoices=60))
    ours = {first_delivery(webhook, SHOP).body for webhook in webhooks_of(tmp_path, lines)}
    theirs = {first_delivery(webhook, SHOP).body for webhook in webhooks_of(tmp_path, lines, shop="b.myshopify.com")}
    assert not ours & theirs


def test_customers_are_told_by_a_hash_alone(tmp_path: Path) -> None:
    [order] = webhooks_of(tmp_path, [Line(customer=17850)])
    body: Any = order.body
    assert body["customer"]["id"] > 0
    assert b"17850" not in orjson.dumps(body["customer"])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.slow
def test_monthly_sums_of_the_bodies_equal_the_oracle(tmp_path: Path, seed: int) -> None:
    path = write_transactions(tmp_path / "sales.csv", trading_days(seed, invoices=400))
    with open_plan(path, shop=SHOP, currency="GBP", zone=LONDON) as plan:
        assert monthly(plan.webhooks()) == oracle(path)


@pytest.mark.real_data
def test_monthly_sums_of_the_whole_real_file_equal_the_oracle(real_data: Path) -> None:
    path = real_data / "transactions" / "uci_online_retail_2010-12_to_2011-08.parquet"
    with open_plan(path, shop=SHOP, currency="GBP", zone=LONDON) as plan:
        assert monthly(plan.webhooks()) == oracle(path)
        left_out = plan.left_out()
    assert (sum(entry.rows for entry in left_out), sum(entry.micros for entry in left_out)) == (1799, -22_124_120_000)
