"""Daily spend of the campaigns that sell a variant, by the variant's share of their revenue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pulsepoint.metrics.running import CampaignKey, SpentDay, running
from pulsepoint.money import split


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


def running_campaigns(spent: Sequence[SpentDay], daily_spend: Mapping[CampaignKey, int]) -> list[Campaign]:
    """The running campaigns that spent something on their recent days, by platform and id.

    `spent` are days with spend, `daily_spend` micros a day of the recent days, both in the shop's currency: spend in
    another is never added to the shop's money.
    """
    spending = [key for key in running(spent) if daily_spend.get(key, 0) > 0]
    return [Campaign(*key, daily_spend[key]) for key in sorted(spending)]


def exposures(campaigns: Iterable[Campaign], weights: Iterable[CampaignItem]) -> Mapping[str, tuple[Exposure, ...]]:
    """By variant key, its part of each campaign's daily spend, dearest first.

    A campaign's parts add up to its daily spend to the micro: what its other variants sell is theirs.
    """
    by_key = {(campaign.platform, campaign.account_id, campaign.campaign_id): campaign for campaign in campaigns}
    revenue: dict[Campaign, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in weights:
        campaign = by_key.get((row.platform, row.account_id, row.campaign_id))
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
