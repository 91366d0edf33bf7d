"""Guessing is slowed where it comes from, and keeps nobody else out; what a refused brand brought is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.use_cases.login_attempts import FREE_GUESSES, LONGEST_WAIT, LoginAttempts
from pulsepoint.adapters.memory.cache import MemoryCache
from pulsepoint.adapters.memory.clock import FixedClock
from tests.builders.identity_store import (
    ADMIN,
    PASSWORD,
    RunningGateway,
    brand_body,
    identity_store_server,
    running_gateway,
    served,
)

RIGHT, WRONG = {"email": ADMIN, "password": PASSWORD}, {"email": ADMIN, "password": "guess"}


@pytest.fixture
async def gateway() -> AsyncIterator[RunningGateway]:
    with identity_store_server() as dsn:
        async with running_gateway(dsn, login_attempts=10, trusted_proxies=1, feed_streams_per_person=2) as running:
            yield running


def coming_from(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


@pytest.mark.rule("SEC-11")
async def test_nobody_locks_an_administrator_out_by_their_address(gateway: RunningGateway) -> None:
    async def log_in(body: dict[str, str], address: str) -> int:
        answer = await gateway.client.post("/api/auth/token", json=body, headers=coming_from(address))
        return answer.status_code

    for attacker in ("6.6.6.6", "7.7.7.7"):
        guesses = [await log_in(WRONG, attacker) for _ in range(FREE_GUESSES + 2)]
        assert guesses == [401] * FREE_GUESSES + [429, 429]
        # Not even the right password helps where it was guessed.
        assert await log_in(RIGHT, attacker) == 429
        assert await log_in(RIGHT, "203.0.113.9") == 200


@pytest.mark.rule("SEC-11")
async def test_each_wrong_guess_waits_longer_and_the_right_one_starts_anew() -> None:
    clock = FixedClock()
    attempts = LoginAttempts(MemoryCache(clock), clock, ADMIN, "6.6.6.6", most=10_000, period_seconds=300)
    waits = []
    for _ in range(FREE_GUESSES + 12):
        waits.append(await attempts.wait())
        clock.advance(seconds=waits[-1])
        assert await attempts.wait() == 0.0
        await attempts.note_wrong()
    assert waits[:FREE_GUESSES] == [0.0] * FREE_GUESSES
    assert waits[FREE_GUESSES : FREE_GUESSES + 4] == [2.0, 4.0, 8.0, 16.0]
    assert waits[-1] == LONGEST_WAIT
    clock.advance(seconds=LONGEST_WAIT)
    await attempts.note_right()
    await attempts.note_wrong()
    assert await attempts.wait() == 0.0


@pytest.mark.rule("SEC-11")
async def test_guesses_at_once_are_counted_each(gateway: RunningGateway) -> None:
    async def guess(number: int) -> int:
        answer = await gateway.client.post("/api/auth/token", json=WRONG, headers=coming_from("6.6.6.6"))
        return answer.status_code

    answers = await asyncio.gather(*(guess(number) for number in range(20)))
    assert answers.count(401) <= 10


@pytest.mark.rule("SEC-21")
async def test_a_refused_brand_leaves_no_secret_behind(gateway: RunningGateway) -> None:
    kept: dict[Any, bytes] = gateway.ports.secrets._values
    slack = "https://hooks.slack.com/services/T/B/first"
    async with await gateway.login() as admin:
        account = {"platform": "meta", "account_id": "1", "access_token": "first"}
        first = brand_body(slack_webhook_url=slack, ad_accounts=[account])
        made = await admin.post("/api/brands", json=first)
        assert made.status_code == 201
        before = dict(kept)
        assert set(before.values()) >= {b"first", slack.encode()}

        again = {**first, "ad_accounts": [{**account, "access_token": "second"}]}
        refused = await admin.post("/api/brands", json=again)
        assert refused.status_code == 409
        assert kept == before
        change = {"ad_accounts": [{**account, "access_token": "third"}], "slack_webhook_url": slack[:-5] + "third"}
        wrong = {**change, "lead_times": [{"variant": "a", "days": 1}] * 2}
        answer = await admin.put(f"/api/brands/{made.json()['brand_id']}/settings", json=wrong)
        assert answer.status_code == 422
        assert kept == before


@pytest.mark.rule("SEC-23")
async def test_live_streams_have_a_cap(gateway: RunningGateway) -> None:
    async with await gateway.login() as admin:
        brand_id = (await admin.post("/api/brands", json=brand_body())).json()["brand_id"]
        headers = {"Authorization": admin.headers["Authorization"]}
    path = f"/api/brands/{brand_id}/events"
    async with (
        served(gateway.app) as address,
        httpx.AsyncClient(base_url=address, headers=headers, timeout=60, trust_env=False) as http,
    ):
        async with http.stream("GET", path) as first, http.stream("GET", path) as second:
            assert (first.status_code, second.status_code) == (200, 200)
            third = await http.get(path)
            assert third.status_code == 429
            assert int(third.headers["retry-after"]) > 0
            assert "2 live streams" in third.json()["detail"]
        async with asyncio.timeout(60):
            while gateway.ports.stream_places._taken:  # noqa: ASYNC110 - a condition of the server's
                await asyncio.sleep(0.01)
        async with http.stream("GET", path) as again:
            assert again.status_code == 200


@pytest.mark.rule("SEC-30")
async def test_a_person_is_counted_alone_wherever_they_ask_from() -> None:
    limits = {"requests_per_minute": 4, "requests_per_minute_per_person": 3, "trusted_proxies": 1}
    with identity_store_server() as dsn:
        async with running_gateway(dsn, **limits) as gateway:
            tenant = await gateway.person("first@office.example", "user")
            await gateway.person("second@office.example", "user", tenant)
            first, second = [await gateway.token(f"{name}@office.example") for name in ("first", "second")]

            async def ask(authorization: str, address: str = "203.0.113.9") -> int:
                headers = {"Authorization": authorization, **coming_from(address)}
                return (await gateway.client.get("/api/brands", headers=headers)).status_code

            # Of one office: each has their own, and no other address makes it more.
            assert [await ask(f"Bearer {first}") for _ in range(4)] == [200, 200, 200, 429]
            assert await ask(f"bearer {first}", "198.51.100.7") == 429
            assert [await ask(f"Bearer {second}") for _ in range(4)] == [200, 200, 200, 429]
            # What is no token of ours counts by address, whatever it says, and takes nothing from people.
            forged = [await ask(f"Bearer {first[:-4]}{number:04d}") for number in range(3)]
            assert [*forged, await ask("Basic eA=="), await ask("")] == [401, 401, 401, 401, 429]
