"""Worlds drawn from a seed: shops of other sizes, mixes and budgets than those that come along, with known incidents.

An incident is what the sandbox's settings say happens, on the days they say; nothing here asks the product. The same
seed makes the same shop whatever strikes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from sandbox.settings import PPM, CampaignSettings, Incident, When, WorldSettings
from sandbox.world import World
from tests.builders.sandbox_worlds import world_settings

HISTORY_DAYS = 165
FIRST_INCIDENT_DAY = 40
"""Days before it are quiet: the rules have a past to compare with."""
APART_DAYS = 45
"""Days from the start of one incident to the next, so that what one did to the past is over."""
SIZES, SMALL_SIZES = (12, 25, 50), (3, 5, 10)
"""Orders a day."""
STRUCK_VARIANTS = 8
GRACE_DAYS = 3
"""An alert opened so many days after an incident's end still is about it: rules look at the last three days."""


@dataclass(frozen=True, slots=True)
class Struck:
    """One incident of a world: its kind, its first and last day, and what it is about where that is one thing."""

    kind: str
    first_day: date
    last_day: date
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class DrawnWorld:
    """A world's settings and the incidents that happen in it."""

    settings: WorldSettings
    incidents: tuple[Struck, ...] = ()


def calm_world(seed: int, sizes: tuple[int, ...] = SIZES) -> DrawnWorld:
    """A shop in which nothing goes wrong."""
    return DrawnWorld(_shop(Random(seed), seed, sizes))


def struck_world(seed: int, kind: str) -> DrawnWorld:
    """The same shop, hit by incidents of one `kind`; see `_incident`."""
    draw = Random(seed * 7919 + 1)
    settings = _shop(Random(seed), seed, SIZES)
    starts = range(FIRST_INCIDENT_DAY, HISTORY_DAYS - 20, APART_DAYS)
    incidents = tuple(_incident(draw, settings, kind, start) for start in starts)
    first = settings.shop.first_day
    struck = tuple(
        Struck(
            kind,
            first + timedelta(days=incident.when.on_day),
            first + timedelta(days=incident.when.on_day + incident.when.days - 1),
        )
        for incident in incidents
    )
    return DrawnWorld(replace(settings, incidents=incidents), struck)


def short_world(seed: int, kind: str) -> DrawnWorld:
    """The same shop, of whose variants `STRUCK_VARIANTS` run short: `supplier_delay` or `stock_loss`.

    Deliveries of them stop for good, or one day there is none of them; whether and when a shelf is empty is read from
    the world itself (`tests.accuracy.shelves`).
    """
    draw = Random(seed * 7919 + 2)
    settings = _shop(Random(seed), seed, SIZES)
    skus = sorted(variant.sku for product in World(settings).catalog() for variant in product.variants)
    incidents = tuple(_shortage(draw, kind, sku) for sku in draw.sample(skus, STRUCK_VARIANTS))
    return DrawnWorld(replace(settings, incidents=incidents))


def _shortage(draw: Random, kind: str, sku: str) -> Incident:
    if kind == "supplier_delay":
        return Incident("supplier_delay", When(HISTORY_DAYS, on_day=draw.randrange(20, 50)), sku=sku)
    start = draw.randrange(FIRST_INCIDENT_DAY, HISTORY_DAYS - 20)
    return Incident("stock_loss", When(draw.randrange(6, 12), on_day=start), sku=sku)


def _shop(draw: Random, seed: int, sizes: tuple[int, ...]) -> WorldSettings:
    settings = world_settings(
        "calm",
        days=HISTORY_DAYS,
        seed=seed,
        demand={
            "orders_per_day": draw.choice(sizes),
            "aov_cents": draw.randrange(10_000, 20_000),
            "repeat_ppm": draw.randrange(100_000, 350_000),
            "return_ppm": draw.randrange(40_000, 150_000),
        },
        evidence={
            "consent_ppm": draw.randrange(600_000, 900_000),
            "click_id_ppm": draw.randrange(750_000, 950_000),
            "cross_device_ppm": draw.randrange(60_000, 180_000),
        },
        incidents=(),
        promotions=(),
    )
    return replace(settings, campaigns=tuple(_scaled(draw, campaign, settings) for campaign in settings.campaigns))


def _scaled(draw: Random, campaign: CampaignSettings, settings: WorldSettings) -> CampaignSettings:
    # Budgets follow the size of the shop, each with a hand of its own.
    orders, aov = settings.demand.orders_per_day, settings.demand.aov_cents
    factor = draw.randrange(700_000, 1_400_000) * orders // 45 * aov // 14_500
    budget = max(1_000, campaign.budget_cents * factor // PPM)
    return replace(campaign, budget_cents=budget, half_cents=max(500, campaign.half_cents * factor // PPM))


def _incident(draw: Random, settings: WorldSettings, kind: str, start: int) -> Incident:
    when = When(draw.randrange(6, 12), on_day=start + draw.randrange(0, 12))
    match kind:
        case "broken_utm":
            return Incident("broken_utm", when)
        case "consent_drop":
            return Incident("consent_drop", when, amount_ppm=draw.randrange(150_000, 500_000))
        case "broken_pixel":
            return Incident("broken_pixel", when, amount_ppm=draw.randrange(600_000, 1_000_000))
        case "more_ads":
            # Three to five times the money on what is nearly saturated: the return on it falls for good reason. Only
            # where money is spent whole: a campaign paid by the click hardly spends more, however much it may.
            whole = [campaign for campaign in settings.campaigns if not campaign.cpc_cents]
            dearest = max(whole, key=lambda campaign: campaign.budget_cents)
            return Incident(
                "more_ads",
                when,
                campaign_id=dearest.campaign_id,
                amount_ppm=draw.randrange(3 * PPM, 5 * PPM),
            )
    raise ValueError(f"no incident of kind {kind!r} is drawn here")
