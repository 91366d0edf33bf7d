"""A shop on an instance in this process: its brand's API, its signed webhooks, and its engines at rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson

from deploy.local.instance import Instance, open_instance
from deploy.local.settings import InstanceSettings
from pulsepoint.faults import Reason
from tests.builders.demo_instance import until
from tests.builders.identity_store import brand_body
from tests.builders.shopify import SHOP, signed

SECRET = "erasure-erasure-erasure-erasure-erasure"
SECONDS = 240.0


@dataclass
class Shop:
    """An instance, its brand's API, and its webhooks."""

    instance: Instance
    client: httpx.AsyncClient
    brand: str
    database: asyncpg.Connection[asyncpg.Record]

    @property
    def dsn(self) -> str:
        """Locates PostgreSQL."""
        assert self.instance.engines.identity_store_dsn is not None
        return self.instance.engines.identity_store_dsn

    async def deliver(self, body: dict[str, Any] | bytes, topic: str) -> None:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = signed(content, SECRET, topic, SHOP)
        answer = await self.client.post("/webhooks/shopify", content=content, headers=headers)
        assert answer.status_code == 200, answer.text

    async def settled(self, *, effects: bool = True) -> None:
        """Nothing waits: no message, no outbox record, and no effect that is due, unless `effects` may wait."""

        async def nothing() -> bool:
            tables = ["kernel.queue", "kernel.leftovers", "ledger.leftovers"]
            due = [
                f"{table} WHERE due_at < now() + interval '1 minute'" for table in ("kernel.effects", "ledger.effects")
            ]
            questions = [f"SELECT count(*) FROM {each}" for each in [*tables, *(due if effects else ())]]
            return not sum([await self.database.fetchval(each) for each in questions])

        await until(nothing, "the instance to come to rest", SECONDS)

    async def figures(self) -> dict[str, Any]:
        """The verified state and sums of the books; every check holds."""
        verified = (await self.client.get(f"/api/brands/{self.brand}/verify")).json()
        assert [check for check in verified["checks"] if not check["ok"]] == []
        books = (await self.client.get(f"/api/brands/{self.brand}/books")).json()["books"]
        return {"books": books, "rows": {**verified["state"]["rows"]}}

    async def scrubbed(self) -> None:
        """What the night does."""
        assert self.instance.engines.scrub is not None
        await self.instance.engines.scrub()
        await self.rebuilt()

    async def rebuilt(self) -> None:
        """The warehouse is whole again."""
        await until(self._is_whole, "the warehouse to be whole", SECONDS)

    async def _is_whole(self) -> bool:
        kinds = {fault.reason for fault in self.instance.engines.faults.current()}
        return Reason.WAREHOUSE_REBUILDING not in kinds and Reason.WAREHOUSE_FAILED not in kinds


class Opened:
    """The shop's instance over a home, opened again and again."""

    def __init__(self, home: Path) -> None:
        self._settings = InstanceSettings(home=home, demo=False, shopify_api_secret=SECRET)

    async def __aenter__(self) -> Shop:
        self._instance = open_instance(self._settings)
        instance = await self._instance.__aenter__()
        client = instance.client()
        email, password = instance.login
        token = (await client.post("/api/auth/token", json={"email": email, "password": password})).json()
        client.headers["authorization"] = f"Bearer {token['access_token']}"
        brands = (await client.get("/api/brands")).json()["brands"]
        if not brands:
            brands = [(await client.post("/api/brands", json=brand_body(shopify_store=SHOP, currency="EUR"))).json()]
        assert instance.engines.identity_store_dsn is not None
        database = await asyncpg.connect(instance.engines.identity_store_dsn)
        self._shop = Shop(instance, client, brands[0]["brand_id"], database)
        return self._shop

    async def __aexit__(self, *error: object) -> None:
        await self._shop.database.close()
        await self._shop.client.aclose()
        await self._instance.__aexit__(None, None, None)


def folders(home: Path) -> list[Path]:
    """The home and, where it lies elsewhere, PostgreSQL's data."""
    return [home, (home / "postgres").resolve()]
