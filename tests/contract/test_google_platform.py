"""Google passes the suite of every ad platform: an array of chunks, int64 as text, failures with their own delays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx

from pulsepoint.brand.vocabulary import Platform
from tests.builders.ad_platforms import (
    DAY,
    AdDialect,
    Change,
    Meaning,
    Metric,
    Raw,
    Step,
    Throttle,
    ad_row,
    playing,
    raw_json,
)
from tests.contract.suites.ad_platform import AdPlatformSuite


def failure(status: int, name: str, kind: str, reason: str, message: str = "m", **extra: Any) -> Raw:
    """A GoogleAdsFailure: https://developers.google.com/google-ads/api/docs/get-started/handle-errors."""
    error: dict[str, Any] = {"errorCode": {kind: reason}, "message": message}
    if "quota" in extra:
        error["details"] = {"quotaErrorDetails": {"rateScope": "ACCOUNT", "retryDelay": extra["quota"]}}
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure", "errors": [error]}
    ]
    if "retry_info" in extra:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": extra["retry_info"]})
    return raw_json([{"error": {"code": status, "message": message, "status": name, "details": details}}], status)


EXHAUSTED = "RESOURCE_EXHAUSTED"


class GoogleDialect(AdDialect):
    """The Google Ads API's searchStream."""

    platform = Platform.GOOGLE
    api = "Google Ads API v26"
    fields: ClassVar = {
        Metric.CAMPAIGN: ("campaign", "id"),
        Metric.DAY: ("segments", "date"),
        Metric.SPEND: ("metrics", "costMicros"),
        Metric.IMPRESSIONS: ("metrics", "impressions"),
        Metric.CLICKS: ("metrics", "clicks"),
        Metric.PURCHASES: ("metrics", "conversions"),
        Metric.VALUE: ("metrics", "conversionsValue"),
    }
    missing = dict.fromkeys((Metric.IMPRESSIONS, Metric.CLICKS, Metric.PURCHASES, Metric.VALUE), AdDialect.ABSENT)
    throttles = (
        Throttle("the quota's delay", failure(429, EXHAUSTED, "quotaError", EXHAUSTED, quota="30.5s"), 30.5),
        Throttle("RetryInfo", failure(429, EXHAUSTED, "quotaError", EXHAUSTED, retry_info="12s"), 12.0),
        Throttle("a header", raw_json({"error": {"code": 429, "status": EXHAUSTED}}, 429, retry_after="7"), 7.0),
        Throttle("no delay", failure(429, EXHAUSTED, "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED"), None),
    )

    def step(self, request: httpx.Request) -> Step:
        query = json.loads(request.content)["query"]
        if "segments.date" not in query:
            return Step.ACCOUNT
        return Step.TOTALS if "FROM customer" in query else Step.CAMPAIGNS

    def rows(self, body: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = body[0]["results"]
        return rows

    def error(self, meaning: Meaning, message: str) -> Raw:
        match meaning:
            case Meaning.BAD_TOKEN:
                return failure(401, "UNAUTHENTICATED", "authenticationError", "OAUTH_TOKEN_INVALID", message)
            case Meaning.UNKNOWN_FIELD:
                return failure(400, "INVALID_ARGUMENT", "queryError", "UNRECOGNIZED_FIELD", message)
            case Meaning.BROKEN:
                return failure(500, "INTERNAL", "internalError", "INTERNAL_ERROR", message)

    def paging_faults(self) -> Mapping[str, Change]:
        return {"a chunk sent twice": lambda body: [*body, body[0]]}


class TestGoogle(AdPlatformSuite):
    """The suite, and Google's headers."""

    dialect = GoogleDialect()

    async def test_no_developer_token_is_sent_and_a_manager_only_where_there_is_one(self) -> None:
        async with playing(self.dialect, [ad_row()]) as stage:
            await stage.pull(DAY, DAY)
            for _, request in stage.wire.requests:
                assert not {"developer-token", "login-customer-id"} & request.headers.keys()
                assert request.url.path == "/v26/customers/1234567890/googleAds:searchStream"
