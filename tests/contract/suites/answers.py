"""The suite of answers kept in any `Cache`. Subclasses give a fixture `cache`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from pulsepoint.adapters.cached_warehouse import CachedWarehouse
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.ports.cache import Cache
from pulsepoint.ports.document_store import FactRow
from pulsepoint.tenancy import SYSTEM, TenantContext
from pulsepoint.values import QueryValue, Row
from pulsepoint.warehouse.answers import MAX_ANSWER_BYTES, facts_changed, facts_erased
from tests.builders.warehouse import order_fact

SQL = "SELECT COUNT(*) AS n FROM orders_current"
EVERY_KIND: Row = {
    "text": "ä",
    "none": None,
    "truth": True,
    "whole": -(2**62),
    "large": 2**70,
    "part": 0.1,
    "exact": Decimal("12.340"),
    "moment": datetime(2026, 11, 30, 1, 2, 3, 4, tzinfo=UTC),
    "day": date(2026, 11, 30),
    "list": ["a", ["b"], date(2026, 1, 1)],
}


@dataclass(slots=True)
class Below:
    """A warehouse that says what it was asked and answers with `rows`; `meanwhile` happens before it does, once."""

    rows: list[Row] = field(default_factory=lambda: [dict(EVERY_KIND)])
    calls: list[tuple[TenantContext, str]] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def append(self, facts: Sequence[FactRow]) -> frozenset[str]:
        return frozenset()

    async def query(
        self, scope: TenantContext, sql: str, parameters: Mapping[str, QueryValue] | None = None
    ) -> list[Row]:
        self.calls.append((scope, sql))
        rows, meanwhile, self.meanwhile = self.rows, self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return [dict(row) for row in rows]

    async def erase(self, scope: TenantContext, table: str, fact_ids: Sequence[str], columns: Sequence[str]) -> None:
        self.rows = [{**row, **dict.fromkeys(columns)} for row in self.rows]

    async def forget_brand(self, scope: TenantContext) -> None:
        self.rows = []

    async def refresh_current(self, scope: TenantContext) -> int:
        return 0


class AnswersSuite:
    """Subclassed once for each cache."""

    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock()

    @pytest.fixture
    def scope(self) -> TenantContext:
        return TenantContext(uuid4(), uuid4())

    @pytest.fixture
    def below(self) -> Below:
        return Below()

    @pytest.fixture
    def warehouse(self, below: Below, cache: Cache, clock: FixedClock) -> CachedWarehouse:
        return CachedWarehouse(below, cache, clock, seconds=60)

    async def test_a_question_asked_again_is_answered_equally_and_not_asked_below(
        self, warehouse: CachedWarehouse, below: Below, scope: TenantContext
    ) -> None:
        first = await warehouse.query(scope, SQL, {"day": date(2026, 1, 1)})
        again = await warehouse.query(scope, SQL, {"day": date(2026, 1, 1)})
        assert first == again == [EVERY_KIND] and len(below.calls) == 1
        assert [type(value) for value in again[0].values()] == [type(value) for value in EVERY_KIND.values()]

    async def test_another_question_has_its_own_answer(
        self, warehouse: CachedWarehouse, below: Below, scope: TenantContext
    ) -> None:
        for parameters in ({"day": date(2026, 1, 1)}, {"day": date(2026, 1, 2)}, {"day": "2026-01-01"}, None):
            await warehouse.query(scope, SQL, parameters)
        await warehouse.query(scope, SQL + " WHERE deleted")
        assert len(below.calls) == 5

    async def test_an_answer_ends_with_a_new_fact_of_its_brand_and_no_other(
        self, warehouse: CachedWarehouse, below: Below, cache: Cache, scope: TenantContext, clock: FixedClock
    ) -> None:
        other = scope.brand(uuid4())
        for each in (scope, other):
            await warehouse.query(each, SQL)
        await facts_changed(cache, [order_fact(scope=scope, recorded_at=clock.now())], clock.now())
        for each in (scope, other):
            await warehouse.query(each, SQL)
        assert below.calls == [(scope, SQL), (other, SQL), (scope, SQL)]

    async def test_an_answer_under_way_while_a_fact_comes_is_nobodys_afterwards(
        self, warehouse: CachedWarehouse, below: Below, cache: Cache, scope: TenantContext, clock: FixedClock
    ) -> None:
        async def fact_comes() -> None:
            below.rows = [{"n": 2}]
            await facts_changed(cache, [order_fact(scope=scope, recorded_at=clock.now())], clock.now())

        below.meanwhile = fact_comes
        assert await warehouse.query(scope, SQL) == [EVERY_KIND]
        assert await warehouse.query(scope, SQL) == [{"n": 2}]

    async def test_what_was_known_long_ago_outlives_new_facts_and_ends_with_late_ones_and_erasures(
        self, warehouse: CachedWarehouse, below: Below, cache: Cache, scope: TenantContext, clock: FixedClock
    ) -> None:
        then = {"as_of": clock.now() - timedelta(hours=1)}
        just_now = {"as_of": clock.now() - timedelta(minutes=1)}

        async def new_calls() -> int:
            before = len(below.calls)
            await warehouse.query(scope, SQL, then)
            await warehouse.query(scope, SQL, just_now)
            return len(below.calls) - before

        assert [await new_calls(), await new_calls()] == [2, 0]
        await facts_changed(cache, [order_fact(scope=scope, recorded_at=clock.now())], clock.now())
        assert await new_calls() == 1
        late = order_fact(scope=scope, recorded_at=clock.now() - timedelta(hours=2))
        await facts_changed(cache, [late], clock.now())
        assert await new_calls() == 2
        await facts_erased(cache, scope)
        assert await new_calls() == 2

    async def test_a_large_answer_and_one_that_cannot_be_kept_exactly_are_asked_for_each_time(
        self, warehouse: CachedWarehouse, below: Below, scope: TenantContext
    ) -> None:
        for rows in ([{"text": "x" * MAX_ANSWER_BYTES}], [{"struct": {"a": 1}}]):
            below.rows, below.calls = rows, []
            await warehouse.query(scope, SQL)
            assert await warehouse.query(scope, SQL) == rows and len(below.calls) == 2
            await facts_erased(warehouse._kept.cache, scope)

    async def test_an_empty_answer_is_kept(
        self, warehouse: CachedWarehouse, below: Below, scope: TenantContext
    ) -> None:
        below.rows = []
        assert [await warehouse.query(scope, SQL), await warehouse.query(scope, SQL)] == [[], []]
        assert len(below.calls) == 1

    async def test_questions_about_the_deployment_are_not_kept(self, warehouse: CachedWarehouse, below: Below) -> None:
        for _ in range(2):
            await warehouse.query(SYSTEM, "SELECT trace_id FROM observability_events")
        assert len(below.calls) == 2

    @pytest.mark.rule("SEC-17")
    async def test_no_tenants_or_brands_answer_is_ever_anothers(
        self, cache: Cache, clock: FixedClock, scope: TenantContext
    ) -> None:
        """The same question of every pair of tenant and brand, asked twice, even with the same generation."""
        brands = [scope, scope.brand(uuid4()), TenantContext(uuid4(), scope.brand_id), TenantContext(scope.tenant_id)]
        for number, own in enumerate(brands):
            for generation in ("generation:now", "generation:past"):
                await cache.set(own, generation, b"same", ttl_seconds=60)
            warehouse = CachedWarehouse(Below(rows=[{"n": number}]), cache, clock, seconds=60)
            assert await warehouse.query(own, SQL) == [{"n": number}]
        nothing = CachedWarehouse(Below(rows=[{"n": None}]), cache, clock, seconds=60)
        assert [await nothing.query(own, SQL) for own in brands] == [[{"n": number}] for number in range(4)]
        assert await nothing.query(TenantContext(uuid4(), scope.brand_id), SQL) == [{"n": None}]
