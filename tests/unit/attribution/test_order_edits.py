"""What an edit or exchange adds is sold on its own day, and what it removes comes off then, whatever came in when."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.builders.exports import head, imported, write_export
from tests.builders.shop_books import Books, books_of, delivered, uploaded
from tests.builders.shopify import line_body, order_body, refund_body, refund_line_body
from tests.unit.attribution.merging import ORDER_ID, merged

pytestmark = pytest.mark.slow

EUR = 1_000_000
SOLD, EDITED, SECOND, REFUNDED = (f"2026-11-{day}T12:00:00Z" for day in (10, 14, 16, 18))
Delivery = dict[str, Any]


def line(line_id: int, price: str, quantity: int = 1, current: int | None = None, **fields: Any) -> dict[str, Any]:
    return line_body(
        line_id, price=price, quantity=quantity, current_quantity=quantity if current is None else current, **fields
    )


def snapshot(at: str, *lines: dict[str, Any], **fields: Any) -> Delivery:
    times = {"created_at": SOLD, "processed_at": SOLD, "updated_at": at}
    body = {**order_body(ORDER_ID, lines=list(lines)), **times, "taxes_included": False, **fields}
    return {"topic": "orders/updated", "body": body}


def edit(at: str, *, edit_id: int = 77, added: dict[int, int] | None = None, removed: dict[int, int] | None = None,
         **fields: Any) -> Delivery:  # fmt: skip
    def deltas(pieces: dict[int, int] | None) -> list[dict[str, int]]:
        return [{"id": line_id, "delta": delta} for line_id, delta in (pieces or {}).items()]

    changed = {"additions": deltas(added), "removals": deltas(removed)}
    body = {"id": edit_id, "order_id": ORDER_ID, "created_at": at, "committed_at": at, "line_items": changed, **fields}
    return {"topic": "orders/edited", "body": {"order_edit": body}}


def returned(line_id: int, amount: str, at: str = REFUNDED) -> dict[str, Any]:
    lines = [refund_line_body(line_id, subtotal=amount)]
    return {**refund_body(88001, lines=lines), "order_id": ORDER_ID, "created_at": at, "processed_at": at}


async def settled(*deliveries: Delivery) -> Books:
    """The books, the same for every order of arrival and with everything delivered twice."""
    events = delivered(deliveries)
    books = await books_of(events)
    assert await books_of([*events[::-1], *events]) == books
    assert not books.wrong
    states = [merged([*order, *order[:2]]) for order in permutations(events)]
    assert states == states[:1] * len(states)
    return books


def days(**euros: int) -> dict[str, int]:
    return {day.removeprefix("on_").replace("_", "-"): amount * EUR for day, amount in euros.items()}


@pytest.mark.rule("SHOP-25")
@pytest.mark.real_data
async def test_the_reported_edit_is_sold_on_its_day(real_data: Path) -> None:
    case = json.loads((real_data / "field-cases/S03-edit-adds-item-later-day.json").read_text())
    create, edited, updated = case["deliveries"]
    assert (await settled(create, edited, updated)).by_day() == days(on_11_10=100, on_11_14=30)
    assert (await settled(create, updated)).by_day() == days(on_11_10=100, on_11_14=30)
    assert (await settled(edited, updated)).by_day() == days(on_11_10=100, on_11_14=30)
    assert (await settled(create, edited)).by_day() == days(on_11_10=100)
    assert (await settled(updated)).by_day() == days(on_11_10=130)


@pytest.mark.rule("SHOP-25")
async def test_an_edit_is_dated_by_its_commit_and_else_by_the_first_snapshot_that_shows_it() -> None:
    first, late = snapshot(SOLD, line(1, "100.00")), snapshot(SECOND, line(1, "100.00"), line(2, "30.00"))
    assert (await settled(first, late)).by_day() == days(on_11_10=100, on_11_16=30)
    assert (await settled(first, late, edit(EDITED, added={2: 1}))).by_day() == days(on_11_10=100, on_11_14=30)
    earlier = snapshot(EDITED, line(1, "100.00"), line(2, "30.00"))
    assert (await settled(first, late, earlier)).by_day() == days(on_11_10=100, on_11_14=30)


@pytest.mark.rule("SHOP-25")
async def test_what_an_edit_removes_comes_off_on_its_day() -> None:
    sold = snapshot(SOLD, line(1, "100.00"), line(2, "30.00"))
    left = snapshot(EDITED, line(1, "100.00"), line(2, "30.00", current=0))
    for deliveries in ([sold, left], [sold, edit(EDITED, removed={2: 1}), left], [edit(EDITED, removed={2: 1}), left]):
        assert (await settled(*deliveries)).by_day() == days(on_11_10=130, on_11_14=-30)
    assert (await settled(left)).by_day() == days(on_11_10=100)


@pytest.mark.rule("SHOP-25")
async def test_a_line_that_is_gone_from_the_body_was_removed() -> None:
    sold = snapshot(SOLD, line(1, "100.00"), line(2, "30.00"))
    assert (await settled(sold, snapshot(EDITED, line(1, "100.00")))).by_day() == days(on_11_10=130, on_11_14=-30)


@pytest.mark.rule("SHOP-25")
async def test_an_exchange_takes_the_old_item_off_and_sells_the_new_one_on_its_day() -> None:
    sold = snapshot(SOLD, line(1, "100.00"))
    swapped = snapshot(EDITED, line(1, "100.00", current=0), line(2, "130.00"))
    both = edit(EDITED, added={2: 1}, removed={1: 1})
    assert (await settled(sold, swapped)).by_day() == days(on_11_10=100, on_11_14=30)
    assert (await settled(both, swapped)).by_day() == days(on_11_10=100, on_11_14=30)
    books = await settled(sold, both, snapshot(SECOND, line(1, "100.00", current=0), line(2, "130.00")))
    assert books.by_day() == days(on_11_10=100, on_11_14=30)
    assert books.of("edit") == 30 * EUR


@pytest.mark.rule("SHOP-25")
async def test_more_and_fewer_pieces_of_a_line_are_of_their_own_days() -> None:
    sold, more = snapshot(SOLD, line(1, "10.00", 2)), snapshot(EDITED, line(1, "10.00", 5))
    fewer = snapshot(SECOND, line(1, "10.00", 5, current=1))
    expected = days(on_11_10=20, on_11_14=30, on_11_16=-40)
    assert (await settled(sold, more, fewer)).by_day() == expected
    edits = (edit(EDITED, added={1: 3}), edit(SECOND, edit_id=78, removed={1: 4}))
    assert (await settled(sold, *edits, fewer)).by_day() == expected
    assert (await settled(*edits, more, fewer)).by_day() == expected
    assert (await settled(*edits, fewer)).by_day() == expected


@pytest.mark.rule("SHOP-25")
async def test_two_edits_between_two_snapshots_have_a_day_each() -> None:
    sold = snapshot(SOLD, line(1, "100.00"))
    late = snapshot(REFUNDED, line(1, "100.00"), line(2, "30.00"), line(3, "7.00", 2))
    edits = (edit(EDITED, added={2: 1, 3: 1}), edit(SECOND, edit_id=78, added={3: 1}))
    assert (await settled(sold, *edits, late)).by_day() == days(on_11_10=100, on_11_14=37, on_11_16=7)


@pytest.mark.rule("SHOP-25")
async def test_an_added_line_that_is_refunded_is_a_return_of_its_own_day() -> None:
    sold, added = snapshot(SOLD, line(1, "100.00")), snapshot(EDITED, line(1, "100.00"), line(2, "30.00"))
    refund = returned(2, "30.00")
    after = snapshot(REFUNDED, line(1, "100.00"), line(2, "30.00", current=0), refunds=[refund])
    expected = days(on_11_10=100, on_11_14=30, on_11_18=-30)
    assert (await settled(sold, added, after)).by_day() == expected
    assert (await settled(sold, edit(EDITED, added={2: 1}), after)).by_day() == expected
    alone = {"topic": "refunds/create", "body": refund}
    assert (await settled(sold, added, alone)).by_day() == expected


@pytest.mark.rule("SHOP-25")
@pytest.mark.parametrize("current", [1, 0])
async def test_an_edited_order_that_is_cancelled_gives_back_all_of_it_then(current: int) -> None:
    sold, added = snapshot(SOLD, line(1, "100.00")), snapshot(EDITED, line(1, "100.00"), line(2, "30.00"))
    lines = [line(1, "100.00", current=current), line(2, "30.00", current=current)]
    cancelled = snapshot(REFUNDED, *lines, cancelled_at=REFUNDED, financial_status="voided")
    books = await settled(sold, added, cancelled)
    assert books.by_day() == days(on_11_10=100, on_11_14=30, on_11_18=-130)
    assert books.of("cancellation") == -130 * EUR


@pytest.mark.rule("SHOP-25")
async def test_a_discount_of_an_edit_is_of_its_day_and_a_corrected_price_is_of_the_sale() -> None:
    sold = snapshot(SOLD, line(1, "100.00"))
    cheaper = snapshot(EDITED, line(1, "100.00", total_discount="10.00", discount_allocations=[]))
    assert (await settled(sold, cheaper)).by_day() == days(on_11_10=90)
    assert (await settled(sold, edit(EDITED), cheaper)).by_day() == days(on_11_10=100, on_11_14=-10)
    added = snapshot(EDITED, line(1, "100.00"), line(2, "30.00"))
    repriced = snapshot(SECOND, line(1, "100.00"), line(2, "25.00"))
    assert (await settled(sold, added, repriced)).by_day() == days(on_11_10=100, on_11_14=25)


@pytest.mark.rule("SHOP-25")
async def test_a_discount_shared_anew_by_an_edit_leaves_what_was_sold_as_it_was() -> None:
    sold = snapshot(SOLD, line(1, "100.00", total_discount="12.00", discount_allocations=[]))
    lines = (line(1, "100.00", total_discount="9.00", discount_allocations=[]),
             line(2, "30.00", total_discount="3.00", discount_allocations=[]))  # fmt: skip
    expected = days(on_11_10=88, on_11_14=30)
    assert (await settled(sold, snapshot(EDITED, *lines))).by_day() == expected
    assert (await settled(sold, edit(EDITED, added={2: 1}), snapshot(EDITED, *lines))).by_day() == expected


@pytest.mark.rule("SHOP-25")
async def test_tax_inside_prices_is_taken_out_of_what_an_edit_adds() -> None:
    taxes = {"taxes_included": True}
    first = line(1, "119.00", tax_lines=[{"price": "19.00"}])
    added = line(2, "35.70", tax_lines=[{"price": "5.70"}])
    books = await settled(snapshot(SOLD, first, **taxes), snapshot(EDITED, first, added, **taxes))
    assert books.by_day() == days(on_11_10=100, on_11_14=30)


@pytest.mark.rule("SHOP-25")
async def test_a_commit_seconds_after_the_snapshot_that_shows_it_is_the_same_edit() -> None:
    shown = snapshot(EDITED, line(1, "100.00"), line(2, "30.00"))
    committed = edit("2026-11-14T12:00:03Z", added={2: 1})
    assert (await settled(committed, shown)).by_day() == days(on_11_10=100, on_11_14=30)


@pytest.mark.rule("SHOP-25")
async def test_an_export_of_the_order_moves_no_day(tmp_path: Path) -> None:
    sold, added = snapshot(SOLD, line(1, "100.00")), snapshot(EDITED, line(1, "100.00"), line(2, "30.00"))
    row = head("#1301", Id=str(ORDER_ID), Subtotal="130.00", Total="130.00", Lineitem_price="130.00", **EXPORTED)
    file = uploaded(imported(write_export(tmp_path / "orders.csv", [row])).webhooks)
    live = delivered([sold, added])
    expected = days(on_11_10=100, on_11_14=30)
    for events in ([*live, *file], [*file, *live], [live[0], *file, live[1]], [live[1], *file, live[0]]):
        books = await books_of(events)
        assert (books.by_day(), books.wrong) == (expected, ())
    # What a file says of an order is no snapshot without the line.
    assert (await books_of([*file, *delivered([added])])).by_day() == days(on_11_10=130)


EXPORTED = {"Created_at": "2026-11-10 12:00:00 +0000"}
