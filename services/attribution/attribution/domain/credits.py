"""Credits: every sales entry shared out by every model, adding up to the micro and to the minor unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from attribution.domain.models import MODELS, Model
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.brand.vocabulary import Channel
from pulsepoint.events.attributions import Touch
from pulsepoint.metrics.revenue import SalesEntry
from pulsepoint.money import split

MINOR_UNIT = 10_000


@dataclass(frozen=True, slots=True)
class Credit:
    """A part of one sales entry given to one touch by one model; `touch` None is unattributed.

    `position` numbers the credits of one (model, entry).
    """

    model: str
    entry: SalesEntry
    position: int
    touch: Touch | None
    credit_micros: int

    @property
    def channel(self) -> Channel:
        """The channel the credit is booked under."""
        return self.touch.channel if self.touch is not None else Channel.UNATTRIBUTED


def credits_of(
    entries: Sequence[SalesEntry],
    touches: Sequence[Touch],
    ordered_at: datetime | None,
    settings: BrandChoices,
    models: Mapping[str, Model] = MODELS,
) -> tuple[Credit, ...]:
    """Credits of one order: for each model and entry they add up to the entry's micros exactly.

    Refunds and cancellations give back along the weights of the sale: what is split is the running total, and an
    entry's credits are the change of its parts. So whenever the entries cancel out, each touch nets exactly zero.
    Amounts in whole minor units (cents) are shared out in whole minor units. Without an order (`ordered_at` None: an
    orphan refund) and without an eligible touch all is unattributed.
    """
    return tuple(
        credit
        for name, model in models.items()
        for credit in _shared_out(name, entries, _recipients(model, touches, ordered_at, settings))
    )


def share(total: int, weights: Sequence[int]) -> list[int]:
    """`total` micros by `weights`, whole minor units first, then the micros beyond them; the parts add up exactly."""
    sign = -1 if total < 0 else 1
    units, beyond = divmod(abs(total), MINOR_UNIT)
    parts = zip(split(units, weights), split(beyond, weights), strict=True)
    return [sign * (whole * MINOR_UNIT + rest) for whole, rest in parts]


def _recipients(
    model: Model, touches: Sequence[Touch], ordered_at: datetime | None, settings: BrandChoices
) -> list[tuple[Touch | None, int]]:
    if ordered_at is None:
        return [(None, 1)]
    weighted = zip(touches, model(touches, ordered_at, settings), strict=True)
    earned: list[tuple[Touch | None, int]] = [(touch, weight) for touch, weight in weighted if weight > 0]
    return earned or [(None, 1)]


def _shared_out(
    model: str, entries: Sequence[SalesEntry], recipients: Sequence[tuple[Touch | None, int]]
) -> Iterator[Credit]:
    weights = [weight for _, weight in recipients]
    running, given = 0, [0] * len(recipients)
    for entry in entries:
        running += entry.net_micros
        due = share(running, weights)
        for position, (touch, _) in enumerate(recipients):
            yield Credit(model, entry, position, touch, due[position] - given[position])
        given = due
