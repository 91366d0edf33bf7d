"""Meta ads, read through the Graph API's insights.

Insights: https://developers.facebook.com/documentation/ads-commerce/marketing-api/insights
Windows of an action: https://developers.facebook.com/docs/marketing-api/reference/ads-action-stats/
(7d_view and 28d_view are gone since 2026-01-12:
https://developers.facebook.com/blog/post/2025/10/16/ads-insights-api-metric-availability-updates/)
Limits and their codes: https://developers.facebook.com/docs/graph-api/overview/rate-limiting/
Codes of insights, which wait, shrink or never ask again:
https://developers.facebook.com/documentation/ads-commerce/marketing-api/insights/error-codes
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from ingest_ads.adapters.exchange import (
    Exchange,
    Pages,
    Reply,
    day_of,
    optional_count,
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

CAMPAIGN_FIELDS = (
    "campaign_id",
    "campaign_name",
    "spend",
    "impressions",
    "clicks",
    "actions",
    "action_values",
    "date_start",
    "date_stop",
)
ACCOUNT_FIELDS = ("spend", "date_start", "date_stop")
PURCHASE = ("omni_purchase", "purchase")
"""Spellings of one purchase, best first: the others repeat the same number, so they are never added up."""
REFUSED = frozenset({3, 10, 102, 104, 190, *range(200, 300)})
LIMITED = frozenset({4, 17, 32, 341, 368, 613, *range(80000, 80015)})
LIMITED_SUBCODES = frozenset({1504022, 1504039, 1504043})
TOO_MUCH = "reduce the amount of data"
TOO_MUCH_SUBCODES = frozenset({1487534, 1504018, 1504038, 1504045})
NEVER_AGAIN_SUBCODES = frozenset({1504041, 3191001})
NEVER_AGAIN_SECONDS = 86_400.0
"""A request that Meta says not to repeat waits a day: by then the days it asks for are others."""
NOT_LINKED_SUBCODE = 2853001
NO_ACCESS_SUBCODES = frozenset({33, 2446289})
USAGE_HEADERS = ("x-business-use-case-usage", "x-app-usage", "x-ad-account-usage", "x-fb-ads-insights-throttle")


ANY_CLICK, CHANGING, LINK_CLICK = "any_click", "any_or_link_click", "link_click"
LINK_CLICKS_ROLLOUT = (date(2026, 3, 23), date(2026, 4, 6))
"""Days on which a click-through came to mean a click on a link alone, account by account (first and last; secondary
sources). Likes, shares, saves and five-second views became engage-through, which is not asked for:
https://www.facebook.com/business/help/460276478298895"""


class TooMuchDataError(VendorError):
    """Meta asks for a smaller page."""


