"""The demo's steering of the sandbox: which part of the past to send, when to go live, at what speed, what fails.

Every request carries the header `X-Sandbox-Token`, which a web page of another origin cannot send unasked.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.platforms.shop import CannotStrike, Shop, Strike
from sandbox.settings import Incident, When

TROUBLES = ("stock-out", "broken-pixel")


class Control:
    """The control address of one shop."""

    def __init__(self, shop: Shop, token: str) -> None:
        """Nobody without `token` is answered."""
        self._shop, self._token = shop, token
        self._live: asyncio.Task[None] | None = None
        self._ready = False

    async def prepare(self) -> None:
        """Live through the past; `ready` of `/sandbox/state` is true when that is done."""
        await self._shop.prepare()
        self._ready = True

    async def close(self) -> None:
        """Stop playing; raises nothing."""
        if self._live is not None:
            self._live.cancel()
            await asyncio.gather(self._live, return_exceptions=True)

    def routes(self) -> list[BaseRoute]:
        """A list of the routes below `/sandbox`."""
        return [
            Route("/state", self._guarded(self._state)),
            Route("/catalog", self._guarded(self._catalog), methods=["POST"]),
            Route("/days/{day}", self._guarded(self._day), methods=["POST"]),
            Route("/live", self._guarded(self._go_live), methods=["POST"]),
            Route("/speed", self._guarded(self._speed), methods=["POST"]),
            Route("/strikes", self._guarded(self._strike), methods=["POST"]),
            Route("/sent", self._guarded(self._sent)),
        ]

    def _guarded(self, answer: Callable[[Request], Awaitable[dict[str, object]]]) -> Any:
        async def endpoint(request: Request) -> Response:
            if not secrets.compare_digest(request.headers.get("x-sandbox-token", ""), self._token):
                return JSONResponse({"error": "no sandbox token"}, 403)
            if request.method == "POST" and not self._ready:
                return JSONResponse({"error": "the past is still being lived through"}, 409)
            try:
                return JSONResponse(await answer(request))
            except (ValueError, KeyError, TypeError, CannotStrike) as error:
                return JSONResponse({"error": str(error)}, 422)

        return endpoint

    async def _state(self, request: Request) -> dict[str, object]:
        shop, sender = self._shop, self._shop.sender
        failed = self._live is not None and self._live.done() and not self._live.cancelled()
        return {
            "ready": self._ready,
            "live": self._live is not None and not failed,
            "failed": repr(self._live.exception()) if failed and self._live else None,
            "now": shop.clock.now().isoformat(),
            "speed": shop.clock.speed,
            "played_until": shop.played_until.isoformat(),
            "orders_live": shop.orders_live,
            "acknowledged": sender.acknowledged,
            "repeated": sender.repeated,
            "refused": sender.refused,
            "strikes": [strike_json(strike) for strike in shop.strikes],
        }

    async def _catalog(self, request: Request) -> dict[str, object]:
        return {"webhooks": await self._shop.send_catalog()}

    async def _day(self, request: Request) -> dict[str, object]:
        return {"webhooks": await self._shop.send_day(date.fromisoformat(request.path_params["day"]))}

    async def _go_live(self, request: Request) -> dict[str, object]:
        if self._live is None or self._live.done():
            self._live = asyncio.create_task(self._shop.live(), name="sandbox-live")
        return {"live": True}

    async def _speed(self, request: Request) -> dict[str, object]:
        self._shop.clock.set_speed(float((await request.json())["speed"]))
        return {"speed": self._shop.clock.speed}

    async def _strike(self, request: Request) -> dict[str, object]:
        trouble = (await request.json())["trouble"]
        if trouble not in TROUBLES:
            raise ValueError(f"trouble must be one of {', '.join(TROUBLES)}")
        return await self._shop.strike(trouble)

    async def _sent(self, request: Request) -> dict[str, object]:
        after = request.query_params.get("after", "0")
        newest = [delivery.as_json() for delivery in self._shop.sender.newest if delivery.number > int(after)]
        return {"sent": newest, "acknowledged": self._shop.sender.acknowledged}


def strike_json(strike: Strike) -> dict[str, object]:
    """A strike as JSON, as it is kept between starts."""
    incident = strike.incident
    return {
        "at": strike.at.isoformat(),
        "kind": incident.kind,
        "days": incident.when.days,
        "on_day": incident.when.on_day,
        "sku": incident.sku,
        "campaign_id": incident.campaign_id,
        "amount_ppm": incident.amount_ppm,
    }


def strike_from(stored: dict[str, Any]) -> Strike:
    """A strike from its JSON; raises `KeyError` where a field is gone."""
    when = When(days=stored["days"], on_day=stored["on_day"])
    incident = Incident(stored["kind"], when, stored["sku"], stored["campaign_id"], stored["amount_ppm"])
    return Strike(datetime.fromisoformat(stored["at"]), incident)
