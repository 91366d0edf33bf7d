"""The emulator holds Google's client to what BigQuery holds it to."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import pytest_asyncio
import stamina
from google.api_core import exceptions as google
from google.cloud import bigquery
from starlette.applications import Starlette

from tests.builders.bigquery import PROJECT, Served, served_bigquery

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
NUMBER = bigquery.SchemaField("number", "INT64", "REQUIRED")
WORD = bigquery.SchemaField("word", "STRING")
TABLE = f"{PROJECT}.shop.words"


@pytest_asyncio.fixture
async def client() -> AsyncIterator[bigquery.Client]:
    async with served_bigquery() as served:
        client = served.client()
        await asyncio.to_thread(prepared, client)
        yield client


def prepared(client: bigquery.Client) -> None:
    dataset = bigquery.Dataset(f"{PROJECT}.shop")
    dataset.location = "EU"
    client.create_dataset(dataset)
    client.create_table(bigquery.Table(TABLE, [NUMBER, WORD]))


async def of(work: Callable[[], T]) -> T:
    return await asyncio.to_thread(work)


def rows_of(client: bigquery.Client, sql: str, **settings: Any) -> list[tuple[Any, ...]]:
    config = bigquery.QueryJobConfig(**settings)
    return [row.values() for row in client.query_and_wait(sql, job_config=config, location="EU")]


async def refused(kind: type[google.GoogleAPICallError], words: str, work: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=words):
        await of(work)


async def test_rows_are_refused_by_index_and_reason_and_stop_the_others(client: bigquery.Client) -> None:
    rows: list[dict[str, Any]] = [
        {"number": 1},
        {"word": "x"},
        {"number": "many"},
        {"number": 2, "colour": "red"},
        {"number": 3, "word": 4},
    ]
    problems = await of(lambda: client.insert_rows_json(TABLE, rows, row_ids=[str(i) for i in range(5)]))
    errors = {problem["index"]: problem["errors"][0] for problem in problems}
    assert {index: (error["reason"], error["location"]) for index, error in errors.items()} == {
        0: ("stopped", ""),
        1: ("invalid", "number"),
        2: ("invalid", "number"),
        3: ("invalid", "colour"),
        4: ("invalid", "word"),
    }
    assert await of(lambda: rows_of(client, "SELECT number FROM shop.words")) == []
    again: list[dict[str, Any]] = [{"number": 1}, {"word": "x"}]
    await of(lambda: client.insert_rows_json(TABLE, again, row_ids=["0", "1"], skip_invalid_rows=True))
    assert await of(lambda: rows_of(client, "SELECT number FROM shop.words")) == [(1,)]


async def test_requests_over_the_limits_are_refused(client: bigquery.Client) -> None:
    many = [{"number": 1}] * 50_001
    ids = [str(i) for i in range(50_001)]
    await refused(google.BadRequest, "50000", lambda: client.insert_rows_json(TABLE, many, row_ids=ids))
    large = [{"number": 1, "word": "x" * 10_000_000}]
    with pytest.raises(google.GoogleAPICallError, match="payload size") as caught:
        await of(lambda: client.insert_rows_json(TABLE, large, row_ids=["1"]))
    assert caught.value.code == 413
    await refused(google.BadRequest, "No rows", lambda: client.insert_rows_json(TABLE, [], row_ids=[]))
    await refused(google.BadRequest, "insertId", lambda: client.insert_rows_json(TABLE, many[:1], row_ids=["x" * 129]))


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT FROM WHERE", "Syntax error"),
        ("SELECT nothing FROM shop.words", "nothing"),
        ("SELECT number FROM words", "must be qualified"),
        ("DELETE FROM shop.words WHERE TRUE", "fake cannot"),
        ("SELECT number FROM shop.words WHERE word = @word", "'word' not found"),
    ],
)
async def test_wrong_sql_is_an_invalid_query(client: bigquery.Client, sql: str, words: str) -> None:
    with pytest.raises(google.BadRequest, match=words) as caught:
        await of(lambda: rows_of(client, sql))
    assert caught.value.errors[0]["reason"] == "invalidQuery"


async def test_what_is_not_there_and_what_lies_elsewhere_is_not_found(client: bigquery.Client) -> None:
    await refused(google.NotFound, "shop.no_words", lambda: rows_of(client, "SELECT number FROM shop.no_words"))
    await refused(google.NotFound, "store", lambda: rows_of(client, "SELECT number FROM store.words"))
    await refused(
        google.NotFound,
        "location US",
        lambda: list(client.query_and_wait("SELECT number FROM shop.words", location="US")),
    )
    await refused(
        google.NotFound, "store", lambda: client.insert_rows_json(f"{PROJECT}.store.words", [{}], row_ids=["1"])
    )


async def test_a_view_names_its_tables_with_their_dataset_and_takes_no_rows(client: bigquery.Client) -> None:
    view = bigquery.Table(f"{PROJECT}.shop.numbers")
    view.view_query = "SELECT number FROM words"
    await refused(google.BadRequest, "must be qualified", lambda: client.create_table(view))
    view.view_query = "SELECT number FROM shop.words"
    await of(lambda: client.create_table(view))
    await refused(google.BadRequest, "VIEW", lambda: client.insert_rows_json(view, [{"number": 1}], row_ids=["1"]))


async def test_a_table_only_gains_columns_that_may_be_absent(client: bigquery.Client) -> None:
    def with_schema(*fields: bigquery.SchemaField) -> bigquery.Table:
        table = client.get_table(TABLE)
        table.schema = list(fields)
        return client.update_table(table, ["schema"])

    required = bigquery.SchemaField("other", "STRING", "REQUIRED")
    await refused(google.BadRequest, "Cannot add required", lambda: with_schema(NUMBER, WORD, required))
    await refused(google.BadRequest, "missing", lambda: with_schema(NUMBER))
    other_type = bigquery.SchemaField("word", "INT64")
    await refused(google.BadRequest, "changed", lambda: with_schema(NUMBER, other_type))
    await of(lambda: with_schema(NUMBER, WORD, bigquery.SchemaField("other", "STRING")))
    await of(lambda: client.insert_rows_json(TABLE, [{"number": 1, "other": "x"}], row_ids=["1"]))
    assert await of(lambda: rows_of(client, "SELECT other FROM shop.words")) == [("x",)]


async def test_a_change_to_what_was_changed_meanwhile_is_refused(client: bigquery.Client) -> None:
    first, second = await of(lambda: client.get_table(TABLE)), await of(lambda: client.get_table(TABLE))
    first.description = second.description = "words"
    await of(lambda: client.update_table(first, ["description"]))
    await refused(google.PreconditionFailed, "Precondition", lambda: client.update_table(second, ["description"]))


async def test_bytes_are_counted_capped_and_told_by_a_dry_run(client: bigquery.Client) -> None:
    await of(lambda: client.insert_rows_json(TABLE, [{"number": 1, "word": "four"}], row_ids=["1"]))
    sql = "SELECT number FROM shop.words"
    job = await of(lambda: client.query(sql, bigquery.QueryJobConfig(dry_run=True, use_legacy_sql=False)))
    assert job.total_bytes_processed == 8 + 2 + 4
    cap = 10 * 2**20
    assert await of(lambda: rows_of(client, sql, maximum_bytes_billed=cap)) == [(1,)]
    with pytest.raises(google.BadRequest, match="bytes billed") as caught:
        await of(lambda: rows_of(client, sql, maximum_bytes_billed=cap - 1))
    assert caught.value.errors[0]["reason"] == "bytesBilledLimitExceeded"


async def test_sums_beyond_64_bits_overflow(client: bigquery.Client) -> None:
    rows = [{"number": str(2**63 - 1)}] * 2
    await of(lambda: client.insert_rows_json(TABLE, rows, row_ids=["1", "2"]))
    await refused(google.BadRequest, "overflow", lambda: rows_of(client, "SELECT SUM(number) AS n FROM shop.words"))


async def test_what_is_there_already_is_not_made_again(client: bigquery.Client) -> None:
    await refused(google.Conflict, "Already Exists", lambda: client.create_dataset(f"{PROJECT}.shop"))
    await refused(google.Conflict, "Already Exists", lambda: client.create_table(bigquery.Table(TABLE, [NUMBER])))


@contextmanager
def as_process(state: Path) -> Iterator[str]:
    """The emulator as a process of its own, ended by kill -9."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.emulated.fakes", "bigquery", "--port", str(port), "--state", str(state)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "shared")])},
    )
    try:
        for attempt in stamina.retry_context(on=httpx.TransportError, attempts=None, timeout=90, wait_max=0.5):
            with attempt:
                httpx.get(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def test_a_process_of_its_own_has_everything_after_a_restart(tmp_path: Path) -> None:
    with as_process(tmp_path) as endpoint:
        client = Served(Starlette(), endpoint).client()
        prepared(client)
        client.insert_rows_json(TABLE, [{"number": 1}], row_ids=["1"])
    with as_process(tmp_path) as endpoint:
        client = Served(Starlette(), endpoint).client()
        assert client.get_dataset("shop").location == "EU"
        assert rows_of(client, "SELECT number FROM shop.words") == [(1,)]
