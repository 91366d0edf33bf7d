"""Daily spend of the campaigns that sell a variant, by the variant's share of their revenue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from pulsepoint.money import split

RECENT_DAYS = 7
ACTIVE_DAYS = 2


@dataclass(frozen=True, slots=True)
class CampaignDay:
    """One campaign's spend on one day of its ad account."""

    platform: str
    account_id: str
    currency: str
    campaign_id: str
    day: date
    spend_micros: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign that is running, and what it spends a day."""

    platform: str
    account_id: str
    campaign_id: str
    daily_spend_micros: int


class CampaignItem(NamedTuple):
    """The part of a campaign's revenue that one variant brought, as a weight among the campaign's variants."""

    platform: str
    account_id: str
    campaign_id: str
    key: str
    weight: int


@dataclass(frozen=True, slots=True)
class Exposure:
    """The part of one campaign's daily spend that sells one variant."""

    platform: str
    campaign_id: str
    spend_micros: int


def running_campaigns(days: Iterable[CampaignDay], *, today: date, currency: str) -> list[Campaign]:
    """Campaigns that spent on one of their account's two latest days, with the mean of its latest seven days.

    Today's spend is still growing, so it counts only where an account has no other day. Campaigns of accounts in
    another currency are left out: their spend is never added to the shop's money.
    """
    accounts: dict[tuple[str, str], list[CampaignDay]] = defaultdict(list)
    for row in days:
        if row.currency == currency:
            accounts[(row.platform, row.account_id)].append(row)
    running: list[Campaign] = []
    for rows in accounts.values():
        dates = sorted({row.day for row in rows})
        complete = [day for day in dates if day < today] or dates
        recent = [day for day in complete if day > complete[-1] - timedelta(days=RECENT_DAYS)]
        running.extend(_of_account(rows, recent, frozenset(dates[-ACTIVE_DAYS:])))
    return sorted(running, key=lambda campaign: (campaign.platform, campaign.campaign_id))


def _of_account(rows: list[CampaignDay], recent: list[date], latest: frozenset[date]) -> Iterable[Campaign]:
    campaigns: dict[str, list[CampaignDay]] = defaultdict(list)
    for row in rows:
        campaigns[row.campaign_id].append(row)
    for campaign_id, own in campaigns.items():
        spent = sum(row.spend_micros for row in own if row.day in recent)
        if spent > 0 and any(row.spend_micros > 0 and row.day in latest for row in own):
            yield Campaign(own[0].platform, own[0].account_id, campaign_id, spent // len(recent))


def exposures(campaigns: Iterable[Campaign], weights: Iterable[CampaignItem]) -> Mapping[str, tuple[Exposure, ...]]:
    """By variant key, its part of each campaign's daily spend, dearest first.

    A campaign's parts add up to its daily spend to the micro: what its other variants sell is theirs.
    """
    running = {(campaign.platform, campaign.account_id, campaign.campaign_id): campaign for campaign in campaigns}
    revenue: dict[Campaign, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in weights:
        campaign = running.get((row.platform, row.account_id, row.campaign_id))
        if campaign is not None and row.weight > 0:
            revenue[campaign][row.key] += row.weight
    parts: dict[str, list[Exposure]] = defaultdict(list)
    for campaign, shares in revenue.items():
        keys = sorted(shares)
        for key, part in zip(keys, split(campaign.daily_spend_micros, [shares[key] for key in keys]), strict=True):
            if part > 0:
                parts[key].append(Exposure(campaign.platform, campaign.campaign_id, part))
    return {
        key: tuple(sorted(own, key=lambda part: (-part.spend_micros, part.platform, part.campaign_id)))
        for key, own in parts.items()
    }
