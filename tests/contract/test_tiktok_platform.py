"""TikTok passes the suite of every ad platform: its errors come as HTTP 200 and its limits without a header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import httpx
import pytest

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


def answer(code: int, message: str) -> Raw:
    """An error: HTTP 200, `code` says what it is."""
    return raw_json({"code": code, "message": message, "request_id": "1", "data": {}})


class TikTokDialect(AdDialect):
    """The API for Business."""

    platform = Platform.TIKTOK
    api = "TikTok Business API v1.3"
    fields: ClassVar = {
        Metric.CAMPAIGN: ("dimensions", "campaign_id"),
        Metric.DAY: ("dimensions", "stat_time_day"),
        Metric.SPEND: ("metrics", "spend"),
        Metric.IMPRESSIONS: ("metrics", "impressions"),
        Metric.CLICKS: ("metrics", "clicks"),
        Metric.PURCHASES: ("metrics", "complete_payment"),
        Metric.VALUE: ("metrics", "total_complete_payment_rate"),
    }
    missing = dict.fromkeys((Metric.IMPRESSIONS, Metric.CLICKS, Metric.PURCHASES, Metric.VALUE), "-")
    throttles = (
        Throttle("per second", answer(40100, "App 7055107885 reaches the QPS limit 10, current QPS is 11."), 1),
        Throttle("per minute", answer(40100, "App 7055107885 reaches the QPM limit 600."), 300),
        Throttle("per day, until midnight UTC", answer(40100, "The app reaches the QPD limit 864000."), 43_200),
        Throttle("per day, in words", answer(40100, "Daily request limit reached."), 43_200),
        Throttle("without a name", answer(40100, "Too many requests. Please retry in some time."), 300),
        Throttle("of this developer", answer(40016, "Too many requests by this developer."), 300),
    )

    def step(self, request: httpx.Request) -> Step:
        if "advertiser/info" in request.url.path:
            return Step.ACCOUNT
        return Step.TOTALS if request.url.params["data_level"] == "AUCTION_ADVERTISER" else Step.CAMPAIGNS

    def rows(self, body: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = body["data"]["list"]
        return rows

    def recount(self, body: Any) -> Any:
        body["data"]["page_info"]["total_number"] = len(self.rows(body))
        return body

    def error(self, meaning: Meaning, message: str) -> Raw:
        codes = {Meaning.BAD_TOKEN: 40105, Meaning.UNKNOWN_FIELD: 40002, Meaning.BROKEN: 50000}
        return answer(codes[meaning], message)

    def paging_faults(self) -> Mapping[str, Change]:
        pages: list[Any] = []

        def same_rows(body: Any) -> Any:
            pages.append(body["data"]["list"])
            body["data"] |= {"list": pages[0]}
            body["data"]["page_info"] |= {"total_page": 99, "page": len(pages)}
            return body

        def same_page(body: Any) -> Any:
            pages.append(body["data"]["list"])
            fresh = {"campaign_id": str(len(pages)), "stat_time_day": f"{DAY} 00:00:00"}
            body["data"] |= {"list": [{"dimensions": fresh, "metrics": {"spend": "1.00"}}]}
            body["data"]["page_info"] |= {"total_page": 99, "page": 1}
            return body

        def no_rows(body: Any) -> Any:
            body["data"] |= {"list": []}
            body["data"]["page_info"] |= {"total_page": body["data"]["page_info"]["page"] + 1}
            return body

        return {"the same rows": same_rows, "the first page for every page": same_page, "empty pages": no_rows}


class TestTikTok(AdPlatformSuite):
    """The suite, and TikTok's addresses."""

    dialect = TikTokDialect()

    async def test_every_address_ends_in_the_slash_that_tiktok_requires(self) -> None:
        async with playing(self.dialect, [ad_row()]) as stage:
            await stage.pull(DAY, DAY)
            assert {request.url.path for _, request in stage.wire.requests} == {
                "/open_api/v1.3/advertiser/info/",
                "/open_api/v1.3/report/integrated/get/",
            }

    @pytest.mark.rule("ADS-10")
    async def test_a_count_of_the_campaigns_objective_is_never_asked_for_as_purchases(self) -> None:
        async with playing(self.dialect, [ad_row()]) as stage:
            await stage.pull(DAY, DAY)
            [request] = [request for step, request in stage.wire.requests if step is Step.CAMPAIGNS]
            assert '"conversion"' not in request.url.params["metrics"]
