"""The sentences of alerts: as they were before they were made at the edge, complete, and safe for old rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import orjson
import pytest

from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.sentences import alert_text, resolved_text
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import AlertType, Severity
from pulsepoint.money import MICROS
from tests.builders.alert_findings import FINDINGS, of_stock

LAST = date(2026, 3, 14)
BEFORE: dict[str, list[str]] = orjson.loads((Path(__file__).parent / "sentences.json").read_bytes())
"""Title, explanation and, where it stayed, action of each case, as the release of 2026-11 wrote them."""


def test_every_case_has_its_earlier_sentences() -> None:
    assert BEFORE.keys() <= FINDINGS.keys()


@pytest.mark.parametrize("case", sorted(BEFORE))
def test_the_sentences_are_those_of_before(case: str) -> None:
    text = alert_text(FINDINGS[case], texts())
    assert [text.title, text.explanation, text.recommended_action][: len(BEFORE[case])] == BEFORE[case]


@pytest.mark.parametrize("case", sorted(FINDINGS))
def test_what_was_stored_is_told_as_it_was_opened(case: str) -> None:
    finding = FINDINGS[case]
    row = {**finding.model_dump(mode="json"), **finding.columns()}
    assert AlertFacts.of_row(row) == AlertFacts(**finding.model_dump())
    assert alert_text(AlertFacts.of_row(row), texts()) == alert_text(finding, texts())


@pytest.mark.rule("ALERT-03")
def test_sentences_stored_before_2026_12_are_told_as_they_are() -> None:
    row = {
        "type": "stock_out_risk",
        "severity": "warning",
        "subject": "variant:v1",
        "channel": None,
        "product": "Hat",
        "title": "Hat is running out",
        "explanation": "6 units left.",
        "recommended_action": "Reorder it",
        "cause": None,
        "figures": None,
        "names": None,
    }
    alert = AlertFacts.of_row(row)
    text = alert_text(alert, texts())
    assert (alert.type, alert.severity) == (AlertType.STOCKOUT_RISK, Severity.HIGH)
    assert (text.title, text.explanation, text.recommended_action) == (
        "Hat is running out",
        "6 units left.",
        "Reorder it",
    )
    assert resolved_text(alert, texts()) == "Hat is running out: this is over."


def test_a_failed_pull_is_told_by_its_kind_and_not_by_a_sentence_of_the_event() -> None:
    said, unsaid = FINDINGS["sync.said"], FINDINGS["sync.unsaid"]
    assert "reason" not in said.names | unsaid.names
    assert alert_text(said, texts()).explanation.startswith(
        "Pulled once without success. The last answer: TikTok Business API v1.3 refuses the credentials (40105): Access"
        " token is wrong xxx"
    )
    assert alert_text(unsaid, texts()).explanation == (
        "Pulled 2 times without success. The last answer: TikTok did not answer in time"
    )


@pytest.mark.rule("AI-07")
def test_stock_alerts_offer_the_reorder_and_no_more_than_is_at_risk() -> None:
    finding = of_stock(reorder=19, spend_at_risk_micros=21 * MICROS, campaigns=(("meta", "c1", 21 * MICROS),))
    assert alert_text(finding, texts()).recommended_action == (
        "Reorder 19 units of Shirt v1. Hold back the 21.00 EUR a day that ads spend on it until it is back"
    )
    assert alert_text(of_stock(reorder=19), texts()).recommended_action == "Reorder 19 units of Shirt v1"
    assert alert_text(of_stock(), texts()).recommended_action == "Reorder it"
