"""Every ad platform of the vocabulary is wired everywhere: adapter, conformance suite, sandbox face, stub accounts."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import httpx
import pytest

import tests.contract
from ingest_ads.bootstrap import ad_platforms
from ingest_ads.settings import Settings
from pulsepoint.brand.vocabulary import Channel, Platform
from sandbox.ad_habits import AD_HABITS
from sandbox.ad_stubs.ads_world import CAMPAIGNS, DEFAULT_ACCOUNTS
from sandbox.platforms.ads import FACES
from tests.contract.suites.ad_platform import AdPlatformSuite


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
    "a channel of its name (pulsepoint/brand/vocabulary.py)": lambda: list(Channel),
}


def missing_places(platforms: Iterable[str]) -> set[tuple[str, str]]:
    """(platform, what is missing) for each place where a platform should be and is not."""
    wired = {place: {str(name) for name in names()} for place, names in PLACES.items()}
    return {(str(name), place) for name in platforms for place, names in wired.items() if str(name) not in names}


def test_every_platform_is_wired_everywhere() -> None:
    assert missing_places(Platform) == set()


def test_a_platform_that_is_only_in_the_vocabulary_is_missing_everywhere() -> None:
    more = StrEnum("more", {**{platform.name: platform.value for platform in Platform}, "NEWCOMER": "newcomer"})  # type: ignore[misc]
    assert missing_places(more) == {("newcomer", place) for place in PLACES}


@pytest.mark.parametrize("platform", list(Platform))
def test_each_platform_is_tested_by_one_class_that_names_its_version(platform: Platform) -> None:
    [suite] = [suite for suite in conformance_classes() if suite.dialect.platform is platform]
    adapter = ad_platforms(Settings(), httpx.AsyncClient())[platform]
    assert getattr(adapter, "version", None), "adapters carry the version that errors name"
    assert suite.dialect.api.endswith(f" {getattr(adapter, 'version')}")  # noqa: B009 - not part of the port
