"""Whatever the order of arrival, and however often a delivery comes: the same figures to the cent, day by day.

A few orders of a sample here; `make arrivals` takes the whole month and the whole world in fifty.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.arrival.__main__ import figures_after
from tests.arrival.figures import differences, net_by_day
from tests.arrival.sources import MONTH, REAL_FILE, Source, field_cases, real_month, sandbox

pytestmark = [pytest.mark.slow, pytest.mark.rule("ATTR-03", "SHOP-05", "SHOP-06")]
SEEDS = (1, 2)
SAMPLE = 300


async def _assert_the_same(source: Source) -> None:
    sample = source.part(SAMPLE, seed=1)
    expected = await figures_after(sample, None)
    assert sum(value != 0 for value in net_by_day(expected).values()) > 1
    for seed in SEEDS:
        assert differences(expected, await figures_after(sample, seed)) == [], f"seed {seed}"


@pytest.mark.real_data
async def test_a_real_month_has_one_set_of_figures(real_data: Path) -> None:
    await _assert_the_same(real_month(real_data))


async def test_a_sandbox_world_has_one_set_of_figures_its_stock_too() -> None:
    await _assert_the_same(sandbox(days=10))


@pytest.mark.real_data
async def test_field_cases_have_one_set_of_figures(real_data: Path) -> None:
    await _assert_the_same(field_cases(real_data))


@pytest.mark.real_data
async def test_the_figures_of_the_real_month_are_those_of_its_file(real_data: Path) -> None:
    figures = await figures_after(real_month(real_data), seed=7)
    rows = duckdb.execute(
        "SELECT CAST(InvoiceDate AS DATE), sum(Quantity * CAST(round(UnitPrice, 2) AS DECIMAL(18, 2)))"
        " FROM read_parquet(?) WHERE UnitPrice > 0 AND strftime(InvoiceDate, '%Y-%m') = ? GROUP BY 1",
        [str(real_data / REAL_FILE), MONTH],
    ).fetchall()
    assert {day: micros for day, micros in net_by_day(figures).items() if micros} == {
        day: int(net * 1_000_000) for day, net in rows if net
    }
