"""The day of a change is a function of the set of deliveries: against a reckoning from the raw bodies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulsepoint.brand.vocabulary import CancelledOrders
from tests.builders.shop_books import delivered
from tests.builders.shopify import line_body, order_body
from tests.unit.attribution.merging import ORDER_ID, merged

SOLD_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
PRICES = {1: 100, 2: 30, 3: 7}
Delivery = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """An edit on a day of its own, and the snapshot that the shop makes of it."""

    committed_at: datetime
    changes: dict[int, int]


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to an order, and which of its snapshots (by step, 0 the sale) and edits were delivered."""

    sold: dict[int, int]
    steps: list[Step]
    snapshots: list[int]
    with_edits: bool

    def clock(self, step: int) -> datetime:
        return self.steps[step - 1].committed_at if step else SOLD_AT

    def quantities(self, step: int) -> Counter[int]:
        counts = Counter(self.sold)
        for each in self.steps[:step]:
            counts.update(each.changes)
        return counts

    def snapshot(self, step: int) -> Delivery:
        """As Shopify tells it: a line keeps the pieces it ever had, `current_quantity` says what is left."""
        added = Counter(self.sold)
        for each in self.steps[:step]:
            added.update({line: count for line, count in each.changes.items() if count > 0})
        left = self.quantities(step)
        lines = [
            line_body(line, price=f"{PRICES[line]}.00", quantity=added[line], current_quantity=left[line])
            for line in PRICES
            if added[line]
        ]
        times = {"created_at": SOLD_AT.isoformat(), "processed_at": SOLD_AT.isoformat()}
        body = order_body(ORDER_ID, lines=lines, updated_at=self.clock(step).isoformat(), **times)
        return {"topic": "orders/updated", "body": body}

    def deliveries(self) -> list[Delivery]:
        edits = [_edit(number, step) for number, step in enumerate(self.steps, start=1)] if self.with_edits else []
        return [*(self.snapshot(step) for step in self.snapshots), *edits]

    def expected(self) -> dict[datetime, int]:
        """Net sales by moment in currency units, from what was delivered alone."""
        days: Counter[datetime] = Counter()
        first = self.snapshots[0]
        for line, price in PRICES.items():
            days[SOLD_AT] += price * self.quantities(0 if self.with_edits else first)[line]
            if self.with_edits:
                for step in self.steps[:first]:
                    days[step.committed_at] += price * step.changes.get(line, 0)
            for before, after in pairwise(self.snapshots):
                difference = self.quantities(after)[line] - self.quantities(before)[line]
                if difference and self.with_edits:
                    for step in self.steps[before:after]:
                        days[step.committed_at] += price * step.changes.get(line, 0)
                elif difference:
                    days[self.clock(after)] += price * difference
        return {at: amount for at, amount in days.items() if amount}


def _edit(number: int, step: Step) -> Delivery:
    added = [{"id": line, "delta": count} for line, count in step.changes.items() if count > 0]
    removed = [{"id": line, "delta": -count} for line, count in step.changes.items() if count < 0]
    body = {
        "id": number,
        "order_id": ORDER_ID,
        "committed_at": step.committed_at.isoformat(),
        "line_items": {"additions": added, "removals": removed},
    }
    return {"topic": "orders/edited", "body": {"order_edit": body}}


@st.composite
def stories(draw: st.DrawFn) -> Story:
    sold = {1: draw(st.integers(1, 3)), 2: draw(st.integers(0, 2))}
    left, steps = Counter(sold), []
    for day in range(1, draw(st.integers(1, 4)) + 1):
        changes = {}
        for line in draw(st.sets(st.sampled_from(sorted(PRICES)), min_size=1, max_size=3)):
            count = draw(st.integers(-left[line], 3).filter(bool))
            changes[line] = count
            left[line] += count
        steps.append(Step(SOLD_AT + timedelta(days=day), changes))
    snapshots = sorted(draw(st.sets(st.integers(0, len(steps)), min_size=1)))
    return Story(sold, steps, snapshots, draw(st.booleans()))


@pytest.mark.rule("SHOP-25")
@settings(max_examples=60, deadline=None)
@given(story=stories(), data=st.data())
@pytest.mark.slow
def test_every_change_is_of_the_day_that_the_deliveries_give_it(story: Story, data: st.DataObject) -> None:
    events = delivered(story.deliveries())
    copies = data.draw(st.lists(st.sampled_from(events), max_size=3))
    state = merged(data.draw(st.permutations([*events, *copies])))
    assert state == merged(events)
    sums: Counter[datetime] = Counter()
    for entry in state.entries(str(ORDER_ID), CancelledOrders.RETURN):
        sums[entry.occurred_at] += entry.net_micros // 1_000_000
    assert {at: amount for at, amount in sums.items() if amount} == story.expected()


@pytest.mark.rule("SHOP-25")
@settings(max_examples=60, deadline=None)
@given(story=stories(), data=st.data())
@pytest.mark.slow
def test_whatever_arrived_the_days_add_up_to_the_order_as_it_stands(story: Story, data: st.DataObject) -> None:
    deliveries = Story(story.sold, story.steps, story.snapshots, True).deliveries()
    chosen = data.draw(st.lists(st.sampled_from(delivered(deliveries)), min_size=1))
    state, again = merged(chosen), merged(data.draw(st.permutations(chosen)))
    assert again == state
    entries = state.entries(str(ORDER_ID), CancelledOrders.RETURN)
    assert sum(entry.net_micros for entry in entries) == (state.sale.net_micros if state.sale is not None else 0)
