"""Turns findings into what a transaction writes: the open alerts, alert documents, facts, events and Slack posts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from alerting.domain.open_alerts import Finding, OpenAlert, lifted_key, reconcile
from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.events.alerts import AlertOpened, AlertResolved
from pulsepoint.events.envelope import Event
from pulsepoint.ports.document_store import Document, FactRow, Write
from pulsepoint.runtime.outcome import Effect, Outcome, Reader

OPEN_ALERTS = ("books", "open")
"""The document of the open alerts by key: `{"alerts": {key: {"alert_id", "misses"}}}`."""
POST = "slack.post"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation: the findings that hold, worst first, the keys it evaluated, and those clearly over."""

    findings: Sequence[Finding] = ()
    keys: frozenset[str] = frozenset()
    clear: frozenset[str] = frozenset()


async def read_open_alerts(reader: Reader) -> dict[str, OpenAlert]:
    """The open alerts by key; reading it makes concurrent evaluations of a brand wait for each other."""
    kept = await reader.get(*OPEN_ALERTS)
    entries: Mapping[str, Any] = kept.data["alerts"] if kept else {}
    return {lifted_key(key): OpenAlert(entry["alert_id"], entry["misses"]) for key, entry in entries.items()}


async def evaluate(
    reader: Reader,
    brand: BrandSettings,
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
    changes = _Changes(reader, at)
    for alert_id, finding in reconciled.opened:
        changes.open(alert_id, finding, brand)
    for document in await _alerts(reader, reconciled.resolved):
        changes.resolve(document)
    kept = [*writes, *changes.writes]
    if reconciled.open_alerts != open_alerts:
        kept.append(_write_open_alerts(reconciled.open_alerts))
    return Outcome(facts=changes.facts, writes=kept, events=changes.events, effects=changes.effects)


class _Changes:
    """What an evaluation at business time `at` records of alerts, one after another."""

    def __init__(self, reader: Reader, at: datetime) -> None:
        self._reader, self._at = reader, at
        self.facts: list[FactRow] = []
        self.writes: list[Write] = []
        self.events: list[Event] = []
        self.effects: list[Effect] = []

    def open(self, alert_id: str, alert: AlertFacts, brand: BrandSettings) -> None:
        columns = {
            **alert.model_dump(exclude={"figures", "names", "cause"}),
            **alert.columns(),
            "alert_id": alert_id,
            "opened_at": self._at,
            "resolved_at": None,
            "facts": orjson.dumps(alert.citations).decode(),
        }
        self._record(columns, 1)
        payload = AlertOpened(**alert.model_dump(), alert_id=alert_id, opened_at=self._at, facts=alert.citations)
        self.events.append(self._reader.event(payload, entity=alert_id, version=1, time=self._at))
        if brand.slack_webhook_ref is not None and not brand.is_quiet(self._at):
            data = {**_json(columns), "secret": brand.slack_webhook_ref, "locale": brand.locale}
            self.effects.append(Effect(POST, alert_id, data))

    def resolve(self, document: Document) -> None:
        version = document.version + 1
        self._record({"cause": None, "figures": None, "names": None, **document.data, "resolved_at": self._at}, version)
        alert = AlertFacts.of_row(document.data)
        payload = AlertResolved(
            **alert.model_dump(exclude={"explanation", "recommended_action"}),
            alert_id=document.id,
            resolved_at=self._at,
        )
        self.events.append(self._reader.event(payload, entity=document.id, version=version, time=self._at))

    def _record(self, columns: Mapping[str, Any], version: int) -> None:
        self.facts.append(self._reader.fact("alerts", columns["alert_id"], version, columns))
        self.writes.append(Write("alerts", columns["alert_id"], _json(columns)))


async def _alerts(reader: Reader, ids: Sequence[str]) -> list[Document]:
    found = await reader.get_many([("alerts", alert_id) for alert_id in ids]) if ids else []
    return [document for document in found if document is not None]


def _write_open_alerts(open_alerts: Mapping[str, OpenAlert]) -> Write:
    entries = {key: {"alert_id": alert.alert_id, "misses": alert.absent} for key, alert in open_alerts.items()}
    return Write(*OPEN_ALERTS, {"alerts": entries})


def _json(columns: Mapping[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] = orjson.loads(orjson.dumps(dict(columns)))
    return stored
