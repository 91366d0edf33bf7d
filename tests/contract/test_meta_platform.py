"""Meta passes the suite of every ad platform; where it asks for smaller pages, it gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

import httpx
import pytest

from ingest_ads.adapters.meta import TooMuchDataError
from ingest_ads.settings import Settings
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.errors import VendorRateLimited
from tests.builders.ad_platforms import (
    DAY,
    AdDialect,
    Change,
    Meaning,
    Metric,
    Raw,
    Step,
    Throttle,
    ad_rows,
    days_from,
    playing,
    raw_json,
)
from tests.contract.suites.ad_platform import AdPlatformSuite
from tests.contract.suites.ad_reading import as_read, without_epoch


def graph_error(code: int, subcode: int | None = None, message: str = "wait", status: int = 400, **headers: str) -> Raw:
    """An error of the Graph API: https://developers.facebook.com/docs/graph-api/guides/error-handling."""
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    if subcode is not None:
        error["error_subcode"] = subcode
    return raw_json({"error": error}, status, **headers)


def business_usage(minutes: int) -> str:
    """A usage header: https://developers.facebook.com/docs/graph-api/overview/rate-limiting/#headers."""
    entry = {"type": "ads_insights", "call_count": 100, "estimated_time_to_regain_access": minutes}
    return json.dumps({"42": [entry]})


