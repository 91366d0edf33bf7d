"""An archive that is taken away or damaged is noticed, said by the name of its file, and made anew from the warehouse.

Where neither has every fact, nothing is begun empty and nothing that may be whole is given up.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pulsepoint.adapters.duckdb.archive import FactArchive
from pulsepoint.adapters.duckdb.healing import HealingWarehouse, open_healing_warehouse
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import EngineUnavailable
from pulsepoint.faults import Faults, Reason
from pulsepoint.values import Row
from tests.builders.warehouse import SCOPE, order_fact

pytestmark = pytest.mark.slow
SOON = 60.0
FILE = "warehouse.duckdb"
ORDERS = "SELECT order_id, version, recorded_at FROM orders ORDER BY order_id, version"


@pytest.fixture
def faults() -> Faults:
    return Faults(FixedClock(datetime(2026, 1, 1, tzinfo=UTC)))


async def yes() -> bool:
    return True


@asynccontextmanager
async def opened(home: Path, faults: Faults) -> AsyncIterator[HealingWarehouse]:
    async with open_healing_warehouse(home / FILE, home / "archive", faults, yes) as warehouse:
        yield warehouse


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """A home of three segments, of eight orders in all."""
    home = tmp_path / "home"
    async with open_healing_warehouse(
        home / FILE, home / "archive", Faults(FixedClock(datetime.now(UTC)))
    ) as warehouse:
        for number in range(8):
            await warehouse.append([order_fact(f"o{number}")])
            if number % 3 == 1:
                assert warehouse._archive is not None
                warehouse._archive.roll()
    FactArchive(home / "archive").close_segments()
    return home


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110 - noticed by a loop of its own
            await asyncio.sleep(0.02)


async def orders(warehouse: HealingWarehouse) -> list[Row]:
    return await warehouse.query(SCOPE, ORDERS)


def said(faults: Faults) -> list[tuple[Reason, str]]:
    return [(fault.reason, fault.work) for fault in faults.current()]


def spoil(path: Path, place: int = -20) -> None:
    """Turns a byte round, as a disk does."""
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


def parquet(home: Path) -> Path:
    return sorted((home / "archive" / "segments").glob("*/*.orders.parquet"))[1]


async def rebuilt_alone(home: Path) -> int:
    """How many orders the archive holds by itself."""
    (home / FILE).unlink()
    (home / f"{FILE}.wal").unlink(missing_ok=True)
    faults = Faults(FixedClock(datetime.now(UTC)))
    async with opened(home, faults) as warehouse:
        await until(lambda: not faults.stop_delivery)
        return len(await orders(warehouse))


LOSSES: dict[str, Callable[[Path], object]] = {
    "removed": lambda archive: shutil.rmtree(archive),
    "moved away": lambda archive: archive.rename(archive.with_name("elsewhere")),
    "without its name": lambda archive: (archive / "archive.json").unlink(),
    "without its segments": lambda archive: shutil.rmtree(archive / "segments"),
    "without its open log": lambda archive: max(archive.glob("live-*.log")).unlink(),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_an_archive_lost_under_a_running_instance_is_said_and_made_anew(
    home: Path, faults: Faults, loss: str
) -> None:
    async with opened(home, faults) as warehouse:
        await warehouse.append([order_fact("o8")])
        await warehouse.look()
        LOSSES[loss](home / "archive")
        await until(lambda: bool(faults.current()))
        assert {reason.part for reason, _ in said(faults)} <= {"archive", "warehouse"}
        assert faults.stop_delivery
        await until(lambda: not faults.stop_delivery)
        await warehouse.append([order_fact("o9")])
        before = await orders(warehouse)
    assert len(before) == 10
    assert await rebuilt_alone(home) == 10


async def test_a_file_in_the_archives_place_is_waited_out(home: Path, faults: Faults) -> None:
    async with opened(home, faults) as warehouse:
        (home / "archive").rename(home / "elsewhere")
        (home / "archive").write_text("")
        await until(lambda: said(faults) == [(Reason.ARCHIVE_LOST, "")])
        (home / "archive").unlink()
        await until(lambda: not faults.stop_delivery)
        assert len(await orders(warehouse)) == 8
    assert await rebuilt_alone(home) == 8


async def test_no_fact_goes_to_an_archive_that_was_taken_away(home: Path, faults: Faults) -> None:
    async with opened(home, faults) as warehouse:
        await warehouse.append([order_fact("o8")])
        shutil.rmtree(home / "archive")
        with pytest.raises(EngineUnavailable):
            await warehouse.append([order_fact("o9")])
        assert said(faults) == [(Reason.ARCHIVE_LOST, "")]


async def test_a_warehouse_lost_with_its_archive_never_begins_empty(home: Path, faults: Faults, tmp_path: Path) -> None:
    (home / "archive").rename(tmp_path / "kept")
    (home / FILE).rename(tmp_path / FILE)
    async with opened(home, faults) as warehouse:
        assert said(faults) == [(Reason.WAREHOUSE_LOST, "")]
        with pytest.raises(EngineUnavailable):
            await orders(warehouse)
        assert not (home / FILE).exists()
        (tmp_path / FILE).rename(home / FILE)
        await until(lambda: not faults.stop_delivery)
        assert len(await orders(warehouse)) == 8


async def test_a_damaged_segment_is_named_and_the_archive_made_anew_from_the_warehouse(
    home: Path, faults: Faults
) -> None:
    spoil(parquet(home))
    name = parquet(home).relative_to(home / "archive").as_posix()
    async with opened(home, faults) as warehouse:
        await until(lambda: (Reason.ARCHIVE_DAMAGED, name) in said(faults))
        await until(lambda: not faults.stop_delivery)
        assert len(await orders(warehouse)) == 8
    assert (home / "archive.damaged" / name).exists()
    assert await rebuilt_alone(home) == 8


async def test_a_requested_rebuild_from_a_damaged_archive_gives_up_no_whole_warehouse(
    home: Path, faults: Faults
) -> None:
    async with opened(home, faults) as warehouse:
        await warehouse.look()
        spoil(parquet(home))
        warehouse.rebuild()
        await until(lambda: not faults.stop_delivery)
        assert len(await orders(warehouse)) == 8
    assert not (home / f"{FILE}.damaged").exists()
    assert await rebuilt_alone(home) == 8


async def test_a_damaged_warehouse_stays_where_it_is_until_another_is_made(home: Path, faults: Faults) -> None:
    segment = parquet(home)
    kept = segment.read_bytes()
    spoil(segment)
    os.truncate(home / FILE, 5000)
    name = segment.relative_to(home / "archive").as_posix()
    async with opened(home, faults) as warehouse:
        await until(lambda: (Reason.ARCHIVE_DAMAGED, name) in said(faults))
        assert (home / FILE).stat().st_size == 5000
        segment.write_bytes(kept)
        await until(lambda: not faults.stop_delivery)
        assert len(await orders(warehouse)) == 8
    assert (home / f"{FILE}.damaged").stat().st_size == 5000


async def test_what_is_put_aside_is_never_written_over(home: Path, faults: Faults) -> None:
    (home / f"{FILE}.damaged").write_text("the only good copy")
    async with opened(home, faults) as warehouse:
        warehouse.rebuild()
        await until(lambda: not faults.stop_delivery)
    assert (home / f"{FILE}.damaged").read_text() == "the only good copy"
    assert (home / f"{FILE}.damaged-2").exists()


@pytest.fixture
def closed_log(tmp_path: Path) -> tuple[FactArchive, Path]:
    """An archive whose closed log of three frames has a damaged one in the middle."""
    archive = FactArchive(tmp_path / "archive")
    sizes = []
    for number in range(3):
        archive.append({(SCOPE.schema, "orders"): [b'{"fact_id":"%d"}' % number]})
        sizes.append(archive.size())
    archive.roll()
    [log] = archive.folder.glob("live-*.log")
    spoil(log, log.stat().st_size - (sizes[2] - sizes[1]) - 2)
    return archive, log


def test_a_log_with_a_damaged_frame_is_kept_and_named(closed_log: tuple[FactArchive, Path]) -> None:
    archive, log = closed_log
    content = log.read_bytes()
    assert archive.close_segments() == 0
    assert log.read_bytes() == content
    assert archive.damage == log.name
    assert [number for number, _ in archive.frames()] == [1, 3]


def test_a_damaged_frame_is_named_when_the_archive_is_opened(closed_log: tuple[FactArchive, Path]) -> None:
    archive, log = closed_log
    content = log.read_bytes()
    again = FactArchive(archive.folder)
    assert (again.damage, again.last, log.read_bytes()) == (log.name, 3, content)


@pytest.mark.parametrize("size", [0, 4096, 20_000])
async def test_a_warehouse_cut_off_while_it_runs_is_noticed_though_nobody_reads(
    home: Path, faults: Faults, size: int
) -> None:
    async with opened(home, faults) as warehouse:
        await warehouse.look()
        os.truncate(home / FILE, size)
        await until(lambda: faults.stop_delivery)
        await until(lambda: not faults.stop_delivery)
        assert len(await orders(warehouse)) == 8


@pytest.mark.parametrize("name", ["archive", "archive/segments"])
async def test_a_file_where_the_archive_is_to_lie_is_one_sentence(tmp_path: Path, faults: Faults, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    with pytest.raises(EngineUnavailable, match=r"is not a folder.*move it away"):
        async with opened(tmp_path, faults):
            pass
