"""The basis of a number besides its metric: the days it is about and the brand's choices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pulsepoint.brand.vocabulary import AttributionModel, CancelledOrders, DateBasis
from pulsepoint.errors import MalformedInput

_LARGEST_OFFSET = timedelta(hours=26)
"""No timezone is further than this from UTC, whichever version of the IANA database an engine has."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the brand's timezone, both included; raises `MalformedInput` when they are in the wrong order."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise MalformedInput("the period ends before it starts")

    def around(self, other: Period) -> Period:
        """The shortest period that holds both."""
        return Period(min(self.start, other.start), max(self.end, other.end))

    def instants(self, timezone: str) -> tuple[datetime, datetime]:
        """The instants (UTC) of its first midnight and of the midnight after its last day, in `timezone`."""
        zone = ZoneInfo(timezone)
        return _midnight(self.start, zone), _midnight(_after(self.end), zone)

    def roomy_instants(self) -> tuple[datetime, datetime]:
        """Instants (UTC) before and after every instant of the period, in whatever timezone its days are."""
        start, end = _midnight(self.start, UTC), _midnight(_after(self.end), UTC)
        room = timedelta() if start.year == 1 or end.year == date.max.year else _LARGEST_OFFSET
        return start - room, end + room


ALL_DAYS = Period(date(1970, 1, 1), date(2199, 12, 31))
"""Every day a shop can have sold anything."""


def _after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


class BrandChoices(Protocol):
    """The settings of a brand that numbers depend on."""

    @property
    def timezone(self) -> str:
        """The timezone of its days."""
        ...

    @property
    def default_model(self) -> str:
        """The attribution model used where none is asked for."""
        ...

    @property
    def cancelled_orders(self) -> str:
        """The meaning of a cancelled order for revenue."""
        ...


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """A brand's choices a number depends on; `version` numbers the settings kept for the brand, from 1.

    Raises `MalformedInput` for a model, policy, date basis or timezone that is not there.
    """

    version: int
    timezone: str
    model: AttributionModel
    cancelled_orders: CancelledOrders
    date_basis: DateBasis = DateBasis.OCCURRED

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise MalformedInput(f"unknown timezone {self.timezone!r}") from None
        for name, kind in _CHOICES.items():
            try:
                object.__setattr__(self, name, kind(getattr(self, name)))
            except ValueError:
                raise MalformedInput(f"{name} must be one of {', '.join(kind)}") from None

    @classmethod
    def of(
        cls, choices: BrandChoices, version: int, *, model: str | None = None, date_basis: str = DateBasis.OCCURRED
    ) -> MetricSettings:
        """The choices of a brand at `version` of its settings; `model` and `date_basis` as asked for."""
        return cls(
            version=version,
            timezone=choices.timezone,
            model=AttributionModel(model or choices.default_model),
            cancelled_orders=CancelledOrders(choices.cancelled_orders),
            date_basis=DateBasis(date_basis),
        )


_CHOICES = {"model": AttributionModel, "cancelled_orders": CancelledOrders, "date_basis": DateBasis}
