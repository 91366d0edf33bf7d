"""A warehouse whose file is taken away or damaged, in every way there is, holds the same facts afterwards."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pulsepoint.adapters.duckdb.archive import FactArchive
from pulsepoint.adapters.duckdb.healing import HealingWarehouse, open_healing_warehouse
from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import EngineUnavailable
from pulsepoint.faults import Faults, Reason
from pulsepoint.tenancy import SYSTEM
from pulsepoint.values import Row
from tests.builders.warehouse import OTHER_TENANT, SCOPE, order_fact
from tests.contract.suites.warehouse import WarehouseSuite, span_fact

pytestmark = pytest.mark.slow
SOON = 30.0
CLOCK = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
FACTS = "SELECT order_id, version, gross_micros, recorded_at FROM orders ORDER BY order_id, version, gross_micros"
SPANS = "SELECT trace_id FROM observability_events"
CURRENT = "SELECT order_id, version, gross_micros FROM orders_current ORDER BY order_id"


@pytest.fixture
def faults() -> Faults:
    return Faults(CLOCK)


@asynccontextmanager
async def opened(home: Path, faults: Faults) -> AsyncIterator[HealingWarehouse]:
    async with open_healing_warehouse(home / "warehouse.duckdb", home / "archive", faults) as warehouse:
        yield warehouse


async def whole(faults: Faults) -> None:
    async with asyncio.timeout(SOON):
        await faults.delivery_possible()


async def facts_of(warehouse: HealingWarehouse) -> list[list[Row]]:
    """All facts of both tenants, what is current, and the traces."""
    facts = [await warehouse.query(scope, FACTS) for scope in (SCOPE, OTHER_TENANT)]
    return [
        *facts,
        await warehouse.query(SCOPE, CURRENT),
        await warehouse.query(SYSTEM, "SELECT trace_id FROM observability_events"),
    ]


async def write(warehouse: HealingWarehouse, first: int, count: int) -> None:
    """Orders of two tenants, some again and some in a newer version, in several transactions."""
    for number in range(first, first + count):
        order = order_fact(f"o{number}", net=number + 1)
        await warehouse.append([order, order_fact(f"o{number // 2}", 2, net=number)])
        await warehouse.append([order_fact(f"o{number}", scope=OTHER_TENANT), order])
    await warehouse.append([span_fact()])


class TestHealingWarehouse(WarehouseSuite):
    @pytest.fixture
    async def warehouse(self, tmp_path: Path, faults: Faults) -> AsyncIterator[HealingWarehouse]:
        async with opened(tmp_path, faults) as warehouse:
            yield warehouse


def as_killed(home: Path, killed: Path) -> None:
    """The files as a kill leaves them: not closed, the newest transactions still in the file's log."""
    shutil.copytree(home, killed)


def lose(home: Path, *names: str) -> None:
    for name in names:
        (home / name).unlink(missing_ok=True)


def halve(home: Path, name: str) -> None:
    os.truncate(home / name, (home / name).stat().st_size // 2)


def spoil(home: Path, name: str) -> None:
    with (home / name).open("r+b") as file:
        file.seek(4096 * 3 + 5000)
        file.write(os.urandom(4096))


HOLDER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
FILE, WAL = "warehouse.duckdb", "warehouse.duckdb.wal"
LOSSES: dict[str, Callable[[Path], None]] = {
    "nothing": lambda home: None,
    "the file": lambda home: lose(home, FILE),
    "the file and its log": lambda home: lose(home, FILE, WAL),
    "half the file": lambda home: halve(home, FILE),
    "all but a byte of the file": lambda home: os.truncate(home / FILE, 1),
    "the log": lambda home: lose(home, WAL),
    "half the log": lambda home: halve(home, WAL),
    "a spoiled file": lambda home: spoil(home, FILE),
}


@pytest.fixture(scope="module")
async def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[Row]]]:
    """The files of a warehouse as a kill leaves them, and the facts it kept."""
    home, killed = tmp_path_factory.mktemp("running"), tmp_path_factory.mktemp("killed") / "home"
    faults = Faults(CLOCK)
    async with opened(home, faults) as warehouse:
        await write(warehouse, 0, 3)
    async with opened(home, faults) as warehouse:
        await write(warehouse, 3, 3)
        before = await facts_of(warehouse)
        as_killed(home, killed)
    return killed, before


@pytest.mark.parametrize("loss", LOSSES)
async def test_after_a_loss_every_fact_is_there_again(
    tmp_path: Path, faults: Faults, killed: tuple[Path, list[list[Row]]], loss: str
) -> None:
    home, (left, before) = tmp_path / "home", killed
    as_killed(left, home)
    LOSSES[loss](home)
    async with opened(home, faults) as warehouse:
        await whole(faults)
        assert await facts_of(warehouse) == before
        await warehouse.append([order_fact("new")])
        after = await facts_of(warehouse)
    async with opened(home, faults) as warehouse:
        assert await facts_of(warehouse) == after


