"""BigQuery as the warehouse: the port's suite, by Google's own client over HTTP against the emulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from google.api_core import exceptions as google

from pulsepoint.adapters.bigquery.datasets import SHARED_DATASET
from pulsepoint.adapters.bigquery.errors import PASSING, TOO_LARGE, mapped
from pulsepoint.adapters.bigquery.statements import statement
from pulsepoint.adapters.bigquery.warehouse import BigQueryWarehouse, Caps
from pulsepoint.errors import Conflict, EngineUnavailable, LimitExceeded, MalformedInput, PulsepointError
from pulsepoint.tenancy import SYSTEM
from tests.builders.bigquery import REGION, Served, queries, served_bigquery
from tests.builders.queries import every_query
from tests.builders.warehouse import OTHER_TENANT, SCOPE, order_fact
from tests.contract.suites.warehouse import WarehouseSuite, count


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    async with served_bigquery() as fake:
        yield fake


@pytest_asyncio.fixture
async def warehouse(served: Served) -> AsyncIterator[BigQueryWarehouse]:
    async with served.warehouse() as opened:
        yield opened


class TestBigQueryWarehouse(WarehouseSuite):
    """The conformance suite on the emulator."""


async def test_every_job_is_capped_labelled_and_asked_where_its_dataset_lies(served: Served) -> None:
    caps = Caps(query_bytes=123 * 2**20)
    async with served.warehouse(caps=caps) as warehouse:
        await warehouse.append([order_fact()])
        await count(warehouse)
    (job,) = queries(served.calls)
    assert job["maximumBytesBilled"] == str(123 * 2**20)
    assert job["defaultDataset"]["datasetId"] == SCOPE.schema
    assert job["location"] == REGION
    assert job["labels"]["tenant"] == SCOPE.tenant_id.hex
    assert job["labels"]["brand"] == SCOPE.brand_id.hex
    assert len(job["labels"]["question"]) == 16
    assert job["jobTimeoutMs"] == "30000"


async def test_a_question_dearer_than_its_cap_is_refused_unasked(served: Served) -> None:
    # One table costs 10 MiB at least.
    async with served.warehouse(caps=Caps(query_bytes=9 * 2**20)) as warehouse:
        await warehouse.append([order_fact()])
        with pytest.raises(LimitExceeded, match="bytes billed"):
            await count(warehouse)


async def test_parameters_are_typed_by_their_values_and_the_brand_is_among_them(
    warehouse: BigQueryWarehouse, served: Served
) -> None:
    sql = (
        "SELECT order_id FROM orders WHERE brand_id = @brand_id AND order_id IN UNNEST(@ids) AND test = @test"
        " AND gross_micros > @least AND processed_at > @after AND DATE(processed_at, @timezone) >= @day"
    )
    await warehouse.append([order_fact("o1"), order_fact("o2")])
    timestamp = order_fact().row["recorded_at"]
    given = {
        "ids": ["o1", "o3"],
        "test": False,
        "least": 5,
        "after": timestamp,
        "timezone": "UTC",
        "day": timestamp.date(),
        "not_asked_for": object(),
    }
    assert await warehouse.query(SCOPE, sql, given) == [{"order_id": "o1"}]
    (sent,) = queries(served.calls)
    kinds = {each["name"]: each["parameterType"]["type"] for each in sent["queryParameters"]}
    assert kinds == {
        "brand_id": "STRING",
        "ids": "ARRAY",
        "test": "BOOL",
        "least": "INT64",
        "after": "TIMESTAMP",
        "timezone": "STRING",
        "day": "DATE",
    }


@pytest.mark.parametrize("value", [2**63, 1.5, b"x", ["a", 1], order_fact().row["recorded_at"].replace(tzinfo=None)])
async def test_a_parameter_that_cannot_be_told_exactly_is_named(warehouse: BigQueryWarehouse, value: Any) -> None:
    with pytest.raises(MalformedInput, match="@order_id"):
        await warehouse.query(SCOPE, "SELECT 1 AS x FROM orders WHERE order_id = @order_id", {"order_id": value})


async def test_the_service_may_stumble_and_is_asked_again(warehouse: BigQueryWarehouse, served: Served) -> None:
    served.failing = 1
    await warehouse.append([order_fact()])
    served.failing = 1
    await warehouse.append([order_fact("o2")])
    served.failing = 1
    assert await count(warehouse) == 2


async def test_a_service_that_does_not_answer_is_unavailable() -> None:
    async with served_bigquery() as gone:
        pass
    async with gone.warehouse(caps=Caps(settling_seconds=0.1, query_seconds=0.1)) as warehouse:
        with pytest.raises(EngineUnavailable):
            await warehouse.append([order_fact()])
        with pytest.raises(EngineUnavailable):
            await count(warehouse)


async def test_an_answer_that_does_not_come_is_given_up(served: Served) -> None:
    async with served.warehouse(caps=Caps(settling_seconds=0.1, query_seconds=0.1)) as warehouse:
        await warehouse.append([order_fact()])
        served.failing = 10**6
        with pytest.raises(EngineUnavailable):
            await warehouse.append([order_fact("o2")])
        with pytest.raises(EngineUnavailable):
            await count(warehouse)
        served.failing = 0
        await warehouse.append([order_fact("o2")])
        assert await count(warehouse) == 2


async def test_wrong_sql_is_the_askers_fault(warehouse: BigQueryWarehouse) -> None:
    with pytest.raises(MalformedInput, match="no_such_column"):
        await warehouse.query(SCOPE, "SELECT no_such_column FROM orders")


async def test_many_rows_come_back_whole_over_several_pages(warehouse: BigQueryWarehouse) -> None:
    await warehouse.append([order_fact("o1")])
    days = "UNNEST(GENERATE_DATE_ARRAY('1970-01-01', '2020-01-01'))"
    rows = await warehouse.query(SCOPE, f"SELECT day FROM {days} AS day ORDER BY day")
    assert len(rows) == 18_263
    assert [row["day"] for row in rows] == sorted({row["day"] for row in rows})


async def test_each_tenant_is_asked_in_its_own_dataset(warehouse: BigQueryWarehouse, served: Served) -> None:
    for scope in (SCOPE, OTHER_TENANT):
        await warehouse.query(scope, "SELECT order_id FROM orders")
    await warehouse.query(SYSTEM, "SELECT trace_id FROM observability_events")
    datasets = [each["defaultDataset"]["datasetId"] for each in queries(served.calls)]
    assert datasets == [SCOPE.schema, OTHER_TENANT.schema, SHARED_DATASET]


@pytest.mark.parametrize("name", sorted(every_query()))
async def test_every_named_question_can_be_sent(name: str) -> None:
    query = every_query()[name]
    shared = "observability_events" in query.sql
    assert statement(query.sql, shared).parameters - {"brand_id"} == query.parameters


async def test_a_closed_warehouse_says_so(served: Served) -> None:
    async with served.warehouse() as closed:
        await closed.append([order_fact()])
    for use in (closed.append([order_fact("o2")]), closed.query(SCOPE, "SELECT 1 AS x"), closed.refresh_current(SCOPE)):
        with pytest.raises(EngineUnavailable, match="closed"):
            await use


def kinds(base: type[google.GoogleAPICallError]) -> list[type[google.GoogleAPICallError]]:
    return [base, *(kind for child in base.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("kind", kinds(google.GoogleAPICallError), ids=lambda kind: str(kind.__name__))
def test_every_error_of_the_client_has_a_place_in_our_tree(kind: type[google.GoogleAPICallError]) -> None:
    error = mapped(kind("what happened"))
    assert isinstance(error, PulsepointError)
    assert "what happened" in str(error)


@pytest.mark.parametrize(
    ("status", "reason", "ours"),
    [
        *((400, reason, LimitExceeded) for reason in sorted(TOO_LARGE)),
        *((status, reason, EngineUnavailable) for status in (400, 403, 503) for reason in sorted(PASSING)),
        (400, "invalidQuery", MalformedInput),
        (403, "accessDenied", EngineUnavailable),
        (404, "notFound", EngineUnavailable),
        (409, "duplicate", Conflict),
        (412, "conditionNotMet", Conflict),
        (413, "requestTooLarge", LimitExceeded),
    ],
)
def test_googles_reason_decides_who_is_at_fault(status: int, reason: str, ours: type[PulsepointError]) -> None:
    error = google.from_http_status(status, "what happened", errors=[{"reason": reason}])  # type: ignore[no-untyped-call]
    assert type(mapped(error)) is ours
    gave_up = google.RetryError("gave up", error)  # type: ignore[no-untyped-call]
    assert type(mapped(gave_up)) is ours
