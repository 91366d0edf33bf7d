"""A pull refuses answers that would count wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ingest_ads.domain import AccountFacts, CampaignDay, Pull
from ingest_ads.ports import CampaignDays, Connection, OpenAccount
from ingest_ads.pull import pull_account
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.errors import VendorError
from pulsepoint.ports.document_store import StoredEffect
from tests.builders.ads import NOON, SCOPE, version_at

TODAY = date(2026, 3, 10)


@dataclass(frozen=True, slots=True)
class FixedPlatform:
    """Answers what it was given."""

    rows: tuple[CampaignDay, ...] = ()
    totals: tuple[tuple[date, int], ...] = ()
    timezone: str = "Europe/London"

    async def account(self, connection: Connection) -> OpenAccount:
        facts = AccountFacts(platform="meta", account_id=connection.account_id, currency="GBP", timezone=self.timezone)
        return OpenAccount(connection, facts)

    async def campaign_days(self, account: OpenAccount, start: date, end: date) -> CampaignDays:
        return CampaignDays(self.rows)

    async def account_days(self, account: OpenAccount, start: date, end: date) -> dict[date, int]:
        return dict(self.totals)


@dataclass(frozen=True, slots=True)
class PullPorts:
    secrets: MemorySecretStore
    clock: FixedClock
    platforms: dict[Any, Any]


def row(day: date = TODAY, spend: int = 5) -> CampaignDay:
    return CampaignDay(campaign_id="1", campaign_name="c", day=day, spend_micros=spend)


async def pull(platform: FixedPlatform, **order: Any) -> Pull:
    secrets = MemorySecretStore()
    await secrets.put(SCOPE, "ref", b"token")
    data = {"platform": "meta", "account_id": "1", "secret_ref": "ref", **order}
    effect = StoredEffect(SCOPE, "ads.pull", "meta:1", NOON, data)
    return Pull.model_validate(await pull_account(PullPorts(secrets, FixedClock(NOON), {"meta": platform}), effect))


async def test_the_version_is_the_pulls_start() -> None:
    result = await pull(FixedPlatform(rows=(row(),), totals=((TODAY, 5),)))
    assert result.version == version_at(datetime(2026, 3, 10, 12, tzinfo=UTC))
    assert [(day.day, day.adds_up) for day in result.days] == [(date(2026, 3, 9), True), (TODAY, True)]


@pytest.mark.rule("ADS-04")
async def test_spend_of_campaigns_without_a_total_does_not_add_up() -> None:
    result = await pull(FixedPlatform(rows=(row(),)))
    assert [day.adds_up for day in result.days] == [True, False]


@pytest.mark.rule("ADS-04")
async def test_a_total_without_campaigns_does_not_add_up() -> None:
    result = await pull(FixedPlatform(totals=((TODAY, 5),)))
    assert [day.adds_up for day in result.days] == [True, False]


async def test_a_campaigns_day_sent_twice_is_an_error() -> None:
    with pytest.raises(VendorError, match="twice"):
        await pull(FixedPlatform(rows=(row(), row()), totals=((TODAY, 10),)))


async def test_a_day_that_was_not_asked_for_is_an_error() -> None:
    with pytest.raises(VendorError, match="not asked for"):
        await pull(FixedPlatform(rows=(row(date(2026, 3, 8)),)))


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "../etc/passwd", ""])
async def test_an_unknown_timezone_is_an_error_that_names_it(timezone: str) -> None:
    with pytest.raises(VendorError, match="unknown timezone"):
        await pull(FixedPlatform(timezone=timezone))


@pytest.mark.rule("ADS-06")
async def test_days_that_have_not_begun_are_not_asked_for() -> None:
    result = await pull(FixedPlatform(), start_day=date(2026, 3, 12), end_day=date(2026, 3, 13))
    assert result.days == ()