@dataclass(frozen=True, slots=True)
class MetaAds:
    """`AdsPlatform` over the Graph API; windows in days, `usage_limit` in per cent of Meta's own allowance."""

    http: httpx.AsyncClient
    base_url: str = "https://graph.facebook.com"
    version: str = "v27.0"
    page_size: int = 500
    click_window_days: int = 7
    view_window_days: int = 1
    usage_limit: int = 95

    def exchange(self, connection: Connection) -> Exchange:
        """The exchange of one account; its errors name the API version."""
        return Exchange(self.http, f"Meta Graph API {self.version}", connection.token)

    async def account(self, connection: Connection) -> OpenAccount:
        """See `AdsPlatform.account`."""
        body = await self._get(connection, _node(connection), {"fields": "account_id,currency,timezone_name"})
        with self.exchange(connection).reading():
            facts = AccountFacts(
                platform=Platform.META,
                account_id=connection.account_id,
                currency=text_of(body["currency"], "currency"),
                timezone=text_of(body["timezone_name"], "timezone_name"),
                click_window_days=self.click_window_days,
                view_window_days=self.view_window_days,
            )
        return OpenAccount(connection, facts)

    async def campaign_days(self, account: OpenAccount, start: date, end: date) -> CampaignDays:
        """See `AdsPlatform.campaign_days`."""
        windows = (f"{self.click_window_days}d_click", f"{self.view_window_days}d_view")
        params = {
            **_insights("campaign", CAMPAIGN_FIELDS, start, end),
            "action_attribution_windows": json.dumps(windows),
        }
        rows: list[CampaignDay] = []
        spends: list[object] = []
        async for page in self._pages(account.connection, params):
            with self.exchange(account.connection).reading():
                rows += [campaign_day(row, windows=windows) for row in page]
                spends += [row["spend"] for row in page]
        return CampaignDays(tuple(rows), rounding_micros=printed_rounding(spends))

    async def account_days(self, account: OpenAccount, start: date, end: date) -> dict[date, int]:
        """See `AdsPlatform.account_days`."""
        params = _insights("account", ACCOUNT_FIELDS, start, end)
        rows = [row async for page in self._pages(account.connection, params) for row in page]
        with self.exchange(account.connection).reading():
            return totals_by_day((_single_day(row), to_micros(row["spend"], field="spend")) for row in rows)

    async def _pages(self, connection: Connection, params: Mapping[str, str]) -> AsyncIterator[list[Any]]:
        """Pages of insights by cursor; where Meta says it is too much data, the page is halved and asked again."""
        size, after, cursors, pages = self.page_size, "", set[str](), Pages()
        while True:
            page_params = {**params, "limit": str(size), **({"after": after} if after else {})}
            try:
                body = await self._get(connection, f"{_node(connection)}/insights", page_params)
            except TooMuchDataError:
                if size == 1:
                    raise
                size = max(1, size // 2)
                continue
            with self.exchange(connection).reading():
                rows, cursor = pages.take(body["data"]), _next_cursor(body)
                cursors.add(after)
                if cursor in cursors - {""}:
                    raise MalformedInput("paging.cursors.after: pages in a circle")
            yield rows
            if not cursor:
                return
            after = cursor

    async def _get(self, connection: Connection, path: str, params: Mapping[str, str]) -> dict[str, object]:
        url = f"{(connection.base_url or self.base_url).rstrip('/')}/{self.version}/{path}"
        headers = {"authorization": f"Bearer {connection.token}"}
        exchange = self.exchange(connection)
        reply = await exchange.send("GET", url, headers=headers, params=params)
        if reply.status >= 300 or not isinstance(reply.body, dict) or "error" in reply.body:
            raise meta_error(exchange, reply)
        if _has_next(reply.body) and (spent := usage(reply.headers))[0] >= self.usage_limit:
            text, names = (
                f"{exchange.name}: {spent[0]} % of the allowance is used",
                exchange.names(percent=str(spent[0])),
            )
            raise VendorRateLimited(text, retry_after=spent[1], reason=PullFailure.ALLOWANCE_USED, names=names)
        return reply.body


def _node(connection: Connection) -> str:
    return f"act_{connection.account_id.removeprefix('act_')}"


def _insights(level: str, fields: Iterable[str], start: date, end: date) -> dict[str, str]:
    return {
        "level": level,
        "fields": ",".join(fields),
        "time_increment": "1",
        "time_range": json.dumps({"since": start.isoformat(), "until": end.isoformat()}),
    }


def _has_next(body: Mapping[str, object]) -> bool:
    paging = body.get("paging")
    return isinstance(paging, dict) and bool(paging.get("next"))


def _next_cursor(body: Mapping[str, Any]) -> str:
    """The cursor of the next page, empty on the last.

    `paging.next` is a URL that may carry a token: only its cursor is taken.
    """
    if not _has_next(body):
        return ""
    after = body["paging"].get("cursors", {}).get("after")
    cursor = after or parse_qs(urlsplit(body["paging"]["next"]).query).get("after", [""])[0]
    if not cursor:
        raise MalformedInput("paging.next: no cursor")
    return text_of(cursor, "after")


def _single_day(row: Mapping[str, object]) -> date:
    day = day_of(row["date_start"])
    if day_of(row["date_stop"]) != day:
        raise MalformedInput("date_stop: expected one day a row")
    return day


def campaign_day(row: Mapping[str, object], *, windows: tuple[str, ...] = ()) -> CampaignDay:
    """One insights row; purchases are the sum of the `windows` asked for, without windows Meta's own `value`.

    Meta leaves `actions` out where there were none: asked and absent is zero.
    """
    day = _single_day(row)
    return CampaignDay(
        campaign_id=text_of(row["campaign_id"], "campaign_id"),
        campaign_name=text_of(row.get("campaign_name") or row["campaign_id"], "campaign_name"),
        day=day,
        spend_micros=to_micros(row["spend"], field="spend"),
        impressions=optional_count(row.get("impressions"), "impressions"),
        clicks=optional_count(row.get("clicks"), "clicks"),
        conversions_micros=purchases(row.get("actions"), windows) if windows or "actions" in row else None,
        conversion_value_micros=(
            purchases(row.get("action_values"), windows) if windows or "action_values" in row else None
        ),
        definition_epoch=definition_epoch(day),
    )


def definition_epoch(day: date) -> str:
    """The meaning of a click-through on that day: `any_click`, `link_click`, or either while it was changing."""
    first, last = LINK_CLICKS_ROLLOUT
    if day < first:
        return ANY_CLICK
    return LINK_CLICK if day > last else CHANGING


def purchases(actions: Any, windows: tuple[str, ...] = ()) -> int:
    """Micros of the best spelling of a purchase among `actions`; zero where there is none.

    Each spelling counts the same purchases again, so one is taken and none are added.
    """
    for spelling in PURCHASE:
        for action in actions or ():
            if action["action_type"] == spelling:
                if not windows:
                    return to_micros(action["value"], field=spelling)
                return sum(to_micros(action.get(window, "0"), field=spelling) for window in windows)
    return 0


def meta_error(exchange: Exchange, reply: Reply) -> VendorError:
    """The error an answer means.

    Codes: https://developers.facebook.com/docs/graph-api/guides/error-handling
    """
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    if not isinstance(error, dict) or not error:
        return exchange.unreadable(reply)
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    message = exchange.text(error.get("message", "no reason given"))
    names = exchange.names(code=f"HTTP {reply.status}" if code is None else str(code), message=message)
    if subcode in NEVER_AGAIN_SUBCODES:
        text = f"{exchange.name} asks not to repeat this ({code}): {message}"
        return VendorRateLimited(text, retry_after=NEVER_AGAIN_SECONDS, names=names)
    if TOO_MUCH in message or subcode in TOO_MUCH_SUBCODES:
        return TooMuchDataError(f"{exchange.name}: {message}", names=names)
    if code in LIMITED or subcode in LIMITED_SUBCODES or reply.status == 429:
        wait = usage(reply.headers)[1] or retry_after(reply.headers)
        text = f"{exchange.name} asks to slow down ({code}): {message}"
        return VendorRateLimited(text, retry_after=wait, names=names)
    if _refused(code, subcode, reply.status):
        return VendorRefused(f"{exchange.name} refuses the credentials ({code}): {message}", names=names)
    return VendorError(f"{exchange.name} failed ({code}): {message}", names=names)


def _refused(code: int | None, subcode: int | None, status: int) -> bool:
    if code is None:
        return status in (401, 403)
    return code in REFUSED or subcode == NOT_LINKED_SUBCODE or (code == 100 and subcode in NO_ACCESS_SUBCODES)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def usage(headers: Mapping[str, str]) -> tuple[int, float | None]:
    """Per cent of the tightest allowance used, and seconds until access returns where Meta says so.

    Headers and `estimated_time_to_regain_access` (minutes):
    https://developers.facebook.com/docs/graph-api/overview/rate-limiting/#headers
    """
    used, minutes = 0, 0
    for name in USAGE_HEADERS:
        for entry in _usage_entries(headers.get(name, "")):
            used = max([used, *(int(value) for key, value in entry.items() if key in PERCENTAGES and _plain(value))])
            wait = entry.get("estimated_time_to_regain_access", 0)
            minutes = max(minutes, int(wait) if _plain(wait) else 0)
    return used, minutes * 60.0 or None


PERCENTAGES = frozenset(
    {"call_count", "total_cputime", "total_time", "acc_id_util_pct", "app_id_util_pct"},
)


def _plain(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**9


def _usage_entries(header: str) -> list[dict[str, Any]]:
    """The objects of a usage header: one flat object, or lists of them by business id."""
    try:
        usage_object = json.loads(header) if header else {}
    except (ValueError, RecursionError):
        return []
    if not isinstance(usage_object, dict):
        return []
    nested = [
        entry
        for value in usage_object.values()
        if isinstance(value, list)
        for entry in value
        if isinstance(entry, dict)
    ]
    return [usage_object, *nested]
