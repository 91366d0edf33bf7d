"""Every ad platform of the vocabulary is wired everywhere: adapter, suite, sandbox face, names, clicks and sites."""

from __future__ import annotations

import csv
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

import tests.contract
from attribution.domain.channels import Tracks, classify
from attribution.domain.sites import Origin
from attribution.domain.sources import origin_of_click, origin_of_source
from ingest_ads.bootstrap import ad_platforms
from ingest_ads.settings import Settings
from pulsepoint.brand.texts import catalog_of, texts
from pulsepoint.brand.vocabulary import Channel, Platform
from sandbox.ad_habits import AD_HABITS
from sandbox.ad_stubs.ads_world import CAMPAIGNS, DEFAULT_ACCOUNTS
from sandbox.platforms.ads import FACES
from sandbox.records import Visit
from tests.accuracy.last_visits import channel_seen
from tests.contract.suites.ad_platform import AdPlatformSuite

ROOT = Path(__file__).parents[2]
README = (ROOT / "services" / "ingest-ads" / "README.md").read_text(encoding="utf-8")
NAMED_IN = (
    "README.md",
    "docs/architecture.md",
    "services/ingest-ads/README.md",
    "services/ingest-ads/pyproject.toml",
)


def conformance_classes() -> list[type[AdPlatformSuite]]:
    """The subclasses of the suite that pytest collects: those of `tests/contract/test_*_platform.py`."""
    modules = [
        importlib.import_module(f"tests.contract.{module.name}")
        for module in pkgutil.iter_modules(tests.contract.__path__)
        if module.name.startswith("test_") and module.name.endswith("_platform")
    ]
    return [
        value
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("Test") and isinstance(value, type) and issubclass(value, AdPlatformSuite)
    ]


def owners_of_sites() -> set[str]:
    """The owners that attribution's list of sites names."""
    text = (files("attribution") / "data" / "sites.csv").read_text(encoding="utf-8")
    return {row["owner"] for row in csv.DictReader(text.splitlines())}


def platforms_by_source() -> list[Platform]:
    """The platforms that attribution knows by their name, and by the source it shows for one of their clicks."""
    shown = {each: classify(None, None, None, Tracks(clicks=click_ids(each)[:1])).source or "" for each in Platform}
    return [each for each in Platform if all(owned(origin_of_source(name), each) for name in (each.value, shown[each]))]


def platforms_by_click() -> list[Platform]:
    """The platforms whose every click id leads attribution to them, and to no earlier reading of it."""
    return [
        each
        for each in Platform
        if click_ids(each)
        and all(owned(origin_of_click([name], hinting=name in each.clicks.hinting), each) for name in click_ids(each))
    ]


def platforms_of_search() -> list[Platform]:
    """The platforms that the vocabulary describes as selling search or not."""
    described = []
    for each in Platform:
        with suppress(KeyError):
            each.sells_search  # noqa: B018 - raises where nobody described it
            described.append(each)
    return described


def platforms_named_in(page: str) -> list[Platform]:
    """The platforms that a page names to people, all of them in one line."""
    names = {each: texts().say(f"channel.{each}") for each in Platform if f"channel.{each}" in catalog_of("en")}
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    lists = [{each for each, name in names.items() if re.search(rf"\b{name}\b", line)} for line in lines]
    return [each for each in Platform if each in max(lists, key=len)]


def platforms_of_last_visits() -> list[Platform]:
    """The platforms that the comparison with the world's last visits knows by their first click id alone."""
    recognised = []
    for each in Platform:
        visit = Visit(datetime(2026, 3, 10, tzinfo=UTC), f"/?{''.join(click_ids(each)[:1])}=a1", None)
        expected = Channel(each.value) if each.clicks.proving else Channel.ORGANIC_SOCIAL
        recognised += [each] if channel_seen(visit) is expected else []
    return recognised


def click_ids(platform: Platform) -> tuple[str, ...]:
    return (*platform.clicks.proving, *platform.clicks.hinting)


def owned(origin: Origin | None, platform: Platform) -> bool:
    return origin is not None and origin.owner == platform.value


PLACES: Mapping[str, Callable[[], Iterable[str]]] = {
    "an adapter in ad_platforms (ingest_ads/bootstrap.py)": lambda: ad_platforms(Settings(), httpx.AsyncClient()),
    "a subclass of AdPlatformSuite (tests/contract/test_<name>_platform.py)": lambda: [
        suite.dialect.platform for suite in conformance_classes()
    ],
    "a face in FACES (sandbox/platforms/ads.py)": lambda: FACES,
    "its habits in AD_HABITS (sandbox/ad_habits.py)": lambda: AD_HABITS,
    "campaigns in CAMPAIGNS (sandbox/ad_stubs/ads_world.py)": lambda: CAMPAIGNS,
    "an account in DEFAULT_ACCOUNTS (sandbox/ad_stubs/ads_world.py)": lambda: [
        account.platform for account in DEFAULT_ACCOUNTS
    ],
    "its name among the sources (attribution/domain/sources.py; _SHOWN of channels.py)": platforms_by_source,
    "its click ids, taken out of _OTHER_CLICKS (attribution/domain/sources.py)": platforms_by_click,
    "its sites, with it as their owner (attribution/data/sites.csv)": owners_of_sites,
    "whether it sells search (pulsepoint/brand/vocabulary.py)": platforms_of_search,
    "a line in ingest-ads' README": lambda: [
        each for each in Platform if f"`ADS_{each.name}_BASE_URL`, `ADS_{each.name}_VERSION`" in README
    ],
    "a channel of its name (pulsepoint/brand/vocabulary.py)": lambda: list(Channel),
    "its click id in channel_seen (tests/accuracy/last_visits.py)": platforms_of_last_visits,
    **{f"its name beside the others' in {page}": partial(platforms_named_in, page) for page in NAMED_IN},
}


def missing_places(platforms: Iterable[str]) -> set[tuple[str, str]]:
    """(platform, what is missing) for each place where a platform should be and is not."""
    wired = {place: {str(name) for name in names()} for place, names in PLACES.items()}
    return {(str(name), place) for name in platforms for place, names in wired.items() if str(name) not in names}


def test_every_platform_is_wired_everywhere() -> None:
    missing = sorted(f"{platform} lacks {place}" for platform, place in missing_places(Platform))
    assert not missing, "\n".join(missing)


def test_a_platform_that_is_only_in_the_vocabulary_is_missing_everywhere() -> None:
    more = StrEnum("more", {**{platform.name: platform.value for platform in Platform}, "NEWCOMER": "newcomer"})  # type: ignore[misc]
    assert missing_places(more) == {("newcomer", place) for place in PLACES}


@pytest.mark.parametrize("platform", list(Platform))
def test_each_platform_is_tested_by_one_class_that_names_its_version(platform: Platform) -> None:
    [suite] = [suite for suite in conformance_classes() if suite.dialect.platform is platform]
    adapter = ad_platforms(Settings(), httpx.AsyncClient())[platform]
    assert getattr(adapter, "version", None), "adapters carry the version that errors name"
    assert suite.dialect.api.endswith(f" {getattr(adapter, 'version')}")  # noqa: B009 - not part of the port
