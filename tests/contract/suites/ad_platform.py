"""The suite of every ad platform: a dialect and a subclass each, as CONTRIBUTING.md's recipe for a connector says."""

from __future__ import annotations

from tests.contract.suites.ad_days import AdDaysSuite
from tests.contract.suites.ad_errors import AdErrorsSuite
from tests.contract.suites.ad_pace import AdPaceSuite
from tests.contract.suites.ad_reading import AdReadingSuite

__all__ = ["AdPlatformSuite"]


class AdPlatformSuite(AdErrorsSuite, AdReadingSuite, AdDaysSuite, AdPaceSuite):
    """Subclassed once for each platform, with its `dialect`."""
