"""The rows an order's attribution adds to the warehouse: head `attributions`, rows `touches` and `credits`; and
`order_changes`, which has no head.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import orjson

from attribution.domain.credits import Credit, credits_of
from attribution.domain.orders import OrderState
from attribution.domain.policy import BrandPolicy
from attribution.domain.touches import RULES_VERSION
from pulsepoint.events.attributions import Touch
from pulsepoint.metrics.revenue import change_id

HEAD, CHANGES = "attributions", "order_changes"
"""The table whose row stands for the whole snapshot."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of `table`; `part` is unique within a snapshot."""

    table: str
    part: str
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attribution:
    """An order's attribution as rows under one digest."""

    net_micros: int
    currency: str
    credits: int
    digest: str
    rows: Sequence[Row]


def attribution_of(order_id: str, state: OrderState, policy: BrandPolicy) -> Attribution | None:
    """The whole attribution of an order; None while no amount of it is known.

    Touches of an erased order are left out: its credits hold no person.
    """
    currency = state.currency
    if currency is None:
        return None
    entries = state.entries(order_id, policy.settings.cancelled_orders)
    ordered_at = state.sale.created_at if state.sale is not None else None
    touches = state.touches(policy.settings)
    credited = credits_of(entries, touches, ordered_at, policy.settings)
    net_micros = sum(entry.net_micros for entry in entries)
    head = {
        "order_id": order_id,
        "currency": currency,
        "net_micros": net_micros,
        "source_version": state.source_version,
        "settings_version": policy.settings_version,
        "rules_version": RULES_VERSION,
    }
    shown = () if state.erased else touches
    rows = [
        Row(HEAD, "", head),
        *(_touch_row(order_id, position, touch) for position, touch in enumerate(shown)),
        *(_credit_row(order_id, currency, credit) for credit in credited),
        *_change_rows(order_id, state),
    ]
    content = orjson.dumps([[row.table, row.part, row.columns] for row in rows], option=orjson.OPT_SORT_KEYS)
    return Attribution(net_micros, currency, len(credited), sha256(content).hexdigest(), rows)


def _change_rows(order_id: str, state: OrderState) -> Iterator[Row]:
    """A row a change; of an order whose snapshots differ and that has none, a row that says so."""
    if state.history.is_plain:
        return
    nothing = {"order_id": order_id, "quantity": 0, "gross_micros": 0, "discount_micros": 0}
    changes = state.changes
    for change in changes:
        entry_id = change_id(order_id, change.occurred_at)
        yield Row(
            CHANGES, f"{entry_id}:{change.line_id}", {"order_id": order_id, "entry_id": entry_id, **asdict(change)}
        )
    if not changes:
        yield Row(CHANGES, "", nothing)


def _touch_row(order_id: str, position: int, touch: Touch) -> Row:
    columns = {
        **touch.model_dump(),
        "order_id": order_id,
        "channel": str(touch.channel),
        "evidence": ",".join(touch.evidence),
    }
    return Row("touches", str(position), columns)


def _credit_row(order_id: str, currency: str, credit: Credit) -> Row:
    touch, entry = credit.touch, credit.entry
    columns = {
        "order_id": order_id,
        "model": str(credit.model),
        "entry_id": entry.entry_id,
        "entry_kind": entry.kind.value,
        "occurred_at": entry.occurred_at,
        "channel": str(credit.channel),
        "paid": touch is not None and touch.paid,
        "campaign": touch.campaign if touch is not None else None,
        "touch_at": touch.occurred_at if touch is not None else None,
        "credit_micros": credit.credit_micros,
        "currency": currency,
    }
    return Row("credits", f"{credit.model}/{entry.kind}/{entry.entry_id}/{credit.position}", columns)
