"""What open pages are told of an alert: its title is made when it is told, from kind and figures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gateway.domain.feed import ALERT_FIELDS, FeedEntry, shown
from pulsepoint.brand import figures
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import AlertType, Cause, Severity
from pulsepoint.events.alerts import AlertOpened

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def entry(kind: str, body: dict[str, Any]) -> FeedEntry:
    return FeedEntry(UUID(int=1), UUID(int=2), 1, kind, body, NOW)


def test_an_alert_is_kept_without_a_sentence_and_told_with_its_title() -> None:
    opened = AlertOpened(
        alert_id="a", type=AlertType.SYNC_FAILURE, severity=Severity.HIGH, subject="meta:1", channel="meta",
        cause=Cause.FAILED, opened_at=NOW, figures={"attempts": figures.count(3)},
        names={"account": "act_1", "reason": "try later"},
    )  # fmt: skip
    kept = opened.model_dump(mode="json", include=set(ALERT_FIELDS), exclude_none=True)
    assert "title" not in kept
    assert shown(entry("alert.opened", kept), texts("en")) == {
        "alert_id": "a",
        "type": "sync_failure",
        "severity": "high",
        "title": "Meta account act_1 cannot be pulled",
    }


def test_an_entry_of_before_reads_by_todays_names() -> None:
    old = {"alert_id": "a", "type": "stock_out_risk", "severity": "warning", "title": "Mug sells out in 1.3 days"}
    assert shown(entry("alert.opened", old), texts("en")) == {
        "alert_id": "a",
        "type": "stockout_risk",
        "severity": "high",
        "title": "Mug sells out in 1.3 days",
    }


def test_an_alert_that_is_over_and_was_never_described_has_no_title() -> None:
    said = shown(entry("alert.resolved", {"alert_id": "a"}), texts("en"))
    assert said == {"alert_id": "a", "type": None, "severity": None, "title": None}


def test_other_entries_are_told_as_they_are() -> None:
    assert shown(entry("order.recorded", {"order_id": "1"}), texts("en")) == {"order_id": "1"}
