"""The effect of ads: pressure that carries over, effect that saturates, contacts they make with buyers not theirs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sandbox.settings import PPM, CampaignSettings, Incident, ShopSettings


def saturation(pressure_cents: int, half_cents: int) -> int:
    """Effect of a pressure in ppm of the most possible: pressure / (pressure + half), the Hill curve of slope one.

    Carry-over and shape as in Jin et al. 2017, https://research.google/pubs/pub46001/.
    """
    return pressure_cents * PPM // (pressure_cents + half_cents)


def carried(pressure_cents: int, budget_cents: int, carry_ppm: int) -> int:
    """The next day's pressure: geometric adstock, scaled so that a steady budget gives a pressure equal to it."""
    return (pressure_cents * carry_ppm + budget_cents * (PPM - carry_ppm)) // PPM


def budget_on(campaign: CampaignSettings, day: date, shop: ShopSettings, incidents: Iterable[Incident]) -> int:
    """The budget of the campaign on `day` by its plan and the incidents, in cents."""
    budget = campaign.budget_cents
    if day.weekday() >= 5:
        budget = budget * campaign.weekend_ppm // PPM
    for incident in incidents:
        if incident.campaign_id == campaign.campaign_id and incident.when.covers(day, shop):
            budget = 0 if incident.kind == "paused_ads" else budget * incident.amount_ppm // PPM
    return budget


@dataclass(frozen=True, slots=True)
class CampaignDay:
    """A campaign's power on one day; `effect_ppm` is its effect against the plan's (one as planned)."""

    campaign: CampaignSettings
    budget_cents: int
    effect_ppm: int

    @property
    def share_ppm(self) -> int:
        """First orders it creates, in ppm of all first orders as planned."""
        return self.campaign.share_ppm * self.effect_ppm // PPM

    @property
    def click_ppm(self) -> int:
        """Of those it creates, how many come by a click: none once it is off, then only its memory works."""
        return self.campaign.click_ppm if self.budget_cents else 0

    @property
    def reach_ppm(self) -> int:
        """The chance to meet another campaign's or nobody's visitor by a click."""
        return min(PPM, self.campaign.reach_ppm * self.effect_ppm // PPM) if self.budget_cents else 0

    @property
    def view_ppm(self) -> int:
        """The chance that any buyer saw it within a day before buying."""
        return min(PPM, self.campaign.view_ppm * self.effect_ppm // PPM) if self.budget_cents else 0


class Pressures:
    """The carried-over pressure of every campaign, advanced day by day."""

    def __init__(self, campaigns: tuple[CampaignSettings, ...]) -> None:
        self._campaigns = campaigns
        self._cents = {campaign.campaign_id: campaign.budget_cents for campaign in campaigns}

    def advance(self, day: date, shop: ShopSettings, incidents: Iterable[Incident]) -> tuple[CampaignDay, ...]:
        """Spend the budgets of `day` and say what each campaign can do with it."""
        incidents = tuple(incidents)
        days = []
        for campaign in self._campaigns:
            budget = budget_on(campaign, day, shop, incidents)
            pressure = carried(self._cents[campaign.campaign_id], budget, campaign.carry_ppm)
            self._cents[campaign.campaign_id] = pressure
            planned = saturation(campaign.budget_cents, campaign.half_cents)
            effect = saturation(pressure, campaign.half_cents) * PPM // planned if planned else 0
            days.append(CampaignDay(campaign, budget, effect))
        return tuple(days)


def lifted_ppm(days: Iterable[CampaignDay], origin: str | None) -> int:
    """Mean factor by which contacts with campaigns other than `origin` lift a visitor's chance to buy."""
    factor = PPM
    for day in days:
        if day.campaign.campaign_id != origin:
            factor = factor * (PPM + day.reach_ppm * day.campaign.lift_ppm // PPM) // PPM
    return factor


def contact_ppm(day: CampaignDay) -> int:
    """The chance in ppm that a buyer met the campaign: reached buyers are over-represented, for more of them buy."""
    reach, lift = day.reach_ppm, day.campaign.lift_ppm
    return reach * (PPM + lift) // (PPM + reach * lift // PPM)
