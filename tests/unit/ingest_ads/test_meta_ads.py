"""Meta's bodies, errors and allowance headers."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_ads.adapters.exchange import Exchange, Reply
from ingest_ads.adapters.meta import MetaAds, TooMuchDataError, campaign_day, meta_error, purchases, usage
from ingest_ads.ports import Connection
from pulsepoint.errors import VendorError, VendorRateLimited, VendorRefused

WINDOWS = ("7d_click", "1d_view")
EXCHANGE = Exchange(httpx.AsyncClient(), "Meta Graph API v27.0", "secret-token")
CONNECTION = Connection("42", "secret-token")


def error_of(status: int, body: Any, headers: dict[str, str] | None = None) -> VendorError:
    return meta_error(EXCHANGE, Reply(status, headers or {}, body))


def action(name: str, value: str = "1", **windows: str) -> dict[str, str]:
    return {"action_type": name, "value": value, **windows}


def answering(*bodies: Any, headers: dict[str, str] | None = None) -> tuple[MetaAds, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        body = bodies[min(len(requests), len(bodies)) - 1]
        status = 500 if "error" in body else 200
        return httpx.Response(status, json=body, headers=headers)

    return MetaAds(httpx.AsyncClient(transport=httpx.MockTransport(answer))), requests


def load(path: Path) -> Any:
    return json.loads(path.read_text(), parse_float=Decimal)


ROW = {
    "campaign_id": "1",
    "campaign_name": "spring-sale",
    "spend": "12.34",
    "impressions": "100",
    "clicks": "9",
    "date_start": "2026-03-09",
    "date_stop": "2026-03-09",
}


@pytest.mark.rule("ADS-07")
def test_aliases_of_one_purchase_are_never_added() -> None:
    names = ("purchase", "offsite_conversion.fb_pixel_purchase", "omni_purchase", "onsite_web_purchase")
    assert purchases([action(name) for name in names]) == 1_000_000


@pytest.mark.rule("ADS-07")
def test_omni_purchase_is_preferred_to_purchase() -> None:
    assert purchases([action("purchase", "1"), action("omni_purchase", "3")]) == 3_000_000
    assert purchases([action("purchase", "2"), action("link_click", "9")]) == 2_000_000


@pytest.mark.rule("ADS-07")
def test_only_the_windows_asked_for_are_counted() -> None:
    purchase = action("omni_purchase", "9", **{"7d_click": "2", "1d_view": "1", "28d_click": "8"})
    assert purchases([purchase], WINDOWS) == 3_000_000
    assert purchases([action("omni_purchase", "9", **{"1d_view": "1"})], WINDOWS) == 1_000_000


@pytest.mark.rule("ADS-02")
def test_no_actions_are_zero_where_asked_and_nothing_where_not() -> None:
    assert campaign_day(ROW, windows=WINDOWS).conversions_micros == 0
    assert campaign_day(ROW).conversions_micros is None
    assert campaign_day({**ROW, "impressions": None}).impressions is None


def test_money_is_read_to_the_micro_without_floats() -> None:
    assert campaign_day({**ROW, "spend": "0.1"}).spend_micros == 100_000
    assert campaign_day({**ROW, "spend": "90071992547409.93"}).spend_micros == 90071992547409930000


def test_real_bodies_of_campaigns_with_insights_are_read(real_data: Path) -> None:
    body = load(real_data / "ads/meta/raw/campaigns_with_insights_2019.json")
    rows = [
        campaign_day({"campaign_id": campaign["id"], "campaign_name": campaign["name"], **insight})
        for campaign in body["data"]
        for insight in campaign.get("insights", ())
    ]
    assert rows
    assert {row.day for row in rows} == {date(2019, 11, 12)}
    spends = [Decimal(insight["spend"]) for campaign in body["data"] for insight in campaign.get("insights", ())]
    assert sum(row.spend_micros for row in rows) == sum(spends) * 1_000_000


def test_a_real_campaign_with_three_spellings_counts_one_purchase(real_data: Path) -> None:
    body = load(real_data / "ads/meta/normalised/campaign_with_purchase_action_values_2019.json")
    row = campaign_day({**body["insights"], "campaign_name": body["name"]})
    assert (row.conversions_micros, row.conversion_value_micros) == (1_000_000, 23_050_000)
    assert (row.spend_micros, row.impressions, row.clicks) == (3_990_000, 1364, None)


def test_a_real_row_by_product_is_read(real_data: Path) -> None:
    body = load(real_data / "ads/meta/raw/ads_insights_action_product_id.json")
    row = campaign_day(body["data"][0], windows=("7d_click",))
    assert (row.spend_micros, row.clicks, row.conversions_micros) == (14_350_000, 9, 0)


EXPECTED_ERRORS = [
    VendorError,  # 2, temporarily unavailable
    TooMuchDataError,  # 1, reduce the amount of data
    VendorRefused,  # 190, password changed
    VendorRefused,  # 190, app not authorised
    VendorRefused,  # 200, permission
    VendorRefused,  # 190, permissions before impersonating
    VendorRefused,  # 1 / 2853001, profile not linked
    VendorRefused,  # the same in Spanish
    VendorRefused,  # 100 / 2446289, no access to resource
    VendorRefused,  # 190, cannot parse token
    VendorError,  # 1 / 99, unknown
    VendorError,  # 503 without a code
    VendorError,  # an empty error
    VendorRefused,  # 104, signature required
]


def test_every_recorded_error_means_one_thing(real_data: Path) -> None:
    errors = load(real_data / "ads/meta/errors.json")
    kinds = [type(error_of(recorded.get("status_code", 400), recorded["json"])) for recorded in errors]
    assert kinds == EXPECTED_ERRORS


@pytest.mark.rule("ADS-09")
@pytest.mark.parametrize("code", [4, 17, 32, 341, 368, 613, 80000, 80003, 80004, 80014])
def test_rate_limits_wait(code: int) -> None:
    assert isinstance(error_of(400, {"error": {"code": code, "message": "too many"}}), VendorRateLimited)


def test_a_bare_429_waits_as_its_header_says() -> None:
    error = error_of(429, None, {"retry-after": "12"})
    assert isinstance(error, VendorRateLimited)
    assert error.retry_after == 12.0


def test_the_time_until_access_returns_outranks_retry_after() -> None:
    usage_header = json.dumps({"9": [{"call_count": 100, "estimated_time_to_regain_access": 3}]})
    headers = {"x-business-use-case-usage": usage_header, "retry-after": "1"}
    assert error_of(400, {"error": {"code": 80000, "message": "slow"}}, headers).retry_after == 180.0


@pytest.mark.rule("ADS-13")
def test_an_unknown_field_names_the_version() -> None:
    error = error_of(400, {"error": {"code": 100, "message": "(#100) x is not valid for fields param"}})
    assert type(error) is VendorError
    assert "v27.0" in str(error)


@pytest.mark.rule("ADS-15")
def test_a_token_echoed_in_a_message_is_cut_out() -> None:
    assert "secret-token" not in str(error_of(400, {"error": {"code": 190, "message": "bad secret-token"}}))
    assert "secret-token" not in repr(CONNECTION)


@pytest.mark.rule("ADS-15")
async def test_the_token_travels_in_a_header_and_next_pages_are_asked_by_cursor() -> None:
    next_url = "https://elsewhere.example/v27.0/act_42/insights?access_token=leak&after=CUR"
    first = {"data": [ROW], "paging": {"cursors": {"after": "CUR"}, "next": next_url}}
    last = {"data": [{**ROW, "campaign_id": "2"}], "paging": {"cursors": {"after": "END"}}}
    meta, requests = answering({"currency": "GBP", "timezone_name": "Europe/London"}, first, last)
    account = await meta.account(CONNECTION)
    days = await meta.campaign_days(account, date(2026, 3, 9), date(2026, 3, 10))
    assert [row.campaign_id for row in days.rows] == ["1", "2"]
    assert {request.url.host for request in requests} == {"graph.facebook.com"}
    assert all(request.headers["authorization"] == "Bearer secret-token" for request in requests)
    assert all("token" not in str(request.url) for request in requests)
    assert requests[2].url.params["after"] == "CUR"
    assert json.loads(requests[1].url.params["action_attribution_windows"]) == list(WINDOWS)
    assert requests[1].url.params["time_increment"] == "1"


@pytest.mark.rule("ADS-08")
async def test_too_much_data_halves_the_page_down_to_one() -> None:
    too_much = {"error": {"code": 1, "message": "Please reduce the amount of data you're asking for"}}
    meta, requests = answering({"currency": "GBP", "timezone_name": "Europe/London"}, too_much)
    account = await meta.account(CONNECTION)
    with pytest.raises(TooMuchDataError):
        await meta.campaign_days(account, date(2026, 3, 9), date(2026, 3, 9))
    sizes = [int(request.url.params["limit"]) for request in requests[1:]]
    assert sizes == [500, 250, 125, 62, 31, 15, 7, 3, 1]


async def test_pages_in_a_circle_are_an_error() -> None:
    paging = {"cursors": {"after": "CUR"}, "next": "https://x.example/?after=CUR"}
    pages = [{"data": [{**ROW, "campaign_id": name}], "paging": paging} for name in ("1", "2")]
    meta, _ = answering({"currency": "GBP", "timezone_name": "Europe/London"}, *pages)
    account = await meta.account(CONNECTION)
    with pytest.raises(VendorError, match="circle"):
        await meta.campaign_days(account, date(2026, 3, 9), date(2026, 3, 9))


async def test_a_used_up_allowance_stops_before_the_next_page() -> None:
    page = {"data": [ROW], "paging": {"cursors": {"after": "CUR"}, "next": "https://x.example/?after=CUR"}}
    usage_header = json.dumps({"acc_id_util_pct": 97.5, "estimated_time_to_regain_access": 2})
    meta, requests = answering(
        {"currency": "GBP", "timezone_name": "Europe/London"},
        page,
        headers={"x-fb-ads-insights-throttle": usage_header},
    )
    account = await meta.account(CONNECTION)
    with pytest.raises(VendorRateLimited) as caught:
        await meta.campaign_days(account, date(2026, 3, 9), date(2026, 3, 9))
    assert caught.value.retry_after == 120.0
    assert len(requests) == 2


@given(st.text(max_size=60))
def test_any_allowance_header_is_read_or_ignored(header: str) -> None:
    used, wait = usage({"x-app-usage": header})
    assert used >= 0
    assert wait is None or wait > 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ROW, "actions"]), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.rule("ADS-13")
@given(st.dictionaries(st.sampled_from([*ROW, "actions", "action_values"]), JSON))
@pytest.mark.slow
def test_a_body_of_another_shape_is_a_vendor_error_and_nothing_else(changes: dict[str, Any]) -> None:
    message = "v27.0"
    try:
        with EXCHANGE.reading():
            campaign_day({**ROW, **changes}, windows=WINDOWS)
    except VendorError as error:
        message = str(error)
    assert "v27.0" in message


@given(JSON, st.integers(100, 599))
def test_any_error_body_means_some_vendor_error(body: Any, status: int) -> None:
    assert isinstance(error_of(status, {"error": body}), VendorError)
    assert isinstance(error_of(status, body), VendorError)
