"""Names that links carry: what a `utm_source`, a `utm_medium` and a click id mean.

Mediums follow Google Analytics' default channel group (https://support.google.com/analytics/answer/9756891), widened
by the tags that ad platforms and senders of e-mail put themselves. Click ids of the platforms stand in
`pulsepoint.brand.vocabulary`; the others: https://help.ads.microsoft.com/apex/index/3/en/60125 (msclkid),
https://business.x.com/en/help/campaign-measurement-and-analytics/conversion-tracking-for-websites (twclid),
https://businesshelp.snapchat.com/s/article/snap-click-id (ScCid),
https://www.linkedin.com/help/lms/answer/a425696 (li_fat_id), https://help.pinterest.com/en/business/article/pinterest-tag-parameters-and-cookies
(epik), https://integrations.impact.com (irclickid), https://wiki.awin.com/index.php/Advertiser_Tracking_Guide (awc),
https://help.klaviyo.com/hc/en-us/articles/360034666712 (_kx), https://knowledge.hubspot.com/ads/understand-ad-tracking-in-hubspot
(hsa_net), https://kb.triplewhale.com/en/articles/5960333 (tw_source),
https://support.google.com/merchants/answer/11193746 (srsltid, on free listings).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attribution.domain.sites import Kind, Origin, origin_of_site, registered_site
from pulsepoint.brand.vocabulary import Channel, Platform

MICROSOFT = "microsoft"

_META, _TIKTOK = Origin(Kind.SOCIAL, Platform.META), Origin(Kind.SOCIAL, Platform.TIKTOK)
_GOOGLE, _YOUTUBE = Origin(Kind.SEARCH, Platform.GOOGLE), Origin(Kind.SOCIAL, Platform.GOOGLE)
_BING = Origin(Kind.SEARCH, MICROSOFT)

# A name that says whose it is wherever it leads a source: `Instagram_Stories`, `klaviyo-flow-3`.
_BRANDS: Mapping[Origin, str] = {
    _META: "facebook instagram fbads igads whatsapp",
    _TIKTOK: "tiktok tiktokads",
    _GOOGLE: "google adwords googleads googleadwords dv360 gads",
    _YOUTUBE: "youtube",
    _BING: "bingads microsoftads",
    Origin(Kind.PAID): "criteo taboola outbrain adroll rtbhouse applovin teads mgid",
    Origin(Kind.SEARCH): "duckduckgo yandex baidu ecosia qwant startpage naver seznam kagi",
    Origin(Kind.SOCIAL): "twitter pinterest linkedin reddit snapchat quora tumblr bluesky mastodon telegram xing"
    " discord linktree",
    Origin(Kind.ASSISTANT): "chatgpt openai perplexity deepseek",
    Origin(Kind.EMAIL): "klaviyo mailchimp listmonk omnisend sendgrid brevo sendinblue hubspot mailerlite"
    " activecampaign braze iterable newsletter shopifyemail",
    Origin(Kind.SMS): "attentive postscript smsbump yotposms",
    Origin(Kind.PUSH): "onesignal pushowl pushengage webpush",
    Origin(Kind.AFFILIATE): "awin shareasale rakuten refersion goaffpro partnerize skimlinks tradedoubler webgains"
    " uppromote impactradius",
}
# A name that means them only when it is all that is said: `impact` is a network, `impact-blog` is not.
_WHOLE: Mapping[Origin, str] = {
    _META: "fb ig meta insta messenger threads an msg th wa wapp",
    _TIKTOK: "tt",
    _GOOGLE: "googleshopping",
    _YOUTUBE: "yt",
    _BING: "bing microsoft msn",
    Origin(Kind.SEARCH): "yahoo brave aol",
    Origin(Kind.SOCIAL): "x vk snap wechat weixin social tg tgram viber signal line lineapp kakao kakaotalk zalo"
    " imo imessage skype threema",
    Origin(Kind.ASSISTANT): "claude claudeai anthropic copilot microsoftcopilot mscopilot bingchat bingcopilot gemini"
    " googlegemini geminiai grok grokai xai mistral mistralai metaai bard perplexityai chatgptcom aiassistant",
    Origin(Kind.EMAIL): "email mail drip edm newsletters",
    Origin(Kind.SMS): "sms",
    Origin(Kind.PUSH): "push",
    Origin(Kind.AFFILIATE): "affiliate affiliates impact ltk cj",
    Origin(Kind.DIRECT): "direct",
    # Another service of a search engine: nobody searched there.
    Origin(Kind.REFERRAL): "googlenews googletranslate",
}
# Words beside a name that leave it what it is, and words that make it another's.
_QUALIFIERS = frozenset(
    ("ad", "ads", "app", "bio", "bot", "broadcast", "business", "channel", "chat", "desktop", "dm", "feed", "group",
     "m", "message", "messages", "messenger", "mobile", "organic", "paid", "post", "reels", "search", "share",
     "shopping", "social", "status", "stories", "story")
)  # fmt: skip
_ANOTHERS = frozenset(("blog", "forum", "influencer", "magazine", "partner", "podcast", "press", "review", "reviews"))

_AD_WORDS = frozenset(("ad", "ads", "paid"))
# Sources nobody uses but for ads: a link tagged so was bought, even without a medium.
ADS = frozenset({*(source for each in Platform for source in each.clicks.sources), "bingads", "microsoftads"})

_PAID_MEDIUM = re.compile(
    r"(.*cp.*|ppc|retargeting|remarketing|paid.*|.*[_ -](paid|ads?)|ads?|sponsored|display|banner|expandable"
    r"|interstitial|native|programmatic|pmax|cross-network|prospecting|boost(ed)?|dpa)"
)
# What Meta fills in for {{placement}}, which no organic link has: https://www.facebook.com/business/help/2360940870872492
_PLACEMENT = re.compile(
    r"(facebook|instagram|messenger|threads)_(mobile_|desktop_)?"
    r"(feed|right_column|marketplace|stories|reels|explore|explore_grid_home|instream_video|search|profile_feed|inbox)"
    r"|an_classic|audience_network"
)
_MEDIUMS: Mapping[Channel, str] = {
    Channel.EMAIL: "email e-mail e_mail newsletter newsletters edm email_marketing email-marketing emailmarketing",
    Channel.SMS: "sms text mms",
    Channel.PUSH: "push web_push web-push webpush push_notification push-notification notification mobile_push",
    Channel.AFFILIATE: "affiliate affiliates affiliation",
    Channel.ORGANIC_SOCIAL: "social social-network social-media sm social_network social_media organic_social"
    " organic-social organicsocial social_organic",
}


def _all_of(keys: str, origin: Origin) -> Mapping[str, Origin]:
    return dict.fromkeys(keys.split(), origin)


_OTHER_CLICKS: Mapping[str, Origin] = {
    "msclkid": Origin(Kind.PAID, MICROSOFT),
    **_all_of(
        "twclid sccid li_fat_id epik rdt_cid yclid tblci dicbo ob_click_id qclid vmcid sznclid", Origin(Kind.PAID)
    ),
    **_all_of(
        "irclickid awc cjevent sscid ransiteid tduid clickref wgu pjid sca_ref rfsn dt_id avad", Origin(Kind.AFFILIATE)
    ),
    **_all_of("_kx _ke mc_eid mc_cid _hsenc mkt_tok ck_subscriber_id dm_i vero_id", Origin(Kind.EMAIL)),
    "srsltid": _GOOGLE,
    **_all_of("igshid igsh", _META),
}
_PLATFORM_CLICKS: Mapping[str, Origin] = {
    click_id: Origin(Kind.PAID, each) for each in Platform for click_id in each.clicks.proving
}
_HINTS: Mapping[str, Origin] = {
    click_id: Origin(Kind.SOCIAL, each) for each in Platform for click_id in each.clicks.hinting
}
_CLICKS: Mapping[str, Origin] = {**_PLATFORM_CLICKS, **_OTHER_CLICKS, **_HINTS}
_HINTING = frozenset({*_HINTS, "srsltid", "igshid", "igsh"})

CLICK_IDS = (*(key for key in _CLICKS if key not in _HINTING), *(key for key in _CLICKS if key in _HINTING))
"""Click ids by what they prove, platforms' first; those that links carry which nobody paid for come last."""
MARKS: Mapping[str, Origin] = {mark: Origin(Kind.PAID, each) for each in Platform for mark in each.clicks.marks}
"""Parameters that stand beside a bought click and are no ids of it."""
AD_TOOLS = ("hsa_net", "tw_source")
"""Parameters in which tools name the source of a link, those of ads above all, where no `utm_source` does."""


