"""The sentences of advice and summaries: as they were before they were made at the edge, and complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from ai_advisor.domain.performance import Performance, Totals
from ai_advisor.domain.summary import summarise
from pulsepoint.brand import figures
from pulsepoint.brand.facts import RecommendationFacts, SummaryFacts
from pulsepoint.brand.sentences import recommendation_text, summary_text
from pulsepoint.brand.texts import texts
from pulsepoint.money import MICROS
from tests.builders.advice_cases import ADVICE, PERIOD, UNCITED
from tests.builders.insights import text_of
from tests.builders.performance import totals

BEFORE: dict[str, list[str]] = orjson.loads((Path(__file__).parent / "sentences.json").read_bytes())
"""Action, reason and, where it stayed, impact of each recommendation, and each summary, as of 2026-11."""


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
            foreign_spend={"USD": figures.money(5 * MICROS, "USD"), "SEK": figures.money(1000 * MICROS, "SEK")},
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
        summary(
            totals(5 * MICROS, 1, 0),
            Totals(),
            {"untracked": 3},
            foreign_spend={"SEK": figures.money(5 * MICROS, "SEK")},
        ),
        (),
    ),
}


def test_every_earlier_sentence_has_its_case() -> None:
    assert BEFORE.keys() <= ADVICE.keys() | SUMMARIES.keys()


@pytest.mark.parametrize("case", sorted(ADVICE.keys() & BEFORE.keys()))
def test_the_sentences_of_advice_are_those_of_before(case: str) -> None:
    text = text_of(ADVICE[case])
    said = (text.action, text.reason, text.expected_impact)
    assert all(now.startswith(before) for now, before in zip(said, BEFORE[case], strict=False))


@pytest.mark.rule("AI-06")
@pytest.mark.parametrize("case", ["advice.reduce.roas", "advice.reduce.negative", "advice.raise"])
def test_advice_on_roas_says_that_it_rests_on_credited_revenue(case: str) -> None:
    assert "rests on revenue that is credited to the campaign" in text_of(ADVICE[case]).reason


@pytest.mark.rule("AI-07")
def test_a_pause_saves_no_more_than_what_sells_gone_stock() -> None:
    """Issue: it said that all of the campaign's spend sold what was not there."""
    assert text_of(ADVICE["advice.pause.critical"]).expected_impact == (
        "Estimated: saves 60.00 EUR a day that would sell what is not there."
    )


@pytest.mark.parametrize("case", sorted(SUMMARIES))
def test_the_sentences_of_summaries_are_those_of_before(case: str) -> None:
    facts, names = SUMMARIES[case]
    assert [summary_text(facts, [ADVICE[name] for name in names], texts())] == BEFORE[case]


@pytest.mark.parametrize("case", sorted(ADVICE))
def test_stored_advice_is_told_as_it_was_given(case: str) -> None:
    recommendation = ADVICE[case]
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
