from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pulsepoint.brand.vocabulary import Platform
from sandbox.settings import CampaignSettings, InvalidWorld, ShopSettings, When
from sandbox.settings_file import named_world, read_world, worlds
from sandbox.world import World
from tests.builders.sandbox_worlds import world_settings

SIX = {"calm", "flash_sale", "tracking_loss", "stock_out", "broken_tracking", "walled_platforms"}


def _file(folder: Path, text: str) -> Path:
    (folder / "calm.toml").write_text((Path(named_world.__code__.co_filename).parent / "worlds/calm.toml").read_text())
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_all_worlds_can_be_read() -> None:
    assert set(worlds()) >= {*SIX, "everyday"}
    for name in worlds():
        assert named_world(name).name == name


def test_a_world_extends_another(tmp_path: Path) -> None:
    brand_search = '[[campaigns]]\ncampaign_id = "21034567801"\ncpc_cents = 40'
    text = f'extends = "calm"\nseed = 3\n[demand]\naov_cents = 16_000\n{brand_search}'
    world, calm = read_world(_file(tmp_path, text)), named_world("calm")
    assert (world.name, world.seed, world.demand.aov_cents) == ("mine", 3, 16_000)
    assert world.demand.repeat_ppm == calm.demand.repeat_ppm
    brand = {c.campaign_id: c for c in world.campaigns}["21034567801"]
    assert brand.cpc_cents == 40 and brand.name == "Search | Brand" and len(world.campaigns) == len(calm.campaigns)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seed = ", "is no TOML"),
        ('extends = "calm"\nsede = 1', "sede: there is no such setting"),
        ('extends = "calm"\n[demand]\naov = 3', r"demand\.aov: there is no such setting; there are orders_per_day"),
        ('extends = "calm"\n[demand]\naov_cents = 95.5', r"demand\.aov_cents: must be int, got 95\.5"),
        ('extends = "calm"\n[demand]\nrepeat_ppm = 900_000', r"demand\.repeat_ppm: must be from 0 to 800000"),
        ('extends = "calm"\n[demand]\norganic_ppm = 310_000', "add up to 1010000, not 1000000"),
        ('extends = "calm"\n[shop]\ntimezone = "Europe/Bergen"', r"shop\.timezone: no such timezone 'Europe/Bergen'"),
        ('extends = "calm"\ndemand = 3', "demand: must be a table"),
        ('extends = "calm"\n[promotions]\ncode = "A"', r"promotions: must be a list of tables"),
        ('extends = "calm"\n[[promotions]]\ncode = "A"\npercent = 5', r"promotions\[0\]\.when: must be a day of"),
        ('extends = "calm"\n[[promotions]]\ncode = "A"\npercent = 5\nwhen = "2-30"', "'2-30' is no day of the year"),
        ('extends = "calm"\n[[incidents]]\nkind = "flood"\nwhen = 3', "incidents.kind: unknown: 'flood'"),
        ('extends = "calm"\n[[incidents]]\nkind = "stock_loss"\nwhen = 3', r"stock_loss\.sku: belongs to stock_loss"),
        ('extends = "calm"\n[[incidents]]\nkind = "paused_ads"\nwhen = 3\ncampaign_id = "9"', "no campaign 9"),
        ('extends = "calm"\n[[campaigns]]\ncampaign_id = "9"\nshare_ppm = 0', r"campaigns\[7\]: platform, kind, name"),
        ('extends = "mine"', "goes round in a circle"),
        ('extends = "nothing"', "cannot be read"),
        ('extends = "../calm"', "extends: must be the name of a world"),
        ("seed = 1", "world: campaigns must be set"),
    ],
)
def test_what_cannot_be_is_refused_by_name_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InvalidWorld, match=reason) as refused:
        read_world(_file(tmp_path, text))
    assert str(refused.value).startswith("mine.toml: ")


def test_an_unknown_world_names_the_known_ones() -> None:
    with pytest.raises(InvalidWorld, match="there are broken_tracking, calm, everyday"):
        named_world("atlantis")


def test_an_order_value_below_the_price_of_a_unit_is_refused() -> None:
    with pytest.raises(InvalidWorld, match=r"demand\.aov_cents: one unit costs"):
        World(world_settings(days=3, demand={"aov_cents": 2_000})).day(date(2024, 9, 1))


def test_a_window_covers_its_days_each_year_or_once() -> None:
    shop = ShopSettings(first_day=date(2025, 1, 1), history_days=100)
    yearly, once, recent = When(8, annual="12-28"), When(2, on_day=10), When(3, on_day=-3)
    assert [yearly.covers(date(2026, 1, day), shop) for day in (4, 5)] == [True, False]
    assert [once.covers(date(2025, 1, day), shop) for day in (10, 11, 12, 13)] == [False, True, True, False]
    assert [recent.covers(date(2025, 4, day), shop) for day in (7, 8, 10, 11)] == [False, True, True, False]


def test_campaign_ids_are_digits() -> None:
    with pytest.raises(InvalidWorld, match="must be digits"):
        CampaignSettings("c1", Platform.META, "prospecting", "Name", "1", 1, 0, 1)
