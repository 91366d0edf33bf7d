"""Google Ads' searchStream for the queries of ingest-ads.

https://developers.google.com/google-ads/api/reference/rpc/latest/SearchGoogleAdsStreamRequest
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date

from starlette.responses import JSONResponse, Response

from pulsepoint.brand.vocabulary import Platform
from sandbox.platforms.ad_days import AdAccount, AdRow, AdsRequest, Answer, Malformed, bearer, read

SPAN = re.compile(r"BETWEEN '(?P<first>[\d-]+)' AND '(?P<last>[\d-]+)'")
RESOURCES = re.compile(r"\bFROM (customer|campaign)\b")


async def _search(request: AdsRequest) -> Response:
    if failed := _failure(request):
        return failed
    account = request.account(Platform.GOOGLE, request.http.path_params["customer"], bearer(request.http))
    if account is None and not request.opens(Platform.GOOGLE, bearer(request.http)):
        message = "Request had invalid authentication credentials."
        return _error(401, "UNAUTHENTICATED", message, "authenticationError", "OAUTH_TOKEN_INVALID")
    if account is None:
        reason = "USER_PERMISSION_DENIED"
        return _error(403, "PERMISSION_DENIED", "No permission.", "authorizationError", reason)
    query = await _query(request)
    rows = [row async for row in _rows(request, account, query)]
    size = request.limits.page_size
    chunks = [rows[first : first + size] for first in range(0, len(rows), size)]
    return JSONResponse([{"results": chunk, "fieldMask": "stub", "requestId": "stub"} for chunk in chunks])


ANSWERS: tuple[tuple[str, str, Answer], ...] = (
    ("POST", "/{version}/customers/{customer}/googleAds:searchStream", _search),
)


async def _query(request: AdsRequest) -> str:
    try:
        return str((await request.http.json())["query"])
    except (ValueError, TypeError, KeyError):
        raise Malformed("query") from None


def malformed(name: str) -> Response:
    """The error 400 for a query that cannot be read, or for a date in it."""
    reason = "EXPECTED_FROM" if name == "query" else "BAD_VALUE"
    return _error(400, "INVALID_ARGUMENT", f"Error in {name}.", "queryError", reason)


async def _rows(request: AdsRequest, account: AdAccount, query: str) -> AsyncIterator[dict[str, object]]:
    if "FROM conversion_action" in query:
        yield {"conversionAction": {"clickThroughLookbackWindowDays": str(account.click_window_days)}}
        return
    if not RESOURCES.search(query):
        raise Malformed("query")
    span = SPAN.search(query)
    if span is None:
        customer = {"id": account.account_id, "currencyCode": account.currency, "timeZone": account.timezone}
        yield {"customer": {**customer, "manager": False}}
        return
    start, end = (read(span.groupdict(), name, date.fromisoformat) for name in ("first", "last"))
    if "FROM customer" in query:
        for day, micros in (await request.totals(account, start, end)).items():
            yield {"metrics": {"costMicros": str(micros)}, "segments": {"date": day.isoformat()}}
        return
    for row in await request.rows(account, start, end):
        yield _campaign_day(row)


def _campaign_day(row: AdRow) -> dict[str, object]:
    return {
        "campaign": {"id": row.campaign_id, "name": row.campaign},
        "segments": {"date": row.day.isoformat()},
        "metrics": {
            "costMicros": str(row.spend_micros),
            "impressions": str(row.impressions),
            "clicks": str(row.clicks),
            # Doubles, as the API sends them; six decimals survive.
            "conversions": row.purchases_micros / 1_000_000,
            "conversionsValue": row.value_micros / 1_000_000,
        },
    }


def _error(status: int, name: str, message: str, kind: str, reason: str, *, details: object = None) -> Response:
    error: dict[str, object] = {"errorCode": {kind: reason}, "message": message}
    if details is not None:
        error["details"] = details
    failure = {"@type": "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure", "errors": [error]}
    error_object = {"code": status, "message": message, "status": name, "details": [failure]}
    return JSONResponse([{"error": error_object}], status_code=status)


def _failure(request: AdsRequest) -> Response | None:
    match request.fault:
        case "rate_limited":
            wait = f"{request.limits.retry_after_seconds}s"
            delay = {"quotaErrorDetails": {"rateScope": "ACCOUNT", "retryDelay": wait}}
            exhausted = "RESOURCE_EXHAUSTED"
            return _error(429, exhausted, "Too many requests.", "quotaError", exhausted, details=delay)
        case "expired_token":
            return _error(401, "UNAUTHENTICATED", "The token expired.", "authenticationError", "OAUTH_TOKEN_EXPIRED")
        case "server_error":
            return _error(500, "INTERNAL", "Internal error encountered.", "internalError", "INTERNAL_ERROR")
        case "unknown_field":
            message = "Unrecognized field: 'metrics.x'."
            return _error(400, "INVALID_ARGUMENT", message, "queryError", "UNRECOGNIZED_FIELD")
        case "too_much_data":
            return _error(504, "DEADLINE_EXCEEDED", "Deadline exceeded.", "internalError", "DEADLINE_EXCEEDED")
    return None
