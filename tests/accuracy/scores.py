"""Precision and recall with their intervals, and which alert is about which incident."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from tests.accuracy.rules import Opened
from tests.accuracy.worlds import GRACE_DAYS, Struck

Z = 1.96
"""Two-sided 95 %."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `count`, with Wilson's 95 % interval (https://doi.org/10.1080/01621459.1927.10502953)."""

    hits: int
    count: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.hits / self.count if self.count else None

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end; the whole range of nothing."""
        if not self.count:
            return 0.0, 1.0
        n, p = self.count, self.hits / self.count
        middle, spread = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        return (middle - spread) / (1 + Z * Z / n), (middle + spread) / (1 + Z * Z / n)

    def __str__(self) -> str:
        if self.value is None:
            return "none"
        low, high = self.interval
        return f"{self.value:.2f} ({self.hits} of {self.count}, 95 % {low:.2f} to {high:.2f})"


def total(shares: Iterable[Share]) -> Share:
    """All hits of all counts."""
    kept = list(shares)
    return Share(sum(share.hits for share in kept), sum(share.count for share in kept))


def recall(incidents: Iterable[Struck], opened: Iterable[Opened]) -> Share:
    """Incidents during which, or in the days of grace after, an alert was opened."""
    alerts, incidents = list(opened), list(incidents)
    return Share(sum(any(_belongs(alert, each) for alert in alerts) for each in incidents), len(incidents))


def precision(incidents: Iterable[Struck], opened: Iterable[Opened]) -> Share:
    """Alerts opened during an incident or in the days of grace after it."""
    alerts, incidents = list(opened), list(incidents)
    return Share(sum(any(_belongs(alert, each) for each in incidents) for alert in alerts), len(alerts))


def foreseen(outages: Iterable[Struck], opened: Iterable[Opened], days_before: int) -> Share:
    """Empty shelves on which an alert stood so many days before they were empty (below 0: after)."""
    alerts, outages = list(opened), list(outages)
    return Share(sum(any(_stood(alert, each, days_before) for alert in alerts) for each in outages), len(outages))


def warranted(outages: Iterable[Struck], opened: Iterable[Opened], within_days: int) -> Share:
    """Alerts on a shelf that was empty while they stood, or within so many days of their opening."""
    alerts, outages = list(opened), list(outages)
    return Share(sum(any(_came(alert, each, within_days) for each in outages) for alert in alerts), len(alerts))


def _belongs(alert: Opened, incident: Struck) -> bool:
    return incident.first_day <= alert.day <= incident.last_day + timedelta(days=GRACE_DAYS)


def _stood(alert: Opened, outage: Struck, days_before: int) -> bool:
    morning: date = outage.first_day - timedelta(days=days_before)
    return alert.subject == outage.subject and alert.day <= morning <= alert.last_day


def _came(alert: Opened, outage: Struck, within_days: int) -> bool:
    until = max(alert.last_day, alert.day + timedelta(days=within_days))
    return alert.subject == outage.subject and alert.day <= outage.last_day and outage.first_day <= until
