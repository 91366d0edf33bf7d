"""Whatever the OpenAPI description allows, and what it does not, never gets a 5xx."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from tests.builders.ledger import ADMIN, PASSWORD, brand_body, ledger_server, running_gateway, served


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A gateway that serves on a thread of its own."""
    ready, done = threading.Event(), threading.Event()
    found: list[str] = []

    async def serve(dsn: str) -> None:
        async with running_gateway(dsn) as gateway, served(gateway.app) as told:
            found.append(told)
            ready.set()
            await asyncio.to_thread(done.wait)

    with ledger_server() as dsn:
        thread = threading.Thread(target=lambda: asyncio.run(serve(dsn)))
        thread.start()
        try:
            assert ready.wait(60)
            yield found[0]
        finally:
            done.set()
            thread.join(30)


@pytest.fixture(scope="module")
def token(address: str) -> str:
    answer = httpx.post(f"{address}/api/auth/token", json={"email": ADMIN, "password": PASSWORD})
    return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def brand_id(address: str, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    return str(httpx.post(f"{address}/api/brands", json=brand_body(), headers=headers).json()["brand_id"])


@pytest.fixture(scope="module")
def api(address: str) -> Any:
    return schemathesis.openapi.from_url(f"{address}/openapi.json")


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_request_gets_a_server_error(case: schemathesis.Case, token: str, brand_id: str) -> None:
    if "brand_id" in case.path_parameters:
        # Ids out of the blue would all end at 404.
        case.path_parameters = {**case.path_parameters, "brand_id": brand_id}
    case.call_and_validate(checks=[not_a_server_error], headers={"Authorization": f"Bearer {token}"})