async def test_segments_of_parquet_rebuild_the_same_facts(tmp_path: Path, faults: Faults) -> None:
    async with opened(tmp_path, faults) as warehouse:
        await write(warehouse, 0, 4)
        before = await facts_of(warehouse)
    archive = FactArchive(tmp_path / "archive")
    assert archive.close_segments() > 0
    assert list(archive.frames()) == []
    lose(tmp_path, FILE)
    async with opened(tmp_path, faults) as warehouse:
        assert [fault.reason for fault in faults.current()] == [Reason.WAREHOUSE_REBUILDING]
        await whole(faults)
        assert await facts_of(warehouse) == before


async def test_a_file_lost_under_a_running_instance_is_noticed_and_made_anew(tmp_path: Path, faults: Faults) -> None:
    async with opened(tmp_path, faults) as warehouse:
        await write(warehouse, 0, 3)
        before = await facts_of(warehouse)
        lose(tmp_path, FILE)
        async with asyncio.timeout(SOON):
            while not (tmp_path / FILE).exists() or faults.stop_delivery:  # noqa: ASYNC110 - noticed by a loop of its own
                await asyncio.sleep(0.05)
        assert await facts_of(warehouse) == before


async def test_a_home_that_is_away_for_a_while_is_waited_for(tmp_path: Path, faults: Faults) -> None:
    """A volume that is not mounted: its folder is something else, and everything in it cannot be had."""
    home, away = tmp_path / "home", tmp_path / "away"
    async with opened(home, faults) as warehouse:
        await write(warehouse, 0, 3)
        before = await facts_of(warehouse)
        home.rename(away)
        home.write_text("")
        async with asyncio.timeout(SOON):
            while not faults.stop_delivery:  # noqa: ASYNC110 - noticed by a loop of its own
                await asyncio.sleep(0.05)
        home.unlink()
        away.rename(home)
        await whole(faults)
        assert await facts_of(warehouse) == before


async def test_a_rebuild_that_is_requested_changes_nothing(tmp_path: Path, faults: Faults) -> None:
    async with opened(tmp_path, faults) as warehouse:
        await write(warehouse, 0, 3)
        before = await facts_of(warehouse)
        warehouse.rebuild()
        assert faults.stop_delivery
        await whole(faults)
        assert await facts_of(warehouse) == before


async def test_an_archive_that_cannot_be_written_refuses_the_rows(tmp_path: Path, faults: Faults) -> None:
    async with opened(tmp_path, faults) as warehouse:
        await write(warehouse, 0, 1)
        before = await facts_of(warehouse)
        archive = warehouse._archive
        assert archive is not None
        archive.roll()
        folder, archive.folder = archive.folder, tmp_path / "nowhere"
        with pytest.raises(EngineUnavailable, match="archive"):
            await warehouse.append([order_fact("lost")])
        assert await facts_of(warehouse) == before
        archive.folder = folder
        await warehouse.append([order_fact("lost")])
        assert len(await facts_of(warehouse)) == len(before)


async def test_a_warehouse_of_a_release_without_an_archive_gets_one(tmp_path: Path, faults: Faults) -> None:
    async with open_duckdb(tmp_path / FILE) as old:
        await old.append([order_fact(f"o{number}") for number in range(5)])
    async with opened(tmp_path, faults) as warehouse:
        await warehouse.append([order_fact("new")])
        before = await facts_of(warehouse)
    lose(tmp_path, FILE)
    async with opened(tmp_path, faults) as warehouse:
        await whole(faults)
        assert await facts_of(warehouse) == before


async def test_an_archive_that_was_lost_is_made_from_the_warehouse(tmp_path: Path, faults: Faults) -> None:
    async with opened(tmp_path, faults) as warehouse:
        await write(warehouse, 0, 3)
        before = await facts_of(warehouse)
    shutil.rmtree(tmp_path / "archive")
    async with opened(tmp_path, faults) as warehouse:
        await write(warehouse, 3, 1)
        before = await facts_of(warehouse)
    lose(tmp_path, FILE)
    async with opened(tmp_path, faults) as warehouse:
        await whole(faults)
        assert await facts_of(warehouse) == before


async def test_a_file_that_another_process_holds_is_no_damaged_file(tmp_path: Path, faults: Faults) -> None:
    async with opened(tmp_path, faults) as warehouse:
        await write(warehouse, 0, 1)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER, tmp_path / FILE), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    with pytest.raises(EngineUnavailable, match="lock"):
        async with opened(tmp_path, faults):
            pass
    process.kill()
    await process.wait()
    assert not (tmp_path / f"{FILE}.damaged").exists()
