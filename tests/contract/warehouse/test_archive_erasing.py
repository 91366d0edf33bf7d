"""An erasure writes files of the archive again: they stay whole by their digests, and a damaged one stays as it is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import orjson
import pytest

from pulsepoint.adapters.duckdb.archive import FactArchive
from pulsepoint.adapters.duckdb.archive_digests import DigestCheck, is_whole
from pulsepoint.adapters.duckdb.erasing import Erasure
from pulsepoint.adapters.duckdb.healing import open_healing_warehouse
from pulsepoint.adapters.duckdb.schemas import schema_of
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import EngineUnavailable
from pulsepoint.faults import Faults
from tests.builders.warehouse import SCOPE, order_fact

SCHEMA = schema_of(SCOPE)


@pytest.fixture
def archive(tmp_path: Path) -> FactArchive:
    """One segment of one order, whose name is somebody's."""
    archive = FactArchive(tmp_path / "archive")
    row = order_fact("1").row
    archive.append({(SCHEMA, "orders"): [orjson.dumps({**row, "name": "Ada"})]})
    archive.roll()
    archive.close_segments()
    return archive


def erasure() -> Erasure:
    return Erasure(SCHEMA, "orders", [order_fact("1").row["fact_id"]], ["name"])


def file_of(archive: FactArchive) -> Path:
    [(_, _, path)] = archive.segments()[0].files()
    return path


def names(path: Path) -> list[str | None]:
    return [name for (name,) in duckdb.connect().execute(f"SELECT name FROM read_parquet('{path}')").fetchall()]


@pytest.mark.rule("SEC-25")
def test_a_file_without_the_values_is_whole_and_so_is_the_one_of_before_until_then(archive: FactArchive) -> None:
    path, check = file_of(archive), DigestCheck(archive.folder)
    before = path.read_bytes()
    assert (names(path), check.damaged()) == (["Ada"], None)
    archive.erase(erasure())
    assert (names(path), check.damaged(), is_whole(path)) == ([None], None, True)
    # As a crash right before the replacement leaves it.
    path.write_bytes(before)
    assert is_whole(path)
    path.write_bytes(before[:-1] + b"?")
    assert not is_whole(path)


@pytest.mark.rule("SEC-25")
def test_a_file_of_a_release_without_digests_has_those_of_both(archive: FactArchive) -> None:
    path = file_of(archive)
    before, beside = path.read_bytes(), path.with_name(f"{path.name}.sha256")
    beside.unlink()
    archive.erase(erasure())
    assert is_whole(path)
    path.write_bytes(before)
    assert is_whole(path)


@pytest.mark.rule("SEC-25")
def test_a_damaged_file_is_not_written_again_as_a_whole_one(archive: FactArchive) -> None:
    path = file_of(archive)
    path.write_bytes(path.read_bytes()[:-20] + b"x" * 20)
    with pytest.raises(EngineUnavailable, match=r"orders\.parquet of the fact archive is damaged"):
        archive.erase(erasure())
    assert not is_whole(path)
    assert archive.damage is not None


@pytest.mark.rule("SEC-25")
async def test_what_was_put_aside_goes_with_an_erasure(tmp_path: Path) -> None:
    file, folder = tmp_path / "warehouse.duckdb", tmp_path / "archive"
    faults = Faults(FixedClock(datetime(2026, 1, 1, tzinfo=UTC)))
    async with open_healing_warehouse(file, folder, faults) as warehouse:
        fact = order_fact("1")
        await warehouse.append([fact])
        for name in ("warehouse.duckdb.damaged", "warehouse.duckdb.damaged-2", "warehouse.duckdb.damaged.wal"):
            (tmp_path / name).write_bytes(b"Ada")
        for name in ("archive.damaged", "archive.damaged-2"):
            (tmp_path / name / "segments").mkdir(parents=True)
        await warehouse.erase(SCOPE, "orders", [fact.row["fact_id"]], ["name"])
        assert aside(tmp_path) == []


@pytest.mark.slow
@pytest.mark.rule("SEC-25")
async def test_a_rewrite_makes_the_file_anew_also_where_the_archive_had_to_be_made_from_it_first(
    tmp_path: Path,
) -> None:
    file, folder = tmp_path / "warehouse.duckdb", tmp_path / "archive"
    faults = Faults(FixedClock(datetime(2026, 1, 1, tzinfo=UTC)))
    async with open_healing_warehouse(file, folder, faults) as warehouse:
        await warehouse.append([order_fact("1")])
        assert warehouse._archive is not None
        warehouse._archive.roll()
        warehouse._archive.close_segments()
        path = file_of(warehouse._archive)
        path.write_bytes(path.read_bytes()[:-20] + b"x" * 20)
        warehouse.rewrite()
        async with asyncio.timeout(60):
            while warehouse._drops_free_blocks or faults.current():  # noqa: ASYNC110 - noticed by a loop of its own
                await asyncio.sleep(0.02)
        assert aside(tmp_path) == []
        assert len(await warehouse.query(SCOPE, "SELECT order_id FROM orders")) == 1


def aside(home: Path) -> list[str]:
    return [path.name for path in home.iterdir() if ".damaged" in path.name]
