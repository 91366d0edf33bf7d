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

META, TIKTOK, GOOGLE, EMAIL, SMS = "meta", "tiktok", "google", "email", "sms"
ORGANIC_SEARCH, ORGANIC_SOCIAL, REFERRAL, AFFILIATE = "organic_search", "organic_social", "referral", "affiliate"
OTHER_PAID, DIRECT, UNATTRIBUTED = "other_paid", "direct", "unattributed"
CHANNELS = frozenset(
    {META, TIKTOK, GOOGLE, EMAIL, SMS, ORGANIC_SEARCH, ORGANIC_SOCIAL, REFERRAL, AFFILIATE, OTHER_PAID, DIRECT}
)

# Who a word in utm_source or a site belongs to. Families that sell ads we import are also channels.
_SOURCES: dict[str, tuple[str, ...]] = {
    META: ("facebook", "fb", "instagram", "ig", "meta", "messenger", "threads", "fbads", "igads", "insta"),
    TIKTOK: ("tiktok", "tiktokads", "tt"),
    GOOGLE: ("google", "adwords", "googleads", "googleadwords", "youtube", "dv360", "gads"),
    "microsoft": ("bing", "microsoft", "msn", "bingads", "microsoftads"),
    "search": ("duckduckgo", "yahoo", "yandex", "baidu", "ecosia", "qwant", "brave", "startpage", "naver", "seznam"),
    "social": ("twitter", "pinterest", "linkedin", "reddit", "snapchat", "quora", "tumblr", "vk", "bluesky",
               "mastodon"),
    EMAIL: ("klaviyo", "mailchimp", "listmonk", "omnisend", "sendgrid", "brevo", "sendinblue", "hubspot", "mailerlite",
            "activecampaign", "drip", "braze", "iterable", "newsletter", "email", "mail", "shopifyemail"),
    SMS: ("sms", "attentive", "postscript", "smsbump", "yotposms"),
    AFFILIATE: ("awin", "shareasale", "impact", "rakuten", "refersion", "goaffpro", "partnerize", "affiliate", "ltk",
                "skimlinks", "tradedoubler", "webgains", "uppromote"),
}  # fmt: skip
_FAMILY = {word: family for family, words in _SOURCES.items() for word in words}
# Too short to be looked for inside other words: only as the whole source. Meta's {{site_source_name}} sends some.
_WHOLE = {"x": "social", "t.co": "social", "an": META, "msg": META, "th": META, "cj": AFFILIATE, "(direct)": DIRECT,
          "direct": DIRECT}  # fmt: skip
# Sources nobody uses but for ads: a link tagged so was bought, even without a medium.
_ADS = frozenset({"meta", "fbads", "igads", "tiktokads", "adwords", "googleads", "googleadwords", "gads", "dv360",
                  "bingads", "microsoftads"})  # fmt: skip

_PAID_MEDIUM = re.compile(
    r"^(.*cp[acmvel].*|ppc|retargeting|remarketing|paid.*|.*[_ -](paid|ads?)|ads?|sponsored"
    r"|display|banner|expandable|interstitial)$"
)
_MEDIUMS = {
    **dict.fromkeys(("email", "e-mail", "e_mail", "e mail", "newsletter"), EMAIL),
    **dict.fromkeys(("sms", "text", "mms"), SMS),
    **dict.fromkeys(("affiliate", "affiliates", "affiliation"), AFFILIATE),
    **dict.fromkeys(("social", "social-network", "social-media", "sm", "social network", "social media",
                     "organic_social", "organic social", "organicsocial", "social_organic"), ORGANIC_SOCIAL),
    **dict.fromkeys(("referral", "app", "link"), REFERRAL),
}  # fmt: skip

CLICK_IDS = ("gclid", "gbraid", "wbraid", "ttclid", "msclkid", "fbclid")
"""In order of what they prove; fbclid last, for it proves no bought click."""