def _by_name(table: Mapping[Origin, str]) -> dict[str, Origin]:
    return {name: origin for origin, names in table.items() for name in names.split()}


_BRAND_NAMES = _by_name(_BRANDS)
_NAMES = {**_by_name(_WHOLE), **_BRAND_NAMES}
_MEDIUM_CHANNELS = {name: channel for channel, names in _MEDIUMS.items() for name in names.split()}


def origin_of_source(source: str) -> Origin | None:
    """The origin a utm_source names through aliases, spellings and hosts; None for a name nobody knows.

    `Instagram_Stories`, `fb` and `l.facebook.com` are one; a word inside another's name is nobody's.
    """
    text = source.casefold().strip()
    host = text.removeprefix("www.")
    if "." in host and " " not in host:
        site = origin_of_site(host)
        if site is not None:
            return Origin(Kind.REFERRAL) if site.kind is Kind.CHECKOUT else site
        # A host no list knows is its own: only the name it is registered under may be a sender's.
        return _NAMES.get(registered_site(host).split(".")[0])
    whole = _NAMES.get(re.sub(r"[^a-z0-9]", "", text))
    return whole if whole is not None else _named(re.findall(r"[a-z0-9]+", text))


def _named(words: list[str]) -> Origin | None:
    """The origin of the brand that leads these words, or that only qualifiers stand around."""
    if _ANOTHERS.intersection(words):
        return None
    for place, word in enumerate(words):
        origin = _BRAND_NAMES.get(word)
        if origin is not None:
            return origin
        if word not in _QUALIFIERS:
            rest = frozenset(words[:place] + words[place + 1 :])
            return _NAMES.get(word) if rest <= _QUALIFIERS else None
    return None


def is_paid(medium: str) -> bool:
    """True for a medium in lower case that says the visit was bought."""
    return (_PAID_MEDIUM.fullmatch(medium) or _PLACEMENT.fullmatch(medium)) is not None


def is_ads(source: str) -> bool:
    """True for a source that nobody uses but for ads: `meta-ads`, `adwords`."""
    words = re.findall(r"[a-z0-9]+", source.casefold())
    return "".join(words) in ADS or not _AD_WORDS.isdisjoint(words)


def channel_of_medium(medium: str) -> Channel | None:
    """The channel a medium in lower case names by itself; None where it says nothing or the source decides."""
    return _MEDIUM_CHANNELS.get(medium.replace(" ", "_"))


def origin_of_click(keys: Iterable[str], *, hinting: bool) -> Origin | None:
    """The origin of the click id that proves most; `hinting` asks for those that organic links carry too."""
    present = frozenset(keys)
    return next((_CLICKS[key] for key in CLICK_IDS if key in present and (key in _HINTING) is hinting), None)
