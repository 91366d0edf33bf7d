"""Claims of the platforms: each the whole order, for its last click or view in its own windows; the unseen modelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pulsepoint.brand.vocabulary import Platform
from sandbox.ad_habits import AD_HABITS
from sandbox.draws import Draws
from sandbox.journeys import DAY, Contact, Intent
from sandbox.records import Claim, Order
from sandbox.settings import PPM, CampaignSettings, ClaimSettings


@dataclass(frozen=True, slots=True)
class Sale:
    """An order as a platform's tag sees it: `heard_ppm` is the chance that the tag fires."""

    order: Order
    at: int
    consent: bool
    heard_ppm: int


class Claimants:
    """The platforms, claiming."""

    def __init__(self, settings: ClaimSettings, campaigns: Mapping[str, CampaignSettings]) -> None:
        self._settings, self._campaigns = settings, campaigns
        advertised = {campaign.platform for campaign in campaigns.values()}
        self._platforms = tuple(platform for platform in Platform if platform in advertised)

    def claims(self, intent: Intent, sale: Sale, day_of: Callable[[int], date], draws: Draws) -> list[Claim]:
        """At most one claim a platform, on the day of the contact it rests on."""
        claims = []
        for platform in self._platforms:
            habits = AD_HABITS[platform]
            heard, modelled = draws.chance(sale.heard_ppm), draws.chance(self._settings.modelled_ppm)
            delay = draws.between(120, 6 * 3_600)
            contact = self._last(platform, intent.contacts, sale.at)
            if contact is None or not heard or not (sale.consent or modelled):
                continue
            weight = self._settings.modelled_weight_ppm if habits.models_fractions and not sale.consent else PPM
            claims.append(
                Claim(
                    platform=platform,
                    campaign_id=contact.campaign_id,
                    order_id=sale.order.order_id,
                    touched_day=day_of(contact.at),
                    visible_from=datetime.fromtimestamp(sale.at + delay, UTC),
                    contact=contact.kind,
                    conversions_micros=weight,
                    value_cents=sale.order.total_cents * weight // PPM,
                )
            )
        return claims

    def _last(self, platform: Platform, contacts: tuple[Contact, ...], at: int) -> Contact | None:
        """The last click within the click window, else the last view within the view window."""
        habits = AD_HABITS[platform]
        windows = {"click": habits.click_days * DAY, "view": habits.view_days * DAY}
        own = [
            contact for contact in contacts
            if self._campaigns[contact.campaign_id].platform == platform and at - contact.at <= windows[contact.kind]
        ]  # fmt: skip
        return max(own, key=lambda contact: (contact.kind == "click", contact.at), default=None)
