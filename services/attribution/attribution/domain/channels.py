"""From what a visit says of itself to its channel: tables first, then one rule.

Mediums and site lists follow Google Analytics' default channel group
(https://support.google.com/analytics/answer/9756891), widened by the tags that ad platforms and senders of e-mail
put themselves. Click ids: https://support.google.com/google-ads/answer/1752125 (gclid; gbraid and wbraid are its kin),
https://ads.tiktok.com/help/article/tiktok-click-id (ttclid), https://help.ads.microsoft.com/apex/index/3/en/60125
(msclkid), https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc (fbclid). The last
is put on organic links too, so it proves where a click came from and not that it was bought.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pulsepoint.brand.vocabulary import Channel, Platform

# Who a word in utm_source or a site belongs to. Families that sell ads we import are also channels.
_SOURCES: dict[str, tuple[str, ...]] = {
    Channel.META: ("facebook", "fb", "instagram", "ig", "meta", "messenger", "threads", "fbads", "igads", "insta"),
    Channel.TIKTOK: ("tiktok", "tiktokads", "tt"),
    Channel.GOOGLE: ("google", "adwords", "googleads", "googleadwords", "youtube", "dv360", "gads"),
    "microsoft": ("bing", "microsoft", "msn", "bingads", "microsoftads"),
    "search": ("duckduckgo", "yahoo", "yandex", "baidu", "ecosia", "qwant", "brave", "startpage", "naver", "seznam"),
    "social": ("twitter", "pinterest", "linkedin", "reddit", "snapchat", "quora", "tumblr", "vk", "bluesky",
               "mastodon"),
    Channel.EMAIL: ("klaviyo", "mailchimp", "listmonk", "omnisend", "sendgrid", "brevo", "sendinblue", "hubspot",
                    "mailerlite", "activecampaign", "drip", "braze", "iterable", "newsletter", "email", "mail",
                    "shopifyemail"),
    Channel.SMS: ("sms", "attentive", "postscript", "smsbump", "yotposms"),
    Channel.AFFILIATE: ("awin", "shareasale", "impact", "rakuten", "refersion", "goaffpro", "partnerize", "affiliate",
                        "ltk", "skimlinks", "tradedoubler", "webgains", "uppromote"),
}  # fmt: skip
_FAMILY = {word: family for family, words in _SOURCES.items() for word in words}
# Too short to be looked for inside other words: only as the whole source. Meta's {{site_source_name}} sends some.
_WHOLE: dict[str, str] = {
    **dict.fromkeys(("x", "t.co"), "social"),
    **dict.fromkeys(("an", "msg", "th"), Channel.META),
    "cj": Channel.AFFILIATE,
    **dict.fromkeys(("(direct)", "direct"), Channel.DIRECT),
}
_AD_CHANNELS: dict[str, Channel] = {platform.value: Channel(platform.value) for platform in Platform}
# Sources nobody uses but for ads: a link tagged so was bought, even without a medium.
_ADS = frozenset({*(source for platform in Platform for source in platform.clicks.sources), "bingads", "microsoftads"})

_PAID_MEDIUM = re.compile(
    r"^(.*cp[acmvel].*|ppc|retargeting|remarketing|paid.*|.*[_ -](paid|ads?)|ads?|sponsored"
    r"|display|banner|expandable|interstitial)$"
)
_MEDIUMS = {
    **dict.fromkeys(("email", "e-mail", "e_mail", "e mail", "newsletter"), Channel.EMAIL),
    **dict.fromkeys(("sms", "text", "mms"), Channel.SMS),
    **dict.fromkeys(("affiliate", "affiliates", "affiliation"), Channel.AFFILIATE),
    **dict.fromkeys(("social", "social-network", "social-media", "sm", "social network", "social media",
                     "organic_social", "organic social", "organicsocial", "social_organic"), Channel.ORGANIC_SOCIAL),
    **dict.fromkeys(("referral", "app", "link"), Channel.REFERRAL),
}  # fmt: skip

_PROVING = {
    **{click_id: platform.value for platform in Platform for click_id in platform.clicks.proving},
    "msclkid": "microsoft",
}
_HINTING = {click_id: platform.value for platform in Platform for click_id in platform.clicks.hinting}
_CLICK_FAMILY = {**_PROVING, **_HINTING}
CLICK_IDS = tuple(_CLICK_FAMILY)
"""In order of what they prove: those that organic links carry too prove no bought click and come last."""

_CLICK_SOURCE: dict[str, str] = {
    Channel.GOOGLE: "google",
    Channel.TIKTOK: "tiktok",
    "microsoft": "bing",
    Channel.META: "facebook",
}

_MAIL_SITES = ("mail.google.com", "mail.yahoo.com", "outlook.live.com", "outlook.office.com", "com.google.android.gm",
               "mail.aol.com", "mail.proton.me")  # fmt: skip
_AD_SITES = ("doubleclick.net", "googlesyndication.com", "googleadservices.com")
# The shop itself and the stations between its basket and its thank-you page: nobody comes from there.
_OWN_SITES = ("myshopify.com", "checkout.shopify.com", "pay.shopify.com", "paypal.com", "klarna.com", "pay.google.com",
              "hooks.stripe.com", "checkout.stripe.com", "mollie.com", "afterpay.com")  # fmt: skip
_SEARCH_HOST = re.compile(
    r"^(?:(?:[a-z]{2,3}|search|m|lite|html|images)\.)*"
    r"(google|bing|duckduckgo|yahoo|yandex|baidu|ecosia|qwant|startpage|naver|seznam|com\.google\.android\.googlequicksearchbox)"
    r"(?:\.[a-z]{2,3}){0,2}$"
)
_SOCIAL_SITES = {
    **dict.fromkeys(("facebook.com", "instagram.com", "fb.com", "fb.me", "messenger.com", "threads.net", "threads.com",
                     "com.facebook.katana", "com.instagram.android"), Channel.META),
    **dict.fromkeys(("tiktok.com", "com.zhiliaoapp.musically"), Channel.TIKTOK),
    **dict.fromkeys(("youtube.com", "youtu.be"), Channel.GOOGLE),
    **dict.fromkeys(("twitter.com", "x.com", "t.co", "pinterest.com", "linkedin.com", "lnkd.in", "reddit.com",
                     "tumblr.com", "snapchat.com", "quora.com", "vk.com", "bsky.app", "com.pinterest"), "social"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Classification:
    """The channel of a visit, whether it was bought, and the source to show where no tag names one."""

    channel: Channel
    paid: bool
    source: str | None = None


def family_of_source(source: str) -> str | None:
    """The family a utm_source means, through aliases and spellings (`Instagram_Stories`, `fb`, `l.facebook.com`)."""
    text = source.casefold().strip()
    whole = _WHOLE.get(text) or _FAMILY.get(re.sub(r"[^a-z0-9]", "", text))
    if whole is not None:
        return whole
    return next((_FAMILY[word] for word in re.split(r"[^a-z0-9]+", text) if word in _FAMILY), None)


def family_of_click(click_ids: tuple[tuple[str, str], ...]) -> str | None:
    """Whose click id ranks first; `click_ids` are (key, value)."""
    keys = dict(click_ids)
    return next((_CLICK_FAMILY[key] for key in CLICK_IDS if key in keys), None)


def is_own_site(host: str) -> bool:
    """True for a shop's own platform address or a payment page on the way to its thank-you page."""
    return any(host == site or host.endswith(f".{site}") for site in _OWN_SITES)


