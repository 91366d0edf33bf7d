"""TikTok's bodies and return codes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_ads.adapters.exchange import Exchange, Reply
from ingest_ads.adapters.tiktok import TikTokAds, campaign_day, tiktok_error
from ingest_ads.ports import Connection, OpenAccount
from pulsepoint.errors import VendorError, VendorRateLimited, VendorRefused

EXCHANGE = Exchange(httpx.AsyncClient(), "TikTok Business API v1.3", "secret-token")
CONNECTION = Connection("7", "secret-token")
DAY = date(2026, 3, 9)
NOW = datetime(2026, 3, 9, 22, 30, tzinfo=UTC)
METRICS = {
    "campaign_name": "spring-sale",
    "spend": "20.00",
    "impressions": "4696",
    "clicks": "51",
    "conversion": "50",
    "complete_payment": "3",
    "total_complete_payment_rate": "149.97",
}
ROW: dict[str, Any] = {"dimensions": {"campaign_id": "1", "stat_time_day": "2026-03-09 00:00:00"}, "metrics": METRICS}


def error_of(status: int, body: Any, headers: dict[str, str] | None = None) -> VendorError:
    return tiktok_error(EXCHANGE, Reply(status, headers or {}, body), now=NOW)


def answering(*answers: Any) -> tuple[TikTokAds, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"code": 0, "message": "OK", "data": answers[len(requests) - 1]})

    return TikTokAds(httpx.AsyncClient(transport=httpx.MockTransport(answer))), requests


async def opened(platform: TikTokAds) -> OpenAccount:
    return await platform.account(CONNECTION)


ADVERTISER = {"list": [{"advertiser_id": "7", "currency": "USD", "timezone": "Etc/GMT+8"}]}


def page(rows: list[Any], number: int, pages: int, total: int) -> dict[str, Any]:
    info = {"page": number, "page_size": 1, "total_page": pages, "total_number": total}
    return {"list": rows, "page_info": info}


@pytest.mark.rule("ADS-10")
def test_purchases_are_complete_payments_and_their_rate_is_a_value() -> None:
    row = campaign_day(ROW)
    assert (row.conversions_micros, row.conversion_value_micros) == (3_000_000, 149_970_000)
    assert (row.spend_micros, row.impressions, row.clicks, row.day) == (20_000_000, 4696, 51, DAY)


@pytest.mark.parametrize("nothing", [None, "-"])
def test_what_was_not_asked_for_or_is_a_dash_is_nothing(nothing: str | None) -> None:
    row = campaign_day({**ROW, "metrics": {"spend": "1.00", "complete_payment": nothing, "clicks": nothing}})
    assert (row.conversions_micros, row.conversion_value_micros, row.clicks, row.impressions) == (None,) * 4


def test_real_report_bodies_are_read(real_data: Path) -> None:
    body = json.loads((real_data / "ads/tiktok/raw/campaigns_reports_hourly.json").read_text(), parse_float=Decimal)
    rows = [campaign_day(row) for row in body["data"]["list"]]
    assert [(row.campaign_id, row.spend_micros, row.clicks) for row in rows] == [
        ("advertiser_id", 20_000_000, 51),
        ("11111111", 20_000_000, 51),
    ]
    assert {row.conversions_micros for row in rows} == {None}


def test_real_daily_rows_are_read_and_values_are_money(real_data: Path) -> None:
    seen = 0
    for line in (real_data / "ads/tiktok/records/airbyte_tiktok_daily_lifetime.jsonl").read_text().splitlines():
        record = json.loads(line, parse_float=Decimal)
        data = record["data"]
        if record["stream"] == "campaigns_reports_daily":
            assert campaign_day(data).spend_micros == int(Decimal(data["metrics"]["spend"]) * 1_000_000)
            seen += 1
        if "total_complete_payment_rate" in data.get("metrics", {}):
            dimensions = {**data["dimensions"], "campaign_id": data["metrics"].get("campaign_id", 1)}
            row = campaign_day(
                {"dimensions": {"stat_time_day": "2021-10-25", **dimensions}, "metrics": data["metrics"]}
            )
            assert row.conversion_value_micros == 0
            assert row.conversions_micros == 0
            seen += 1
    assert seen >= 6


def test_every_recorded_error_means_one_thing(real_data: Path) -> None:
    errors = json.loads((real_data / "ads/tiktok/errors.json").read_text())
    assert {body["code"]: type(error_of(200, body)) for body in errors} == {
        40105: VendorRefused,
        40100: VendorRateLimited,
    }


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, VendorRateLimited) for code in (40016, 40100, 40132, 40133)),
        *((code, VendorRefused) for code in (40001, 40101, 40102, 40104, 40105, 40110, 40113, 40118, 40125, 40300)),
        *((code, VendorError) for code in (20001, 40002, 40006, 40051, 41001, 50000, 50002, 51305, 60001, 99999)),
    ],
)
def test_return_codes_mean_one_thing(code: int, kind: type[VendorError]) -> None:
    assert type(error_of(200, {"code": code, "message": "x"})) is kind


@pytest.mark.rule("ADS-10")
def test_the_return_code_outranks_the_status_and_a_status_alone_still_speaks() -> None:
    assert type(error_of(500, {"code": 40105, "message": "x"})) is VendorRefused
    assert type(error_of(429, None, {"retry-after": "5"})) is VendorRateLimited
    assert type(error_of(502, "<html>")) is VendorError


@pytest.mark.rule("ADS-13")
def test_an_unknown_metric_names_the_version() -> None:
    assert "v1.3" in str(error_of(200, {"code": 40002, "message": "Invalid metric fields: ['x']"}))


def test_a_token_echoed_in_a_message_is_cut_out() -> None:
    assert "secret-token" not in str(error_of(200, {"code": 40105, "message": "secret-token is wrong"}))


async def test_all_pages_are_read_with_the_token_in_its_header() -> None:
    other = {**ROW, "dimensions": {**ROW["dimensions"], "campaign_id": "2"}}
    platform, requests = answering(ADVERTISER, page([ROW], 1, 2, 2), page([other], 2, 2, 2))
    days = await platform.campaign_days(await opened(platform), DAY, DAY)
    assert [row.campaign_id for row in days.rows] == ["1", "2"]
    assert [request.url.params.get("page") for request in requests] == [None, "1", "2"]
    assert {request.headers["access-token"] for request in requests} == {"secret-token"}
    assert all("secret-token" not in str(request.url) for request in requests)
    assert "conversion" not in json.loads(requests[1].url.params["metrics"])


@pytest.mark.rule("ADS-14")
async def test_fewer_rows_than_announced_are_an_error() -> None:
    other = {**ROW, "dimensions": {**ROW["dimensions"], "campaign_id": "2"}}
    platform, _ = answering(ADVERTISER, page([ROW], 1, 2, 3), page([other], 2, 2, 3))
    account = await opened(platform)
    with pytest.raises(VendorError, match="announced 3 rows and sent 2"):
        await platform.campaign_days(account, DAY, DAY)


async def test_no_rows_are_no_error() -> None:
    platform, _ = answering(ADVERTISER, page([], 1, 0, 0))
    assert (await platform.campaign_days(await opened(platform), DAY, DAY)).rows == ()


async def test_the_display_timezone_is_preferred() -> None:
    advertisers = {"list": [{**ADVERTISER["list"][0], "display_timezone": "America/Los_Angeles"}]}
    platform, _ = answering(advertisers)
    assert (await opened(platform)).facts.timezone == "America/Los_Angeles"


async def test_an_advertiser_that_is_not_shown_is_refused() -> None:
    platform, _ = answering({"list": []})
    with pytest.raises(VendorRefused):
        await opened(platform)


ANYTHING = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)


@given(
    st.dictionaries(st.sampled_from([*METRICS]), ANYTHING), st.dictionaries(st.sampled_from(["campaign_id"]), ANYTHING)
)
def test_a_row_of_another_shape_is_a_vendor_error_and_nothing_else(
    metrics: dict[str, Any], dimensions: dict[str, Any]
) -> None:
    message = "v1.3"
    try:
        with EXCHANGE.reading():
            campaign_day({"dimensions": {**ROW["dimensions"], **dimensions}, "metrics": {**METRICS, **metrics}})
    except VendorError as error:
        message = str(error)
    assert "v1.3" in message


@given(ANYTHING | st.dictionaries(st.sampled_from(["code", "message"]), ANYTHING), st.integers(100, 599))
def test_any_error_body_means_some_vendor_error(body: Any, status: int) -> None:
    assert isinstance(error_of(status, body), VendorError)
