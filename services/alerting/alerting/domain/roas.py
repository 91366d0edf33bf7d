"""When a channel's ROAS is an alert: the last three complete days against the fourteen before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerting.domain.open_alerts import Finding
from pulsepoint.brand import figures
from pulsepoint.brand.vocabulary import AlertType, Severity
from pulsepoint.metrics.citations import Cite
from pulsepoint.money import MICROS

RECENT_DAYS = 3
BASE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Rules:
    """Where a drop becomes an alert (whole percent) and how much spend and how many orders it takes to say so."""

    drop_percent: int = 30
    clear_percent: int = 25
    critical_percent: int = 60
    spend_floor_micros: int = 50 * MICROS
    expected_orders: int = 5


@dataclass(frozen=True, slots=True)
class ChannelDay:
    """A channel's spend, credited net revenue and orders on a day, in the shop's currency."""

    channel: str
    day: date
    spend_micros: int
    revenue_micros: int
    orders: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A channel's recent ROAS against the one before; micro-units. `last_day` ends the recent days."""

    channel: str
    last_day: date
    recent_roas: int
    base_roas: int
    recent_spend: int
    expected_orders: int

    @property
    def recent(self) -> tuple[date, date]:
        """The recent days, both included."""
        return self.last_day - timedelta(days=RECENT_DAYS - 1), self.last_day

    @property
    def base(self) -> tuple[date, date]:
        """The days before, both included."""
        last = self.last_day - timedelta(days=RECENT_DAYS)
        return last - timedelta(days=BASE_DAYS - 1), last

    @property
    def drop_percent(self) -> int:
        """The fall of the ROAS in whole percent of its base, cut; negative where it rose."""
        return (self.base_roas - self.recent_roas) * 100 // self.base_roas

    def holds(self, rules: Rules) -> bool:
        """True where it fell by more than the rule says, on spend that should have brought enough orders to tell."""
        fell = (self.base_roas - self.recent_roas) * 100 > rules.drop_percent * self.base_roas
        enough = self.recent_spend >= rules.spend_floor_micros and self.expected_orders >= rules.expected_orders
        return fell and enough

    def is_clear(self, rules: Rules) -> bool:
        """True where it is clearly back: within `clear_percent` of its base."""
        return (self.base_roas - self.recent_roas) * 100 <= rules.clear_percent * self.base_roas


def days_of(now: datetime, timezone: str) -> tuple[date, date]:
    """First and last of the seventeen complete days before the business clock's today."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    return today - timedelta(days=RECENT_DAYS + BASE_DAYS), today - timedelta(days=1)


def compare(rows: Iterable[ChannelDay], last_day: date) -> list[Compared]:
    """Every channel that spent in both stretches and earned something in the first."""
    recent_from = last_day - timedelta(days=RECENT_DAYS - 1)
    base_from = recent_from - timedelta(days=BASE_DAYS)
    sums: dict[str, list[int]] = {}
    for row in rows:
        totals = sums.setdefault(row.channel, [0, 0, 0, 0, 0])
        if recent_from <= row.day <= last_day:
            totals[0] += row.spend_micros
            totals[1] += row.revenue_micros
        elif base_from <= row.day < recent_from:
            totals[2] += row.spend_micros
            totals[3] += row.revenue_micros
            totals[4] += row.orders
    return [_compared(channel, last_day, *totals) for channel, totals in sorted(sums.items()) if _comparable(*totals)]


def findings(comparisons: Iterable[Compared], currency: str, rules: Rules, cite: Cite) -> list[Finding]:
    """One finding for each channel whose ROAS dropped, deepest first; `cite` gives the citations of its figures."""
    fallen = sorted(
        (comparison for comparison in comparisons if comparison.holds(rules)),
        key=lambda comparison: (-comparison.drop_percent, comparison.channel),
    )
    return [_finding(comparison, currency, rules, cite) for comparison in fallen]


def subject_of(channel: str) -> str:
    """Returns the subject of a channel."""
    return f"channel:{channel}"


def _comparable(recent_spend: int, recent_revenue: int, base_spend: int, base_revenue: int, base_orders: int) -> bool:
    return recent_spend > 0 and base_spend > 0 and base_revenue * MICROS >= base_spend


def _compared(
    channel: str,
    last_day: date,
    recent_spend: int,
    recent_revenue: int,
    base_spend: int,
    base_revenue: int,
    orders: int,
) -> Compared:
    return Compared(
        channel=channel,
        last_day=last_day,
        recent_roas=recent_revenue * MICROS // recent_spend,
        base_roas=base_revenue * MICROS // base_spend,
        recent_spend=recent_spend,
        expected_orders=orders * recent_spend // base_spend,
    )


def _finding(comparison: Compared, currency: str, rules: Rules, cite: Cite) -> Finding:
    at = {"channel": comparison.channel}
    deep = comparison.drop_percent > rules.critical_percent
    return Finding(
        type=AlertType.ROAS_DROP,
        subject=subject_of(comparison.channel),
        severity=Severity.CRITICAL if deep else Severity.HIGH,
        figures={
            "drop": figures.percent(comparison.drop_percent),
            "roas": figures.ratio(comparison.recent_roas, cite("roas", at, *comparison.recent)),
            "roas_before": figures.ratio(comparison.base_roas, cite("roas", at, *comparison.base)),
            "spend": figures.money(comparison.recent_spend, currency, cite("spend", at, *comparison.recent)),
            "expected_orders": figures.count(comparison.expected_orders),
            "recent_days": figures.count(RECENT_DAYS),
            "base_days": figures.count(BASE_DAYS),
        },
        channel=comparison.channel,
    )
