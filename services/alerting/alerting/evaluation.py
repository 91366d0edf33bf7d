"""Turns findings into what a transaction writes: the open alerts, alert documents, facts, events and Slack posts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from alerting.domain.brand import Brand
from alerting.domain.open_alerts import Finding, OpenAlert, reconcile
from pulsepoint.events.alerts import AlertOpened, AlertResolved
from pulsepoint.events.envelope import Event
from pulsepoint.ports.document_store import Document, FactRow, Write
from pulsepoint.runtime.outcome import Effect, Outcome, Reader

BOOK = "open"
POST = "slack.post"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation: the findings that hold, worst first, the keys it evaluated, and those clearly over."""

    findings: Sequence[Finding] = ()
    keys: frozenset[str] = frozenset()
    clear: frozenset[str] = frozenset()


async def read_open_alerts(reader: Reader) -> dict[str, OpenAlert]:
    """The open alerts by key; reading it makes concurrent evaluations of a brand wait for each other."""
    kept = await reader.get("books", BOOK)
    entries: Mapping[str, Any] = kept.data["alerts"] if kept else {}
    return {key: OpenAlert(entry["alert_id"], entry["misses"]) for key, entry in entries.items()}


async def evaluate(
    reader: Reader,
    brand: Brand,
    open_alerts: Mapping[str, OpenAlert],
    evaluation: Evaluation,
    *,
    at: datetime,
    writes: Iterable[Write] = (),
) -> Outcome:
    """The outcome of an evaluation at business time `at`; `writes` go with it."""
    reconciled = reconcile(
        reader.scope.brand_id,
        open_alerts,
        evaluation.findings,
        evaluated=evaluation.keys,
        clear=evaluation.clear,
        at=at,
    )
    facts: list[FactRow] = []
    events: list[Event] = []
    kept: list[Write] = list(writes)
    effects: list[Effect] = []
    for alert_id, finding in reconciled.opened:
        columns = _columns(alert_id, finding, at)
        _record(reader, columns, 1, at, facts, kept)
        events.append(_opened(reader, columns, at))
        if brand.sends_at(at):
            effects.append(Effect(POST, alert_id, {**_json(columns), "secret": brand.slack_webhook_ref}))
    for alert_id, document in zip(reconciled.resolved, await _alerts(reader, reconciled.resolved), strict=True):
        if document is None:
            continue
        columns = {**document.data, "resolved_at": at}
        _record(reader, columns, document.version + 1, at, facts, kept)
        payload = AlertResolved(alert_id=alert_id, resolved_at=at, explanation=f"{columns['title']}: this is over.")
        events.append(reader.event(payload, entity=alert_id, version=document.version + 1, time=at))
    if reconciled.open_alerts != open_alerts:
        entries = {
            key: {"alert_id": alert.alert_id, "misses": alert.absent} for key, alert in reconciled.open_alerts.items()
        }
        kept.append(Write("books", BOOK, {"alerts": entries}))
    return Outcome(facts=facts, writes=kept, events=events, effects=effects)


async def _alerts(reader: Reader, ids: Sequence[str]) -> list[Document | None]:
    return await reader.get_many([("alerts", alert_id) for alert_id in ids]) if ids else []


def _record(
    reader: Reader, columns: Mapping[str, Any], version: int, at: datetime, facts: list[FactRow], writes: list[Write]
) -> None:
    facts.append(reader.fact("alerts", columns["alert_id"], version, columns))
    writes.append(Write("alerts", columns["alert_id"], _json(columns)))


def _columns(alert_id: str, finding: Finding, at: datetime) -> dict[str, Any]:
    return {
        "alert_id": alert_id,
        "type": finding.type,
        "severity": finding.severity,
        "subject": finding.subject,
        "channel": finding.channel,
        "product": finding.product,
        "title": finding.title,
        "explanation": finding.explanation,
        "recommended_action": finding.recommended_action,
        "opened_at": at,
        "resolved_at": None,
        "facts": "[]",
    }


def _opened(reader: Reader, columns: Mapping[str, Any], at: datetime) -> Event:
    payload = {name: value for name, value in columns.items() if name not in ("resolved_at", "facts")}
    return reader.event(AlertOpened(**payload), entity=columns["alert_id"], version=1, time=at)


def _json(columns: Mapping[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] = orjson.loads(orjson.dumps(dict(columns)))
    return stored
