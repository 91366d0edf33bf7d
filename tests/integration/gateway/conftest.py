"""One embedded PostgreSQL for the gateway's tests; each test that needs it makes a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.builders.identity_store import RunningGateway, identity_store_server, running_gateway


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The superuser's DSN."""
    with identity_store_server() as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def gateway(server: str) -> AsyncIterator[RunningGateway]:
    """A gateway that tests share; each makes its own tenants and brands."""
    async with running_gateway(server) as running:
        yield running
