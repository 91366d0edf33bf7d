"""A shop of a running instance as its people meet it: signed deliveries in, files in, the API's figures out."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import httpx

from deploy.local.instance_process import InstanceProcess
from file_import.plan import clock_offset
from tests.builders.demo_instance import until

NOW = datetime(2026, 11, 30, tzinfo=UTC)
"""Where the business clock of every shop stands."""
PERIOD = {"start_date": "2026-10-01", "end_date": "2026-11-30"}
ENVIRONMENT = {
    "PULSEPOINT_REQUESTS_PER_MINUTE": "100000",
    "PULSEPOINT_REQUESTS_PER_MINUTE_PER_PERSON": "100000",
}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class FieldShop:
    """One brand of the instance, and the number of its shop."""

    instance: InstanceProcess
    http: httpx.AsyncClient
    brand: str
    number: int

    @property
    def domain(self) -> str:
        """The shop's domain."""
        return f"field-{self.number}.myshopify.com"

    async def deliver(self, deliveries: Sequence[Mapping[str, Any]]) -> None:
        """Send `{topic, body, triggered_at?}` one after the other, signed; asserts that each is acknowledged."""
        for delivery in deliveries:
            # A body is one shop's: spaces at its end make the same case another body in another shop.
            body = json.dumps(delivery["body"]).encode() + b" " * self.number
            digest = hmac.digest(self.instance.access.shopify_secret.encode(), body, "sha256")
            headers = {
                "x-shopify-topic": delivery["topic"],
                "x-shopify-shop-domain": self.domain,
                "x-shopify-api-version": "2026-04",
                "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
            }
            if delivery.get("triggered_at"):
                headers["x-shopify-triggered-at"] = delivery["triggered_at"]
            answer = await self.http.post("/webhooks/shopify", content=body, headers=headers)
            assert answer.status_code == 200, answer.text

    async def upload(self, content: bytes) -> Any:
        """The answer to a file of past orders."""
        headers = {"content-type": "text/csv"}
        answer = await self.http.post(f"/api/brands/{self.brand}/uploads", content=content, headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def sums(self, *metrics: str) -> dict[str, tuple[Decimal, ...]]:
        """The metrics of each day that has any, once everything came through; asserts that the dashboard adds up."""
        await self.instance.idle(60)
        names = ",".join(("net_revenue", *metrics))
        body = await self._get("performance", metrics=names, by="day", **PERIOD)
        rows = {
            row["at"]["day"]: [Decimal(str(number["value"])) for number in row["numbers"].values()]
            for row in body["rows"]
        }
        dashboard = await self._get("dashboard", **PERIOD)
        total = Decimal(str(dashboard["performance_snapshot"]["total_revenue"]))
        assert total == sum(values[0] for values in rows.values()), "the dashboard says something else than its days"
        return {day: tuple(values if metrics else values[:1]) for day, values in rows.items()}

    async def net(self) -> dict[str, Decimal]:
        """Net revenue of each day that has any."""
        return {day: values[0] for day, values in (await self.sums()).items() if values[0]}

    async def stock(self, expected: Mapping[str, int]) -> None:
        """Wait until the units available of each variant are those expected; fails where they are not."""

        async def agree() -> bool:
            return await self._available() == dict(expected)

        await self.instance.idle(60)
        await until(agree, f"units available {dict(expected)}, last {await self._available()}", 40)

    async def _available(self) -> dict[str, int]:
        body = await self._get("performance", metrics="available_units", by="variant_id", **PERIOD)
        return {row["at"]["variant_id"]: row["numbers"]["available_units"]["value"] for row in body["rows"]}

    async def sources(self, model: str = "last_touch") -> dict[str, str]:
        """The channel of each order by a model, by its name."""
        await self.instance.idle(60)
        body = await self._get("orders", model=model, limit="200")
        return {order["name"]: order["channel"] for order in body["orders"]}

    async def settings(self) -> Any:
        """The brand's settings."""
        return await self._get("settings")

    async def configure(self, **settings: Any) -> Any:
        """The brand's settings once these are changed; orders are attributed anew within moments."""
        answer = await self.http.put(f"/api/brands/{self.brand}/settings", json=settings)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def credited(self, model: str, expected: Mapping[str, str]) -> None:
        """Wait until the orders' channels by a model are those expected; fails where they are not."""

        async def agree() -> bool:
            return await self.sources(model) == dict(expected)

        await until(agree, f"channels {dict(expected)}", 40)

    async def cited(self, metric: str, **at: str) -> Any:
        """The number of one group, with its fact id."""
        body = await self._get("performance", metrics=metric, by=",".join(at), **PERIOD)
        [row] = [row for row in body["rows"] if row["at"] == at]
        return row["numbers"][metric]

    async def fact(self, fact_id: str) -> Any:
        """A number computed again."""
        answer = await self.http.get(f"/api/facts/{fact_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def balanced(self) -> bool:
        """True where every check of the books holds."""
        body = await self._get("verify")
        wrong = [check["name"] for check in body["checks"] if not check["ok"]]
        assert not wrong, wrong
        return True

    async def _get(self, path: str, **parameters: str) -> Any:
        answer = await self.http.get(f"/api/brands/{self.brand}/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def open_shop(
    instance: InstanceProcess, http: httpx.AsyncClient, *, currency: str = "EUR", timezone: str = "UTC"
) -> FieldShop:
    """A new brand whose business clock stands at `NOW`."""
    number = next(_numbers)
    domain = f"field-{number}.myshopify.com"
    place = {"name": domain, "shopify_store": domain, "currency": currency, "timezone": timezone}
    # What a brand has that chose nothing may change: these figures are those of a brand that chose.
    settings = {**place, "cancelled_orders": "return", "lookback_days": 30}
    offset = clock_offset(NOW, datetime.now(UTC))
    made = await http.post("/api/brands", json={**settings, "clock_offset_seconds": offset})
    assert made.status_code == 201, made.text
    return FieldShop(instance, http, made.json()["brand_id"], number)


@asynccontextmanager
async def client_of(instance: InstanceProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the instance with its admin's log-in, as a context manager that closes it."""
    access = instance.access
    async with httpx.AsyncClient(base_url=access.address, timeout=60, trust_env=False) as http:
        token = await http.post("/api/auth/token", json={"email": access.email, "password": access.password})
        assert token.status_code == 200, token.text
        http.headers["authorization"] = f"Bearer {token.json()['access_token']}"
        yield http
