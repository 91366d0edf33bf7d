"""Google ads, read through the Google Ads API's searchStream.

Streaming: https://developers.google.com/google-ads/api/reference/rpc/latest/SearchGoogleAdsStreamRequest
(REST answers an array of chunks)
Headers: https://developers.google.com/google-ads/api/docs/concepts/call-structure
Developer tokens ended on 2026-09-09: access belongs to the Cloud project of the OAuth client, and none is sent:
https://developers.google.com/google-ads/api/docs/api-policy/developer-token
Rows whose selected metrics are all zero are left out:
https://developers.google.com/google-ads/api/docs/reporting/zero-metrics
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from ingest_ads.adapters.exchange import (
    Exchange,
    Reply,
    count,
    day_of,
    optional_count,
    optional_micros,
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

ACCOUNT = "SELECT customer.id, customer.currency_code, customer.time_zone, customer.manager FROM customer LIMIT 1"
WINDOWS = (
    "SELECT conversion_action.click_through_lookback_window_days FROM conversion_action"
    " WHERE conversion_action.status = 'ENABLED' AND conversion_action.include_in_conversions_metric = TRUE"
)
CAMPAIGNS = (
    "SELECT campaign.id, campaign.name, segments.date, metrics.cost_micros, metrics.impressions, metrics.clicks,"
    " metrics.conversions, metrics.conversions_value FROM campaign"
)
"""No filter on channel or status: Performance Max spends at campaign level only, and a removed campaign has spent.
`conversions` holds the actions the advertiser bids on; `all_conversions` adds the rest and is not asked for:
https://developers.google.com/google-ads/api/docs/conversions/reporting"""
TOTALS = "SELECT segments.date, metrics.cost_micros FROM customer"
VIEW_WINDOW_DAYS = 0
"""`conversions` follow an interaction with the ad; view-through conversions are another metric, not asked for."""
REFUSED_STATUS = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
REFUSED_KINDS = frozenset({"authenticationError", "authorizationError", "headerError"})
REFUSED_REASONS = frozenset(
    {"ACCESS_PROHIBITED", "REQUESTED_METRICS_FOR_MANAGER", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"}
)
UNKNOWN_KINDS = frozenset({"queryError", "requestError", "fieldError", "enumError"})


@dataclass(frozen=True, slots=True)
class GoogleAds:
    """`AdsPlatform` over searchStream; `login_customer_id` is the manager used where an account names none."""

    http: httpx.AsyncClient
    base_url: str = "https://googleads.googleapis.com"
    version: str = "v26"
    login_customer_id: str = ""

    def exchange(self, connection: Connection) -> Exchange:
        """The exchange of one account; its errors name the API version."""
        return Exchange(self.http, f"Google Ads API {self.version}", connection.token)

    async def account(self, connection: Connection) -> OpenAccount:
        """See `AdsPlatform.account`; the click window is None where conversion actions differ in theirs."""
        rows = await self._search(connection, ACCOUNT)
        windows = await self._search(connection, WINDOWS)
        exchange = self.exchange(connection)
        with exchange.reading():
            customer = _first(rows)["customer"]
            if customer.get("manager"):
                text, names = f"{exchange.name}: {connection.account_id} is a manager", exchange.names()
                raise VendorRefused(f"{text}: connect its clients", reason=PullFailure.MANAGER_ACCOUNT, names=names)
            facts = AccountFacts(
                platform=Platform.GOOGLE,
                account_id=connection.account_id,
                currency=text_of(_field(customer, "currencyCode"), "currencyCode"),
                timezone=text_of(_field(customer, "timeZone"), "timeZone"),
                click_window_days=click_window(windows),
                view_window_days=VIEW_WINDOW_DAYS,
            )
        return OpenAccount(connection, facts)

    async def campaign_days(self, account: OpenAccount, start: date, end: date) -> CampaignDays:
        """See `AdsPlatform.campaign_days`."""
        rows = await self._search(account.connection, f"{CAMPAIGNS} {_between(start, end)}")
        with self.exchange(account.connection).reading():
            return CampaignDays(tuple(campaign_day(row) for row in rows))

    async def account_days(self, account: OpenAccount, start: date, end: date) -> dict[date, int]:
        """See `AdsPlatform.account_days`."""
        rows = await self._search(account.connection, f"{TOTALS} {_between(start, end)}")
        with self.exchange(account.connection).reading():
            return totals_by_day((day_of(row["segments"]["date"]), _cost(row["metrics"])) for row in rows)

    async def _search(self, connection: Connection, query: str) -> list[Any]:
        customer = connection.account_id.replace("-", "")
        base_url = (connection.base_url or self.base_url).rstrip("/")
        url = f"{base_url}/{self.version}/customers/{customer}/googleAds:searchStream"
        exchange = self.exchange(connection)
        reply = await exchange.send("POST", url, headers=self._headers(connection), json_body={"query": query})
        if reply.status >= 300 or not isinstance(reply.body, list):
            raise google_error(exchange, reply)
        with exchange.reading():
            # A stream may break after its first chunks: the failure is then an element of the array.
            if any("error" in chunk for chunk in reply.body):
                raise google_error(exchange, reply)
            return [row for chunk in reply.body for row in chunk.get("results", ())]

    def _headers(self, connection: Connection) -> dict[str, str]:
        headers = {"authorization": f"Bearer {connection.token}"}
        if manager := (connection.login_customer_id or self.login_customer_id).replace("-", ""):
            headers["login-customer-id"] = manager
        return headers


def _between(start: date, end: date) -> str:
    return f"WHERE segments.date BETWEEN '{start.isoformat()}' AND '{end.isoformat()}'"


def _first(rows: list[object]) -> Any:
    if not rows:
        raise MalformedInput("customer: no row")
    return rows[0]


def _field(resource: Mapping[str, object], name: str) -> object:
    """A field by its JSON name, or by its proto name: recorded bodies carry both spellings."""
    if name in resource:
        return resource[name]
    proto = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    if proto in resource:
        return resource[proto]
    raise KeyError(name)


def _metric(metrics: Mapping[str, object], name: str) -> object:
    """A metric, None where the answer has none: zeros are sent as zeros."""
    try:
        return _field(metrics, name)
    except KeyError:
        return None


def _cost(metrics: Mapping[str, object]) -> int:
    """Micros; an int64, which JSON carries as text. Raises `KeyError` where there is none."""
    return count(_field(metrics, "costMicros"), "costMicros")


def click_window(rows: Iterable[Any]) -> int | None:
    """The one click window that all counted conversion actions share, else None."""
    windows = {count(_field(row["conversionAction"], "clickThroughLookbackWindowDays"), "window") for row in rows}
    return windows.pop() if len(windows) == 1 else None


def campaign_day(row: Mapping[str, Any]) -> CampaignDay:
    """One result row; a metric that is not in it is None."""
    campaign, metrics = row["campaign"], row["metrics"]
    identity = text_of(campaign["id"], "campaign.id")
    return CampaignDay(
        campaign_id=identity,
        campaign_name=text_of(campaign.get("name") or identity, "campaign.name"),
        day=day_of(row["segments"]["date"]),
        spend_micros=_cost(metrics),
        impressions=optional_count(_metric(metrics, "impressions"), "impressions"),
        clicks=optional_count(_metric(metrics, "clicks"), "clicks"),
        conversions_micros=optional_micros(_metric(metrics, "conversions"), "conversions"),
        conversion_value_micros=optional_micros(_metric(metrics, "conversionsValue"), "conversionsValue"),
    )


def google_error(exchange: Exchange, reply: Reply) -> VendorError:
    """The error an answer means.

    Failure shape: https://developers.google.com/google-ads/api/docs/get-started/handle-errors; authorization errors:
    https://developers.google.com/google-ads/api/reference/rpc/v26/AuthorizationErrorEnum.AuthorizationError; quotas:
    https://developers.google.com/google-ads/api/reference/rpc/v26/QuotaErrorEnum.QuotaError
    """
    error = _error_object(reply.body)
    if error is None:
        if reply.status == 404:
            text = f"{exchange.name} is not served (HTTP 404): the version may have been retired"
            return VendorError(text, reason=PullFailure.NOT_SERVED, names=exchange.names())
        return exchange.unreadable(reply)
    reasons = list(_reasons(error))
    status = str(error.get("status", ""))
    code = exchange.text(", ".join(reason for _, reason in reasons) or status)
    names = exchange.names(code=code, message=exchange.text(error.get("message", "no reason given")))
    message = f"{code}: {names['message']}"
    if any(kind in REFUSED_KINDS or reason in REFUSED_REASONS for kind, reason in reasons):
        return VendorRefused(f"{exchange.name} refuses the credentials ({message})", names=names)
    if status == "RESOURCE_EXHAUSTED" or reply.status == 429 or any(kind == "quotaError" for kind, _ in reasons):
        wait = max(_delays(error), default=retry_after(reply.headers))
        return VendorRateLimited(f"{exchange.name} asks to slow down ({message})", retry_after=wait, names=names)
    if status in REFUSED_STATUS or reply.status in (401, 403):
        return VendorRefused(f"{exchange.name} refuses the credentials ({message})", names=names)
    if any(kind in UNKNOWN_KINDS for kind, _ in reasons):
        text = f"{exchange.name} does not know what was asked ({message})"
        return VendorError(text, reason=PullFailure.NOT_UNDERSTOOD, names=names)
    return VendorError(f"{exchange.name} failed ({message})", names=names)


def _error_object(body: object) -> dict[str, object] | None:
    """The error object of an answer: on its own, or as an element of the stream's array."""
    for candidate in body if isinstance(body, list) else [body]:
        if isinstance(candidate, dict) and isinstance(candidate.get("error"), dict) and candidate["error"]:
            error: dict[str, object] = candidate["error"]
            return error
    return None


def _reasons(error_object: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Kind and reason of each GoogleAdsError in the failure."""
    for error in _errors(error_object):
        code = error.get("errorCode")
        for kind, reason in code.items() if isinstance(code, dict) else ():
            yield str(kind), str(reason)


def _delays(error_object: Mapping[str, object]) -> Iterator[float]:
    """Seconds to wait, as the quota's details or google.rpc.RetryInfo say."""
    quotas = [error.get("details") for error in _errors(error_object)]
    details = [quota.get("quotaErrorDetails") for quota in quotas if isinstance(quota, dict)]
    for holder in (*details, *_list(error_object.get("details"))):
        delay = _seconds(holder.get("retryDelay")) if isinstance(holder, dict) else None
        if delay is not None:
            yield delay


def _errors(error_object: Mapping[str, object]) -> list[dict[str, object]]:
    return [error for detail in _list(error_object.get("details")) for error in _list(detail.get("errors"))]


def _list(value: object) -> list[dict[str, object]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _seconds(duration: object) -> float | None:
    """Seconds of a protobuf duration in JSON, such as `30s` or `3.5s`."""
    if not isinstance(duration, str) or not duration.endswith("s"):
        return None
    try:
        return to_micros(duration[:-1], field="retryDelay") / 1_000_000
    except MalformedInput:
        return None
