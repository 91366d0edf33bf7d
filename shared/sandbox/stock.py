"""Stock by article and place: what leaves, what comes back, what is ordered anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sandbox.catalog import LOCATIONS, Assortment
from sandbox.records import StockChange, StockReason
from sandbox.settings import PPM, StockSettings

PACK = 5
"""Suppliers sell in packs of so many."""


@dataclass(slots=True)
class Level:
    """The units of one article that one place has, and those on their way there."""

    available: int = 0
    incoming: int = 0
    changed_at: int = -1


class Stock:
    """All levels; every change is given to `record`. No level is ever below zero."""

    def __init__(self, assortment: Assortment, record: Callable[[StockChange], None]) -> None:
        self._assortment, self._record = assortment, record
        self._levels = [[Level() for _ in LOCATIONS] for _ in assortment.articles]

    def level(self, article: int, place: int) -> Level:
        """The level of one article at one place, by their indexes."""
        return self._levels[article][place]

    def change(
        self, article: int, place: int, delta: int, reason: StockReason, at: int, day: date,
        *, incoming: int = 0, order_id: int | None = None,
    ) -> None:  # fmt: skip
        """Change a level by `delta` and what is on its way by `incoming`. Raises `ValueError` below zero."""
        level = self._levels[article][place]
        if level.available + delta < 0 or level.incoming + incoming < 0:
            raise ValueError(f"article {article} at place {place} would fall below nothing")
        level.available += delta
        level.incoming += incoming
        level.changed_at = at
        variant = self._assortment.articles[article].variant
        self._record(
            StockChange(
                timestamp=datetime.fromtimestamp(at, UTC),
                day=day,
                variant_id=variant.variant_id,
                inventory_item_id=variant.inventory_item_id,
                location_id=LOCATIONS[place].location_id,
                delta=delta,
                available=level.available,
                incoming=level.incoming,
                reason=reason,
                order_id=order_id,
            )
        )

    def changed_at(self, article: int) -> int:
        """The second at which any place's level of an article changed last."""
        return max(level.changed_at for level in self._levels[article])

    def free(self, article: int, place: int, reserved: Mapping[tuple[int, int], int]) -> int:
        """Units of an article at a place that no line in `held` (by article and place) has yet."""
        return self._levels[article][place].available - reserved.get((article, place), 0)

    def find(self, article: int, units: int, nearest: int, reserved: Mapping[tuple[int, int], int]) -> tuple[int, int]:
        """The place to send from and how many of `units` it can send: the nearest one that has most of them."""
        best, sent = nearest, min(units, self.free(article, nearest, reserved))
        for place in range(len(LOCATIONS)):
            can = min(units, self.free(article, place, reserved))
            if can > sent:
                best, sent = place, can
        return best, sent


@dataclass(frozen=True, slots=True)
class Purchase:
    """Units ordered from a supplier for one place."""

    article: int
    place: int
    units: int


def _packs(units_ppm: int) -> int:
    """Whole packs that hold at least so many units (given in millionths)."""
    return max(1, -(-units_ppm // (PPM * PACK))) * PACK


def opening_units(daily_ppm: int, lead_days: int, settings: StockSettings) -> int:
    """The units that a place starts with: enough until a first purchase arrives, and half its cover on top."""
    return _packs(daily_ppm * (lead_days + settings.safety_days + settings.cover_days // 2))


def purchase_units(level: Level, daily_ppm: int, lead_days: int, settings: StockSettings) -> int:
    """Units to buy now: none while what is here or coming outlasts lead time and safety, else cover in whole packs."""
    left = (level.available + level.incoming) * PPM
    return 0 if left > daily_ppm * (lead_days + settings.safety_days) else _packs(daily_ppm * settings.cover_days)
