"""Fact ids over HTTP: read under the settings they were made under, by those whose brand they are of."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from gateway.domain.brands import KEPT_SETTINGS
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Outcome, Reader
from tests.builders.gateway_shop import RANGE, a_shop, scope_of
from tests.builders.identity_store import RunningGateway

LONGEST = 90


async def measured(client: httpx.AsyncClient, brand_id: str) -> dict[str, Any]:
    answer = await client.get(f"/api/brands/{brand_id}/performance?metrics=net_revenue&{RANGE}")
    assert answer.status_code == 200, answer.text
    number: dict[str, Any] = answer.json()["rows"][0]["numbers"]["net_revenue"]
    return number


async def moved_to(client: httpx.AsyncClient, brand_id: str, timezone: str) -> None:
    answer = await client.put(f"/api/brands/{brand_id}/settings", json={"timezone": timezone})
    assert answer.status_code == 200, answer.text


@pytest.mark.rule("REV-08")
async def test_an_id_is_read_under_the_settings_it_was_made_under(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        numbers = {}
        for timezone in ("Europe/London", "Pacific/Auckland", "America/Los_Angeles"):
            await moved_to(client, brand_id, timezone)
            numbers[timezone] = await measured(client, brand_id)
        assert len({number["fact_id"] for number in numbers.values()}) == 3
        for timezone, number in numbers.items():
            fact = (await client.get(f"/api/facts/{number['fact_id']}")).json()
            assert (fact["timezone"], fact["value"]) == (timezone, number["value"])
            assert len(number["fact_id"]) <= LONGEST


async def test_settings_of_before_versions_were_kept_are_kept_with_the_next_change(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        scope = await scope_of(client, brand_id)
        await moved_to(client, brand_id, "Europe/London")

        async def forget(reader: Reader) -> Outcome:
            return Outcome(writes=[Write(KEPT_SETTINGS, str(version), None) for version in (1, 2)])

        made_under_first = await measured(client, brand_id)
        await gateway.runtime.pipeline.execute(scope, forget, dedup_key=uuid4())
        assert (await client.get(f"/api/facts/{made_under_first['fact_id']}")).status_code == 200, "it is at hand"
        await moved_to(client, brand_id, "Pacific/Auckland")
        fact = await client.get(f"/api/facts/{made_under_first['fact_id']}")
        assert (fact.status_code, fact.json()["timezone"]) == (200, "Europe/London")
        await gateway.runtime.pipeline.execute(scope, forget, dedup_key=uuid4())
        stale = await client.get(f"/api/facts/{made_under_first['fact_id']}")
        assert stale.status_code in (400, 410, 422), stale.text
        assert "ask for the number again" in stale.text


async def test_the_id_of_another_tenant_is_answered_as_one_that_is_not_there(gateway: RunningGateway) -> None:
    other = f"{uuid4()}@other.example"
    await gateway.person(other, "admin")
    async with await gateway.login() as client, await gateway.login(other) as outsider:
        fact_id = (await measured(client, await a_shop(gateway, client)))["fact_id"]
        await a_shop(gateway, outsider)
        changed = fact_id[:-6] + ("AAAAAA" if fact_id[-6:] != "AAAAAA" else "BBBBBB")
        foreign, absent = await outsider.get(f"/api/facts/{fact_id}"), await outsider.get(f"/api/facts/{changed}")
        assert foreign.status_code == absent.status_code == 404
        assert foreign.json()["detail"] == absent.json()["detail"]


async def test_an_id_of_the_earlier_form_still_opens(gateway: RunningGateway) -> None:
    async with await gateway.login() as client:
        brand_id = await a_shop(gateway, client)
        scope, number = await scope_of(client, brand_id), await measured(client, brand_id)
        fact = (await client.get(f"/api/facts/{number['fact_id']}")).json()
        payload = {
            "m": "net_revenue", "t": scope.tenant_id.hex, "b": scope.brand_id.hex, "a": {}, "v": 1,
            "c": fact["currency"], "p": [fact["start_date"], fact["end_date"], fact["timezone"]], "o": fact["as_of"],
            "s": [fact["model"], fact["cancelled_orders"], fact["date_basis"]],
        }  # fmt: skip
        earlier = base64.urlsafe_b64encode(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).rstrip(b"=").decode()
        opened = await client.get(f"/api/facts/{earlier}")
        assert (opened.status_code, opened.json()["value"]) == (200, number["value"])
