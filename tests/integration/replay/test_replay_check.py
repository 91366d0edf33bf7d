"""A transactions file through a real, empty instance: every month equals the file, whatever delivery does to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.cli.progress import Progress
from deploy.cli.replay_check import SCENARIOS, Scenario, check, part_of
from tests.builders.transactions import trading_days, write_transactions

SECONDS = 600.0
pytestmark = pytest.mark.instance


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_a_generated_file_adds_up_by_month(tmp_path: Path, scenario: Scenario) -> None:
    path = write_transactions(tmp_path / "sales.csv", trading_days(seed=5, invoices=250))
    compared = await check(path, tmp_path / "home", scenario, Progress(quiet=True), seconds=SECONDS)
    assert len(compared) > 1
    assert [each for each in compared if not each.equal] == []


@pytest.mark.real_data
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_one_month_of_real_orders_adds_up(tmp_path: Path, real_data: Path, scenario: Scenario) -> None:
    whole = real_data / "transactions" / "uci_online_retail_2010-12_to_2011-08.parquet"
    path = part_of(whole, "2011-02", tmp_path)
    compared = await check(path, tmp_path / "home", scenario, Progress(quiet=True), seconds=SECONDS)
    assert [(each.month, each.counted) for each in compared] == [("2011-02", 49806265)]
