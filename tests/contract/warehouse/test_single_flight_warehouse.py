"""Questions that many ask at once: the port's suite over DuckDB, and what is shared with whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.adapters.single_flight_warehouse import SingleFlightWarehouse
from pulsepoint.errors import EngineUnavailable
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import TenantContext
from tests.builders.warehouse import OTHER_BRAND, OTHER_TENANT, SCOPE
from tests.contract.suites.warehouse import WarehouseSuite


@pytest.fixture
async def warehouse() -> AsyncIterator[SingleFlightWarehouse]:
    async with open_duckdb() as opened:
        yield SingleFlightWarehouse(opened)


class TestSharedAnswers(WarehouseSuite):
    """The conformance suite through shared answers."""


class Slow:
    """Answers after `go` with how often it was asked before, or with `error`."""

    def __init__(self) -> None:
        self.statements: list[tuple[TenantContext, str, Any]] = []
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.error: Exception | None = None

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        raise NotImplementedError

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        raise NotImplementedError

    async def forget_brand(self, scope: TenantContext) -> None:
        raise NotImplementedError

    async def refresh_current(self, scope: TenantContext) -> int:
        raise NotImplementedError

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        number = len(self.statements)
        self.statements.append((scope, sql, parameters))
        self.begun.set()
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [{"number": number}]


async def test_who_asks_at_once_shares_an_answer_and_has_rows_of_his_own() -> None:
    slow = Slow()
    slow.go.set()
    shared = SingleFlightWarehouse(slow)
    first, *others = await asyncio.gather(*(shared.query(SCOPE, "SELECT 1", {"day": 1}) for _ in range(100)))
    assert len(slow.statements) == 1
    first[0]["number"] = "changed"
    assert others == [[{"number": 0}]] * 99


async def test_an_answer_is_never_older_than_its_question() -> None:
    slow = Slow()
    shared = SingleFlightWarehouse(slow)
    early = asyncio.create_task(shared.query(SCOPE, "SELECT 1"))
    await slow.begun.wait()
    late = [asyncio.create_task(shared.query(SCOPE, "SELECT 1")) for _ in range(50)]
    await asyncio.sleep(0)
    assert len(slow.statements) == 1, "the same question is asked one at a time"
    slow.go.set()
    assert await early == [{"number": 0}]
    assert await asyncio.gather(*late) == [[{"number": 1}]] * 50
    assert await shared.query(SCOPE, "SELECT 1") == [{"number": 2}]


async def test_another_brand_tenant_question_or_parameter_shares_nothing() -> None:
    slow = Slow()
    slow.go.set()
    shared = SingleFlightWarehouse(slow)
    questions: list[tuple[TenantContext, str, dict[str, Any] | None]] = [
        (SCOPE, "SELECT 1", None),
        (OTHER_BRAND, "SELECT 1", None),
        (OTHER_TENANT, "SELECT 1", None),
        (SCOPE, "SELECT 2", None),
        (SCOPE, "SELECT 1", {"day": 1}),
        (SCOPE, "SELECT 1", {"day": "1"}),
    ]
    answers = await asyncio.gather(*(shared.query(*question) for question in questions))
    assert slow.statements == questions
    assert [rows[0]["number"] for rows in answers] == list(range(len(questions)))


async def test_an_error_reaches_all_who_wait_and_the_next_is_answered() -> None:
    slow = Slow()
    slow.go.set()
    slow.error = EngineUnavailable("away")
    shared = SingleFlightWarehouse(slow)
    done = await asyncio.gather(*(shared.query(SCOPE, "SELECT 1") for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in done] == [EngineUnavailable] * 3
    slow.error = None
    assert await shared.query(SCOPE, "SELECT 1") == [{"number": 1}]


async def test_one_who_hangs_up_takes_the_answer_from_nobody() -> None:
    slow = Slow()
    shared = SingleFlightWarehouse(slow)
    leaving, other = (asyncio.create_task(shared.query(SCOPE, "SELECT 1")) for _ in range(2))
    await slow.begun.wait()
    leaving.cancel()
    slow.go.set()
    assert await other == [{"number": 0}]
    with pytest.raises(asyncio.CancelledError):
        await leaving
