"""The world: a shop's days one after the other, from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sandbox.records import AdDay, Campaign, Cause, DayHistory, Happening, Location, LostSale, Product
from sandbox.settings import Incident, WorldSettings


class World:
    """A shop living through its days in order; every answer is the same for the same settings.

    Days are simulated as far as they are asked for and kept, so history can be read newest first after
    the first call for the newest day (two years: well under a minute). Not safe for several threads.
    """

    def __init__(self, settings: WorldSettings) -> None:
        self.settings = settings

    def catalogue(self) -> tuple[Product, ...]:
        """All products on sale."""
        raise NotImplementedError

    def locations(self) -> tuple[Location, ...]:
        """The places that hold stock."""
        raise NotImplementedError

    def campaigns(self) -> tuple[Campaign, ...]:
        """All ad campaigns."""
        raise NotImplementedError

    def day(self, day: date) -> DayHistory:
        """All that happened on `day`. Raises `ValueError` before the world's first day."""
        raise NotImplementedError

    def ad_days(self, day: date, as_of: datetime) -> tuple[AdDay, ...]:
        """The ad days of `day` as the platforms report them at `as_of`: spend so far, claims known so far."""
        raise NotImplementedError

    def live(self, from_moment: datetime) -> Iterator[Happening]:
        """What happens from `from_moment` on, in time order, without end; each at its `created_at` or `moment`."""
        raise NotImplementedError

    def strike(self, incident: Incident) -> None:
        """Let an incident begin: it holds for everything not simulated yet."""
        raise NotImplementedError

    def causes(self, start: date, end: date) -> tuple[Cause, ...]:
        """The true ledger of the days from `start` to `end`, both included. For judging only."""
        raise NotImplementedError

    def lost_sales(self, start: date, end: date) -> tuple[LostSale, ...]:
        """Demand lost to empty shelves from `start` to `end`, both included. For judging only."""
        raise NotImplementedError