def classify(
    source: str | None,
    medium: str | None,
    campaign: str | None,
    click_ids: tuple[tuple[str, str], ...],
    referrer_host: str,
) -> Classification:
    """The channel of a visit; `referrer_host` is "" for none and for the shop itself.

    An explicit source or medium decides before a click id, a click id before the referrer. A campaign alone says that
    a link was followed and not whose: such a visit is not direct.
    """
    if source or medium:
        return _by_tag(source or "", (medium or "").casefold(), click_ids)
    family = family_of_click(click_ids)
    if family is not None:
        return _by_click(family, click_ids)
    classification = _by_referrer(referrer_host)
    return (
        Classification(Channel.REFERRAL, False)
        if campaign and classification.channel == Channel.DIRECT
        else classification
    )


def _by_tag(source: str, medium: str, click_ids: tuple[tuple[str, str], ...]) -> Classification:
    family = family_of_source(source)
    if family is None and (not source or _PAID_MEDIUM.match(medium)):
        # A tag that names nobody we know does not contradict the click id.
        family = family_of_click(click_ids)
    if _PAID_MEDIUM.match(medium):
        return Classification(_AD_CHANNELS.get(family or "", Channel.OTHER_PAID), True)
    if medium in _MEDIUMS:
        return Classification(_MEDIUMS[medium], False)
    if medium == "organic":
        social = family in (Channel.META, Channel.TIKTOK, "social")
        return Classification(Channel.ORGANIC_SOCIAL if social else Channel.ORGANIC_SEARCH, False)
    if family == Channel.DIRECT or (not source and medium in ("(none)", "none", "direct")):
        return Classification(Channel.DIRECT, False)
    return _by_family(family, source, click_ids)


def _by_family(family: str | None, source: str, click_ids: tuple[tuple[str, str], ...]) -> Classification:
    bought = re.sub(r"[^a-z0-9]", "", source.casefold()) in _ADS
    proved = any(_PROVING.get(key) == family for key, _ in click_ids)
    if (family in _AD_CHANNELS or family == "microsoft") and (bought or proved):
        return Classification(_AD_CHANNELS.get(family, Channel.OTHER_PAID), True)
    if family in (Channel.META, Channel.TIKTOK, "social"):
        return Classification(Channel.ORGANIC_SOCIAL, False)
    if family in (Channel.GOOGLE, "microsoft", "search"):
        return Classification(
            Channel.ORGANIC_SOCIAL if "youtube" in source.casefold() else Channel.ORGANIC_SEARCH, False
        )
    if family is not None and family in (Channel.EMAIL, Channel.SMS, Channel.AFFILIATE):
        return Classification(Channel(family), False)
    return Classification(Channel.REFERRAL, False)


def _by_click(family: str, click_ids: tuple[tuple[str, str], ...]) -> Classification:
    if not any(key in _PROVING for key, _ in click_ids):
        return Classification(Channel.ORGANIC_SOCIAL, False, _CLICK_SOURCE[family])
    return Classification(_AD_CHANNELS.get(family, Channel.OTHER_PAID), True, _CLICK_SOURCE[family])


def _by_referrer(host: str) -> Classification:
    if not host or is_own_site(host):
        return Classification(Channel.DIRECT, False)
    if any(host == site or host.endswith(f".{site}") for site in _AD_SITES):
        return Classification(Channel.GOOGLE, True, host)
    if host in _MAIL_SITES:
        return Classification(Channel.EMAIL, False, host)
    if social_family(host) is not None:
        return Classification(Channel.ORGANIC_SOCIAL, False, host)
    if _SEARCH_HOST.match(host):
        return Classification(Channel.ORGANIC_SEARCH, False, host)
    return Classification(Channel.REFERRAL, False, host)


def social_family(host: str) -> str | None:
    """The operator of a social site (`l.instagram.com` → meta); None for other hosts."""
    return next((name for site, name in _SOCIAL_SITES.items() if host == site or host.endswith(f".{site}")), None)
