"""The judge of `make load` sees a loss that the totals hide."""

from __future__ import annotations

import pytest

from tests.load.matching import match
from tests.load.orders import FIRST_ID, price_cents

Sale = tuple[str, int]


def sale(number: int, *, cents: int | None = None) -> Sale:
    """The sale of order `number`, at its price unless `cents` says otherwise."""
    return str(FIRST_ID + number), (price_cents(number) if cents is None else cents) * 10_000


def test_orders_counted_once_at_their_price_match() -> None:
    matching = match([1, 2, 2], [sale(1), sale(2)])
    assert (matching.whole, matching.words()) == (True, "of 2 accepted orders each is counted once at its price")


def test_an_order_counted_and_never_acknowledged_is_no_fault() -> None:
    matching = match([1], [sale(1), sale(7)])
    assert (matching.whole, matching.unaccepted) == (True, (7,))


@pytest.mark.parametrize(
    ("sales", "words"),
    [
        ([sale(1), sale(7), sale(8)], "1 not counted (2); 2 more were counted"),
        ([sale(1), sale(2), sale(2)], "1 counted twice (2)"),
        ([sale(1), sale(2, cents=1)], "1 at another price (2)"),
        ([], "2 not counted (1, 2)"),
    ],
)
def test_a_loss_a_repetition_and_another_price_are_seen(sales: list[Sale], words: str) -> None:
    """Of the first, both totals are higher than what was accepted."""
    matching = match([1, 2], sales)
    assert not matching.whole
    assert words in matching.words()
