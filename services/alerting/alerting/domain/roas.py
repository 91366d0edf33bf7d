"""When a channel's ROAS is an alert: it fell against the four weeks before, by more than chance explains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from alerting.domain import chance
from alerting.domain.open_alerts import Finding
from pulsepoint.brand import figures
from pulsepoint.brand.figures import Figure
from pulsepoint.brand.vocabulary import AlertType, Platform, Severity
from pulsepoint.metrics import derived
from pulsepoint.metrics.basis import Period
from pulsepoint.money import MICROS

RECENT_DAYS = 3
BASE_WEEKS = 4
BASE_DAYS = 7 * BASE_WEEKS
DAILY = ("comparable_ad_spend", "comparable_ad_orders")
METRICS = ("attributed_roas", *DAILY)
"""What is measured of each channel, for the recent days and for those before, and of each of its days: without days
whose spend is in quarantine, on both sides."""


class CiteDays(Protocol):
    """Makes the fact ids of numbers of the recent days, in the shop's currency."""

    def __call__(self, name: str, at: Mapping[str, str], given: Sequence[int] = ()) -> str | None:
        """The fact id of a metric or of a derived number; None where nothing can be cited."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """Where a drop becomes an alert (whole percent), on how much spend, and how rare it must be.

    `chance`: drops this deep or deeper happen to a channel where nothing changed on so few of all days.
    """

    drop_percent: int = 30
    clear_percent: int = 25
    critical_percent: int = 60
    spend_floor_micros: int = 50 * MICROS
    chance: float = 0.001


@dataclass(frozen=True, slots=True)
class Days:
    """The complete days that are compared: the recent ones, and the four weeks before them."""

    recent: Period
    base: Period

    @classmethod
    def before(cls, now: datetime, timezone: str) -> Days:
        """Those before the business clock's today."""
        return cls.until(now.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1))

    @classmethod
    def until(cls, last: date) -> Days:
        """Those that end on `last`."""
        first = last - timedelta(days=RECENT_DAYS - 1)
        return cls(Period(first, last), Period(first - timedelta(days=BASE_DAYS), first - timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class ChannelDay:
    """A channel's spend (micros of the shop's currency) and credited orders on a day."""

    channel: str
    day: date
    spend_micros: int
    orders: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A channel's ROAS, spend and credited orders over the recent days or those before, as `METRICS` measures them."""

    roas: Figure
    spend: Figure
    orders: Figure

    @classmethod
    def of(cls, by_metric: Mapping[str, Figure]) -> Measured:
        """Those measured as `METRICS`."""
        return cls(*(by_metric[name] for name in METRICS))


@dataclass(frozen=True, slots=True)
class Compared:
    """A channel's recent days against those before.

    `expected_orders` are those that its recent spend brought on the same weekdays of the weeks before, `chance` is
    that of as few orders as came, where nothing changed.
    """

    channel: str
    recent: Measured
    base: Measured
    expected_orders: float
    chance: float

    @property
    def drop_percent(self) -> int:
        """The fall of the ROAS in whole percent of its base, cut; negative where it rose."""
        return derived.fall_percent(self._base, self._recent)

    def holds(self, rules: Rules) -> bool:
        """True where it fell by more than the rule says, on enough spend, and by more than chance explains."""
        fell = (self._base - self._recent) * 100 > rules.drop_percent * self._base
        return fell and (self.recent.spend.value or 0) >= rules.spend_floor_micros and self.chance < rules.chance

    def is_clear(self, rules: Rules) -> bool:
        """True where it is clearly back: within `clear_percent` of its base."""
        return (self._base - self._recent) * 100 <= rules.clear_percent * self._base

    @property
    def _recent(self) -> int:
        return self.recent.roas.value or 0

    @property
    def _base(self) -> int:
        return self.base.roas.value or 0


def compare(
    days: Days, recent: Mapping[str, Measured], base: Mapping[str, Measured], daily: Iterable[ChannelDay]
) -> list[Compared]:
    """Every ad platform that spent recently and before and earned something before, by name.

    `daily` are its days of both periods; others are not looked at.
    """
    by_channel: dict[str, list[ChannelDay]] = {}
    for row in daily:
        by_channel.setdefault(row.channel, []).append(row)
    return [
        _compared(days, channel, recent[channel], base[channel], by_channel.get(channel, ()))
        for channel in sorted(recent.keys() & base.keys() & set(Platform))
        if recent[channel].roas.value is not None and (base[channel].roas.value or 0) > 0
    ]


def findings(comparisons: Iterable[Compared], rules: Rules, cite: CiteDays) -> list[Finding]:
    """One finding for each channel whose ROAS dropped, deepest first."""
    fallen = sorted(
        (comparison for comparison in comparisons if comparison.holds(rules)),
        key=lambda comparison: (-comparison.drop_percent, comparison.channel),
    )
    return [_finding(comparison, rules, cite) for comparison in fallen]


def lengths(cite: CiteDays) -> dict[str, Figure]:
    """The numbers of days that are compared, recent ones and those before."""
    days = {"recent_days": RECENT_DAYS, "base_days": BASE_DAYS}
    return {name: figures.count(count, cite("compared_days", {}, (count,))) for name, count in days.items()}


def subject_of(channel: str) -> str:
    """Returns the subject of a channel."""
    return f"channel:{channel}"


def _compared(days: Days, channel: str, recent: Measured, base: Measured, daily: Sequence[ChannelDay]) -> Compared:
    weekdays = {day.weekday() for day in _each(days.recent)}
    now = [row for row in daily if days.recent.start <= row.day <= days.recent.end]
    before = [row for row in daily if days.base.start <= row.day <= days.base.end and row.day.weekday() in weekdays]
    spend, spend_before = sum(row.spend_micros for row in now), sum(row.spend_micros for row in before)
    expected = derived.expected_orders(spend, spend_before, sum(row.orders for row in before))
    # The rate is known from as many orders as came before: where these are few, it scatters as well.
    uncertainty = spend / spend_before if spend_before else 0.0
    likely = chance.of_so_few(sum(row.orders for row in now), expected, uncertainty=uncertainty)
    return Compared(channel, recent, base, expected, likely)


def _each(period: Period) -> Iterable[date]:
    return (period.start + timedelta(days=number) for number in range((period.end - period.start).days + 1))


def _finding(comparison: Compared, rules: Rules, cite: CiteDays) -> Finding:
    deep, at = comparison.drop_percent > rules.critical_percent, {"channel": comparison.channel}
    return Finding(
        type=AlertType.ROAS_DROP,
        subject=subject_of(comparison.channel),
        severity=Severity.CRITICAL if deep else Severity.HIGH,
        figures={
            "drop": figures.percent(comparison.drop_percent, cite("roas_drop", at, (BASE_DAYS,))),
            "roas": comparison.recent.roas,
            "roas_before": comparison.base.roas,
            "spend": comparison.recent.spend,
            "orders": comparison.recent.orders,
            "expected_orders": figures.count(
                round(comparison.expected_orders), cite("expected_orders", at, (BASE_WEEKS,))
            ),
            **lengths(cite),
        },
        channel=comparison.channel,
    )
