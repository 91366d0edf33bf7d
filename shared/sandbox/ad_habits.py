"""The ad platforms in the world: what a click leaves behind, how advertisers tag, what they claim and when.

Click ids as the platforms document them: gclid https://support.google.com/google-ads/answer/9744275, fbclid
https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc, ttclid
https://ads.tiktok.com/help/article/tiktok-click-id. Windows are the platforms' defaults: Meta 7-day click and 1-day
view (https://www.facebook.com/business/help/460276478298895), TikTok the same
(https://ads.tiktok.com/help/article/attribution-overview), Google Ads 30-day click
(https://support.google.com/google-ads/answer/3123169).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulsepoint.brand.vocabulary import Platform


@dataclass(frozen=True, slots=True)
class AdHabits:
    """One platform's habits.

    A click carries the parameter `click_id`: `click_id_prefix` and `click_id_letters` random letters in all.
    Advertisers tag with `source` and `medium`, untidy ones with one of `sources` and `mediums`; where `auto_tags`, half
    of the untidy ones leave the tags to the platform. Claims rest on clicks of the last `click_days` and views of the
    last `view_days` days (0: none); where `models_fractions`, an unseen order is claimed in part, else whole.
    """

    click_id: str
    click_id_prefix: str
    click_id_letters: int
    source: str
    medium: str
    sources: tuple[str, ...]
    mediums: tuple[str, ...]
    referrers: tuple[str, ...]
    click_days: int
    view_days: int
    auto_tags: bool = False
    models_fractions: bool = False


AD_HABITS: Mapping[Platform, AdHabits] = {
    Platform.META: AdHabits(
        click_id="fbclid",
        click_id_prefix="IwAR",
        click_id_letters=56,
        source="facebook",
        medium="paid_social",
        sources=("Facebook", "fb", "meta", "ig", "instagram"),
        mediums=("cpc", "Paid-Social", "paid"),
        referrers=("https://l.facebook.com/", "https://l.instagram.com/", "https://m.facebook.com/"),
        click_days=7,
        view_days=1,
    ),
    Platform.TIKTOK: AdHabits(
        click_id="ttclid",
        click_id_prefix="E.C.P.",
        click_id_letters=48,
        source="tiktok",
        medium="paid_social",
        sources=("TikTok", "tiktok_ads", "TIKTOK"),
        mediums=("cpc", "Paid_Social"),
        referrers=("https://www.tiktok.com/",),
        click_days=7,
        view_days=1,
    ),
    Platform.GOOGLE: AdHabits(
        click_id="gclid",
        click_id_prefix="Cj0KCQ",
        click_id_letters=60,
        source="google",
        medium="cpc",
        sources=("Google", "adwords", "google_ads"),
        mediums=("ppc", "CPC", "paid"),
        referrers=("https://www.google.com/", "https://www.google.de/"),
        click_days=30,
        view_days=0,
        auto_tags=True,
        models_fractions=True,
    ),
}
