"""Whatever the OpenAPI description allows, and what it does not, never gets a 5xx.

Event streams never end, so each example of one takes as long as the reader waits: they get a few only.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from tests.builders.identity_store import ADMIN, PASSWORD, brand_body, identity_store_server, running_gateway, served

# Patience for a crowded machine, which no test is about.
SECONDS = 60.0


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A gateway that serves on a thread of its own."""
    ready, done = threading.Event(), threading.Event()
    addresses: list[str] = []

    async def serve(dsn: str) -> None:
        async with running_gateway(dsn) as gateway, served(gateway.app) as address_of_app:
            addresses.append(address_of_app)
            ready.set()
            await asyncio.to_thread(done.wait)

    with identity_store_server() as dsn:
        thread = threading.Thread(target=lambda: asyncio.run(serve(dsn)))
        thread.start()
        try:
            assert ready.wait(60)
            yield addresses[0]
        finally:
            done.set()
            thread.join(30)


@pytest.fixture(scope="module")
def token(address: str) -> str:
    answer = httpx.post(f"{address}/api/auth/token", json={"email": ADMIN, "password": PASSWORD}, timeout=SECONDS)
    return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def brand_id(address: str, token: str) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    return str(
        httpx.post(f"{address}/api/brands", json=brand_body(), headers=headers, timeout=SECONDS).json()["brand_id"]
    )


def test_no_request_gets_a_server_error(address: str, token: str, brand_id: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    tried: list[str] = []
    for result in schemathesis.openapi.from_url(f"{address}/openapi.json", timeout=SECONDS).get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        tried.append(operation.label)

        @given(case=operation.as_strategy(), existing_brand=booleans())
        @settings(
            max_examples=3 if operation.path.endswith("/events") else 25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Case[Any], existing_brand: bool) -> None:
            if existing_brand and "brand_id" in case.path_parameters:
                # Ids out of the blue would all end at 404.
                case.path_parameters = {**case.path_parameters, "brand_id": brand_id}
            case.call_and_validate(checks=[not_a_server_error], headers=headers)

        ask()
    assert len(tried) >= 18
