"""A total that is declared once is in the API's answer and on the page, with a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

import pytest

from gateway.domain.dashboard import DAY, TOTALS
from gateway.endpoints.performance_views import DayView, TotalsView
from pulsepoint.brand.texts import texts
from pulsepoint.metrics.catalog import METRICS
from tests.architecture.sources import ROOT

TILES = (ROOT / "services" / "gateway" / "web" / "src" / "parts" / "tiles.tsx").read_text(encoding="utf-8")
API_ALONE = {"new_customers"}
"""Totals that the API answers and no tile shows, as agreed."""


def with_a_tile(name: str) -> bool:
    return name in re.findall(r'\{ total: "(\w+)"', TILES)


def with_a_name(name: str) -> bool:
    return texts("en").has(f"page.tiles.{name}")


PLACES: Mapping[str, Callable[[str], bool]] = {
    "a field of TotalsView (gateway/endpoints/performance_views.py)": lambda name: name in TotalsView.model_fields,
    "a tile (web/src/parts/tiles.tsx)": with_a_tile,
    "a text page.tiles.<name> (locale/en/messages.po)": with_a_name,
}


def missing(totals: Collection[str]) -> set[tuple[str, str]]:
    """(total, what is missing) for each place where a total should be and is not."""
    return {(name, place) for name in totals for place, is_there in PLACES.items() if not is_there(name)}


def test_every_total_is_in_the_answer_and_on_the_page() -> None:
    assert missing(TOTALS.keys() - API_ALONE) == set()
    assert TotalsView.model_fields.keys() > API_ALONE


def test_a_total_that_is_only_declared_is_missing_everywhere() -> None:
    assert missing(["new_customer_aov"]) == {("new_customer_aov", place) for place in PLACES}


@pytest.mark.parametrize(("declared", "view"), [(TOTALS, TotalsView), (DAY, DayView)])
def test_the_answer_has_no_other_total(declared: Mapping[str, str], view: type[TotalsView | DayView]) -> None:
    assert view.model_fields.keys() - declared.keys() == {"facts"} | ({"day"} & view.model_fields.keys())


@pytest.mark.parametrize("name", sorted({*TOTALS.values(), *DAY.values()}))
def test_every_total_is_a_metric_of_the_catalog(name: str) -> None:
    assert name in METRICS
