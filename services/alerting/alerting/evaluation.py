"""Turns findings into what a transaction writes: the open alerts, alert documents, facts, events and Slack posts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from alerting.domain.open_alerts import Finding, OpenAlert, Reconciliation, lifted_key, reconcile
from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.events.alerts import AlertOpened, AlertResolved
from pulsepoint.events.envelope import Event
from pulsepoint.ports.document_store import Document, FactRow, Write
from pulsepoint.runtime.outcome import Effect, Outcome, Reader

OPEN_ALERTS = ("books", "open")
"""The document of the open alerts by key: `{"alerts": {key: {"alert_id", "misses", "reading", "unsent"}}}`."""
POST = "slack.post"
QUIET_ENDS = "quiet.ends"
GRACE = timedelta(seconds=1)
SENT_AT_ONCE = 20


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
    return {lifted_key(key): _open_alert(entry) for key, entry in entries.items()}


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
    changes = _Changes(reader, brand, at)
    for alert_id, finding in reconciled.opened:
        changes.open(alert_id, finding)
    changed = dict(reconciled.changed)
    for document in await _documents(reader, (*changed, *reconciled.resolved)):
        if document.id in changed:
            changes.tell_anew(document, changed[document.id])
        else:
            changes.resolve(document)
    after = await _send_unsent(reader, changes, _marked_unsent(reconciled, brand, at))
    kept = [*writes, *changes.writes]
    if after != open_alerts:
        kept.append(_write_open_alerts(after))
    effects = [*changes.effects, *_when_quiet_ends(brand, after, at)]
    return Outcome(facts=changes.facts, writes=kept, events=changes.events, effects=effects)


class _Changes:
    """Records alerts as an evaluation at business time `at` finds them, one after another."""

    def __init__(self, reader: Reader, brand: BrandSettings, at: datetime) -> None:
        self._reader, self._brand, self._at = reader, brand, at
        self.facts: list[FactRow] = []
        self.writes: list[Write] = []
        self.events: list[Event] = []
        self.effects: list[Effect] = []

    @property
    def is_quiet(self) -> bool:
        """True while nothing is sent to people."""
        return self._brand.is_quiet(self._at)

    def open(self, alert_id: str, alert: AlertFacts) -> None:
        columns = {
            **_columns(alert),
            "alert_id": alert_id,
            "opened_at": self._at,
            "resolved_at": None,
            "opened_figures": alert.columns()["figures"],
        }
        self._record(columns, 1)
        payload = AlertOpened(**alert.model_dump(), alert_id=alert_id, opened_at=self._at, facts=alert.citations)
        self.events.append(self._reader.event(payload, entity=alert_id, version=1, time=self._at))
        if not self.is_quiet:
            self.post(columns)

    def post(self, columns: Mapping[str, Any]) -> None:
        if self._brand.slack_webhook_ref is not None:
            data = {**_json(columns), "secret": self._brand.slack_webhook_ref, "locale": self._brand.locale}
            self.effects.append(Effect(POST, columns["alert_id"], data))

    def tell_anew(self, document: Document, alert: AlertFacts) -> None:
        self._record({**_NEW_COLUMNS, **document.data, **_columns(alert)}, document.version + 1)

    def resolve(self, document: Document) -> None:
        version = document.version + 1
        self._record({**_NEW_COLUMNS, **document.data, "resolved_at": self._at}, version)
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


_NEW_COLUMNS = dict.fromkeys(("cause", "figures", "names", "opened_figures"))
"""Columns that documents stored before 2026-12 have not."""


def _columns(alert: AlertFacts) -> dict[str, object]:
    return {
        **alert.model_dump(exclude={"figures", "names", "cause"}),
        **alert.columns(),
        "facts": orjson.dumps(alert.citations).decode(),
    }


def _marked_unsent(reconciled: Reconciliation, brand: BrandSettings, at: datetime) -> dict[str, OpenAlert]:
    """The open alerts, those that opened just now in quiet time marked."""
    opened = {alert_id for alert_id, _ in reconciled.opened} if brand.is_quiet(at) else set()
    return {
        key: replace(alert, unsent=alert.unsent or alert.alert_id in opened)
        for key, alert in reconciled.open_alerts.items()
    }


async def _send_unsent(
    reader: Reader, changes: _Changes, open_alerts: Mapping[str, OpenAlert]
) -> Mapping[str, OpenAlert]:
    """Once quiet time is over, post what opened in it and is still open, `SENT_AT_ONCE` an evaluation; what is left."""
    if changes.is_quiet:
        return open_alerts
    due = [key for key, alert in open_alerts.items() if alert.unsent][:SENT_AT_ONCE]
    recorded = {write.id: write.data for write in changes.writes if write.data is not None}
    ids = [open_alerts[key].alert_id for key in due]
    stored = {document.id: document.data for document in await _documents(reader, ids)}
    for alert_id in ids:
        columns = recorded.get(alert_id, stored.get(alert_id))
        if columns is not None:
            changes.post(columns)
    return {key: replace(alert, unsent=False) if key in due else alert for key, alert in open_alerts.items()}


def _when_quiet_ends(brand: BrandSettings, open_alerts: Mapping[str, OpenAlert], at: datetime) -> tuple[Effect, ...]:
    """A look at what waits when quiet time ends, though nothing else happens then; again while some is left."""
    left = sum(alert.unsent for alert in open_alerts.values())
    if not left or brand.quiet_until is None:
        return ()
    delay = max(brand.quiet_until - at, timedelta()) + GRACE
    return (Effect(QUIET_ENDS, f"{brand.quiet_until.isoformat()}/{left}", {}, delay=delay),)


async def _documents(reader: Reader, ids: Sequence[str]) -> list[Document]:
    documents = await reader.get_many([("alerts", alert_id) for alert_id in ids]) if ids else []
    return [document for document in documents if document is not None]


def _open_alert(entry: Mapping[str, Any]) -> OpenAlert:
    return OpenAlert(entry["alert_id"], entry["misses"], entry.get("reading", ""), entry.get("unsent", False))


def _write_open_alerts(open_alerts: Mapping[str, OpenAlert]) -> Write:
    entries = {
        key: {
            "alert_id": alert.alert_id,
            "misses": alert.absent,
            "reading": alert.reading,
            **({"unsent": True} if alert.unsent else {}),
        }
        for key, alert in open_alerts.items()
    }
    return Write(*OPEN_ALERTS, {"alerts": entries})


def _json(columns: Mapping[str, object]) -> dict[str, object]:
    stored: dict[str, object] = orjson.loads(orjson.dumps(dict(columns)))
    return stored
