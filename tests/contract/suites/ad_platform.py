"""The suite of every ad platform, and the recipe for one more.

A connector is one adapter, one subclass of this suite and one member of `Platform`:

1. `shared/pulsepoint/brand/vocabulary.py`: the member of `Platform`, the click ids of its ads in `_CLICKS`, and the
   member of `Channel` with the same name.
2. `services/ingest-ads/ingest_ads/adapters/<name>.py`: the adapter, a frozen dataclass with the three methods of
   `AdsPlatform` (`ingest_ads/ports.py` says what they return and raise); a line in `ad_platforms`
   (`ingest_ads/bootstrap.py`) with its settings (`ingest_ads/settings.py`, `.env.example`, the service's README).
   Everything that a vendor says goes through `Exchange` (`adapters/exchange.py`): it keeps the token out of every
   text and turns what cannot be read into a `VendorError` that names the API and its version.
3. `shared/sandbox/platforms/<name>.py`: its face, the addresses and errors of the real platform over `AdsSource`; a
   line in `FACES` (`sandbox/platforms/ads.py`), in `AD_HABITS` (`sandbox/ad_habits.py`: click id, tags, windows) and
   in `CAMPAIGNS` and `DEFAULT_ACCOUNTS` (`sandbox/ad_stubs/ads_world.py`).
4. `tests/contract/test_<name>_platform.py`: its `AdDialect` (how it writes rows, errors, pages and throttling) and a
   subclass of `AdPlatformSuite`; what it alone does is tested in that class too.

`tests/architecture/test_ad_platforms.py` names every place that is still missing.
"""

from __future__ import annotations

from tests.contract.suites.ad_days import AdDaysSuite
from tests.contract.suites.ad_errors import AdErrorsSuite
from tests.contract.suites.ad_pace import AdPaceSuite
from tests.contract.suites.ad_reading import AdReadingSuite

__all__ = ["AdPlatformSuite"]


class AdPlatformSuite(AdErrorsSuite, AdReadingSuite, AdDaysSuite, AdPaceSuite):
    """Subclassed once for each platform, with its `dialect`."""
