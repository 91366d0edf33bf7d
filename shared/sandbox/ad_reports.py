"""Reports of the ad platforms on a day: spend by the hour, clicks, and claims that keep coming for weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sandbox.ad_habits import AD_HABITS
from sandbox.campaigns import CampaignDay
from sandbox.draws import Draws
from sandbox.records import AdDay, Claim
from sandbox.seasons import HOURS
from sandbox.settings import PPM, CampaignSettings, ShopSettings


@dataclass(frozen=True, slots=True)
class Delivery:
    """A campaign's whole day."""

    campaign: CampaignSettings
    spend_cents: int
    impressions: int
    clicks: int


def deliver(day: CampaignDay, clicks: int, draws: Draws) -> Delivery:
    """Spend by the campaign's rule: the whole budget, or the price per click up to the budget."""
    campaign = day.campaign
    spend = min(day.budget_cents, clicks * campaign.cpc_cents) if campaign.cpc_cents else day.budget_cents
    if campaign.cpc_cents:
        impressions = clicks * draws.between(12, 20)
    else:
        impressions = spend * 1_000 // campaign.cpm_cents * draws.between(900, 1_100) // 1_000
    return Delivery(campaign, spend, max(impressions, clicks), clicks)


def passed_ppm(starts_at: int, ends_at: int, now: int) -> int:
    """The share of a day's traffic that has come by `now`, in ppm."""
    if now >= ends_at:
        return PPM
    if now <= starts_at:
        return 0
    hour, second = divmod(now - starts_at, 3_600)
    if hour >= 24:
        return PPM
    before = HOURS.sums[hour - 1] if hour else 0
    done = before * 3_600 + (HOURS.sums[hour] - before) * second
    return done * PPM // (HOURS.total * 3_600)


class AdReports:
    """Deliveries and claims by day."""

    def __init__(self, shop: ShopSettings) -> None:
        self._shop = shop
        self._deliveries: dict[date, tuple[int, int, tuple[Delivery, ...]]] = {}
        self._claims: dict[tuple[str, date], list[Claim]] = {}

    def open(self, day: date, starts_at: int, ends_at: int, deliveries: tuple[Delivery, ...]) -> None:
        """Enter the deliveries of a day."""
        self._deliveries[day] = (starts_at, ends_at, deliveries)

    def claim(self, claim: Claim) -> None:
        """Enter a claim, by campaign and the day of its contact."""
        self._claims.setdefault((claim.campaign_id, claim.touched_day), []).append(claim)

    def claims(self, campaign_id: str, day: date) -> tuple[Claim, ...]:
        """The claims on orders said to come from a campaign's day."""
        return tuple(self._claims.get((campaign_id, day), ()))

    def report(self, day: date, as_of: int) -> tuple[AdDay, ...]:
        """The ad days of `day` as shown at `as_of`; none for a day the world has not reached or before it began."""
        if day not in self._deliveries:
            return ()
        starts_at, ends_at, deliveries = self._deliveries[day]
        if as_of < starts_at:
            return ()
        passed = passed_ppm(starts_at, ends_at, as_of)
        return tuple(self._row(delivery, day, passed, as_of) for delivery in deliveries)

    def _row(self, delivery: Delivery, day: date, passed: int, as_of: int) -> AdDay:
        habits = AD_HABITS[delivery.campaign.platform]
        campaign, now = delivery.campaign, datetime.fromtimestamp(as_of, UTC)
        claims = [claim for claim in self._claims.get((campaign.campaign_id, day), ()) if claim.visible_from <= now]
        return AdDay(
            platform=campaign.platform,
            account_id=campaign.account_id,
            campaign_id=campaign.campaign_id,
            campaign_name=campaign.name,
            day=day,
            currency=self._shop.currency,
            timezone=self._shop.timezone,
            spend_cents=delivery.spend_cents * passed // PPM,
            impressions=delivery.impressions * passed // PPM,
            clicks=delivery.clicks * passed // PPM,
            claimed_conversions_micros=sum(claim.conversions_micros for claim in claims),
            claimed_value_cents=sum(claim.value_cents for claim in claims),
            click_window_days=habits.click_days,
            view_window_days=habits.view_days,
        )
