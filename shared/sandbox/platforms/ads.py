"""The ad platforms' HTTP faces over any source of ad days: the platforms' own paths, shapes and errors.

The paths of the platforms do not meet: one base URL may serve all. Faults come from `POST /stub/faults`
(`{"platform": "meta", "fault": "rate_limited", "times": 2}`; without `times` until
`{"platform": "meta", "fault": null}`), or for one request from the header `x-stub-fault` or the query parameter
`stub_fault`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pulsepoint.brand.vocabulary import Platform
from sandbox.platforms import google, meta, tiktok
from sandbox.platforms.ad_days import (
    FAULTS,
    AdsRequest,
    AdsSource,
    Answer,
    Faults,
    Limits,
    Malformed,
    NotReady,
)


@dataclass(frozen=True, slots=True)
class Face:
    """A platform's HTTP face: (method, path, handler) of each address, and its answer to a parameter it cannot read."""

    answers: tuple[tuple[str, str, Answer], ...]
    malformed: Callable[[str], Response]


FACES: Mapping[Platform, Face] = {
    Platform.META: Face(meta.ANSWERS, meta.malformed),
    Platform.TIKTOK: Face(tiktok.ANSWERS, tiktok.malformed),
    Platform.GOOGLE: Face(google.ANSWERS, google.malformed),
}


def create_ads(source: AdsSource, *, faults: Faults | None = None, limits: Callable[[], Limits] = Limits) -> Starlette:
    """All platforms as one ASGI app; `limits` is called at every request."""
    return Starlette(routes=ads_routes(source, faults=faults, limits=limits))


def ads_routes(
    source: AdsSource,
    *,
    faults: Faults | None = None,
    limits: Callable[[], Limits] = Limits,
    platforms: Iterable[Platform] = tuple(FACES),
) -> list[BaseRoute]:
    """A list of routes: those of some platforms, and `/stub/faults`."""
    met = faults or Faults()
    return [
        Route("/stub/faults", _fault_setter(met), methods=["POST"]),
        *(
            Route(path, _endpoint(source, met, limits, platform, answer), methods=[method])
            for platform in platforms
            for method, path, answer in FACES[platform].answers
        ),
    ]


def _endpoint(
    source: AdsSource, faults: Faults, limits: Callable[[], Limits], platform: Platform, answer: Answer
) -> Any:
    async def endpoint(request: Request) -> Response:
        faults.note(platform, str(request.url.path))
        fault = faults.fault(platform, request)
        if fault == "slow":
            await asyncio.sleep(limits().slow_seconds)
        try:
            return await answer(AdsRequest(request, source, limits(), fault))
        except Malformed as error:
            return FACES[platform].malformed(str(error))
        except NotReady:
            return JSONResponse({"error": "not ready"}, status_code=503, headers={"retry-after": "5"})

    return endpoint


def _fault_setter(faults: Faults) -> Any:
    async def endpoint(request: Request) -> Response:
        command = await request.json()
        platform, fault = command.get("platform"), command.get("fault")
        if platform not in set(Platform) or fault not in FAULTS | {None}:
            return JSONResponse({"error": "unknown platform or fault"}, status_code=422)
        faults.set_fault(Platform(platform), fault, command.get("times"))
        return JSONResponse({"standing": faults.standing, "pending": faults.pending})

    return endpoint
