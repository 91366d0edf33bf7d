"""Where a buyer came from: pages that are something else than their site, rewritten links, messengers, macros."""

from __future__ import annotations

import pytest

from attribution.domain.touches import touches_of
from pulsepoint.brand.vocabulary import Channel
from pulsepoint.events.attributions import Touch
from tests.builders.orders import CREATED_AT, evidence


def touch_of(landing: str, referrer: str | None = None) -> Touch:
    (touch,) = touches_of(evidence(landing, referrer), CREATED_AT)
    return touch


@pytest.mark.rule("TOUCH-15", "TOUCH-07")
@pytest.mark.parametrize(
    ("landing", "referrer", "channel"),
    [
        ("/", "https://www.bing.com/chat?q=shoes", Channel.AI_ASSISTANT),
        ("/", "https://cn.bing.com/chat", Channel.AI_ASSISTANT),
        ("/", "https://www.bing.com/copilotsearch?q=x", Channel.AI_ASSISTANT),
        ("/", "https://edgeservices.bing.com/edgesvc/chat", Channel.AI_ASSISTANT),
        ("/", "https://m365.cloud.microsoft/chat", Channel.AI_ASSISTANT),
        ("/", "https://x.com/i/grok", Channel.AI_ASSISTANT),
        ("/", "https://huggingface.co/chat/", Channel.AI_ASSISTANT),
        ("/?utm_source=bing.com/chat", None, Channel.AI_ASSISTANT),
        ("/?utm_source=bing+chat", None, Channel.AI_ASSISTANT),
        ("/?utm_source=microsoft-copilot&utm_medium=organic", None, Channel.AI_ASSISTANT),
        ("/", "https://www.bing.com/search?q=chat", Channel.ORGANIC_SEARCH),
        ("/", "https://www.bing.com/chatter", Channel.ORGANIC_SEARCH),
        ("/", "https://huggingface.co/docs", Channel.REFERRAL),
        ("/", "https://x.com/i/status/1", Channel.ORGANIC_SOCIAL),
        ("/", "https://bing.example/chat", Channel.REFERRAL),
        ("/", "https://www.facebook.com/login.php", Channel.DIRECT),
    ],
)
def test_a_page_of_a_site_may_be_something_else(landing: str, referrer: str | None, channel: Channel) -> None:
    assert touch_of(landing, referrer).channel is channel


@pytest.mark.rule("TOUCH-09")
@pytest.mark.parametrize(
    "wrapped",
    [
        "https://nam12.safelinks.protection.outlook.com/?url=https%3A%2F%2Fb.example%2F%3F{query}&data=05%7C02",
        "https://urldefense.com/v3/__https://b.example/?{plain}__;!!abc",
        "https://urldefense.com/v3/__https:/b.example/?{plain}__;!!abc$",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__b.example_-3F{dashed}&d=Dw",
        "https://secure-web.cisco.com/1abc/https%3A%2F%2Fb.example%2F%3F{query}",
        "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fb.example%2f%3f{query}&c=E",
        "https://checkpoint.url-protection.com/v1/url?o=https%3A//b.example/%3F{query}",
    ],
)
def test_a_link_that_a_mail_filter_wrote_anew_keeps_its_tags(wrapped: str) -> None:
    plain = "utm_source=google&utm_medium=cpc&utm_campaign=spring"
    query = plain.replace("=", "%3D").replace("&", "%26")
    link = wrapped.format(plain=plain, query=query, dashed=query.replace("_", "-5F").replace("%", "-"))
    for landing, referrer in (("/", link), (link, None)):
        touch = touch_of(landing, referrer)
        assert (touch.channel, touch.paid, touch.campaign) == (Channel.GOOGLE, True, "spring")


@pytest.mark.rule("TOUCH-07")
@pytest.mark.parametrize(
    "source",
    [
        *(
            "wa",
            "WhatsApp",
            "wa.me",
            "whatsapp_business",
            "whatsapp_broadcast",
            "fb_messenger",
            "tg",
            "telegram",
            "t.me",
        ),
        *("viber", "signal", "LINE", "kakaotalk", "weixin", "wechat", "zalo", "skype", "iMessage", "ig_dm", "fb-group"),
    ],
)
def test_messengers_are_social(source: str) -> None:
    for medium in ("", "&utm_medium=chat", "&utm_medium=message"):
        touch = touch_of(f"/?utm_source={source}{medium}")
        assert (touch.channel, touch.paid) == (Channel.ORGANIC_SOCIAL, False)


@pytest.mark.parametrize("source", ["wales", "signal-iduna-blog", "pipeline", "tgv", "linen", "wa-influencer"])
def test_a_messengers_name_inside_another_is_not_that_messenger(source: str) -> None:
    assert touch_of(f"/?utm_source={source}").channel is Channel.REFERRAL


@pytest.mark.rule("TOUCH-13")
@pytest.mark.parametrize(
    "macro",
    [
        *(
            "__campaign_name__",
            "__Campaign_Id__",
            "{{CAMPAIGN.NAME}}",
            "{{campaign.name",
            "{ campaignid }",
            "{CampaignId}",
        ),
        *(
            "%%CAMPAIGN%%",
            "%25%25campaign%25%25",
            "*|CAMPAIGN_UID|*",
            "[campaign_name]",
            "[AdSet.Name]",
            "[[campaign]]",
        ),
        *("<campaign>", "$CAMPAIGN_NAME", "${campaign}", "$$campaign$$", "@@campaign@@", "%7B%7Bcampaign.name%7D%7D"),
        *("utm_source", "undefined", "NaN", "none"),
    ],
)
def test_no_macro_is_a_source_in_any_case(macro: str) -> None:
    assert touch_of(f"/?utm_source={macro}").channel is Channel.DIRECT


@pytest.mark.rule("TOUCH-13")
@pytest.mark.parametrize(
    "name", ["[DE] Spring", "Spring [v2]", "50$ off", "US__Prospecting__Broad", "<3 mugs", "$mega_sale", "<Spring>"]
)
def test_a_campaign_named_with_a_macros_signs_keeps_its_name(name: str) -> None:
    assert touch_of(f"/?utm_source=google&utm_medium=cpc&utm_campaign={name}").campaign == name


@pytest.mark.parametrize("medium", ["boosted", "boost", "dpa"])
def test_boosted_posts_are_bought(medium: str) -> None:
    assert touch_of(f"/?utm_source=instagram&utm_medium={medium}").paid
