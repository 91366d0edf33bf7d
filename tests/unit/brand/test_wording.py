"""Figures, names and sentences as people read them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pulsepoint.brand import figures
from pulsepoint.brand.texts import UnknownText, accepted, languages, negotiate, texts
from pulsepoint.brand.wording import UNKNOWN, Wording, name

EN = Wording()


@pytest.mark.parametrize(
    ("micros", "text"),
    [(1_234_500_000, "1,234.50 EUR"), (-5_000, "-0.00 EUR"), (0, "0.00 EUR"), (-1_999_990_000, "-1,999.99 EUR")],
)
def test_money_has_two_decimals_and_its_currency(micros: int, text: str) -> None:
    assert EN.money(micros, "EUR") == text


@pytest.mark.parametrize(
    ("micros", "text"),
    [(1_999_999, "1.99"), (-500_000, "-0.50"), (-1, "0.00"), (0, "0.00"), (1_234_560_000, "1,234.56")],
)
def test_a_ratio_is_cut_and_keeps_its_sign(micros: int, text: str) -> None:
    assert EN.ratio(micros) == text


def test_other_figures() -> None:
    assert (EN.tenths(3_590_000), EN.tenths(-1)) == ("3.5", "0.0")
    assert EN.percent(12) == "12 %"
    assert EN.day(date(2026, 11, 30)) == "2026-11-30"
    lengths = [timedelta(days=2, hours=3), timedelta(hours=5), timedelta(minutes=12), timedelta(seconds=40)]
    assert [EN.span(length) for length in lengths] == ["2 d", "5 h", "12 min", "40 s"]


def test_a_figure_is_worded_by_its_unit() -> None:
    assert EN.figure(figures.money(1_500_000, "SEK")) == "1.50 SEK"
    assert EN.figure(figures.count(1_200)) == "1,200"
    assert EN.figure(figures.ratio(2_345_000)) == "2.34"
    assert EN.figure(figures.days(3_590_000)) == EN.figure(figures.rate(3_590_000)) == "3.5"
    assert EN.figure(figures.percent(7)) == "7 %"
    assert EN.figure(figures.count(None)) == UNKNOWN


def test_another_language_has_its_own_signs() -> None:
    assert Wording("de").money(1_234_500_000, "EUR") == "1.234,50 EUR"


def test_untrusted_names_are_one_line_and_cut() -> None:
    assert name("Rain\u0000\n\tJacket") == "Rain Jacket"
    assert len(name("x" * 200)) == 80
    assert name("x" * 200).endswith("…")


def test_a_text_is_filled_and_has_its_plural() -> None:
    english = texts()
    assert english.say("amount.units", count=1) == "1 unit"
    assert english.say("amount.units", count=1234) == "1,234 units"
    assert english.say("amount.orders", count=0) == "0 orders"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(UnknownText, match="no_such"):
        texts().say("no_such.text")
    with pytest.raises(UnknownText, match="count"):
        texts().say("amount.units")


def test_a_language_without_a_catalog_reads_english() -> None:
    assert texts("xx").locale == "en"
    assert negotiate(["xx-YY", "en-GB"]) == "en-GB"
    assert "en" in languages()


@pytest.mark.parametrize("header", ["", "*", "xx;q=1, en;q=0.5", "en-US,en;q=0.9", "en;q=nonsense", ";;,,", "xx;q=0"])
def test_any_accept_language_header_finds_a_language(header: str) -> None:
    assert accepted(header).partition("-")[0] == "en"
