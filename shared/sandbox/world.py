"""The world: a shop's days one after the other, from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sandbox.catalog import LOCATIONS
from sandbox.engine import Engine
from sandbox.records import (
    AdDay,
    Campaign,
    Cause,
    Claim,
    DayHistory,
    Happening,
    Location,
    LostSale,
    Order,
    Product,
    Refund,
    StockChange,
)
from sandbox.settings import Incident, WorldSettings


class World:
    """A shop living through its days in order; every answer is the same for the same settings and strikes.

    Days are simulated as far as they are read and kept, so history can be read newest first after the
    first call for the newest day (two years: well under a minute). Moments are aware datetimes. Not safe for
    several threads.
    """

    def __init__(self, settings: WorldSettings) -> None:
        self.settings = settings
        self._engine = Engine(settings)

    def catalog(self) -> tuple[Product, ...]:
        """All products on sale, a tuple."""
        return self._engine.assortment.products

    def locations(self) -> tuple[Location, ...]:
        """The places that hold stock, a tuple: the northern one first."""
        return LOCATIONS

    def campaigns(self) -> tuple[Campaign, ...]:
        """All ad campaigns, a tuple in the order of the settings."""
        return tuple(
            Campaign(campaign.platform, campaign.account_id, campaign.campaign_id, campaign.name, campaign.kind)
            for campaign in self.settings.campaigns
        )

    def history(self) -> tuple[date, date]:
        """The first and the last day of the past a first run shows; the world goes on after it."""
        shop = self.settings.shop
        return shop.first_day, shop.first_day + timedelta(days=shop.history_days - 1)

    def day_of(self, timestamp: datetime) -> date:
        """The shop's day of a moment."""
        return self._engine.calendar.day_of(int(timestamp.timestamp()))

    def day(self, day: date) -> DayHistory:
        """All that happened on `day`. Raises `ValueError` before the world's first day."""
        self._demand_lived(day)
        engine = self._engine
        starts_at, ends_at = engine.calendar.starts_at(day), engine.calendar.ends_at(day)
        engine.advance(ends_at)
        ground_truth = engine.ground_truth
        lived = ground_truth.happenings[ground_truth.index_at(starts_at) : ground_truth.index_at(ends_at)]
        return DayHistory(
            day=day,
            orders=tuple(happening for happening in lived if isinstance(happening, Order)),
            refunds=tuple(happening for happening in lived if isinstance(happening, Refund)),
            stock_changes=tuple(happening for happening in lived if isinstance(happening, StockChange)),
            ad_days=engine.ads.report(day, ends_at),
            sessions=engine.sessions(day),
        )

    def ad_days(self, day: date, as_of: datetime) -> tuple[AdDay, ...]:
        """The ad days of `day` as the platforms report them at `as_of`: spend so far, claims known so far.

        Lives up to `as_of` where the world is not there yet; no rows for days that are not, or not yet, in it.
        """
        now = int(as_of.timestamp())
        # One second further: the platforms count what was sold in the very second of the request.
        self._engine.advance(now + 1)
        return self._engine.ads.report(day, now)

    def live(self, from_moment: datetime) -> Iterator[Happening]:
        """An iterator without end over what happens from `from_moment` on, in order of time.

        Lazy: what is not yet read has not happened yet, so an incident can still strike it.
        """
        start = int(from_moment.timestamp())
        self._engine.advance(start)
        ground_truth = self._engine.ground_truth
        at = ground_truth.index_at(start)
        while True:
            while at >= len(ground_truth.happenings):
                self._engine.advance_to_next()
            yield ground_truth.happenings[at]
            at += 1

    def between(self, after: datetime, until: datetime) -> list[Happening]:
        """Everything that happened after one moment and until another, that one included, in order of time.

        Nothing after `until` has happened yet, so an incident can still strike it.
        """
        start, end = int(after.timestamp()) + 1, int(until.timestamp()) + 1
        self._engine.advance(end)
        ground_truth = self._engine.ground_truth
        return ground_truth.happenings[ground_truth.index_at(start) : ground_truth.index_at(end)]

    def strike(self, incident: Incident, after: datetime | None = None) -> None:
        """Let an incident begin right after a moment, lived up to where it is not (None: where the world is now).

        It holds for everything not simulated yet. Raises `ValueError` on an unknown SKU.
        """
        self._engine.strike(incident, int(after.timestamp()) + 1 if after is not None else 0)

    def causes(self, start: date, end: date) -> tuple[Cause, ...]:
        """The ground truth of the days from `start` to `end`, both included. For judging only."""
        self._engine.advance(self._engine.calendar.ends_at(end))
        return tuple(cause for day in _days(start, end) for cause in self._engine.ground_truth.causes_on(day))

    def lost_sales(self, start: date, end: date) -> tuple[LostSale, ...]:
        """Demand lost to empty shelves from `start` to `end`, both included. For judging only."""
        self._engine.advance(self._engine.calendar.ends_at(end))
        return tuple(sale for day in _days(start, end) for sale in self._engine.ground_truth.lost_on(day))

    def claims(self, start: date, end: date) -> tuple[Claim, ...]:
        """The orders behind the platforms' claims for days from `start` to `end`, as far as lived. For judging only."""
        return tuple(
            claim
            for day in _days(start, end)
            for campaign in self.settings.campaigns
            for claim in self._engine.ads.claims(campaign.campaign_id, day)
        )

    def _demand_lived(self, day: date) -> None:
        if day < self.settings.shop.first_day:
            raise ValueError(f"the world begins on {self.settings.shop.first_day}, so there is no {day}")


def _days(start: date, end: date) -> Iterator[date]:
    for number in range((end - start).days + 1):
        yield start + timedelta(days=number)
