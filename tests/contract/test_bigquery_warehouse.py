"""BigQuery as the warehouse: the port's suite, by Google's own client over HTTP against the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from deploy.emulated.standins.bigquery import create_app
from pulsepoint.adapters.bigquery.warehouse import BigQueryWarehouse, open_bigquery
from tests.builders.stubs import serving
from tests.contract.suites.warehouse import WarehouseSuite

PROJECT = "test-project"
REGION = "europe-west1"


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[str]:
    async with serving(create_app()) as address:
        yield address


@pytest_asyncio.fixture
async def warehouse(endpoint: str) -> AsyncIterator[BigQueryWarehouse]:
    async with open_bigquery(PROJECT, region=REGION, endpoint=endpoint) as opened:
        yield opened


class TestBigQueryWarehouse(WarehouseSuite):
    """The conformance suite on the stand-in."""
