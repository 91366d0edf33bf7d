"""An order's document after events in some order, without the runtime."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attribution.domain.orders import OrderState
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.events.envelope import Event
from pulsepoint.events.orders import OrderEditCommitted, OrderRecorded, RefundRecorded

ORDER_ID = 1301


def merged(events: Iterable[Event[Any]]) -> OrderState:
    """The document, written and read again."""
    state = OrderState()
    for event in events:
        match event.payload:
            case OrderRecorded():
                state = state.with_order(event, BrandChoices())
            case RefundRecorded():
                state = state.with_refund(event)
            case OrderEditCommitted():
                state = state.with_edit(event)
    return OrderState.model_validate(state.model_dump(mode="json"))
