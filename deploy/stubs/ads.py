"""A small local stand-in for Meta, TikTok and Google ads: each platform's own paths and shapes, made-up numbers.

Every run sees the same figures. Paths of the three platforms do not meet: one base URL serves all. Faults come from
the settings; from `POST /stub/faults` (`{"platform": "meta", "fault": "rate_limited", "times": 2}`; without `times`
until `{"platform": "meta", "fault": null}`); or for one request from the header `x-stub-fault` or the query
parameter `stub_fault`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import date
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.stubs.ads_world import CAMPAIGNS, FAULTS, Platform, Row, StubAccount, StubSettings, World


def app(settings: StubSettings | None = None) -> Starlette:
    """The stub as an ASGI app; its `World` is `app.state.world`."""
    world = World(settings or StubSettings())

    def serve(platform: Platform, answer: Callable[[World, Request, str | None], Awaitable[Response]]) -> Any:
        async def endpoint(request: Request) -> Response:
            world.requests.append((platform, str(request.url.path)))
            fault = world.fault(platform, request)
            if fault == "slow":
                await asyncio.sleep(world.settings.slow_seconds)
            return await answer(world, request, fault)

        return endpoint

    async def faults(request: Request) -> Response:
        asked = await request.json()
        platform, fault = asked.get("platform"), asked.get("fault")
        if platform not in CAMPAIGNS or fault not in FAULTS | {None}:
            return JSONResponse({"error": "unknown platform or fault"}, status_code=422)
        world.set_fault(platform, fault, asked.get("times"))
        return JSONResponse({"standing": world.standing, "pending": world.pending})

    stub = Starlette(
        routes=[
            Route("/stub/faults", faults, methods=["POST"]),
            Route("/open_api/v1.3/advertiser/info/", serve("tiktok", _tiktok_account)),
            Route("/open_api/v1.3/report/integrated/get/", serve("tiktok", _tiktok_report)),
            Route("/{version}/customers/{customer}/googleAds:searchStream", serve("google", _google), methods=["POST"]),
            Route("/{version}/act_{account}", serve("meta", _meta_account)),
            Route("/{version}/act_{account}/insights", serve("meta", _meta_insights)),
        ]
    )
    stub.state.world = world
    return stub


def money(cents: int) -> str:
    """Cents as the platforms print money."""
    return f"{cents // 100}.{cents % 100:02d}"


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


# Meta


def _meta_fault(world: World, fault: str | None) -> Response | None:
    wait = world.settings.retry_after_seconds
    usage = json.dumps({"1": [{"type": "ads_insights", "call_count": 100, "estimated_time_to_regain_access": 1}]})
    match fault:
        case "rate_limited":
            headers = {"retry-after": str(wait), "x-business-use-case-usage": usage}
            return _meta_error(400, 80000, "There have been too many calls from this ad-account.", headers=headers)
        case "expired_token":
            return _meta_error(400, 190, "Error validating access token: Session has expired.", subcode=463)
        case "server_error":
            return _meta_error(500, 2, "Service temporarily unavailable")
        case "unknown_field":
            return _meta_error(400, 100, "(#100) spend is not valid for fields param.")
        case "too_much_data":
            return _meta_error(500, 1, "Please reduce the amount of data you're asking for, then retry your request")
    return None


def _meta_error(
    status: int, code: int, message: str, *, subcode: int | None = None, headers: dict[str, str] | None = None
) -> Response:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Astub"}
    if subcode is not None:
        error["error_subcode"] = subcode
    return JSONResponse({"error": error}, status_code=status, headers=headers)


async def _meta_account(world: World, request: Request, fault: str | None) -> Response:
    if failed := _meta_fault(world, fault):
        return failed
    account = world.account("meta", request.path_params["account"], _bearer(request))
    if account is None:
        return _meta_error(400, 190, "Invalid OAuth access token - Cannot parse access token")
    told = {"account_id": account.account_id, "currency": account.currency, "timezone_name": account.timezone}
    return JSONResponse({**told, "id": f"act_{account.account_id}"})


async def _meta_insights(world: World, request: Request, fault: str | None) -> Response:
    asked = request.query_params
    if int(asked.get("limit", "25")) > world.settings.too_much_over:
        fault = "too_much_data"
    if failed := _meta_fault(world, fault):
        return failed
    account = world.account("meta", request.path_params["account"], _bearer(request))
    if account is None:
        return _meta_error(400, 190, "Invalid OAuth access token - Cannot parse access token")
    if asked.get("time_increment") != "1":
        return _meta_error(400, 100, "(#100) The stub answers by day only.")
    span = json.loads(asked["time_range"])
    start, end = date.fromisoformat(span["since"]), date.fromisoformat(span["until"])
    if asked.get("level") == "account":
        rows = [{"spend": money(cents), **_meta_day(day)} for day, cents in _totals(world, account, start, end, fault)]
    else:
        windows = json.loads(asked.get("action_attribution_windows", "[]"))
        rows = [_meta_row(row, windows) for row in world.rows(account, start, end)]
    return JSONResponse(_meta_page(world, request, rows))


def _totals(world: World, account: StubAccount, start: date, end: date, fault: str | None) -> list[tuple[date, int]]:
    return list(world.totals(account, start, end, fault).items())


def _meta_page(world: World, request: Request, rows: list[dict[str, Any]]) -> dict[str, Any]:
    size = min(int(request.query_params.get("limit", "25")), world.settings.page_size)
    first = int(request.query_params.get("after", "0").removeprefix("c"))
    page: dict[str, Any] = {"data": rows[first : first + size], "paging": {"cursors": {"after": f"c{first + size}"}}}
    if first + size < len(rows):
        page["paging"]["next"] = str(request.url.include_query_params(after=f"c{first + size}"))
    return page


def _meta_day(day: date) -> dict[str, str]:
    return {"date_start": day.isoformat(), "date_stop": day.isoformat()}


def _meta_row(row: Row, windows: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "campaign_id": row.campaign_id,
        "campaign_name": row.campaign,
        "spend": money(row.spend),
        "impressions": str(row.impressions),
        "clicks": str(row.clicks),
        **_meta_day(row.day),
    }
    if row.purchases:
        told["actions"] = [_meta_action(name, str(row.purchases), windows) for name in META_PURCHASES]
        told["action_values"] = [_meta_action(name, money(row.value), windows) for name in META_PURCHASES]
    return told


META_PURCHASES = ("purchase", "offsite_conversion.fb_pixel_purchase", "omni_purchase")


def _meta_action(name: str, value: str, windows: list[str]) -> dict[str, str]:
    """All of it within the click window, none by viewing: a view window without purchases is left out."""
    return {"action_type": name, "value": value, **{window: value for window in windows if window.endswith("_click")}}


# TikTok


def _tiktok(code: int, message: str, data: Any = None, *, status: int = 200) -> Response:
    told = {"code": code, "message": message, "request_id": "stub", "data": data if data is not None else {}}
    return JSONResponse(told, status_code=status)


def _tiktok_fault(world: World, fault: str | None) -> Response | None:
    match fault:
        case "rate_limited":
            headers = {"retry-after": str(world.settings.retry_after_seconds)}
            told = {"code": 40100, "message": "Requests made too frequently.", "request_id": "stub", "data": {}}
            return JSONResponse(told, headers=headers)
        case "expired_token":
            return _tiktok(40102, "The access token has expired.")
        case "server_error":
            return _tiktok(50000, "System error", status=500)
        case "unknown_field":
            return _tiktok(40002, "metrics: Invalid metric fields: ['complete_payment']")
        case "too_much_data":
            return _tiktok(50002, "Error processing request on TikTok side.")
    return None


async def _tiktok_account(world: World, request: Request, fault: str | None) -> Response:
    if failed := _tiktok_fault(world, fault):
        return failed
    [account_id] = json.loads(request.query_params["advertiser_ids"])
    account = world.account("tiktok", account_id, request.headers.get("access-token", ""))
    if account is None:
        return _tiktok(40105, "Access token is incorrect or has been revoked.")
    told = {"advertiser_id": account_id, "name": "Stub", "currency": account.currency, "timezone": "Etc/GMT"}
    return _tiktok(0, "OK", {"list": [{**told, "display_timezone": account.timezone}]})


async def _tiktok_report(world: World, request: Request, fault: str | None) -> Response:
    if failed := _tiktok_fault(world, fault):
        return failed
    asked = request.query_params
    account = world.account("tiktok", asked["advertiser_id"], request.headers.get("access-token", ""))
    if account is None:
        return _tiktok(40105, "Access token is incorrect or has been revoked.")
    start, end = date.fromisoformat(asked["start_date"]), date.fromisoformat(asked["end_date"])
    if (end - start).days >= 30:
        return _tiktok(40002, "start_date: the max time span is 30 days when stat_time_day is used")
    if asked["data_level"] == "AUCTION_ADVERTISER":
        rows = [
            {
                "dimensions": {"advertiser_id": account.account_id, "stat_time_day": f"{day} 00:00:00"},
                "metrics": {"spend": money(cents)},
            }
            for day, cents in _totals(world, account, start, end, fault)
        ]
    else:
        rows = [_tiktok_row(row, json.loads(asked["metrics"])) for row in world.rows(account, start, end)]
    return _tiktok(0, "OK", _tiktok_page(world, asked, rows))


def _tiktok_page(world: World, asked: Mapping[str, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    size = min(int(asked.get("page_size", "10")), world.settings.page_size)
    page = int(asked.get("page", "1"))
    pages = -(-len(rows) // size)
    info = {"page": page, "page_size": size, "total_number": len(rows), "total_page": pages}
    return {"page_info": info, "list": rows[(page - 1) * size : page * size]}


def _tiktok_row(row: Row, metrics: list[str]) -> dict[str, Any]:
    told = {
        "campaign_name": row.campaign,
        "spend": money(row.spend),
        "impressions": str(row.impressions),
        "clicks": str(row.clicks),
        "conversion": str(row.clicks),
        "complete_payment": str(row.purchases),
        "total_complete_payment_rate": money(row.value),
    }
    dimensions = {"campaign_id": row.campaign_id, "stat_time_day": f"{row.day} 00:00:00"}
    return {"dimensions": dimensions, "metrics": {name: told[name] for name in metrics}}


# Google


def _google_error(status: int, name: str, message: str, kind: str, reason: str, *, details: Any = None) -> Response:
    error: dict[str, Any] = {"errorCode": {kind: reason}, "message": message}
    if details is not None:
        error["details"] = details
    failure = {"@type": "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure", "errors": [error]}
    told = {"code": status, "message": message, "status": name, "details": [failure]}
    return JSONResponse([{"error": told}], status_code=status)


def _google_fault(world: World, fault: str | None) -> Response | None:
    match fault:
        case "rate_limited":
            delay = {
                "quotaErrorDetails": {"rateScope": "ACCOUNT", "retryDelay": f"{world.settings.retry_after_seconds}s"}
            }
            return _google_error(
                429, "RESOURCE_EXHAUSTED", "Too many requests.", "quotaError", "RESOURCE_EXHAUSTED", details=delay
            )
        case "expired_token":
            return _google_error(
                401, "UNAUTHENTICATED", "The token expired.", "authenticationError", "OAUTH_TOKEN_EXPIRED"
            )
        case "server_error":
            return _google_error(500, "INTERNAL", "Internal error encountered.", "internalError", "INTERNAL_ERROR")
        case "unknown_field":
            return _google_error(
                400, "INVALID_ARGUMENT", "Unrecognized field: 'metrics.x'.", "queryError", "UNRECOGNIZED_FIELD"
            )
        case "too_much_data":
            return _google_error(504, "DEADLINE_EXCEEDED", "Deadline exceeded.", "internalError", "DEADLINE_EXCEEDED")
    return None


async def _google(world: World, request: Request, fault: str | None) -> Response:
    if failed := _google_fault(world, fault):
        return failed
    account = world.account("google", request.path_params["customer"], _bearer(request))
    if account is None:
        reason = "USER_PERMISSION_DENIED"
        return _google_error(403, "PERMISSION_DENIED", "No permission.", "authorizationError", reason)
    query = str((await request.json())["query"])
    rows = list(_google_rows(world, account, query, fault))
    size = world.settings.page_size
    chunks = [rows[first : first + size] for first in range(0, len(rows), size)]
    return JSONResponse([{"results": chunk, "fieldMask": "stub", "requestId": "stub"} for chunk in chunks])


def _google_rows(world: World, account: StubAccount, query: str, fault: str | None) -> Iterator[dict[str, Any]]:
    if "FROM conversion_action" in query:
        yield {"conversionAction": {"clickThroughLookbackWindowDays": "30"}}
        return
    span = re.search(r"BETWEEN '([\d-]+)' AND '([\d-]+)'", query)
    if span is None:
        customer = {"id": account.account_id, "currencyCode": account.currency, "timeZone": account.timezone}
        yield {"customer": {**customer, "manager": False}}
        return
    start, end = (date.fromisoformat(day) for day in span.groups())
    if "FROM customer" in query:
        for day, cents in _totals(world, account, start, end, fault):
            yield {"metrics": {"costMicros": str(cents * 10_000)}, "segments": {"date": day.isoformat()}}
        return
    for row in world.rows(account, start, end):
        yield {
            "campaign": {"id": row.campaign_id, "name": row.campaign},
            "segments": {"date": row.day.isoformat()},
            "metrics": {
                "costMicros": str(row.spend * 10_000),
                "impressions": str(row.impressions),
                "clicks": str(row.clicks),
                "conversions": float(row.purchases),
                "conversionsValue": row.value / 100,
            },
        }
