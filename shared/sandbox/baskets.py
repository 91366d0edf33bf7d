"""The demand of a day: so many units of which articles, worth on average what the settings say."""

from __future__ import annotations

from datetime import date

from sandbox.catalog import Assortment
from sandbox.draws import Draws, Table
from sandbox.seasons import product_factor
from sandbox.settings import PPM, InvalidWorld, WorldSettings

MOST_EXTRA = 6


class Demand:
    """The wishes of one day.

    Prices are fixed and wishes move with the season, so the units per order make up the AOV.
    """

    __slots__ = ("_extra_ppm", "_return_ppm", "_table", "weights")

    def __init__(self, assortment: Assortment, settings: WorldSettings, day: date) -> None:
        strength = settings.demand.season_ppm
        factors = {name: product_factor(name, day, strength) for name in {a.profile for a in assortment.articles}}
        weights = [article.popularity * factors[article.profile] // 1_000 for article in assortment.articles]
        self.weights = tuple(weights)
        self._table = Table(weights)
        total, pairs = sum(weights), list(zip(weights, assortment.articles, strict=True))
        price = sum(weight * article.variant.price_cents for weight, article in pairs)
        tendency = sum(weight * article.returns for weight, article in pairs)
        self._extra_ppm = self._extra(settings.demand.aov_cents, price, total)
        self._return_ppm = tuple(
            article.returns * settings.demand.return_ppm * total // tendency for article in assortment.articles
        )

    @staticmethod
    def _extra(aov_cents: int, price: int, total: int) -> int:
        """Chance, in ppm, of each of `MOST_EXTRA` units beyond the first."""
        extra = (aov_cents * total * PPM // price - PPM) // MOST_EXTRA
        if not 0 <= extra <= PPM:
            raise InvalidWorld(
                f"demand.aov_cents: one unit costs {price // total} on average, so an order can be worth "
                f"from that to {price * (1 + MOST_EXTRA) // total}, not {aov_cents}"
            )
        return extra

    @property
    def units_ppm(self) -> int:
        """Mean units per order."""
        return PPM + MOST_EXTRA * self._extra_ppm

    def share_ppm(self, article: int) -> int:
        """An article's share of all units wanted, in millionths."""
        return self.weights[article] * PPM // self._table.total

    def wishes(self, draws: Draws) -> dict[int, int]:
        """Units wanted by article index, in the order they came to mind."""
        units: dict[int, int] = {}
        for _ in range(1 + draws.successes(MOST_EXTRA, self._extra_ppm)):
            article = draws.pick(self._table)
            units[article] = units.get(article, 0) + 1
        return units

    def return_ppm(self, article: int) -> int:
        """The chance in ppm that a unit sold today comes back."""
        return min(PPM, self._return_ppm[article])
