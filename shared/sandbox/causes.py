"""The ground truth: which cause made how much of an order, and lost how much of its return.

An order whose buyer was lifted by k contacts or promotions, each making share l of such visitors buy more, would
have happened without them with chance 1 / ((1 + l1) ... (1 + lk)): that part is its origin's. The rest is split
among the lifts in proportion to l. With one lift its expected sum is exactly what leaving that lift out would cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

from sandbox.journeys import Intent
from sandbox.records import Cause, CauseKind, Order, Refund
from sandbox.settings import PPM
from sandbox.splitting import split


def _weights(intent: Intent) -> list[int]:
    """Integer weights of the origin and of each lift."""
    base, lifted = 1, 1
    total = sum(lift.lift_ppm for lift in intent.lifts)
    for lift in intent.lifts:
        base, lifted = base * PPM, lifted * (PPM + lift.lift_ppm)
    if not total:
        return [1] + [0] * len(intent.lifts)
    return [base * total] + [(lifted - base) * lift.lift_ppm for lift in intent.lifts]


def causes_of(intent: Intent, order: Order, day_of: Callable[[int], date]) -> tuple[Cause, ...]:
    """The rows of an order: its origin's first, then its lifts'; they add up to its net sales."""
    parts = split(order.net_cents, _weights(intent))
    origin = Cause(
        order_id=order.order_id,
        refund_id=None,
        day=order.day,
        kind=intent.kind,
        campaign_id=intent.campaign_id,
        acquired_by=intent.acquired_by,
        touched_day=day_of(intent.started_at),
        cents=parts[0],
    )
    rows = [origin]
    for lift, cents in zip(intent.lifts, parts[1:], strict=True):
        if cents:
            kind: CauseKind = "campaign" if lift.campaign_id else "promotion"
            row = replace(origin, kind=kind, campaign_id=lift.campaign_id, acquired_by=None, cents=cents)
            rows.append(replace(row, touched_day=day_of(lift.at)))
    return tuple(rows)


def causes_of_refund(causes: Iterable[Cause], refund: Refund) -> tuple[Cause, ...]:
    """The rows of a refund: what it took back, split as its order was."""
    causes = tuple(causes)
    sold = [cause.cents for cause in causes]
    parts = split(refund.net_cents, sold if sum(sold) else [1] + [0] * (len(sold) - 1))
    return tuple(
        replace(cause, refund_id=refund.refund_id, day=refund.day, cents=-cents)
        for cause, cents in zip(causes, parts, strict=True)
    )


def incremental(causes: Iterable[Cause]) -> dict[tuple[str, date], int]:
    """True incremental net cents by campaign and day, returns taken off on their own day."""
    sums: dict[tuple[str, date], int] = {}
    for cause in causes:
        if cause.campaign_id is not None:
            key = (cause.campaign_id, cause.day)
            sums[key] = sums.get(key, 0) + cause.cents
    return sums
