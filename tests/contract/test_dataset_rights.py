"""A service added later has its rights in the datasets of before too, once an owner gives them the code's list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from google.cloud import bigquery

from deploy.release.dataset_rights import differences, mend
from pulsepoint.adapters.bigquery.access import access_list
from tests.builders.bigquery import PROJECT, Served, served_bigquery
from tests.builders.warehouse import OTHER_TENANT, SCOPE, order_fact

ACCOUNTS = "accounts"
ANALYST = bigquery.AccessEntry("READER", "userByEmail", "analyst@example.com")
WITHDRAWN = bigquery.AccessEntry(
    f"projects/{PROJECT}/roles/pulsepointFactsKeeper",
    "userByEmail",
    f"pulsepoint-gone@{ACCOUNTS}.iam.gserviceaccount.com",
)


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    """Two tenants' datasets: one as today's code makes it, one of before alerting was there."""
    async with served_bigquery() as fake:
        async with fake.warehouse(service="gateway", accounts_project=ACCOUNTS) as warehouse:
            await warehouse.append([order_fact(), order_fact(scope=OTHER_TENANT)])
        await asyncio.to_thread(set_back, fake.client())
        yield fake


def set_back(client: bigquery.Client) -> None:
    dataset = client.get_dataset(SCOPE.schema)
    before = [entry for entry in dataset.access_entries if "alerting" not in str(entry.entity_id)]
    dataset.access_entries = [*before, ANALYST, WITHDRAWN]
    client.update_dataset(dataset, ["access_entries"])


def listed(client: bigquery.Client, dataset: str) -> set[tuple[str, str]]:
    return {(str(each.role), str(each.entity_id)) for each in client.get_dataset(dataset).access_entries}


async def test_what_a_dataset_lacks_is_told_and_nothing_changed(served: Served) -> None:
    client = served.client()
    before = await asyncio.to_thread(listed, client, SCOPE.schema)
    [(_, difference)] = await asyncio.to_thread(lambda: list(differences(client, ACCOUNTS)))
    assert difference.dataset == SCOPE.schema
    assert {holder.partition("@")[0] for _, _, holder in difference.missing} == {"pulsepoint-alerting"}
    assert [holder.partition("@")[0] for _, _, holder in difference.withdrawn] == ["pulsepoint-gone"]
    assert await asyncio.to_thread(listed, client, SCOPE.schema) == before


async def test_a_service_of_later_gets_its_rights_and_nobody_loses_theirs(served: Served) -> None:
    client = served.client()
    assert len(await asyncio.to_thread(mend, client, ACCOUNTS)) == 1
    expected = {(str(each.role), str(each.entity_id)) for each in access_list(PROJECT, ACCOUNTS)}
    kept = {(str(each.role), str(each.entity_id)) for each in (ANALYST, WITHDRAWN)}
    assert await asyncio.to_thread(listed, client, SCOPE.schema) == expected | kept
    assert await asyncio.to_thread(listed, client, OTHER_TENANT.schema) == expected


async def test_what_the_code_gives_no_longer_is_withdrawn_on_request_alone(served: Served) -> None:
    client = served.client()
    await asyncio.to_thread(lambda: mend(client, ACCOUNTS, withdraw=True))
    after = await asyncio.to_thread(listed, client, SCOPE.schema)
    assert (str(WITHDRAWN.role), str(WITHDRAWN.entity_id)) not in after
    assert (str(ANALYST.role), str(ANALYST.entity_id)) in after
    assert await asyncio.to_thread(lambda: list(differences(client, ACCOUNTS))) == []
