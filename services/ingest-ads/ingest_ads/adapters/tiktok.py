"""TikTok ads, read through the API for Business v1.3.

Report: https://business-api.tiktok.com/portal/docs?id=1740302848100353 (HTTP 200 says nothing: `code` does)
Return codes: https://business-api.tiktok.com/portal/docs?id=1737172488964097
HTTP statuses: https://business-api.tiktok.com/portal/docs?id=1749734684478466
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx

from ingest_ads.adapters.exchange import (
    Exchange,
    Pages,
    Reply,
    count,
    day_of,
    optional_count,
    optional_micros,
    printed_rounding,
    retry_after,
    text_of,
    totals_by_day,
)
from ingest_ads.domain import AccountFacts, CampaignDay
from ingest_ads.ports import CampaignDays, Connection, OpenAccount
from pulsepoint.brand.failures import PullFailure
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.errors import MalformedInput, VendorError, VendorRateLimited, VendorRefused
from pulsepoint.money import to_micros

CAMPAIGN_METRICS = (
    "campaign_name",
    "spend",
    "impressions",
    "clicks",
    "complete_payment",
    "total_complete_payment_rate",
)
"""`complete_payment` counts website purchases and `total_complete_payment_rate` is their total value, not a rate.

Public integrations agree on reading it as money (none reads a rate); TikTok's own page of the field could not be
read, and the recorded rows at hand are all `0.00`, so a first real account should be compared with Ads Manager.
`conversion` follows the campaign's objective (it may count clicks or forms), so it is not asked for."""
REPORT = "report/integrated/get/"
LIMITED = frozenset({40016, 40100, 40132, 40133})
REFUSED = frozenset(
    {40001, *range(40101, 40111), 40112, 40113, 40115, 40116, 40117, 40118, 40119, 40124, 40125, 40300, 40301, 41000}
)
SECOND_LIMIT_SECONDS, MINUTE_LIMIT_SECONDS = 1.0, 300.0
PARAMETERS = frozenset({40000, 40002, 40006, 40007, 40008, 40010, 40051, 41001, 41002})
"""A parameter, field, path or version that this API version does not know."""


