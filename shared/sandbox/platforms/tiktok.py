"""TikTok's API for Business as far as the integrated report goes.

https://business-api.tiktok.com/portal/docs?id=1740302848100353
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.responses import JSONResponse, Response

from pulsepoint.brand.vocabulary import Platform
from sandbox.platforms.ad_days import AdRow, AdsRequest, Answer, Malformed, money, parts, read

BAD_TOKEN = "Access token is incorrect or has been revoked."  # noqa: S105 - a message
NO_PERMISSION = "No permission to operate the advertiser."
MOST_DAYS = 30
LEVELS = ("AUCTION_ADVERTISER", "AUCTION_CAMPAIGN")
METRICS = (
    "campaign_name", "spend", "impressions", "clicks", "conversion", "complete_payment", "total_complete_payment_rate",
)  # fmt: skip


async def _advertiser(request: AdsRequest) -> Response:
    if failed := _failure(request):
        return failed
    if not request.opens(Platform.TIKTOK, _token(request)):
        return _answer(40105, BAD_TOKEN)
    account_id = read(request.http.query_params, "advertiser_ids", lambda text: str(json.loads(text)[0]))
    account = request.account(Platform.TIKTOK, account_id, _token(request))
    if account is None:
        return _answer(40001, NO_PERMISSION)
    advertiser = {"advertiser_id": account_id, "name": "Stub", "currency": account.currency, "timezone": "Etc/GMT"}
    return _answer(0, "OK", {"list": [{**advertiser, "display_timezone": account.timezone}]})


async def _report(request: AdsRequest) -> Response:
    if failed := _failure(request):
        return failed
    query = request.http.query_params
    if not request.opens(Platform.TIKTOK, _token(request)):
        return _answer(40105, BAD_TOKEN)
    account = request.account(Platform.TIKTOK, read(query, "advertiser_id", str), _token(request))
    if account is None:
        return _answer(40001, NO_PERMISSION)
    start, end = read(query, "start_date", date.fromisoformat), read(query, "end_date", date.fromisoformat)
    if (end - start).days >= MOST_DAYS:
        return _answer(40002, f"start_date: the max time span is {MOST_DAYS} days when stat_time_day is used")
    if read(query, "data_level", _level) == "AUCTION_ADVERTISER":
        rows = [
            {
                "dimensions": {"advertiser_id": account.account_id, "stat_time_day": f"{day} 00:00:00"},
                "metrics": {"spend": money(micros, account.currency)},
            }
            for day, micros in (await request.totals(account, start, end)).items()
        ]
    else:
        metrics = read(query, "metrics", _metrics)
        rows = [_row(row, account.currency, metrics) for row in await request.rows(account, start, end)]
    return _answer(0, "OK", _page(request, query, rows))


ANSWERS: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "/open_api/v1.3/advertiser/info/", _advertiser),
    ("GET", "/open_api/v1.3/report/integrated/get/", _report),
)


def _token(request: AdsRequest) -> str:
    return request.http.headers.get("access-token", "")


def malformed(name: str) -> Response:
    """The error 40002 for a parameter that cannot be read."""
    return _answer(40002, name if ":" in name else f"{name}: Missing data for required field or invalid value.")


def _level(text: str) -> str:
    return LEVELS[LEVELS.index(text)]


def _metrics(text: str) -> list[str]:
    names = [str(name) for name in json.loads(text)]
    if unknown := [name for name in names if name not in METRICS]:
        raise Malformed(f"metrics: Invalid metric fields: {unknown}")
    return names


def _page(request: AdsRequest, query: Mapping[str, str], rows: list[dict[str, Any]]) -> dict[str, object]:
    size = min(max(1, read(query, "page_size", int, "10")), request.limits.page_size)
    page = max(1, read(query, "page", int, "1"))
    pages = -(-len(rows) // size)
    info = {"page": page, "page_size": size, "total_number": len(rows), "total_page": pages}
    return {"page_info": info, "list": rows[(page - 1) * size : page * size]}


def _row(row: AdRow, currency: str, metrics: list[str]) -> dict[str, Any]:
    values = {
        "campaign_name": row.campaign,
        "spend": money(row.spend_micros, currency),
        "impressions": str(row.impressions),
        "clicks": str(row.clicks),
        "conversion": str(row.clicks),
        "complete_payment": parts(row.purchases_micros),
        "total_complete_payment_rate": money(row.value_micros, currency),
    }
    dimensions = {"campaign_id": row.campaign_id, "stat_time_day": f"{row.day} 00:00:00"}
    return {"dimensions": dimensions, "metrics": {name: values[name] for name in metrics}}


def _answer(code: int, message: str, data: object = None, *, status: int = 200) -> Response:
    body = {"code": code, "message": message, "request_id": "stub", "data": data if data is not None else {}}
    return JSONResponse(body, status_code=status)


def _failure(request: AdsRequest) -> Response | None:
    match request.fault:
        case "rate_limited":
            # No header says how long: https://business-api.tiktok.com/portal/docs/rate-limits/v1.3
            return _answer(40100, "App 7 reaches the QPS limit 10, current QPS is 11.")
        case "expired_token":
            return _answer(40102, "The access token has expired.")
        case "server_error":
            return _answer(50000, "System error", status=500)
        case "unknown_field":
            return _answer(40002, "metrics: Invalid metric fields: ['complete_payment']")
        case "too_much_data":
            return _answer(50002, "Error processing request on TikTok side.")
    return None
