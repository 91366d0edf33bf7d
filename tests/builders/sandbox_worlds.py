"""Worlds to test with: each lived once, whoever asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from sandbox.records import Happening, Order, Refund, StockChange
from sandbox.settings import CampaignSettings, DemandSettings, WorldSettings
from sandbox.settings_file import named_world
from sandbox.world import World

PLENTY = 90
"""Safety days that leave no shelf empty."""


def world_settings(name: str = "calm", *, days: int = 120, seed: int | None = None, **tables: Any) -> WorldSettings:
    """A world that comes along, shortened to `days`; `demand={"repeat_ppm": 0}` and the like change single settings."""
    settings = named_world(name)
    settings = replace(settings, shop=replace(settings.shop, history_days=days))
    if seed is not None:
        settings = replace(settings, seed=seed)
    for table, values in tables.items():
        changed = replace(getattr(settings, table), **values) if isinstance(values, dict) else values
        settings = replace(settings, **{table: changed})
    return settings


def even(settings: WorldSettings) -> WorldSettings:
    """The world with all days alike and full shelves: its statistics are those asked for, every day."""
    return replace(
        settings,
        demand=replace(settings.demand, season_ppm=0),
        stock=replace(settings.stock, safety_days=PLENTY, late_ppm=0),
        promotions=(),
        incidents=(),
    )


def with_campaigns(settings: WorldSettings, **changes: dict[str, Any]) -> WorldSettings:
    """The world with settings of single campaigns changed: `c21034567801={"lift_ppm": 0}`."""
    campaigns: list[CampaignSettings] = []
    for campaign in settings.campaigns:
        campaigns.append(replace(campaign, **changes.get(f"c{campaign.campaign_id}", {})))
    return replace(settings, campaigns=tuple(campaigns))


def without_aftermath(settings: WorldSettings) -> WorldSettings:
    """The world without returns, cancellations and repeat orders."""
    demand: DemandSettings = replace(settings.demand, repeat_ppm=0, return_ppm=0, cancel_ppm=0)
    return replace(settings, demand=demand)


@cache
def lived(settings: WorldSettings) -> World:
    """The world of `settings`, its whole history lived."""
    world = World(settings)
    world.day(world.history()[1])
    return world


def happenings(world: World) -> list[Happening]:
    """Everything of a world's history, in time order within each day and kind."""
    first, last = world.history()
    events: list[Happening] = []
    for number in range((last - first).days + 1):
        day = world.day(first + timedelta(days=number))
        events.extend((*day.orders, *day.refunds, *day.stock_changes))
    return events


def orders_of(world: World) -> list[Order]:
    """All orders of a world's history."""
    return [happening for happening in happenings(world) if isinstance(happening, Order)]


def refunds_of(world: World) -> list[Refund]:
    """All refunds of a world's history."""
    return [happening for happening in happenings(world) if isinstance(happening, Refund)]


def stock_of(world: World) -> list[StockChange]:
    """All stock changes of a world's history."""
    return [happening for happening in happenings(world) if isinstance(happening, StockChange)]