def wall_time() -> datetime:
    """The machine's clock, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class TikTokAds:
    """`AdsPlatform` over the API for Business.

    The report does not say which attribution windows made its numbers: they are the advertiser's own choice in
    Attribution Manager. So the windows are settings in days, and None until somebody says. `now` is wall time: limits
    per day end at midnight UTC.
    """

    http: httpx.AsyncClient
    base_url: str = "https://business-api.tiktok.com"
    version: str = "v1.3"
    page_size: int = 1000
    click_window_days: int | None = None
    view_window_days: int | None = None
    now: Callable[[], datetime] = wall_time

    def exchange(self, connection: Connection) -> Exchange:
        """The exchange of one account; its errors name the API version."""
        return Exchange(self.http, f"TikTok Business API {self.version}", connection.token)

    async def account(self, connection: Connection) -> OpenAccount:
        """See `AdsPlatform.account`.

        The display timezone is preferred: `timezone` may be a fixed offset with the sign turned round (Etc/GMT+8).
        """
        params = {
            "advertiser_ids": json.dumps([connection.account_id]),
            "fields": json.dumps(["advertiser_id", "currency", "timezone", "display_timezone"]),
        }
        data = await self._get(connection, "advertiser/info/", params)
        exchange = self.exchange(connection)
        with exchange.reading():
            advertisers = [
                advertiser
                for advertiser in data["list"]
                if str(advertiser.get("advertiser_id")) == connection.account_id
            ]
            if not advertisers:
                text, names = f"{exchange.name} shows no advertiser {connection.account_id}", exchange.names()
                raise VendorRefused(text, reason=PullFailure.NO_SUCH_ACCOUNT, names=names)
            facts = AccountFacts(
                platform=Platform.TIKTOK,
                account_id=connection.account_id,
                currency=text_of(advertisers[0]["currency"], "currency"),
                timezone=text_of(advertisers[0].get("display_timezone") or advertisers[0]["timezone"], "timezone"),
                click_window_days=self.click_window_days,
                view_window_days=self.view_window_days,
            )
        return OpenAccount(connection, facts)

    async def campaign_days(self, account: OpenAccount, start: date, end: date) -> CampaignDays:
        """See `AdsPlatform.campaign_days`."""
        params = _report("AUCTION_CAMPAIGN", "campaign_id", CAMPAIGN_METRICS, start, end)
        rows = await self._rows(account.connection, params)
        with self.exchange(account.connection).reading():
            days = tuple(campaign_day(row) for row in rows)
            return CampaignDays(days, rounding_micros=printed_rounding(row["metrics"]["spend"] for row in rows))

    async def account_days(self, account: OpenAccount, start: date, end: date) -> dict[date, int]:
        """See `AdsPlatform.account_days`."""
        params = _report("AUCTION_ADVERTISER", "advertiser_id", ("spend",), start, end)
        rows = await self._rows(account.connection, params)
        with self.exchange(account.connection).reading():
            return totals_by_day(
                (day_of(row["dimensions"]["stat_time_day"]), to_micros(row["metrics"]["spend"], field="spend"))
                for row in rows
            )

    async def _rows(self, connection: Connection, params: Mapping[str, str]) -> list[Any]:
        """All pages; raises `VendorError` where they do not hold the number of rows that TikTok announced."""
        rows: list[object] = []
        number, taken = 1, Pages()
        while True:
            page_params = {"page": str(number), "page_size": str(self.page_size)}
            data = await self._get(
                connection, REPORT, {**params, "advertiser_id": connection.account_id, **page_params}
            )
            with self.exchange(connection).reading():
                rows += taken.take(data["list"])
                pages, announced = _page_info(data, number)
                if number < pages and not data["list"]:
                    raise MalformedInput(f"page {number} of {pages} is empty")
                if number >= pages and len(rows) != announced:
                    raise MalformedInput(f"announced {announced} rows and sent {len(rows)}")
            if number >= pages:
                return rows
            number += 1

    async def _get(self, connection: Connection, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        url = f"{(connection.base_url or self.base_url).rstrip('/')}/open_api/{self.version}/{path}"
        exchange = self.exchange(connection)
        reply = await exchange.send("GET", url, headers={"Access-Token": connection.token}, params=params)
        body = reply.body
        if reply.status >= 300 or not isinstance(body, dict) or body.get("code") != 0 or body["code"] is False:
            raise tiktok_error(exchange, reply, now=self.now())
        if not isinstance(body.get("data"), dict):
            raise exchange.left_out("data")
        data: dict[str, object] = body["data"]
        return data


def _report(level: str, entity: str, metrics: tuple[str, ...], start: date, end: date) -> dict[str, str]:
    return {
        "report_type": "BASIC",
        "data_level": level,
        "dimensions": json.dumps([entity, "stat_time_day"]),
        "metrics": json.dumps(metrics),
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
    }


def _page_info(data: Mapping[str, Any], number: int) -> tuple[int, int]:
    """Pages and rows in all; an answer without `page_info` is the only page.

    Raises `MalformedInput` where it is about another page than `number`.
    """
    info = data.get("page_info")
    if info is None:
        return 1, len(data["list"])
    if count(info.get("page", number), "page") != number:
        raise MalformedInput(f"page_info.page: page {number} was asked for")
    return count(info["total_page"], "total_page"), count(info["total_number"], "total_number")


def campaign_day(row: Mapping[str, Any]) -> CampaignDay:
    """One report row; a metric that was not asked for, or is a dash, is None."""
    dimensions, metrics = row["dimensions"], row["metrics"]
    day = dimensions.get("stat_time_hour") or dimensions["stat_time_day"]
    identity = text_of(dimensions["campaign_id"], "campaign_id")
    return CampaignDay(
        campaign_id=identity,
        campaign_name=text_of(metrics.get("campaign_name") or identity, "campaign_name"),
        day=day_of(day),
        spend_micros=to_micros(metrics["spend"], field="spend"),
        impressions=optional_count(metrics.get("impressions"), "impressions"),
        clicks=optional_count(metrics.get("clicks"), "clicks"),
        conversions_micros=optional_micros(metrics.get("complete_payment"), "complete_payment"),
        conversion_value_micros=optional_micros(
            metrics.get("total_complete_payment_rate"), "total_complete_payment_rate"
        ),
    )


def tiktok_error(exchange: Exchange, reply: Reply, *, now: datetime) -> VendorError:
    """The error an answer means; the return code outranks the HTTP status.

    `now` (UTC) sets how long a limit per day still lasts.
    """
    code = reply.body.get("code") if isinstance(reply.body, dict) else None
    if not isinstance(code, int) or isinstance(code, bool) or code == 0:
        return exchange.unreadable(reply)
    message = exchange.text(reply.body.get("message", "no reason given"))
    names = exchange.names(code=str(code), message=message)
    if code in LIMITED or reply.status == 429:
        wait = retry_after(reply.headers) or limit_wait(message, now)
        text = f"{exchange.name} asks to slow down ({code}): {message}"
        return VendorRateLimited(text, retry_after=wait, names=names)
    if code in REFUSED:
        return VendorRefused(f"{exchange.name} refuses the credentials ({code}): {message}", names=names)
    if code in PARAMETERS:
        text = f"{exchange.name} does not know what was asked ({code}): {message}"
        return VendorError(text, reason=PullFailure.NOT_UNDERSTOOD, names=names)
    return VendorError(f"{exchange.name} failed ({code}): {message}", names=names)


def limit_wait(message: str, now: datetime) -> float:
    """Seconds until a limit is over, which TikTok names and does not time: there is no header.

    A limit per second (`App 7 reaches the QPS limit 10`) waits a second, one per day until midnight UTC, one per
    minute and one without a name five minutes. https://business-api.tiktok.com/portal/docs/rate-limits/v1.3
    """
    words = set(re.findall(r"[a-z]+", message.lower()))
    if words & {"qps", "second"}:
        return SECOND_LIMIT_SECONDS
    if words & {"qpd", "day", "daily"}:
        midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
        return (midnight - now).total_seconds()
    return MINUTE_LIMIT_SECONDS
