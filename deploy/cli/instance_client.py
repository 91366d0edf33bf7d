"""The instance's API as the command line uses it, over HTTP with the admin's log-in."""

from __future__ import annotations

import asyncio
import calendar
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from deploy.cli.home import InstanceAccess, NoInstance
from pulsepoint.values import JsonObject

REQUEST_SECONDS = 60.0
CONNECT_SECONDS = 5.0
TOO_MANY = 429
PATIENT_REQUESTS = 5


class InstanceRefused(Exception):
    """The instance answered a request with an error; the message holds its words."""


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand of the instance; `made` when this command made it."""

    brand_id: str
    name: str
    shop: str
    currency: str
    timezone: str
    made: bool


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, good for `expires_in` seconds."""

    access_token: str
    token_type: str
    expires_in: int


class InstanceClient:
    """Requests to one instance; make it with `open_client`."""

    def __init__(self, http: httpx.AsyncClient, access: InstanceAccess) -> None:
        self._http = http
        self._access = access

    async def log_in(self) -> Token:
        """A fresh token, used for every later request of this client; raises `InstanceRefused` on a wrong log-in."""
        payload = await self._request(
            "POST", "/api/auth/token", json={"email": self._access.email, "password": self._access.password}
        )
        token = Token(payload["access_token"], payload["token_type"], int(payload["expires_in"]))
        self._http.headers["Authorization"] = f"Bearer {token.access_token}"
        return token

    async def readiness(self) -> dict[str, Any]:
        """The body of `/readyz`, ready or not; raises `NoInstance`."""
        response = await self._once("GET", "/readyz")
        try:
            body: dict[str, Any] = response.json()
            return body
        except ValueError:
            raise InstanceRefused(f"GET /readyz: {response.status_code} {_words(response)}") from None

    async def rebuild(self) -> None:
        """Has the warehouse made anew; raises `InstanceRefused`."""
        await self._request("POST", "/api/admin/rebuild")

    async def brand_of(self, shop: str) -> Brand | None:
        """The brand that owns a shop domain, if any."""
        payload = await self._request("GET", "/api/brands")
        brands = payload["brands"] if isinstance(payload, dict) else payload
        return next((_brand(entry, made=False) for entry in brands if entry.get("shopify_store") == shop), None)

    async def brands(self) -> list[Brand]:
        """Every brand of the log-in's tenant, by name."""
        payload = await self.read("/api/brands")
        return [_brand(entry, made=False) for entry in payload["brands"]]

    async def webhook_address(self, brand: Brand, *, renew: bool = False) -> str:
        """A brand's own webhook address, a new one where it has none or `renew` asks for it."""
        path = f"/api/brands/{brand.brand_id}/webhook-address"
        payload = {"address": None} if renew else await self._request("GET", path)
        return str(payload["address"] or (await self._request("POST", path))["address"])

    async def set_suspended(self, suspended: bool, tenant_id: str | None) -> JsonObject:
        """Suspend a tenant (None: the log-in's own) or bring it back; its status. Raises `InstanceRefused`."""
        tenant = tenant_id or (await self._request("GET", "/api/auth/me"))["tenant_id"]
        path = f"/api/admin/tenants/{tenant}/{'suspend' if suspended else 'resume'}"
        status: JsonObject = await self._request("POST", path)
        return status

    async def read(self, path: str, **parameters: str) -> Any:
        """The JSON body that the API answers to a GET; None for 204."""
        return await self._request("GET", path, params=parameters)

    async def make_brand(
        self, *, name: str, shop: str, currency: str, timezone: str, clock_offset_seconds: int
    ) -> Brand:
        """A new brand whose business clock runs `clock_offset_seconds` from wall time; raises `InstanceRefused`."""
        body = {
            "name": name,
            "shopify_store": shop,
            "currency": currency,
            "timezone": timezone,
            "clock_offset_seconds": clock_offset_seconds,
        }
        brand = await self._request("POST", "/api/brands", json=body)
        return _brand({**body, **brand}, made=True)

    async def net_revenue_by_month(self, brand_id: str, first: str, last: str) -> dict[str, Decimal]:
        """Net revenue of the months `first` to `last` (`2011-02`) that have any."""
        rows = await self._net_revenue(brand_id, first, last, by="month")
        return {row["at"]["month"]: Decimal(str(row["numbers"]["net_revenue"]["value"])) for row in rows}

    async def counted_entries(self, brand_id: str, first: str, last: str) -> int:
        """The number of sales, refunds and cancellations that the net revenue of those months sums."""
        [total] = await self._net_revenue(brand_id, first, last, by="")
        fact = await self._request("GET", f"/api/facts/{total['numbers']['net_revenue']['fact_id']}")
        return sum(int(behind["total_rows"]) for behind in fact["behind"])

    async def _net_revenue(self, brand_id: str, first: str, last: str, *, by: str) -> list[dict[str, Any]]:
        days = {"start_date": f"{first}-01", "end_date": _last_day(last)}
        params = {"metrics": "net_revenue", "by": by, **days}
        payload = await self._request("GET", f"/api/brands/{brand_id}/performance", params=params)
        rows: list[dict[str, object]] = payload["rows"]
        return rows

    async def _request(self, method: str, path: str, **options: object) -> Any:
        for _ in range(PATIENT_REQUESTS):
            response = await self._once(method, path, **options)
            if response.status_code != TOO_MANY:
                break
            # The API is limited by the minute; the instance says how long to wait.
            await asyncio.sleep(float(response.headers.get("Retry-After", 1)))
        if response.is_error:
            raise InstanceRefused(f"{method} {path}: {response.status_code} {_words(response)}")
        return response.json() if response.content else None

    async def _once(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise NoInstance(
                f"No instance answers at {self._access.address} ({type(error).__name__}). Start it with `make run`"
                f" (its directory is {self._access.home.resolve()})."
            ) from None


@asynccontextmanager
async def open_client(
    access: InstanceAccess, *, request_seconds: float = REQUEST_SECONDS
) -> AsyncIterator[InstanceClient]:
    """A client with keep-alive connections of its own that waits `request_seconds` for an answer, closed on exit."""
    timeout = httpx.Timeout(request_seconds, connect=CONNECT_SECONDS)
    async with httpx.AsyncClient(base_url=access.address, timeout=timeout, trust_env=False) as http:
        yield InstanceClient(http, access)


def _brand(entry: dict[str, Any], *, made: bool) -> Brand:
    return Brand(
        brand_id=str(entry.get("brand_id") or entry["id"]),
        name=entry["name"],
        shop=entry["shopify_store"],
        currency=entry["currency"],
        timezone=entry["timezone"],
        made=made,
    )


def _last_day(month: str) -> str:
    year, number = (int(part) for part in month.split("-"))
    return f"{month}-{calendar.monthrange(year, number)[1]:02d}"


def _words(response: httpx.Response) -> str:
    """The problem document's detail, else the start of the body."""
    try:
        problem = response.json()
        return str(problem.get("detail") or problem.get("title") or problem)[:300]
    except (ValueError, AttributeError):
        return response.text[:300]