class MetaDialect(AdDialect):
    """The Graph API's insights."""

    platform = Platform.META
    api = "Meta Graph API v27.0"
    fields: ClassVar = {
        Metric.CAMPAIGN: ("campaign_id",),
        Metric.DAY: ("date_start",),
        Metric.SPEND: ("spend",),
        Metric.IMPRESSIONS: ("impressions",),
        Metric.CLICKS: ("clicks",),
        Metric.PURCHASES: ("actions",),
        Metric.VALUE: ("action_values",),
    }
    # Actions that were asked for and are left out are zero: Meta leaves them out where there were none.
    missing: ClassVar = {Metric.IMPRESSIONS: AdDialect.ABSENT, Metric.CLICKS: AdDialect.ABSENT}
    throttles = (
        Throttle(
            "this account, as the header says", graph_error(80000, x_business_use_case_usage=business_usage(3)), 180.0
        ),
        Throttle("this account, for ads management", graph_error(80004, retry_after="7"), 7.0),
        Throttle("the user", graph_error(17), None),
        Throttle("the app", graph_error(4), None),
        Throttle("the app's insights", graph_error(4, 1504022), None),
        Throttle("the account's insights", graph_error(4, 1504039), None),
        Throttle("too many at once", graph_error(2, 1504043, status=500), None),
        Throttle("never again", graph_error(2, 1504041, status=500), 86_400.0),
        Throttle("never again, a parameter", graph_error(100, 3191001), 86_400.0),
    )

    def step(self, request: httpx.Request) -> Step:
        if not request.url.path.endswith("/insights"):
            return Step.ACCOUNT
        return Step.TOTALS if request.url.params["level"] == "account" else Step.CAMPAIGNS

    def rows(self, body: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = body["data"]
        return rows

    def error(self, meaning: Meaning, message: str) -> Raw:
        match meaning:
            case Meaning.BAD_TOKEN:
                return graph_error(190, 463, message)
            case Meaning.UNKNOWN_FIELD:
                return graph_error(100, None, message)
            case Meaning.BROKEN:
                return graph_error(2, None, message, 500)

    def paging_faults(self) -> Mapping[str, Change]:
        pages: list[Any] = []

        def next_page(body: Any, cursor: str) -> Any:
            next_url = f"https://elsewhere.example/?access_token=leak&after={cursor}"
            return {**body, "paging": {"cursors": {"after": cursor}, "next": next_url}}

        def same_rows(body: Any) -> Any:
            pages.append(body["data"])
            return next_page({**body, "data": pages[0]}, f"c{len(pages)}")

        def same_cursor(body: Any) -> Any:
            pages.append(body["data"])
            fresh = [{**row, "campaign_id": f"{len(pages)}-{row['campaign_id']}"} for row in body["data"]]
            return next_page({**body, "data": fresh}, "c2")

        return {"the same rows under other cursors": same_rows, "other rows under the same cursor": same_cursor}


class TestMeta(AdPlatformSuite):
    """The suite, and the pages that Meta wants smaller."""

    dialect = MetaDialect()

    @pytest.mark.rule("ADS-08")
    @pytest.mark.parametrize(
        "too_much",
        [
            graph_error(1, None, "Please reduce the amount of data you're asking for, then retry your request", 500),
            graph_error(100, 1487534, "too many rows"),
            graph_error(100, 1504018, "timed out"),
            graph_error(2, 1504038, "timed out", 500),
            graph_error(-3, 1504045, "too much"),
        ],
        ids=["message", "100/1487534", "100/1504018", "2/1504038", "-3/1504045"],
    )
    async def test_too_much_data_is_asked_for_in_smaller_pages(self, too_much: Raw) -> None:
        reported = ad_rows(days_from(DAY, 3))
        async with playing(self.dialect, reported) as stage:
            account = await stage.opened()
            stage.wire.refuse = lambda request: too_much if int(request.url.params.get("limit", 0)) > 4 else None
            read = await stage.adapter.campaign_days(account, DAY, days_from(DAY, 3)[-1])
            assert without_epoch(read.rows) == as_read(reported)
            sizes = [int(request.url.params["limit"]) for _, request in stage.wire.requests[1:]]
            assert sizes == [500, 250, 125, 62, 31, 15, 7, 3, 3]

            stage.wire.refuse = lambda request: too_much
            with pytest.raises(TooMuchDataError, match=self.dialect.api):
                await stage.adapter.campaign_days(account, DAY, DAY)

    @pytest.mark.rule("ADS-09")
    async def test_an_allowance_that_is_nearly_used_up_stops_before_the_next_page(self) -> None:
        async with playing(self.dialect, ad_rows([DAY]), page_size=1) as stage:
            account = await stage.opened()
            stage.wire.headers = {"x-fb-ads-insights-throttle": '{"app_id_util_pct": 40, "acc_id_util_pct": 97.5}'}
            with pytest.raises(VendorRateLimited, match="97 %"):
                await stage.adapter.campaign_days(account, DAY, DAY)
            assert stage.wire.count(Step.CAMPAIGNS) == 1

    @pytest.mark.rule("ADS-17")
    async def test_each_row_says_what_a_click_meant_on_its_day(self) -> None:
        meanings = {
            date(2026, 3, 22): "any_click",
            date(2026, 3, 23): "any_or_link_click",
            date(2026, 4, 6): "any_or_link_click",
            date(2026, 4, 7): "link_click",
        }
        async with playing(self.dialect, ad_rows(meanings, campaigns=1)) as stage:
            read = await stage.adapter.campaign_days(await stage.opened(), min(meanings), max(meanings))
            assert {row.day: row.definition_epoch for row in read.rows} == meanings

    @pytest.mark.rule("ADS-07")
    @pytest.mark.parametrize("name", ["ads_meta_view_window_days", "ads_meta_click_window_days"])
    def test_a_window_that_answers_nothing_is_refused_as_a_setting(self, name: str) -> None:
        allowed = Settings.model_validate({"ads_meta_click_window_days": "28", "ads_meta_view_window_days": "1"})
        assert (allowed.ads_meta_click_window_days, allowed.ads_meta_view_window_days) == (28, 1)
        for days in (0, 2, 7 if "view" in name else 14, 30):
            with pytest.raises(ValueError, match="Meta answers"):
                Settings.model_validate({name: days})

    @pytest.mark.rule("ADS-07")
    async def test_windows_are_asked_for_by_name_and_only_living_ones(self) -> None:
        async with playing(self.dialect, ad_rows([DAY])) as stage:
            await stage.pull(DAY, DAY)
            [request] = [request for step, request in stage.wire.requests if step is Step.CAMPAIGNS]
            assert json.loads(request.url.params["action_attribution_windows"]) == ["7d_click", "1d_view"]
