"""The sentences of alerts: as they were before they were made at the edge, complete, and safe for old rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from alerting.domain import roas, stock, syncs, tracking
from alerting.domain.open_alerts import Finding
from pulsepoint.brand import figures
from pulsepoint.brand.facts import AlertFacts
from pulsepoint.brand.sentences import alert_text, resolved_text
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import AlertType, Cause, Severity
from pulsepoint.events.ads import AdDayQuarantined, AdsSyncFailed
from pulsepoint.money import MICROS
from tests.builders.channel_days import ChannelTotals, OrderTotals, compared, traced
from tests.builders.insights import stock_assessed, stock_status
from tests.builders.inventory import NOW

LAST = date(2026, 3, 14)
BEFORE: dict[str, list[str]] = orjson.loads((Path(__file__).parent / "sentences.json").read_bytes())
"""Title, explanation and, where it stayed, action of each case, as the release of 2026-11 wrote them."""


def of_stock(reorder: int | None = None, **changes: Any) -> Finding:
    view = stock.view_of(stock_assessed(stock_status(**changes)), 14)
    advised = {"v1": figures.count(reorder)} if reorder is not None else {}
    [finding] = stock.findings(view, "EUR", advised, lambda metric, variant: None)
    return finding


def of_roas(channel: str) -> Finding:
    days = [
        ChannelTotals(channel, LAST - timedelta(days=ago), 100 * MICROS, (60 if ago < 3 else 300) * MICROS, ago >= 3)
        for ago in range(31)
    ]
    rows = [replace(row, orders=5 * row.orders) for row in days]
    [finding] = roas.findings(compared(rows, LAST), roas.Rules())
    return finding


def of_tracking() -> Finding:
    rows = [OrderTotals(LAST - timedelta(days=ago), 40, 8 if ago < 3 else 20, 10, 100 * MICROS) for ago in range(31)]
    finding = tracking.find(*traced(rows, LAST), tracking.Rules())
    assert finding is not None
    return finding


def of_sync(attempts: int, refused: bool) -> Finding:
    reason = "timeout\x00 of 30 s"
    failed = AdsSyncFailed(
        platform="tiktok", account_id="a1", reason=reason, refused=refused, attempts=attempts, failed_at=NOW
    )
    finding = syncs.failure(failed)
    assert finding is not None
    return finding


GONE: dict[str, Any] = {"status": "out_of_stock", "available": 0, "days_of_cover_micros": 0}
CASES: dict[str, Finding] = {
    "stock.gone": of_stock(**GONE),
    "stock.gone_ads": of_stock(**GONE, spend_at_risk_micros=75 * MICROS),
    "stock.low": of_stock(),
    "stock.low_ads": of_stock(spend_at_risk_micros=1_234_560_000, days_unknown=3),
    "stock.one": of_stock(available=1, units_sold=1, days_in_stock=1, title="Wool\n <Hat> " + "x" * 90),
    **{f"roas.{channel}": of_roas(channel) for channel in ("meta", "tiktok", "google")},
    "tracking": of_tracking(),
    "sync.twice": of_sync(2, refused=False),
    "sync.refused": of_sync(1, refused=True),
    "day": syncs.quarantined(
        AdDayQuarantined(
            platform="google",
            account_id="a1",
            day=LAST,
            account_spend_micros=1_012_500_000,
            campaign_spend_micros=10 * MICROS,
        )
    ),
}


def test_every_case_has_its_earlier_sentences() -> None:
    assert BEFORE.keys() <= CASES.keys()


@pytest.mark.parametrize("case", sorted(BEFORE))
def test_the_sentences_are_those_of_before(case: str) -> None:
    text = alert_text(CASES[case], texts())
    assert [text.title, text.explanation, text.recommended_action][: len(BEFORE[case])] == BEFORE[case]


@pytest.mark.parametrize("case", sorted(CASES))
def test_what_was_stored_is_told_as_it_was_opened(case: str) -> None:
    finding = CASES[case]
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


def causes() -> list[tuple[AlertType, Cause | None]]:
    return [(kind, cause) for kind in AlertType for cause in kind.causes]


@pytest.mark.parametrize(("kind", "cause"), causes())
def test_every_type_and_cause_is_opened_by_some_condition_and_has_sentences(
    kind: AlertType, cause: Cause | None
) -> None:
    """A type that no evaluation finds, or that has no sentences, fails here."""
    found = [finding for finding in CASES.values() if (finding.type, finding.cause) == (kind, cause)]
    assert found, f"no evaluation opens {kind} for {cause}"
    for finding in found:
        text = alert_text(finding, texts())
        assert all((text.title, text.explanation, text.recommended_action))


@pytest.mark.rule("AI-07")
def test_stock_alerts_offer_the_reorder_and_no_more_than_is_at_risk() -> None:
    finding = of_stock(reorder=19, spend_at_risk_micros=21 * MICROS, campaigns=(("meta", "c1", 21 * MICROS),))
    assert alert_text(finding, texts()).recommended_action == (
        "Reorder 19 units of Shirt v1. Hold back the 21.00 EUR a day that ads spend on it until it is back"
    )
    assert alert_text(of_stock(reorder=19), texts()).recommended_action == "Reorder 19 units of Shirt v1"
    assert alert_text(of_stock(), texts()).recommended_action == "Reorder it"
