"""Rows of earlier releases hold fewer figures and names than today's: they are told with dashes, never refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pulsepoint.brand.facts import AlertFacts, RecommendationFacts, Stated, SummaryFacts
from pulsepoint.brand.figures import Figure, count, money, ratio
from pulsepoint.brand.sentences import alert_text, channel_text, recommendation_text, summary_text
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import Channel, Unit
from pulsepoint.money import MICROS
from tests.builders.advice_cases import ADVICE
from tests.builders.alert_findings import FINDINGS


def poorer(stated: Stated) -> Iterator[Stated]:
    """The statement without one figure, without one name, with nothing known, and with nothing at all."""
    for name in stated.figures:
        yield stated.model_copy(update={"figures": {k: v for k, v in stated.figures.items() if k != name}})
    for name in stated.names:
        yield stated.model_copy(update={"names": {k: v for k, v in stated.names.items() if k != name}})
    unknown = {name: figure.model_copy(update={"value": None}) for name, figure in stated.figures.items()}
    yield stated.model_copy(update={"figures": unknown})
    yield stated.model_copy(update={"figures": {}, "names": {}, "cause": None})


@pytest.mark.parametrize("case", sorted(FINDINGS))
def test_an_alert_that_lacks_figures_is_told_with_dashes(case: str) -> None:
    for alert in poorer(FINDINGS[case]):
        assert isinstance(alert, AlertFacts)
        text = alert_text(alert, texts())
        assert text.title and text.explanation and text.recommended_action
        assert "{" not in f"{text.title}{text.explanation}{text.recommended_action}"


@pytest.mark.parametrize("case", sorted(ADVICE))
def test_advice_that_lacks_figures_is_told_with_dashes(case: str) -> None:
    for advice in poorer(ADVICE[case]):
        assert isinstance(advice, RecommendationFacts)
        text = recommendation_text(advice, texts())
        assert text.action and text.reason and text.expected_impact


def period(**figures: Figure) -> SummaryFacts:
    return SummaryFacts.model_validate({"start_day": "2026-03-01", "end_day": "2026-03-14", "figures": figures})


FULL = period(
    net_revenue=money(9 * MICROS, "EUR"), net_revenue_before=money(6 * MICROS, "EUR"), days_before=count(14),
    orders=count(2), new_customers=count(1), guessed_customers=count(1), spend=money(3 * MICROS, "EUR"),
    blended_roas=ratio(3 * MICROS), blended_roas_before=ratio(MICROS), tracked=count(4), out_of_stock=count(1),
    critical=count(0), low=count(1), too_little_data=count(1),
)  # fmt: skip


def test_a_summary_that_lacks_figures_is_told() -> None:
    for summary in poorer(FULL):
        assert isinstance(summary, SummaryFacts)
        assert summary_text(summary, (), texts())


KRONOR = Figure(value=1_000 * MICROS, unit=Unit.MONEY, currency="SEK")


@pytest.mark.parametrize(
    ("spend", "roas", "said"),
    [
        (0, None, "Ads for 1,000.00 SEK are in another currency than the shop's"),
        (5, None, "Ads cost 5.00 EUR; what they earned cannot be set against it. Ads for 1,000.00 SEK are in another"),
        (5, 2, "Ads cost 5.00 EUR: blended ROAS 2.00. Ads for 1,000.00 SEK are in another currency"),
    ],
)
def test_spend_in_a_second_currency_is_spend_that_is_known(spend: int, roas: int | None, said: str) -> None:
    rated = ratio(None if roas is None else roas * MICROS)
    figures = {"spend": money(spend * MICROS, "EUR"), "blended_roas": rated, "foreign_spend.SEK": KRONOR}
    text = summary_text(period(**figures), (), texts())
    assert said in text
    assert "No ad spend is known" not in text


@pytest.mark.parametrize(
    ("spend", "revenue", "said"),
    [
        (0, 0, "TikTok cost 1,000.00 SEK from 2026-03-01 to 2026-03-14, in another currency than the shop's; nothing"),
        (
            0,
            7,
            "TikTok cost 1,000.00 SEK from 2026-03-01 to 2026-03-14, in another currency than the shop's, and earned",
        ),
        (
            5,
            7,
            "TikTok cost 5.00 EUR from 2026-03-01 to 2026-03-14 and earned 7.00 EUR net in 1 order. Ads for 1,000.00",
        ),
    ],
)
def test_a_channel_with_spend_in_a_second_currency_says_it(spend: int, revenue: int, said: str) -> None:
    facts = period(
        **{
            "spend": money(spend * MICROS, "EUR"),
            "revenue": money(revenue * MICROS, "EUR"),
            "orders": count(1 if revenue else 0),
            "attributed_roas": ratio(None),
            "foreign_spend.SEK": KRONOR,
        }
    )
    text = channel_text(Channel.TIKTOK, facts, texts())
    assert text.startswith(said)
    assert "–" not in text
