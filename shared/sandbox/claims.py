"""What platforms claim: each the whole order, for its last click or view within its own windows, unseen ones modelled.

Windows as the platforms' defaults: Meta 7-day click and 1-day view
(https://www.facebook.com/business/help/460276478298895), TikTok the same
(https://ads.tiktok.com/help/article/attribution-overview), Google Ads 30-day click
(https://support.google.com/google-ads/answer/3123169).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sandbox.draws import Draws
from sandbox.journeys import DAY, Contact, Intent
from sandbox.records import Claim, Order, Platform
from sandbox.settings import PPM, CampaignSettings, ClaimSettings

CLICK_DAYS: Mapping[Platform, int] = {"meta": 7, "tiktok": 7, "google": 30}
VIEW_DAYS: Mapping[Platform, int] = {"meta": 1, "tiktok": 1, "google": 0}
PLATFORMS: tuple[Platform, ...] = ("meta", "tiktok", "google")


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

    def claims(self, intent: Intent, sale: Sale, day_of: Callable[[int], date], draws: Draws) -> list[Claim]:
        """At most one claim a platform, on the day of the contact it rests on."""
        claims = []
        for platform in PLATFORMS:
            heard, modelled = draws.chance(sale.heard_ppm), draws.chance(self._settings.modelled_ppm)
            delay = draws.between(120, 6 * 3_600)
            contact = self._last(platform, intent.contacts, sale.at)
            if contact is None or not heard or not (sale.consent or modelled):
                continue
            weight = PPM if sale.consent or platform != "google" else self._settings.modelled_weight_ppm
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
        windows = {"click": CLICK_DAYS[platform] * DAY, "view": VIEW_DAYS[platform] * DAY}
        own = [
            contact for contact in contacts
            if self._campaigns[contact.campaign_id].platform == platform and at - contact.at <= windows[contact.kind]
        ]  # fmt: skip
        return max(own, key=lambda contact: (contact.kind == "click", contact.at), default=None)
