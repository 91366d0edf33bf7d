"""The sentences of advice and summaries: as they were before they were made at the edge, and complete."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from ai_advisor.domain.advice import Rules, advise
from ai_advisor.domain.citations import Citations
from ai_advisor.domain.performance import CampaignPerformance, Performance, Period, Totals
from ai_advisor.domain.summary import summarise
from pulsepoint.brand.facts import RecommendationFacts, SummaryFacts
from pulsepoint.brand.sentences import recommendation_text, summary_text
from pulsepoint.brand.settings import BrandSettings
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import Cause, RecommendationType
from pulsepoint.events.insights import Recommendation
from pulsepoint.events.inventory import StockStatus
from pulsepoint.money import MICROS
from tests.builders.insights import stock_status, text_of
from tests.builders.inventory import SCOPE, brand_data
from tests.builders.performance import campaign, totals

END = date(2026, 3, 14)
PERIOD = Period(END - timedelta(days=13), END)
BEFORE: dict[str, list[str]] = orjson.loads((Path(__file__).parent / "sentences.json").read_bytes())
"""Action, reason and, where it stayed, impact of each recommendation, and each summary, as of 2026-11."""
UNCITED = Citations(SCOPE.brand_id, PERIOD, "EUR", lambda metric, at, start, end: None)
BRAND = BrandSettings.model_validate(brand_data(roas_target_micros=2 * MICROS))


def exposing(euros: int, status: str = "out_of_stock", *, platform: str = "meta", **changes: Any) -> StockStatus:
    part = euros * MICROS
    values: dict[str, Any] = {"available": 0, "days_of_cover_micros": 0, "velocity_micros": 0, **changes}
    return stock_status(status=status, spend_at_risk_micros=part, campaigns=((platform, "c1", part),), **values)


def advised(*campaigns: CampaignPerformance, statuses: tuple[StockStatus, ...] = ()) -> Recommendation:
    performance = Performance(PERIOD, totals(10_000 * MICROS, 100, 1400 * MICROS), Totals(), campaigns)
    [recommendation] = advise(UNCITED, BRAND, performance, statuses, Rules()).recommendations
    return recommendation


def nearly_gone(euros: int, cover: int = 3 * MICROS, **changes: Any) -> StockStatus:
    return exposing(euros, "critical", days_of_cover_micros=cover, **changes)


CASES: dict[str, Recommendation] = {
    "advice.pause.gone": advised(campaign(), statuses=(exposing(50),)),
    "advice.pause.critical": advised(
        campaign(platform="tiktok"), statuses=(nearly_gone(60, platform="tiktok", available=6),)
    ),
    "advice.pause.more": advised(campaign(), statuses=(exposing(30), exposing(30, variant_id="v2"))),
    "advice.reduce.stock": advised(campaign(), statuses=(exposing(49),)),
    "advice.reduce.critical_more": advised(
        campaign(),
        statuses=(nearly_gone(20, 1_500_000, available=1), nearly_gone(15, available=2, variant_id="v2")),
    ),
    "advice.reduce.roas": advised(campaign(revenue_micros=2100 * MICROS)),
    "advice.reduce.negative": advised(campaign(revenue_micros=-100 * MICROS)),
    "advice.raise": advised(campaign(revenue_micros=4200 * MICROS, platform="google", name="Q\n4")),
    "advice.reorder": advised(statuses=(stock_status(),)),
    "advice.reorder.gone": advised(
        statuses=(stock_status(status="out_of_stock", available=0, days_of_cover_micros=0),)
    ),
    "advice.reorder.unknown": advised(statuses=(stock_status(days_unknown=20),)),
    "advice.reorder.backorder": advised(
        statuses=(stock_status(continue_selling=True, available=-2, status="out_of_stock", days_of_cover_micros=0),)
    ),
}


def summary(
    now: Totals, before: Totals, counts: dict[str, int], too_little: int = 0, **performance: Any
) -> SummaryFacts:
    return summarise(UNCITED, "EUR", Performance(PERIOD, now, before, **performance), counts, too_little)


SUMMARIES: dict[str, tuple[SummaryFacts, tuple[str, ...]]] = {
    "summary.full": (
        summary(
            totals(12_345_670_000, 321, 1_234_000_000),
            totals(11_431_175_926, 300, 1_300_000_000),
            {"out_of_stock": 1, "critical": 2, "healthy": 9, "untracked": 4},
            2,
            foreign_spend={"USD": 5 * MICROS, "SEK": 1000 * MICROS},
        ),
        ("advice.reduce.roas", "advice.reorder"),
    ),
    "summary.less": (
        summary(
            totals(50 * MICROS, 1, 0),
            totals(100 * MICROS, 3, 0),
            {"out_of_stock": 2, "critical": 1, "low": 1, "healthy": 1},
            1,
            today_counts=True,
        ),
        ("advice.reorder",),
    ),
    "summary.fine": (summary(totals(50 * MICROS, 1, 10 * MICROS), totals(50 * MICROS, 3, 0), {"healthy": 1200}), ()),
    "summary.empty": (summary(Totals(), Totals(), {}), ()),
    "summary.foreign": (
        summary(totals(5 * MICROS, 1, 0), Totals(), {"untracked": 3}, foreign_spend={"SEK": 5 * MICROS}),
        (),
    ),
}


def test_every_earlier_sentence_has_its_case() -> None:
    assert BEFORE.keys() <= CASES.keys() | SUMMARIES.keys()


@pytest.mark.parametrize("case", sorted(CASES.keys() & BEFORE.keys()))
def test_the_sentences_of_advice_are_those_of_before(case: str) -> None:
    text = text_of(CASES[case])
    told = (text.action, text.reason, text.expected_impact)
    assert all(now.startswith(before) for now, before in zip(told, BEFORE[case], strict=False))


@pytest.mark.rule("AI-06")
@pytest.mark.parametrize("case", ["advice.reduce.roas", "advice.reduce.negative", "advice.raise"])
def test_advice_on_roas_says_that_it_rests_on_credited_revenue(case: str) -> None:
    assert "rests on revenue that is credited to the campaign" in text_of(CASES[case]).reason


@pytest.mark.rule("AI-07")
def test_a_pause_saves_no_more_than_what_sells_gone_stock() -> None:
    """Issue: it said that all of the campaign's spend sold what was not there."""
    assert text_of(CASES["advice.pause.critical"]).expected_impact == (
        "Estimated: saves 60.00 EUR a day that would sell what is not there."
    )


