"""The book of open alerts: each condition opens one alert, and flapping conditions neither close nor multiply it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

NAMESPACE = UUID("5c0e1f34-0f3b-5b0a-8a56-6c0b6f1d3e97")
MISSES_TO_RESOLVE = 2
OPENED_AT_ONCE = 20
RESOLVED_AT_ONCE = 100
MOST_OPEN = 400
"""The book is one document, and a transaction has room for so many alerts; what is left waits for the next tick."""

Kind = Literal["stock_out_risk", "roas_drop", "sync_failure"]
Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition that holds, as people should read it."""

    type: Kind
    subject: str
    severity: Severity
    title: str
    explanation: str
    recommended_action: str
    channel: str | None = None
    product: str | None = None

    @property
    def key(self) -> str:
        """What there is at most one open alert for."""
        return key_of(self.type, self.subject)


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert; `misses` counts evaluations in a row in which its condition did not hold."""

    alert_id: str
    misses: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """What one evaluation changes: alerts to open (id and finding) and to resolve (ids), and the book after it."""

    opened: tuple[tuple[str, Finding], ...]
    resolved: tuple[str, ...]
    book: Mapping[str, OpenAlert]


def key_of(kind: Kind, subject: str) -> str:
    """The book's key of a condition."""
    return f"{kind}|{subject}"


def alert_id_of(brand: UUID, key: str, opened_at: datetime) -> str:
    """The id of the alert that a condition opens at a moment: opened again later, it is another alert."""
    return uuid5(NAMESPACE, f"{brand}/{key}/{opened_at.isoformat()}").hex


def turn(
    brand: UUID,
    book: Mapping[str, OpenAlert],
    findings: Iterable[Finding],
    *,
    looked_at: Iterable[str],
    clear: Iterable[str] = (),
    at: datetime,
) -> Turn:
    """The book after an evaluation at `at` of the conditions `looked_at` (keys; findings are always looked at).

    An open alert stays while its condition holds, is resolved at once when the condition is clearly over
    (`clear`), and otherwise when it did not hold twice in a row. `findings` come worst first.
    """
    holding = {finding.key: finding for finding in findings}
    over = set(clear)
    after = dict(book)
    resolved: list[str] = []
    for key in sorted(set(looked_at) & book.keys()):
        known = book[key]
        if key in holding:
            after[key] = OpenAlert(known.alert_id)
        elif (key in over or known.misses + 1 >= MISSES_TO_RESOLVE) and len(resolved) < RESOLVED_AT_ONCE:
            resolved.append(known.alert_id)
            del after[key]
        else:
            after[key] = OpenAlert(known.alert_id, known.misses + 1)
    opened: list[tuple[str, Finding]] = []
    for key, finding in holding.items():
        if key in book:
            after[key] = OpenAlert(book[key].alert_id)
        elif len(opened) < OPENED_AT_ONCE and len(after) < MOST_OPEN:
            alert_id = alert_id_of(brand, key, at)
            opened.append((alert_id, finding))
            after[key] = OpenAlert(alert_id)
    return Turn(tuple(opened), tuple(resolved), after)
