"""Numbers worked out of other numbers: short citations that hold what is given, and formulas that say themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulsepoint.brand.settings import BrandChoices
from pulsepoint.errors import AccessDenied
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.catalog import BY_NUMBER, METRICS, UnknownMetric, dimensions_of
from pulsepoint.metrics.citations import LONGEST, Citation
from pulsepoint.metrics.derived import AS_ASSESSED, DERIVED, Derived, citable, citable_number
from pulsepoint.metrics.stock_citations import StockCitations
from pulsepoint.money import MICROS
from tests.builders.metrics import CODEC, MARCH, citing
from tests.builders.warehouse import OTHER_BRAND, SCOPE

NOW = datetime(2026, 4, 1, tzinfo=UTC)
LARGE = {"money": 10**14, "ratio": 10**9, "percent": 100, "count": 10**6, "days": 10**10, "micro_count": 10**10}
"""Larger than a given number of each unit is in practice."""


def cited(each: Derived, **changes: Any) -> Citation:
    """A citation of a derived number with large numbers given, of as many dimensions as its inputs have."""
    numbers = tuple(-LARGE[given.unit.value] for given in each.given)
    inputs = each.inputs(MARCH, (4,) * len(each.given))
    shared = frozenset.intersection(*(dimensions_of(read.metric) for read in inputs)) if inputs else frozenset()
    at = dict.fromkeys(sorted(shared - {"day", "month"}), "x" * 200)
    settings = MetricSettings.of(BrandChoices(), 99_999)
    citation = Citation(each.name, SCOPE, MARCH, settings, "EUR", NOW, at, given=numbers)
    return replace(citation, **changes)


@pytest.mark.parametrize("each", DERIVED.values(), ids=lambda each: each.name)
def test_every_derived_number_has_a_short_citation_that_is_read_as_it_was_written(each: Derived) -> None:
    citation = cited(each)
    fact_id = CODEC.encode(citation)
    assert len(fact_id) <= LONGEST
    opened = CODEC.decode(SCOPE, fact_id)
    assert (opened.citation.metric, opened.citation.given) == (each.name, citation.given)
    with pytest.raises(AccessDenied):
        CODEC.decode(OTHER_BRAND, fact_id)


def test_no_number_and_no_name_means_two_things() -> None:
    assert not DERIVED.keys() & METRICS.keys()
    assert not {each.number for each in DERIVED.values()} & BY_NUMBER.keys()
    assert len({each.number for each in DERIVED.values()}) == len(DERIVED)
    assert all(citable_number(each.number) is citable(each.name) is each for each in DERIVED.values())
    with pytest.raises(UnknownMetric):
        citable("luck")


@pytest.mark.parametrize("each", DERIVED.values(), ids=lambda each: each.name)
def test_a_formula_names_all_that_it_is_worked_out_of(each: Derived) -> None:
    inputs = each.inputs(MARCH, (4,) * len(each.given))
    names = {read.name for read in inputs} | {given.name for given in each.given} - {"value"}
    measured = {read.name for read in inputs}
    assert not names or all("{" + name + "}" in each.formula for name in measured), each.formula
    assert "{" not in each.said()
    words = each.said(dict.fromkeys(names, "7"))
    assert "{" not in words


def test_what_is_not_known_makes_no_number() -> None:
    assert DERIVED["roas_drop"].value({"roas": None, "roas_before": 3 * MICROS, "days_before": 28}) is None
    assert DERIVED["roas_drop"].value({"roas": MICROS, "roas_before": 0, "days_before": 28}) is None
    assert DERIVED["roas_drop"].value({"roas": MICROS, "roas_before": 4 * MICROS, "days_before": 28}) == 75


@given(st.integers(1, 28), st.integers(1, 7))
def test_expected_orders_are_of_the_same_weekdays_before(weeks: int, length: int) -> None:
    last = date(2026, 3, 14)
    days = Period(date.fromordinal(last.toordinal() - length + 1), last)
    weekdays = {date.fromordinal(day).weekday() for day in range(days.start.toordinal(), days.end.toordinal() + 1)}
    read = DERIVED["expected_orders"].inputs(days, (weeks,))
    before = [each.period for each in read if each.name == "orders_before"]
    seen = [date.fromordinal(day) for each in before for day in range(each.start.toordinal(), each.end.toordinal() + 1)]
    assert len(seen) == len(set(seen)) == weeks * length
    assert {day.weekday() for day in seen} == weekdays
    assert max(seen) < days.start


def test_stock_between_two_written_snapshots_is_cited_by_its_value() -> None:
    unwritten = StockCitations(citing(SCOPE, "EUR", NOW), MARCH, written=False)
    for name, unit in (("available_units", "count"), ("velocity", "micro_count"), ("days_of_cover", "days")):
        fact_id = unwritten.of_variant(name, "1", 17)
        assert fact_id is not None
        opened = CODEC.decode(SCOPE, fact_id).citation
        assert (opened.metric, opened.given) == (AS_ASSESSED[citable(name).unit], (17,))
        assert citable(opened.metric).unit == unit
    assert unwritten.of_variant("days_of_cover", "1", None) is None
