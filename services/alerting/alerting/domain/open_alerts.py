"""The open alerts of a brand: each condition opens one alert, and flapping conditions neither close nor multiply it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid5

import orjson

from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.vocabulary import AlertType

NAMESPACE = UUID("5c0e1f34-0f3b-5b0a-8a56-6c0b6f1d3e97")
HYSTERESIS = 2
OPENED_AT_ONCE = 20
RESOLVED_AT_ONCE = 100
CHANGED_AT_ONCE = 100
MOST_OPEN = 400
"""The open alerts are one document, and a transaction has room for so many; what is left waits for the next tick."""
_DAY = re.compile(r":\d{4}-\d{2}-\d{2}$")


class Finding(AlertFacts):
    """A condition that holds: what it is about, why, and the figures and untrusted names it is told with."""

    @property
    def key(self) -> str:
        """Names the condition: at most one alert is open for a key."""
        return key_of(self.type, self.subject)

    @property
    def reading(self) -> str:
        """A digest of what people read of it: two findings that read alike have the same, whatever they cite."""
        figures = {name: figure.as_read for name, figure in self.figures.items()}
        readable = [self.severity, self.cause, self.channel, self.product, self.names, figures]
        return sha256(orjson.dumps(readable, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert.

    `absent` counts evaluations in a row in which its condition did not hold, `reading` is that of the finding it was
    last told with ("" in documents stored before 2026-12), `unsent` says that it opened in quiet time and nobody was
    told yet.
    """

    alert_id: str
    absent: int = 0
    reading: str = ""
    unsent: bool = False


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The changes of one evaluation, and the alerts open after it by key.

    `opened` and `changed` (open before, and read differently now) are pairs of id and finding, `resolved` ids.
    """

    opened: tuple[tuple[str, Finding], ...]
    changed: tuple[tuple[str, Finding], ...]
    resolved: tuple[str, ...]
    open_alerts: Mapping[str, OpenAlert]


def key_of(kind: AlertType, subject: str) -> str:
    """Returns the key of a condition, `type|subject`."""
    return f"{kind.value}|{subject}"


def lifted_key(key: str) -> str:
    """The key of today for one that was stored before 2026-12; raises `ValueError` for a type that never was."""
    kind, _, subject = key.partition("|")
    if kind == AlertType.SYNC_FAILURE and _DAY.search(subject):
        # Days that do not add up were failures of the pull once.
        return key_of(AlertType.AD_DAYS_MISMATCH, subject)
    return key_of(AlertType(kind), subject)


def alert_id_of(brand: UUID, key: str, opened_at: datetime) -> str:
    """The id of the alert that a condition opens at a moment: opened again later, it is another alert."""
    return uuid5(NAMESPACE, f"{brand}/{key}/{opened_at.isoformat()}").hex


def reconcile(
    brand: UUID,
    open_alerts: Mapping[str, OpenAlert],
    findings: Iterable[Finding],
    *,
    evaluated: Iterable[str],
    clear: Iterable[str] = (),
    at: datetime,
) -> Reconciliation:
    """Returns what an evaluation at `at` of the keys `evaluated` changes (those of `findings` always count).

    An open alert stays while its condition holds and is told anew where it reads differently; it is resolved at once
    when the condition is clearly over (`clear`), and otherwise when it did not hold twice in a row. `findings` come
    worst first.
    """
    holding = {finding.key: finding for finding in findings}
    after, resolved = _without_resolved(open_alerts, set(evaluated) - holding.keys(), set(clear))
    opened: list[tuple[str, Finding]] = []
    changed: list[tuple[str, Finding]] = []
    for key, finding in holding.items():
        alert = open_alerts.get(key)
        if alert is None:
            if len(opened) < OPENED_AT_ONCE and len(after) < MOST_OPEN:
                after[key] = OpenAlert(alert_id_of(brand, key, at), reading=finding.reading)
                opened.append((after[key].alert_id, finding))
            continue
        after[key] = replace(alert, absent=0)
        if alert.reading != finding.reading and len(changed) < CHANGED_AT_ONCE:
            after[key] = replace(alert, absent=0, reading=finding.reading)
            changed.append((alert.alert_id, finding))
    return Reconciliation(tuple(opened), tuple(changed), tuple(resolved), after)


def _without_resolved(
    open_alerts: Mapping[str, OpenAlert], absent: set[str], clear: set[str]
) -> tuple[dict[str, OpenAlert], list[str]]:
    """The alerts that stay open, and the ids of those that are over, of the evaluated ones that did not hold."""
    after = dict(open_alerts)
    resolved: list[str] = []
    for key in sorted(absent & open_alerts.keys()):
        alert = open_alerts[key]
        if (key in clear or alert.absent + 1 >= HYSTERESIS) and len(resolved) < RESOLVED_AT_ONCE:
            resolved.append(alert.alert_id)
            del after[key]
        else:
            after[key] = replace(alert, absent=alert.absent + 1)
    return after, resolved