_CLICK_FAMILY = {"gclid": GOOGLE, "gbraid": GOOGLE, "wbraid": GOOGLE, "ttclid": TIKTOK, "msclkid": "microsoft",
                 "fbclid": META}  # fmt: skip
_CLICK_SOURCE = {GOOGLE: "google", TIKTOK: "tiktok", "microsoft": "bing", META: "facebook"}

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
                     "com.facebook.katana", "com.instagram.android"), META),
    **dict.fromkeys(("tiktok.com", "com.zhiliaoapp.musically"), TIKTOK),
    **dict.fromkeys(("youtube.com", "youtu.be"), GOOGLE),
    **dict.fromkeys(("twitter.com", "x.com", "t.co", "pinterest.com", "linkedin.com", "lnkd.in", "reddit.com",
                     "tumblr.com", "snapchat.com", "quora.com", "vk.com", "bsky.app", "com.pinterest"), "social"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Classification:
    """The channel of a visit, whether it was bought, and the source to show where no tag names one."""

    channel: str
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
    return Classification(REFERRAL, False) if campaign and classification.channel == DIRECT else classification


def _by_tag(source: str, medium: str, click_ids: tuple[tuple[str, str], ...]) -> Classification:
    family = family_of_source(source)
    if family is None and (not source or _PAID_MEDIUM.match(medium)):
        # A tag that names nobody we know does not contradict the click id.
        family = family_of_click(click_ids)
    if _PAID_MEDIUM.match(medium):
        return Classification(family if family in (META, TIKTOK, GOOGLE) else OTHER_PAID, True)
    if medium in _MEDIUMS:
        return Classification(_MEDIUMS[medium], False)
    if medium == "organic":
        social = family in (META, TIKTOK, "social")
        return Classification(ORGANIC_SOCIAL if social else ORGANIC_SEARCH, False)
    if family == DIRECT or (not source and medium in ("(none)", "none", "direct")):
        return Classification(DIRECT, False)
    return _by_family(family, source, click_ids)


def _by_family(family: str | None, source: str, click_ids: tuple[tuple[str, str], ...]) -> Classification:
    bought = re.sub(r"[^a-z0-9]", "", source.casefold()) in _ADS
    proved = any(_CLICK_FAMILY[key] == family and key != "fbclid" for key, _ in click_ids)
    if family in (META, TIKTOK, GOOGLE) and (bought or proved):
        return Classification(family, True)
    if family == "microsoft" and (bought or proved):
        return Classification(OTHER_PAID, True)
    if family in (META, TIKTOK, "social"):
        return Classification(ORGANIC_SOCIAL, False)
    if family in (GOOGLE, "microsoft", "search"):
        return Classification(ORGANIC_SOCIAL if "youtube" in source.casefold() else ORGANIC_SEARCH, False)
    if family in (EMAIL, SMS, AFFILIATE):
        return Classification(family, False)
    return Classification(REFERRAL, False)


def _by_click(family: str, click_ids: tuple[tuple[str, str], ...]) -> Classification:
    if family == META:
        return Classification(ORGANIC_SOCIAL, False, _CLICK_SOURCE[META])
    return Classification(family if family in (TIKTOK, GOOGLE) else OTHER_PAID, True, _CLICK_SOURCE[family])


def _by_referrer(host: str) -> Classification:
    if not host or is_own_site(host):
        return Classification(DIRECT, False)
    if any(host == site or host.endswith(f".{site}") for site in _AD_SITES):
        return Classification(GOOGLE, True, host)
    if host in _MAIL_SITES:
        return Classification(EMAIL, False, host)
    if social_family(host) is not None:
        return Classification(ORGANIC_SOCIAL, False, host)
    if _SEARCH_HOST.match(host):
        return Classification(ORGANIC_SEARCH, False, host)
    return Classification(REFERRAL, False, host)


def social_family(host: str) -> str | None:
    """The operator of a social site (`l.instagram.com` → meta); None for other hosts."""
    return next((name for site, name in _SOCIAL_SITES.items() if host == site or host.endswith(f".{site}")), None)
