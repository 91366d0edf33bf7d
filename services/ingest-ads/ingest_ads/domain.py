"""Ad days: what a pull saw of them, which of it is new, and when a day may not be counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from pydantic import BaseModel, ConfigDict

from pulsepoint.brand.vocabulary import Platform

MOST_DAYS = 30
"""Days one pull asks for: TikTok refuses more when it reports by day."""


class AccountFacts(BaseModel):
    """An ad account's facts about itself; windows in days, None where the platform has no single answer."""

    model_config = ConfigDict(frozen=True)
    platform: Platform
    account_id: str
    currency: str
    timezone: str
    click_window_days: int | None = None
    view_window_days: int | None = None


class CampaignDay(BaseModel):
    """One campaign's day in the account's currency and timezone; None was not asked for and is never zero.

    `definition_epoch` names what the platform counted as a purchase's click on that day; None where that never changed.
    """

    model_config = ConfigDict(frozen=True)
    campaign_id: str
    campaign_name: str
    day: date
    spend_micros: int
    impressions: int | None = None
    clicks: int | None = None
    conversions_micros: int | None = None
    conversion_value_micros: int | None = None
    definition_epoch: str | None = None

    @property
    def key(self) -> tuple[str, date]:
        """(campaign id, day): once in a pull."""
        return (self.campaign_id, self.day)


class PulledDay(BaseModel):
    """A day as one pull saw it: the account's own total, and the campaigns' rows."""

    model_config = ConfigDict(frozen=True)
    day: date
    account_spend_micros: int
    adds_up: bool
    rows: tuple[CampaignDay, ...] = ()

    @property
    def campaign_spend_micros(self) -> int:
        """The campaigns' spend in micros."""
        return sum(row.spend_micros for row in self.rows)


class Pull(BaseModel):
    """Everything one pull brought; `version` is its start in microseconds since 1970."""

    model_config = ConfigDict(frozen=True)
    version: int
    account: AccountFacts
    start: date
    end: date
    days: tuple[PulledDay, ...]


@dataclass(frozen=True, slots=True)
class DaySettled:
    """The changes of one pulled day: its next document, the rows to record, and whether its quarantine changed."""

    document: dict[str, object] | None
    rows: tuple[CampaignDay, ...] = ()
    quarantine: bool | None = None


def local_today(now: datetime, timezone: str, clock_offset_seconds: int = 0) -> date:
    """The account's calendar day at `now` (aware), moved by the brand's business clock."""
    return (now + timedelta(seconds=clock_offset_seconds)).astimezone(ZoneInfo(timezone)).date()


def days_between(start: date, end: date) -> Iterator[date]:
    """Each day from `start` to `end`, both included; none when `end` is earlier."""
    return (start + timedelta(days=offset) for offset in range((end - start).days + 1))


def spans(start: date, end: date, most: int = MOST_DAYS) -> Iterator[tuple[date, date]]:
    """`start` to `end` cut into spans of at most `most` days that neither overlap nor leave a day out."""
    while start <= end:
        stop = min(end, start + timedelta(days=most - 1))
        yield start, stop
        start = stop + timedelta(days=1)


def adds_up(campaigns: int, rows: int, totals: Iterable[int], rounding_micros: int) -> bool:
    """True where campaigns (micros) sum to the account's total.

    `totals` are what the account said before and, on a running day, after the campaigns were read: the sum may
    lie between them. Platforms that round each row to cents may be off by `rounding_micros` a row.
    """
    spent = list(totals)
    slack = rounding_micros * max(rows, 1)
    return min(spent) - slack <= campaigns <= max(spent) + slack


def content_digest(account: AccountFacts, row: CampaignDay) -> str:
    """Digest of what a row says; equal digests mean nothing was restated."""
    content = {**account.model_dump(mode="json"), **row.model_dump(mode="json")}
    if row.definition_epoch is None:
        # Digests kept by releases without epochs stay those of the same rows.
        del content["definition_epoch"]
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def settle_day(stored: Mapping[str, Any] | None, pulled: PulledDay, account: AccountFacts, version: int) -> DaySettled:
    """The changes of `pulled` against the day's document (None: never seen).

    A pull that began before the one last settled changes nothing. A day that does not add up is quarantined and
    none of its rows are recorded. A campaign that vanished from a day was restated to zero: platforms leave
    all-zero rows out.
    """
    before = stored or {"version": 0, "quarantined": None, "campaigns": {}}
    if int(before["version"]) >= version:
        return DaySettled(document=None)
    stored_campaigns: dict[str, list[str]] = before["campaigns"]
    if not pulled.adds_up:
        mark = [pulled.account_spend_micros, pulled.campaign_spend_micros]
        document = {"version": version, "quarantined": mark, "campaigns": stored_campaigns}
        return DaySettled(document, quarantine=True if before["quarantined"] != mark else None)
    seen = {row.campaign_id: row for row in (*_vanished(stored_campaigns, pulled), *pulled.rows)}
    digests = {identity: content_digest(account, row) for identity, row in seen.items()}
    changed = tuple(
        row for identity, row in seen.items() if stored_campaigns.get(identity, [""])[0] != digests[identity]
    )
    campaigns = {identity: [digests[identity], row.campaign_name] for identity, row in seen.items()}
    document = {"version": version, "quarantined": None, "campaigns": campaigns}
    return DaySettled(document, changed, quarantine=False if before["quarantined"] is not None else None)


def _vanished(stored_campaigns: Mapping[str, list[str]], pulled: PulledDay) -> Iterator[CampaignDay]:
    present = {row.campaign_id for row in pulled.rows}
    for identity, (_, name) in stored_campaigns.items():
        if identity not in present:
            yield CampaignDay(
                campaign_id=identity,
                campaign_name=name,
                day=pulled.day,
                spend_micros=0,
                impressions=0,
                clicks=0,
                conversions_micros=0,
                conversion_value_micros=0,
            )
