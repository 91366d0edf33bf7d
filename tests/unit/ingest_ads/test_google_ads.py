"""Google's chunks, queries and failures."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_ads.adapters.exchange import Exchange, Reply, retry_after
from ingest_ads.adapters.google import GoogleAds, campaign_day, click_window, google_error
from ingest_ads.ports import Connection, OpenAccount
from pulsepoint.errors import VendorError, VendorRateLimited, VendorRefused

EXCHANGE = Exchange(httpx.AsyncClient(), "Google Ads API v26", "secret-token")
CONNECTION = Connection("123-456-7890", "secret-token")
DAY = date(2026, 3, 9)
CUSTOMER = {"customer": {"id": "1234567890", "currencyCode": "GBP", "timeZone": "Europe/London", "manager": False}}


def load(path: Path) -> Any:
    return json.loads(path.read_text(), parse_float=Decimal)


def result(campaign_id: str = "1", **metrics: Any) -> dict[str, Any]:
    return {
        "campaign": {"id": campaign_id, "name": "brand-search"},
        "segments": {"date": "2026-03-09"},
        "metrics": {"costMicros": "1500000", "impressions": "10", "clicks": "2", **metrics},
    }


def failure(kind: str, reason: str, *, status: str = "INVALID_ARGUMENT", details: Any = None) -> dict[str, Any]:
    error: dict[str, Any] = {"errorCode": {kind: reason}, "message": "m"}
    if details is not None:
        error["details"] = details
    return {"error": {"code": 400, "message": "m", "status": status, "details": [{"errors": [error]}]}}


def error_of(status: int, body: Any, headers: dict[str, str] | None = None) -> VendorError:
    return google_error(EXCHANGE, Reply(status, headers or {}, body))


def answering(*answers: Any, **settings: str) -> tuple[GoogleAds, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=answers[len(requests) - 1])

    return GoogleAds(httpx.AsyncClient(transport=httpx.MockTransport(answer)), **settings), requests


async def opened(platform: GoogleAds, connection: Connection = CONNECTION) -> OpenAccount:
    return await platform.account(connection)


def chunks(*rows: Any) -> list[Any]:
    return [{"results": [row], "fieldMask": "x", "requestId": "r"} for row in rows]


@pytest.mark.rule("ADS-11")
def test_int64_arrives_as_text_and_conversions_as_fractions() -> None:
    row = campaign_day(result(conversions=Decimal("1.5"), conversionsValue=Decimal("19.99"), allConversions=9))
    assert (row.spend_micros, row.impressions, row.clicks) == (1_500_000, 10, 2)
    assert (row.conversions_micros, row.conversion_value_micros) == (1_500_000, 19_990_000)


def test_the_click_window_is_known_only_where_all_agree() -> None:
    def action(days: int) -> Any:
        return {"conversionAction": {"clickThroughLookbackWindowDays": str(days)}}

    assert click_window([action(30), action(30)]) == 30
    assert click_window([action(30), action(7)]) is None
    assert click_window([]) is None


@pytest.mark.rule("ADS-12")
def test_real_performance_max_bodies_are_read_whole(real_data: Path) -> None:
    body = load(real_data / "ads/google/raw/woo_ads_reports_programs.json")
    rows = [campaign_day(result) for result in body["results"]]
    assert len(rows) == 7
    assert sum(row.spend_micros for row in rows) == sum(int(row["metrics"]["costMicros"]) for row in body["results"])
    assert sum(row.conversions_micros or 0 for row in rows) == 26_000_000
    assert sum(row.conversion_value_micros or 0 for row in rows) == 1_238_000_000


def test_real_streams_conserve_spend_by_campaign_and_day(real_data: Path) -> None:
    body = load(real_data / "ads/google/searchstream_rebuilt/campaign.json")
    results = [row for chunk in body for row in chunk["results"]]
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for row in results:
        expected[row["campaign"]["id"], row["segments"]["date"]] += int(row["metrics"]["costMicros"])
    read: dict[tuple[str, str], int] = defaultdict(int)
    for row in map(campaign_day, results):
        read[row.campaign_id, row.day.isoformat()] += row.spend_micros
    assert read == expected
    assert sum(expected.values()) > 0


@pytest.mark.rule("ADS-14")
async def test_every_chunk_counts_and_headers_are_sent() -> None:
    platform, requests = answering(
        chunks(CUSTOMER), [], chunks(result("1"), result("2")), login_customer_id="111-222-3333"
    )
    account = await opened(platform)
    days = await platform.campaign_days(account, DAY, DAY)
    assert [row.campaign_id for row in days.rows] == ["1", "2"]
    assert account.facts.click_window_days is None
    assert requests[2].url.path == "/v26/customers/1234567890/googleAds:searchStream"
    assert requests[2].headers["authorization"] == "Bearer secret-token"
    assert "developer-token" not in requests[2].headers, "developer tokens ended in September 2026"
    assert requests[2].headers["login-customer-id"] == "1112223333"
    query = json.loads(requests[2].content)["query"]
    assert "metrics.conversions," in query
    assert "all_conversions" not in query
    assert "channel" not in query, "Performance Max must not be filtered away"


async def test_a_manager_is_named_only_where_there_is_one() -> None:
    platform, requests = answering(chunks(CUSTOMER), [])
    await opened(platform)
    assert "login-customer-id" not in requests[0].headers


async def test_an_accounts_own_manager_outranks_the_settings() -> None:
    platform, requests = answering(chunks(CUSTOMER), [], login_customer_id="1")
    await opened(platform, Connection("1234567890", "t", login_customer_id="999-9"))
    assert requests[0].headers["login-customer-id"] == "9999"


async def test_a_manager_account_is_refused() -> None:
    platform, _ = answering(chunks({"customer": {**CUSTOMER["customer"], "manager": True}}), [])
    with pytest.raises(VendorRefused, match="manager"):
        await opened(platform)


async def test_a_stream_that_breaks_after_its_first_chunk_is_an_error() -> None:
    broken = [*chunks(result("1")), failure("internalError", "TRANSIENT_ERROR", status="INTERNAL")]
    platform, _ = answering(chunks(CUSTOMER), [], broken)
    account = await opened(platform)
    with pytest.raises(VendorError):
        await platform.campaign_days(account, DAY, DAY)


@pytest.mark.parametrize(
    ("kind", "reason", "expected"),
    [
        ("authenticationError", "OAUTH_TOKEN_EXPIRED", VendorRefused),
        ("authorizationError", "USER_PERMISSION_DENIED", VendorRefused),
        ("authorizationError", "CUSTOMER_NOT_ENABLED", VendorRefused),
        ("headerError", "INVALID_LOGIN_CUSTOMER_ID", VendorRefused),
        ("quotaError", "ACCESS_PROHIBITED", VendorRefused),
        ("queryError", "REQUESTED_METRICS_FOR_MANAGER", VendorRefused),
        ("quotaError", "RESOURCE_EXHAUSTED", VendorRateLimited),
        ("quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", VendorRateLimited),
        ("quotaError", "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION", VendorRateLimited),
        ("queryError", "UNRECOGNIZED_FIELD", VendorError),
        ("requestError", "UNSUPPORTED_VERSION", VendorError),
        ("internalError", "INTERNAL_ERROR", VendorError),
        ("somethingNew", "NEVER_SEEN", VendorError),
    ],
)
def test_failures_mean_one_thing_alone_or_in_an_array(kind: str, reason: str, expected: type[VendorError]) -> None:
    body = failure(kind, reason)
    assert type(error_of(400, body)) is expected
    assert type(error_of(400, [body])) is expected
    assert reason in str(error_of(400, body))


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, VendorRefused), (403, VendorRefused), (429, VendorRateLimited), (404, VendorError), (503, VendorError)],
)
def test_a_status_alone_still_speaks(status: int, expected: type[VendorError]) -> None:
    assert type(error_of(status, None)) is expected


@pytest.mark.rule("ADS-13")
def test_a_retired_version_and_an_unknown_field_name_the_version() -> None:
    assert "v26" in str(error_of(404, None))
    assert "v26" in str(error_of(400, failure("queryError", "UNRECOGNIZED_FIELD")))


def test_the_asked_delay_is_kept() -> None:
    details = {"quotaErrorDetails": {"rateScope": "ACCOUNT", "retryDelay": "30.5s"}}
    body = failure("quotaError", "RESOURCE_EXHAUSTED", status="RESOURCE_EXHAUSTED", details=details)
    assert error_of(429, body, {"retry-after": "1"}).retry_after == 30.5


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
    assert retry_after({"retry-after": "7"}) == 7.0
    assert retry_after({"retry-after": "Mon, 09 Mar 2026 12:00:30 GMT"}, now) == 30.0
    assert retry_after({"retry-after": "Mon, 09 Mar 2026 11:00:00 GMT"}, now) == 0.0
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["campaign", "segments", "metrics"]), ANYTHING))
def test_a_row_of_another_shape_is_a_vendor_error_and_nothing_else(changes: dict[str, Any]) -> None:
    message = "v26"
    try:
        with EXCHANGE.reading():
            campaign_day({**result(), **changes})
    except VendorError as error:
        message = str(error)
    assert "v26" in message


@given(ANYTHING, st.integers(100, 599))
def test_any_error_body_means_some_vendor_error(body: Any, status: int) -> None:
    assert isinstance(error_of(status, body), VendorError)
    assert isinstance(error_of(status, {"error": {"details": body, "status": "X"}}), VendorError)
    assert isinstance(error_of(status, [{"error": {"details": [{"errors": body}]}}]), VendorError)
