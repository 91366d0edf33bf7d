"""Datasets are made when first needed, once, in the deployment's region, and brought up to date later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from google.cloud import bigquery

from pulsepoint.adapters.bigquery.access import access_list
from pulsepoint.adapters.bigquery.datasets import (
    MADE_AS,
    REMEMBERED,
    SHARED_DATASET,
    TABLES_ONLY,
    declaration,
    marked_table,
)
from pulsepoint.adapters.bigquery.warehouse import Caps
from pulsepoint.errors import EngineUnavailable
from pulsepoint.tenancy import SYSTEM
from pulsepoint.warehouse import schema
from tests.builders.bigquery import REGION, Served, queries, served_bigquery
from tests.builders.warehouse import OTHER_TENANT, SCOPE, order_fact
from tests.contract.suites.warehouse import count, span_fact

MARKED = marked_table(SCOPE.schema)
KEY = "projects/p/locations/europe-west1/keyRings/pulsepoint/cryptoKeys/data"


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    async with served_bigquery() as fake:
        yield fake


async def touch(served: Served) -> None:
    """The first call of a new process."""
    async with served.warehouse() as warehouse:
        await warehouse.append([order_fact()])
        assert await count(warehouse) == 1


def changes(served: Served) -> list[str]:
    return [
        f"{call.method} {call.path}"
        for call in served.calls
        if call.method != "GET" and not call.path.endswith(("/insertAll", "/queries"))
    ]


async def test_a_tenants_first_fact_makes_its_dataset_in_the_region(served: Served) -> None:
    await touch(served)
    client = served.client()
    dataset = await asyncio.to_thread(client.get_dataset, SCOPE.schema)
    assert dataset.location == REGION
    listed = await asyncio.to_thread(lambda: {each.table_id for each in client.list_tables(dataset)})
    assert listed == {table.name for table in schema.tables()} | {view.name for view in schema.views()}
    orders = await asyncio.to_thread(client.get_table, f"{SCOPE.schema}.orders")
    assert orders.clustering_fields == ["brand_id", "entity"]
    assert orders.time_partitioning.field == "appended_at"
    modes = {field.name: field.mode for field in orders.schema}
    declared = next(table for table in schema.tables() if table.name == "orders")
    expected = {column.name: "REQUIRED" if column.required else "NULLABLE" for column in declared.columns}
    assert modes == {**expected, "appended_at": "REQUIRED"}


async def test_a_dataset_is_encrypted_by_the_deployments_key(served: Served) -> None:
    async with served.warehouse(kms_key=KEY) as warehouse:
        await warehouse.append([order_fact()])
    dataset = await asyncio.to_thread(served.client().get_dataset, SCOPE.schema)
    assert dataset.default_encryption_configuration is not None
    assert dataset.default_encryption_configuration.kms_key_name == KEY


async def test_whoever_makes_a_tenants_dataset_writes_who_may_do_what_into_it(served: Served) -> None:
    for service, scope in (("ingest-shopify", SCOPE), ("gateway", OTHER_TENANT)):
        async with served.warehouse(service=service, accounts_project="accounts") as warehouse:
            await warehouse.append([order_fact(scope=scope)])
        made = await asyncio.to_thread(served.client().get_dataset, scope.schema)
        assert [entry(each) for each in made.access_entries] == [
            entry(each) for each in access_list("test-project", "accounts")
        ]


def entry(each: bigquery.AccessEntry) -> tuple[object, ...]:
    return each.role, each.entity_type, each.entity_id


async def test_no_service_changes_a_dataset_once_it_is_made(served: Served) -> None:
    """The right to change its labels would be the right to change who may read it."""
    await touch(served)
    await forget_declaration(served.client())
    served.calls.clear()
    await touch(served)
    assert changes(served) and not [call for call in changes(served) if call == f"PATCH /datasets/{SCOPE.schema}"]


async def test_a_service_that_may_not_read_makes_tables_and_leaves_the_views_to_those_who_may(served: Served) -> None:
    client = served.client()

    async def made() -> tuple[set[str], set[str]]:
        tables = await asyncio.to_thread(lambda: list(client.list_tables(SCOPE.schema)))
        kinds = {each.table_id: each.table_type for each in tables}
        views = {name for name, kind in kinds.items() if kind == "VIEW"}
        return kinds.keys() - views, views

    async def append_as(service: str) -> None:
        async with served.warehouse(service=service) as warehouse:
            await warehouse.append([order_fact()])

    await append_as("ingest-ads")
    assert await made() == ({table.name for table in schema.tables()}, set())
    labels = (await asyncio.to_thread(client.get_table, f"{SCOPE.schema}.{MARKED}")).labels
    assert set(labels) == {declaration(TABLES_ONLY)}
    served.calls.clear()
    await append_as("ingest-ads")
    assert changes(served) == []
    async with served.warehouse(service="alerting") as warehouse:
        assert await count(warehouse) == 1
    assert (await made())[1] == {view.name for view in schema.views()}
    served.calls.clear()
    await append_as("ingest-ads")
    assert changes(served) == []


async def test_the_deployments_own_dataset_has_its_own_tables(served: Served) -> None:
    async with served.warehouse() as warehouse:
        await warehouse.append([span_fact()])
    client = served.client()
    listed = await asyncio.to_thread(lambda: {each.table_id for each in client.list_tables(SHARED_DATASET)})
    assert listed == {table.name for table in schema.shared_tables()}


async def test_a_dataset_is_made_once(served: Served) -> None:
    await touch(served)
    assert changes(served)
    served.calls.clear()
    await touch(served)
    assert changes(served) == []
    paths = [call.path for call in served.calls if call.method == "GET"]
    assert paths == [f"/datasets/{SCOPE.schema}/tables/{MARKED}"]


async def test_appends_and_questions_at_once_make_it_once(served: Served) -> None:
    async with served.warehouse() as warehouse:
        await asyncio.gather(*(warehouse.append([order_fact(f"o{i}")]) for i in range(10)), count(warehouse))
    assert len(served.sent("POST", "/datasets")) == 1


async def test_processes_that_start_together_make_it_together(served: Served) -> None:
    async with served.warehouse() as first, served.warehouse() as second, served.warehouse() as third:
        await asyncio.gather(*(each.append([order_fact(f"o{i}")]) for i, each in enumerate((first, second, third))))
        assert await count(first) == 3
        assert await first.query(SCOPE, "SELECT COUNT(*) AS n FROM orders_current") == [{"n": 3}]


async def test_a_dataset_that_lies_elsewhere_stays_there_and_is_asked_there(served: Served) -> None:
    dataset = bigquery.Dataset(f"test-project.{SCOPE.schema}")
    dataset.location = "us-east1"
    await asyncio.to_thread(served.client().create_dataset, dataset)
    async with served.warehouse() as warehouse:
        await warehouse.append([order_fact(), order_fact(scope=OTHER_TENANT)])
        assert (await count(warehouse), await count(warehouse, OTHER_TENANT)) == (1, 1)
    assert [each["location"] for each in queries(served.calls)] == ["us-east1", REGION]


async def test_a_column_declared_later_is_added_to_a_table_made_before(served: Served) -> None:
    client = served.client()
    await touch(served)
    declared = next(table for table in schema.tables() if table.name == "orders")
    # The table as an earlier release made it, with its row, in a dataset that knows nothing of this one.
    await asyncio.to_thread(client.delete_table, f"{SCOPE.schema}.orders")
    fields = [
        bigquery.SchemaField(column.name, column.type, "REQUIRED" if column.required else "NULLABLE")
        for column in declared.columns
        if column.name != "shipping_region"
    ]
    stamp = bigquery.SchemaField("appended_at", "TIMESTAMP", "REQUIRED")
    await asyncio.to_thread(
        client.create_table, bigquery.Table(f"test-project.{SCOPE.schema}.orders", [*fields, stamp])
    )
    await forget_declaration(client)
    async with served.warehouse() as warehouse:
        await warehouse.append([order_fact("o2", shipping_region="ENG"), order_fact("o3")])
        rows = await warehouse.query(SCOPE, "SELECT order_id, shipping_region FROM orders_current ORDER BY order_id")
    assert rows == [{"order_id": "o2", "shipping_region": "ENG"}, {"order_id": "o3", "shipping_region": None}]


async def test_what_need_not_be_told_any_more_may_be_null_in_a_table_made_before(served: Served) -> None:
    client = served.client()
    await touch(served)
    reference = f"test-project.{SCOPE.schema}.alerts"
    await asyncio.to_thread(client.delete_table, reference)
    declared = next(table for table in schema.tables() if table.name == "alerts")
    fields = [
        bigquery.SchemaField(column.name, column.type, "REQUIRED" if column.name == "title" else "NULLABLE")
        for column in declared.columns
        if column.name != "figures"
    ]
    stamp = bigquery.SchemaField("appended_at", "TIMESTAMP", "REQUIRED")
    await asyncio.to_thread(client.create_table, bigquery.Table(reference, [*fields, stamp]))
    await forget_declaration(client)
    await touch(served)
    brought = {field.name: field.mode for field in (await asyncio.to_thread(client.get_table, reference)).schema}
    assert (brought["title"], brought["figures"], brought["appended_at"]) == ("NULLABLE", "NULLABLE", "REQUIRED")


async def forget_declaration(client: bigquery.Client) -> None:
    marked = await asyncio.to_thread(client.get_table, f"{SCOPE.schema}.{MARKED}")
    marked.labels[declaration()] = None
    await asyncio.to_thread(client.update_table, marked, ["labels"])


async def test_a_view_declared_anew_is_set(served: Served) -> None:
    client = served.client()
    await touch(served)
    view = await asyncio.to_thread(client.get_table, f"{SCOPE.schema}.orders_current")
    query_text = view.view_query
    view.view_query = f"SELECT order_id FROM {SCOPE.schema}.orders"
    await asyncio.to_thread(client.update_table, view, ["view_query"])
    await forget_declaration(client)
    await touch(served)
    view = await asyncio.to_thread(client.get_table, f"{SCOPE.schema}.orders_current")
    assert view.view_query == query_text


async def test_the_release_before_does_not_set_the_views_back(served: Served) -> None:
    """Both declarations are remembered; only the oldest of very many is forgotten."""
    client = served.client()
    await touch(served)
    await forget_declaration(client)
    earlier = {f"{MADE_AS}{number:016x}": f"202601010000{number:02}" for number in range(REMEMBERED)}
    marked = await asyncio.to_thread(client.get_table, f"{SCOPE.schema}.{MARKED}")
    marked.labels = {"kept": "mine", **earlier}
    await asyncio.to_thread(client.update_table, marked, ["labels"])
    await touch(served)
    labels = (await asyncio.to_thread(client.get_table, f"{SCOPE.schema}.{MARKED}")).labels
    assert set(labels) == {"kept", declaration(), *sorted(earlier)[1:]}


async def test_a_dataset_that_vanished_is_made_again_once_that_is_seen(served: Served) -> None:
    client = served.client()
    async with served.warehouse(caps=Caps(settling_seconds=0.2)) as warehouse:
        assert await count(warehouse) == 0
        await asyncio.to_thread(client.delete_dataset, SCOPE.schema, delete_contents=True)
        with pytest.raises(EngineUnavailable, match=SCOPE.schema):
            await warehouse.append([order_fact()])
        await warehouse.append([order_fact()])
        await asyncio.to_thread(client.delete_dataset, SCOPE.schema, delete_contents=True)
        with pytest.raises(EngineUnavailable, match=SCOPE.schema):
            await count(warehouse)
        assert await count(warehouse) == 0


async def test_the_system_tenant_has_no_dataset_of_its_own(served: Served) -> None:
    async with served.warehouse() as warehouse:
        await warehouse.query(SYSTEM, "SELECT trace_id FROM observability_events")
    (made,) = served.sent("POST", "/datasets")
    assert made.body["datasetReference"]["datasetId"] == SHARED_DATASET == "pulsepoint"
