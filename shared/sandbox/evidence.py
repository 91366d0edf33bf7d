"""Tracking data of an order: landing addresses with tidy or untidy UTMs, click ids, notes of the pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote_plus

from sandbox.ad_habits import AD_HABITS
from sandbox.draws import Draws, Table
from sandbox.journeys import HOUR, Intent, Step
from sandbox.records import Device, Evidence, Visit
from sandbox.settings import CampaignSettings, EvidenceSettings, ShopSettings
from sandbox.shoppers import other_device, pick_device

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

_SEARCHES = ("https://www.google.com/", "https://www.google.de/", "https://www.bing.com/", "https://duckduckgo.com/")
_SEARCH_TABLE = Table((48, 38, 9, 5))


@dataclass(frozen=True, slots=True)
class Sight:
    """The view at the moment of an order: consent in ppm, and what is broken."""

    consent_ppm: int
    pixel_works: bool
    addresses_work: bool


def slug(name: str) -> str:
    """A campaign's name as people put it into `utm_campaign`, lower case, words joined by `_`."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "_".join(words)


def _click_id(campaign: CampaignSettings, draws: Draws) -> tuple[str, str]:
    habits = AD_HABITS[campaign.platform]
    length = habits.click_id_letters
    letters: list[str] = []
    while len(letters) < length:
        bits = draws.bits()
        letters.extend(_LETTERS[bits >> shift & 63] for shift in range(0, 60, 6))
    return habits.click_id, habits.click_id_prefix + "".join(letters[:length])


def _utm(campaign: CampaignSettings, draws: Draws, drift_ppm: int) -> list[tuple[str, str]]:
    """UTMs as the advertiser set them up: mostly tidy, else an alias, another case, the id for the name, or nothing."""
    habits = AD_HABITS[campaign.platform]
    source, medium = habits.source, habits.medium
    name = slug(campaign.name)
    if draws.chance(drift_ppm):
        if habits.auto_tags and draws.chance(500_000):
            return []  # auto-tagging only
        sources, mediums = habits.sources, habits.mediums
        if draws.chance(600_000):
            source = sources[draws.below(len(sources))]
        if draws.chance(400_000):
            medium = mediums[draws.below(len(mediums))]
        names = (name, name.upper(), campaign.name, campaign.campaign_id, name.replace("_", "-"))
        name = names[draws.below(len(names))]
    return [("utm_source", source), ("utm_medium", medium), ("utm_campaign", name)]


class Witness:
    """Writes the tracking data of an intent's journey into an order."""

    def __init__(
        self, shop: ShopSettings, settings: EvidenceSettings, campaigns: Mapping[str, CampaignSettings]
    ) -> None:
        self._domain, self._settings, self._campaigns = shop.domain, settings, campaigns

    def see(self, intent: Intent, handle: str, sight: Sight, draws: Draws) -> tuple[Device, Evidence, bool]:
        """A triple: the order's device, its tracking data, and whether the platforms could see the buyer (consent).

        `handle` is of the product first in mind.
        """
        device, steps = pick_device(draws), intent.steps
        waited = intent.due_at - intent.started_at > 2 * HOUR
        if waited and draws.chance(self._settings.cross_device_ppm):
            # They finish elsewhere: only the last visit is on the device that orders.
            device, steps = other_device(device), steps[-1:]
        consent = draws.chance(sight.consent_ppm)
        visits = tuple(self._visit(step, handle, sight, draws) for step in steps)
        if not consent:
            return device, Evidence(), False
        notes = self._notes(visits[0]) if sight.pixel_works else ()
        last = visits[-1]
        return device, Evidence(last.landing_page, last.referrer, notes, visits), True

    def _visit(self, step: Step, handle: str, sight: Sight, draws: Draws) -> Visit:
        page, referrer, query = self._arrival(step, handle, draws)
        if not sight.addresses_work:
            query = []
        text = "&".join(f"{name}={quote_plus(value)}" for name, value in query)
        utm = tuple((name, value) for name, value in query if name.startswith("utm_"))
        return Visit(datetime.fromtimestamp(step.at, UTC), f"{page}?{text}" if text else page, referrer, utm)

    def _arrival(self, step: Step, handle: str, draws: Draws) -> tuple[str, str | None, list[tuple[str, str]]]:
        """Landing page, referrer and query of one visit."""
        product = f"/products/{handle}"
        if step.channel == "campaign" and step.campaign_id is not None:
            campaign = self._campaigns[step.campaign_id]
            query = _utm(campaign, draws, self._settings.drift_ppm)
            click = _click_id(campaign, draws)
            if draws.chance(self._settings.click_id_ppm):
                query.append(click)
            referrers = AD_HABITS[campaign.platform].referrers
            page = "/" if campaign.kind == "brand_search" else product
            return page, referrers[draws.below(len(referrers))], query
        if step.channel == "organic":
            return (product if draws.chance(600_000) else "/"), _SEARCHES[draws.pick(_SEARCH_TABLE)], []
        if step.channel == "email":
            week = datetime.fromtimestamp(step.at, UTC).strftime("%G-w%V")
            source = "newsletter" if draws.chance(850_000) else "Newsletter"
            query = [("utm_source", source), ("utm_medium", "email"), ("utm_campaign", f"weekly-{week}")]
            return "/collections/new", None, query
        return "/", None, []

    def _notes(self, first: Visit) -> tuple[tuple[str, str], ...]:
        """The pixel's notes at checkout: the first address it saw on this device."""
        notes = [("landing_page", f"https://{self._domain}{first.landing_page}")]
        if first.referrer is not None:
            notes.append(("referrer", first.referrer))
        return tuple(notes)
