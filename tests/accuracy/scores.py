"""Precision and recall with their intervals, and alarms in calm weeks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from tests.accuracy.worlds import Struck

Z = 1.96
"""Two-sided 95 %."""
GRACE_DAYS = 3
"""An alert opened so many days after an incident's end still is about it: rules look at the last three days."""


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


def recall(incidents: Iterable[Struck], opened: Iterable[date]) -> Share:
    """Incidents during which, or in the days of grace after, an alert was opened."""
    days, incidents = sorted(opened), list(incidents)
    return Share(sum(any(_belongs(day, incident) for day in days) for incident in incidents), len(incidents))


def precision(incidents: Iterable[Struck], opened: Iterable[date]) -> Share:
    """Alerts opened during an incident or in the days of grace after it."""
    days, incidents = list(opened), list(incidents)
    return Share(sum(any(_belongs(day, incident) for incident in incidents) for day in days), len(days))


def _belongs(day: date, incident: Struck) -> bool:
    return incident.first_day <= day <= incident.last_day + timedelta(days=GRACE_DAYS)
