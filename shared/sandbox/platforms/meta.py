"""Meta's Graph API as far as ad insights go: https://developers.facebook.com/docs/marketing-api/insights."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from starlette.responses import JSONResponse, Response

from pulsepoint.brand.vocabulary import Platform
from sandbox.platforms.ad_days import AdRow, AdsRequest, Answer, bearer, money, parts, read

PURCHASES = ("purchase", "offsite_conversion.fb_pixel_purchase", "omni_purchase")
BAD_TOKEN = "Invalid OAuth access token - Cannot parse access token"  # noqa: S105 - a message


async def _account(request: AdsRequest) -> Response:
    if failed := _failure(request):
        return failed
    account = request.account(Platform.META, request.http.path_params["account"], _token(request))
    if account is None:
        return _no_account(request)
    fields = {"account_id": account.account_id, "currency": account.currency, "timezone_name": account.timezone}
    return JSONResponse({**fields, "id": f"act_{account.account_id}"})


async def _insights(request: AdsRequest) -> Response:
    query = request.http.query_params
    if read(query, "limit", int, "25") > request.limits.too_much_over:
        return _too_much()
    if failed := _failure(request):
        return failed
    account = request.account(Platform.META, request.http.path_params["account"], _token(request))
    if account is None:
        return _no_account(request)
    if query.get("time_increment") != "1":
        return _error(400, 100, "(#100) The sandbox answers by day only.")
    start, end = read(query, "time_range", _span)
    if query.get("level") == "account":
        rows = [
            {"spend": money(micros, account.currency), **_day(day)}
            for day, micros in (await request.totals(account, start, end)).items()
        ]
    else:
        windows = read(query, "action_attribution_windows", _names, "[]")
        rows = [_row(row, account.currency, windows) for row in await request.rows(account, start, end)]
    return JSONResponse(_page(request, rows))


ANSWERS: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "/{version}/act_{account}", _account),
    ("GET", "/{version}/act_{account}/insights", _insights),
)


def _token(request: AdsRequest) -> str:
    """From the header or the parameter: https://developers.facebook.com/docs/graph-api/overview#access-tokens."""
    return bearer(request.http) or request.http.query_params.get("access_token", "")


def _no_account(request: AdsRequest) -> Response:
    if not request.opens(Platform.META, _token(request)):
        return _error(400, 190, BAD_TOKEN)
    message = f"Unsupported get request. Object with ID 'act_{request.http.path_params['account']}' does not exist"
    return _error(400, 100, f"{message} or cannot be loaded due to missing permissions", subcode=33)


def malformed(name: str) -> Response:
    """The error 400 for a parameter that cannot be read."""
    return _error(400, 100, f"(#100) Invalid parameter: {name}")


def _span(text: str) -> tuple[date, date]:
    span = json.loads(text)
    return date.fromisoformat(span["since"]), date.fromisoformat(span["until"])


def _names(text: str) -> list[str]:
    return [str(name) for name in json.loads(text)]


def _page(request: AdsRequest, rows: list[dict[str, Any]]) -> dict[str, object]:
    query = request.http.query_params
    size = min(max(1, read(query, "limit", int, "25")), request.limits.page_size)
    first = read(query, "after", lambda cursor: int(cursor.removeprefix("c")), "0")
    page: dict[str, Any] = {"data": rows[first : first + size], "paging": {"cursors": {"after": f"c{first + size}"}}}
    if first + size < len(rows):
        page["paging"]["next"] = str(request.http.url.include_query_params(after=f"c{first + size}"))
    return page


def _day(day: date) -> dict[str, str]:
    return {"date_start": day.isoformat(), "date_stop": day.isoformat()}


def _row(row: AdRow, currency: str, windows: list[str]) -> dict[str, Any]:
    insight: dict[str, object] = {
        "campaign_id": row.campaign_id,
        "campaign_name": row.campaign,
        "spend": money(row.spend_micros, currency),
        "impressions": str(row.impressions),
        "clicks": str(row.clicks),
        **_day(row.day),
    }
    if row.purchases_micros:
        insight["actions"] = [_action(name, parts(row.purchases_micros), windows) for name in PURCHASES]
        insight["action_values"] = [_action(name, money(row.value_micros, currency), windows) for name in PURCHASES]
    return insight


def _action(name: str, value: str, windows: list[str]) -> dict[str, str]:
    """All of it within the click window, none by viewing: a view window without purchases is left out."""
    return {"action_type": name, "value": value, **{window: value for window in windows if window.endswith("_click")}}


def _failure(request: AdsRequest) -> Response | None:
    wait = request.limits.retry_after_seconds
    usage = json.dumps({"1": [{"type": "ads_insights", "call_count": 100, "estimated_time_to_regain_access": 1}]})
    match request.fault:
        case "rate_limited":
            headers = {"retry-after": str(wait), "x-business-use-case-usage": usage}
            return _error(400, 80000, "There have been too many calls from this ad-account.", headers=headers)
        case "expired_token":
            return _error(400, 190, "Error validating access token: Session has expired.", subcode=463)
        case "server_error":
            return _error(500, 2, "Service temporarily unavailable")
        case "unknown_field":
            return _error(400, 100, "(#100) spend is not valid for fields param.")
        case "too_much_data":
            return _too_much()
    return None


def _too_much() -> Response:
    return _error(500, 1, "Please reduce the amount of data you're asking for, then retry your request")


def _error(
    status: int, code: int, message: str, *, subcode: int | None = None, headers: dict[str, str] | None = None
) -> Response:
    error: dict[str, object] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Astub"}
    if subcode is not None:
        error["error_subcode"] = subcode
    return JSONResponse({"error": error}, status_code=status, headers=headers)
