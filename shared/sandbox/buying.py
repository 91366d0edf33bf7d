"""Keeping the shelf filled: the opening stock, the daily look at it, deliveries, and what goes wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sandbox.baskets import Demand
from sandbox.catalog import LOCATIONS, Assortment
from sandbox.draws import Draws
from sandbox.settings import PPM, Incident, WorldSettings
from sandbox.shoppers import northern_ppm
from sandbox.stock import Purchase, Stock, opening_units, purchase_units
from sandbox.traffic import OpenDay

DAY, DELIVERED_AT = 86_400, 8 * 3_600


class Buyer:
    """Buys for both places, by what it expects to sell there; it plans for the season, not for promotions."""

    def __init__(self, settings: WorldSettings, assortment: Assortment, stock: Stock) -> None:
        self._settings, self._assortment, self._stock = settings, assortment, stock
        north = northern_ppm()
        self._places = (north, PPM - north)
        assert len(LOCATIONS) == len(self._places)

    def _daily_ppm(self, demand: Demand, article: int, place: int) -> int:
        """Units expected a day, in millionths."""
        units = self._settings.demand.orders_per_day * demand.units_ppm
        return units * demand.share_ppm(article) // PPM * self._places[place] // PPM

    def open(self, today: OpenDay, demand: Demand) -> None:
        """Fill the empty shelf of the first day."""
        for article, stocked in enumerate(self._assortment.articles):
            for place in range(len(LOCATIONS)):
                daily = self._daily_ppm(demand, article, place)
                units = opening_units(daily, stocked.variant.lead_time_days, self._settings.stock)
                self._stock.change(article, place, units, "opening", today.starts_at, today.day)

    def review(self, at: int, today: OpenDay, coming: Callable[[int], Demand]) -> list[tuple[int, Purchase]]:
        """Buy what is short; `coming` gives the demand so many days ahead. Returns deliveries with their moments."""
        due = []
        draws = Draws(self._settings.seed, "suppliers", today.day.isoformat())
        for article, stocked in enumerate(self._assortment.articles):
            lead = stocked.variant.lead_time_days
            for place in range(len(LOCATIONS)):
                level = self._stock.level(article, place)
                units = purchase_units(level, self._daily_ppm(coming(lead), article, place), lead, self._settings.stock)
                if not units:
                    continue
                late = draws.between(1, 14) if draws.chance(self._settings.stock.late_ppm) else 0
                self._stock.change(article, place, 0, "reorder", at, today.day, incoming=units)
                due.append((today.starts_at + (lead + late) * DAY + DELIVERED_AT, Purchase(article, place, units)))
        return due

    def is_delayed(self, purchase: Purchase, today: OpenDay, incidents: tuple[Incident, ...]) -> bool:
        """True where a delivery cannot come today."""
        sku = self._assortment.articles[purchase.article].variant.sku
        kinds = ("supplier_delay", "stock_loss")
        return any(incident.kind in kinds and incident.sku == sku for incident in incidents)

    def receive(self, purchase: Purchase, at: int, today: OpenDay) -> None:
        """Put a delivery's units on the shelf, and off what is incoming."""
        units = purchase.units
        self._stock.change(purchase.article, purchase.place, units, "delivery", at, today.day, incoming=-units)

    def count_nothing(self, article: int, at: int, today: OpenDay) -> None:
        """A stocktake finds an empty shelf."""
        for place in range(len(LOCATIONS)):
            if available := self._stock.level(article, place).available:
                self._stock.change(article, place, -available, "stocktake", at, today.day)


def next_morning(at: int) -> int:
    """The second at which a delayed delivery is tried again."""
    return at + int(timedelta(days=1).total_seconds())
