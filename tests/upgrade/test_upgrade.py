"""A home that commit a863429 left starts under today's version and gives the same figures."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from deploy.local.instance_process import ROOT, InstanceProcess, running_instance
from tests.builders.demo_instance import until
from tests.builders.shopify import signed
from tests.upgrade import story
from tests.upgrade.figures import ask, brief, without_fact_ids
from tests.upgrade.kept import HOME, LARGEST_BYTES, read_figures, unpack
from tests.upgrade.lifting import lifted, lifted_metric
from tests.upgrade.story import MISMATCHED

pytestmark = pytest.mark.instance
SECONDS = 120.0
SHOWN = 20
REVOKED = "1000000000000009"


@pytest_asyncio.fixture(scope="module")
async def instance(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InstanceProcess]:
    home = tmp_path_factory.mktemp("upgrade") / "home"
    unpack(home)
    environment = {
        "PULSEPOINT_ALLOW_LOCAL_URLS": "1",
        "PULSEPOINT_REQUESTS_PER_MINUTE": "100000",
        "PULSEPOINT_REQUESTS_PER_MINUTE_PER_PERSON": "100000",
        "PULSEPOINT_TIMEZONE": zone_without_a_job(datetime.now(UTC)),
    }
    async with running_instance(home, environment) as instance:
        yield instance


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    """What the old version answered."""
    return read_figures()


def zone_without_a_job(now: datetime) -> str:
    """A zone in which no full hour, when ads are pulled, strikes in the next half hour."""
    return "Asia/Kolkata" if now.minute >= 30 else "UTC"


@asynccontextmanager
async def logged_in(instance: InstanceProcess) -> AsyncIterator[httpx.AsyncClient]:
    access = instance.access
    async with httpx.AsyncClient(base_url=access.address, trust_env=False, timeout=60) as http:
        login = {"email": access.email, "password": access.password}
        token = (await http.post("/api/auth/token", json=login)).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


def differences(old: Any, new: Any, place: str = "") -> Iterator[str]:
    """Where `new` lacks or changes what `old` says; what `new` says beyond it is no difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            yield from differences(value, new[key], f"{place}.{key}") if key in new else [f"{place}.{key} is gone"]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (item, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(item, other, f"{place}[{index}]")
    elif old != new:
        yield f"{place}: {json.dumps(old)[:300]} is now {json.dumps(new)[:300]}"


def without_retried(answer: dict[str, Any]) -> dict[str, Any]:
    """Connections and alerts less those of the account whose pull failed: it is tried again, and nobody answers."""
    kept = dict(answer)
    if "integrations" in kept:
        kept["integrations"] = [item for item in kept["integrations"] if item["account_id"] != REVOKED]
    if "alerts" in kept:
        kept["alerts"] = [item for item in kept["alerts"] if REVOKED not in item["title"]]
    return kept


def check(answer: list[str]) -> None:
    assert not answer, f"{len(answer)} differences:\n" + "\n".join(answer[:SHOWN])


def test_the_kept_home_is_small() -> None:
    assert HOME.stat().st_size <= LARGEST_BYTES


def test_a_difference_is_seen() -> None:
    """Guards the comparison itself."""
    old = {"rows": [{"value": 1, "note": None}]}
    assert not list(differences(old, {"rows": [{"value": 1, "note": None, "more": 2}], "version": 3}))
    assert list(differences(old, {"rows": [{"value": 2, "note": None}]})) == [".rows[0].value: 1 is now 2"]
    assert list(differences(old, {"rows": [{"value": 1}]})) == [".rows[0].note is gone"]
    assert list(differences(old, {"rows": []})) == ['.rows: [{"value": 1, "note": null}] is now []']


async def test_every_figure_is_the_same(instance: InstanceProcess, before: dict[str, Any]) -> None:
    answer: list[str] = []
    async with logged_in(instance) as http:
        for old in before["answers"]:
            new = await ask(http, old["path"], old["parameters"])
            assert (old["status"], new["status"]) == (200, 200), f"{old['path']} {old['parameters']}: {new['body']}"
            place = f"{old['path'].split('/', 4)[-1]} {json.dumps(old['parameters'])} "
            said, telling = lifted(old["path"], old["parameters"], old["body"]), without_fact_ids(new["body"])
            answer += differences(without_retried(said), without_retried(telling), place)
    check(answer)


async def test_every_metric_is_still_there(instance: InstanceProcess, before: dict[str, Any]) -> None:
    async with logged_in(instance) as http:
        now = {each["name"]: each for each in (await http.get("/api/metrics")).json()["metrics"]}
    answer: list[str] = []
    for old in before["metrics"]["metrics"]:
        new = now[lifted_metric(old)["name"]]
        answer += differences(lifted_metric(old), new, f"{old['name']} ")
        assert set(old["dimensions"]) <= set(new["dimensions"]), f"{old['name']} can be broken down less"
    check(answer)


@pytest.mark.rule("ADS-18")
async def test_ratios_leave_the_day_in_quarantine_out(instance: InstanceProcess, before: dict[str, Any]) -> None:
    path = next(old["path"] for old in before["answers"] if old["path"].endswith("/performance"))
    days = {"start_date": "2026-03-10", "end_date": "2026-03-25"}
    async with logged_in(instance) as http:
        params = {"metrics": "ad_revenue,spend", "by": "day,channel", **days}
        rows = (await http.get(path, params=params)).json()["rows"]
        whole = (await http.get(path, params={"metrics": "attributed_roas", "by": "channel", **days})).json()
    google = [row for row in rows if row["at"]["channel"] == "google" and row["at"]["day"] != str(MISMATCHED)]
    earned, spent = (sum(row["numbers"][name]["value"] for row in google) for name in ("ad_revenue", "spend"))
    assert [each["day"] for each in whole["left_out"]] == [str(MISMATCHED)]
    [value] = [row["numbers"]["attributed_roas"]["value"] for row in whole["rows"] if row["at"]["channel"] == "google"]
    assert value == pytest.approx(earned / spent, abs=1e-6)


async def test_fact_ids_of_the_old_form_still_open(instance: InstanceProcess, before: dict[str, Any]) -> None:
    answer: list[str] = []
    async with logged_in(instance) as http:
        for fact_id, old in before["facts"].items():
            response = await http.get(f"/api/facts/{fact_id}")
            assert response.status_code == 200, f"{old['metric']} {old['at']}: {response.text}"
            answer += differences(lifted("/facts", {}, old), brief(response.json()), f"{old['metric']} {old['at']} ")
    assert len(before["facts"]) > 100
    check(answer)


async def test_what_was_held_is_still_held(instance: InstanceProcess, before: dict[str, Any]) -> None:
    async with logged_in(instance) as http:
        quarantined = (await http.get("/api/quarantine")).json()
    assert before["quarantine"]["total"] == 4
    check(list(differences(before["quarantine"], quarantined)))


async def test_verify_is_clean(instance: InstanceProcess) -> None:
    environment = {
        **os.environ,
        "PULSEPOINT_HOME": str(instance.home),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    command = [sys.executable, "-m", "deploy.cli.main", "verify", "--json"]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["ok"], len(answer["brands"])) == (0, True, 2), done.stdout + done.stderr


async def test_orders_go_on_where_they_were(instance: InstanceProcess, before: dict[str, Any]) -> None:
    """Last: a body sent again changes nothing, a new order counts, and a shop that gets its brand gets its past."""
    [first_brand, *_] = [answer["path"].split("/")[3] for answer in before["answers"]]
    days = {"metrics": "net_revenue,orders", "start_date": "2026-02-24", "end_date": "2026-03-31"}
    async with logged_in(instance) as http:

        async def revenue(brand_id: str) -> tuple[float, int]:
            [row] = (await http.get(f"/api/brands/{brand_id}/performance", params=days)).json()["rows"]
            return row["numbers"]["net_revenue"]["value"], row["numbers"]["orders"]["value"]

        async def send(*deliveries: story.Delivery) -> None:
            secret = instance.access.shopify_secret
            for each in deliveries:
                headers = signed(each.body, secret, each.topic, each.shop)
                response = await http.post("/webhooks/shopify", content=each.body, headers=headers)
                assert response.status_code == 200, response.text
            await instance.idle(SECONDS)

        value, orders = await revenue(first_brand)
        again = [each for each in story.first_chapter() if each.topic in ("orders/create", "refunds/create")]
        await send(*(each for each in again if each.shop == story.FIRST_BRAND))
        assert await revenue(first_brand) == (value, orders)

        body = story.order_body(700, story.LAST_DAY, {1: 2})
        await send(story.Delivery("orders/create", json.dumps(body).encode(), story.NOW))
        assert await revenue(first_brand) == (round(value + 80, 2), orders + 1)

        brand = {"name": "Nobody's", "shopify_store": story.NOBODYS, "currency": "GBP", "timezone": "UTC"}
        made = (await http.post("/api/brands", json=brand)).json()["brand_id"]

        async def has_its_past() -> bool:
            return await revenue(made) == (12.5, 1)

        await until(has_its_past, "what waited for the brand to count", SECONDS)
