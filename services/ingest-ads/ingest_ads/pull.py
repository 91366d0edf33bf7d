"""One pull of one ad account: the only part of this service that talks to the outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict

from ingest_ads.domain import (
    AccountFacts,
    CampaignDay,
    Pull,
    PulledDay,
    adds_up,
    days_between,
    local_today,
)
from ingest_ads.ports import AdsPlatform, CampaignDays, Connection, OpenAccount, PullPorts
from pulsepoint.brand.failures import PullFailure
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.errors import VendorError, VendorRefused
from pulsepoint.ports.document_store import StoredEffect
from pulsepoint.tenancy import TenantContext

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PullOrder(BaseModel):
    """The data of an `ads.pull` effect; days None: yesterday and today where the account is."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    platform: Platform
    account_id: str
    secret_ref: str | None = None
    login_customer_id: str | None = None
    base_url: str | None = None
    start_day: date | None = None
    end_day: date | None = None
    clock_offset_seconds: int = 0


async def pull_account(ports: PullPorts, effect: StoredEffect) -> dict[str, object]:
    """The pull the effect orders, as JSON of `Pull`; raises what `AdsPlatform` raises."""
    order = PullOrder.model_validate(effect.data)
    started = ports.clock.now()
    platform = ports.platforms[order.platform]
    account = await platform.account(await _connection(ports, effect.scope, order))
    start, end = _days(order, account.facts, started)
    days: tuple[PulledDay, ...] = ()
    if start <= end:
        days = await _pull_days(platform, account, start, end)
    version = (started - EPOCH) // timedelta(microseconds=1)
    pull = Pull(version=version, account=account.facts, start=start, end=end, days=days)
    return pull.model_dump(mode="json")


async def _connection(ports: PullPorts, scope: TenantContext, order: PullOrder) -> Connection:
    account = f"account {order.account_id}"
    token = await ports.secrets.get(scope, order.secret_ref) if order.secret_ref else None
    if not token:
        raise VendorRefused(f"no access token is stored for {account}: connect it", reason=PullFailure.NO_TOKEN)
    text = token.decode("ascii", errors="replace").strip()
    if not text.isascii() or not text.isprintable():
        raise VendorRefused(f"the token of {account} is none: connect it again", reason=PullFailure.UNUSABLE_TOKEN)
    return Connection(order.account_id, text, order.login_customer_id, order.base_url)


def _days(order: PullOrder, facts: AccountFacts, now: datetime) -> tuple[date, date]:
    """The days to ask for; never a day that has not begun where the account is."""
    try:
        today = local_today(now, facts.timezone, order.clock_offset_seconds)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text, names = f"account {facts.account_id} has the unknown timezone", {"timezone": facts.timezone}
        raise VendorError(f"{text} {facts.timezone!r}", reason=PullFailure.UNKNOWN_TIMEZONE, names=names) from None
    start = order.start_day or today - timedelta(days=1)
    return start, min(order.end_day or today, today)


async def _pull_days(platform: AdsPlatform, account: OpenAccount, start: date, end: date) -> tuple[PulledDay, ...]:
    before = await platform.account_days(account, start, end)
    campaigns = await platform.campaign_days(account, start, end)
    rows = _by_day(campaigns, start, end)
    totals = [before]
    if not all(_adds_up(day, rows[day], totals, campaigns) for day in days_between(start, end)):
        # A running day grows between two requests: what was spent lies between the totals before and after.
        totals.append(await platform.account_days(account, start, end))
    return tuple(
        PulledDay(
            day=day,
            account_spend_micros=totals[-1].get(day, 0),
            adds_up=_adds_up(day, rows[day], totals, campaigns),
            rows=tuple(sorted(rows[day], key=lambda row: row.campaign_id)),
        )
        for day in days_between(start, end)
    )


def _adds_up(day: date, rows: list[CampaignDay], totals: list[dict[date, int]], campaigns: CampaignDays) -> bool:
    spent = sum(row.spend_micros for row in rows)
    return adds_up(spent, len(rows), (day_totals.get(day, 0) for day_totals in totals), campaigns.rounding_micros)


def _by_day(campaigns: CampaignDays, start: date, end: date) -> Mapping[date, list[CampaignDay]]:
    grouped: dict[date, list[CampaignDay]] = defaultdict(list)
    seen: set[tuple[str, date]] = set()
    for row in campaigns.rows:
        if not start <= row.day <= end:
            text, names = f"the platform answered {row.day}, which was not asked for", {"day": str(row.day)}
            raise VendorError(f"{text} ({start} to {end})", reason=PullFailure.UNASKED_DAY, names=names)
        if row.key in seen:
            text, names = f"campaign {row.campaign_id} on {row.day}", {"campaign": row.campaign_id, "day": str(row.day)}
            raise VendorError(f"the platform answered {text} twice", reason=PullFailure.REPEATED_ROW, names=names)
        seen.add(row.key)
        grouped[row.day].append(row)
    return grouped