@pytest.mark.parametrize("case", sorted(SUMMARIES))
def test_the_sentences_of_summaries_are_those_of_before(case: str) -> None:
    facts, names = SUMMARIES[case]
    assert [summary_text(facts, [CASES[name] for name in names], texts())] == BEFORE[case]


@pytest.mark.parametrize("case", sorted(CASES))
def test_stored_advice_is_told_as_it_was_given(case: str) -> None:
    recommendation = CASES[case]
    row = {**recommendation.model_dump(), **recommendation.columns()}
    assert recommendation_text(RecommendationFacts.of_row(row), texts()) == text_of(recommendation)


def test_sentences_stored_before_2026_12_are_told_as_they_are() -> None:
    row = {
        "recommendation_id": "r1",
        "type": "reorder",
        "priority": "high",
        "subject": "variant:v1",
        "action": "Reorder 3",
        "reason": "Gone",
        "expected_impact": "Sells on",
        "figures": None,
        "names": None,
    }
    advice = RecommendationFacts.of_row(row)
    text = recommendation_text(advice, texts())
    assert (text.action, text.reason, text.expected_impact) == ("Reorder 3", "Gone", "Sells on")
    assert summary_text(SummaryFacts.of_row({"summary": "All is well.", "figures": None}), [advice], texts()) == (
        "All is well."
    )


@pytest.mark.parametrize(("kind", "cause"), [(kind, cause) for kind in RecommendationType for cause in kind.causes])
def test_every_type_and_cause_is_given_by_some_rule_and_has_sentences(kind: RecommendationType, cause: Cause) -> None:
    """A type that no rule gives, or that has no sentences, fails here."""
    found = [advice for advice in CASES.values() if (advice.type, advice.cause) == (kind, cause)]
    assert found, f"no rule gives {kind} for {cause}"
    for advice in found:
        text = text_of(advice)
        assert all((text.action, text.reason, text.expected_impact))
