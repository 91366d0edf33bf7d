"""Where a buyer came from: links that people reported, and their relatives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attribution.domain.sites import Kind, is_same_site, origin_of_site
from attribution.domain.touches import touches_of
from ingest_shopify.domain.fields import Fields
from ingest_shopify.domain.tracking_data import read_tracking_data
from pulsepoint.brand.vocabulary import Channel, Platform
from pulsepoint.events.attributions import Touch
from tests.builders.orders import CREATED_AT, evidence

GOOGLE_SEARCH = "https://www.google.com/"


def only(landing: str | None, referrer: str | None = None, **fields: Any) -> Touch:
    (touch,) = touches_of(evidence(landing, referrer, **fields), CREATED_AT)
    return touch


@pytest.mark.real_data
def test_every_reported_link_gets_its_channel(real_data: Path) -> None:
    rows = json.loads((real_data / "field-cases/links.json").read_text())
    wrong = {}
    for row in rows:
        touch = only(row["landing_site"], row["referring_site"])
        channels, paid = row["expected"]
        if touch.channel not in channels.split("|") or touch.paid is not paid:
            wrong[row["id"]] = (str(touch.channel), touch.paid)
    assert len(rows) > 40
    assert wrong == {}


@pytest.mark.real_data
def test_the_shops_own_domain_as_referrer_is_direct(real_data: Path) -> None:
    body = json.loads((real_data / "field-cases/A30-self-referral.json").read_text())
    (touch,) = touches_of(read_tracking_data(Fields(body)), CREATED_AT)
    assert (touch.channel, touch.paid) == (Channel.DIRECT, False)


@pytest.mark.rule("TOUCH-08")
@pytest.mark.parametrize(
    ("referrer", "channel"),
    [
        ("https://shop.brand.example/", Channel.DIRECT),
        ("https://checkout.brand.example/cart", Channel.DIRECT),
        ("https://brand.example.org/", Channel.REFERRAL),
        ("https://notbrand.example/", Channel.REFERRAL),
    ],
)
def test_every_host_of_the_shops_site_is_its_own(referrer: str, channel: Channel) -> None:
    assert only("/", referrer, own_hosts=("www.brand.example",)).channel is channel


def test_a_countrys_suffix_is_no_site() -> None:
    assert not is_same_site("brand.co.uk", "other.co.uk")
    assert is_same_site("www.brand.co.uk", "brand.co.uk")
    assert not is_same_site("", "")


@pytest.mark.rule("TOUCH-14")
@pytest.mark.parametrize(
    "landing",
    [
        "/?gad_source=5",
        "/?gad_campaignid=22228176697&gad_source=1",
        "/?wbraid=Cl8K",
        "/#gad_source=1",
        "/?dclid=CNabc&utm_campaign=reach",
        "/?gclid={gclid}&gad_source=1",
    ],
)
def test_google_ads_are_known_without_a_gclid(landing: str) -> None:
    touch = only(landing, GOOGLE_SEARCH)
    assert (touch.channel, touch.paid) == (Channel.GOOGLE, True)


@pytest.mark.rule("TOUCH-13")
@pytest.mark.parametrize(
    "landing", ["/?gclid={gclid}", "/?gad_campaignid={campaignid}", "/?utm_source={{site_source_name}}"]
)
def test_a_macro_nobody_filled_in_proves_nothing(landing: str) -> None:
    touch = only(landing, GOOGLE_SEARCH)
    assert (touch.channel, touch.paid, touch.campaign) == (Channel.ORGANIC_SEARCH, False, None)


@pytest.mark.rule("TOUCH-13")
@pytest.mark.parametrize(
    ("written", "campaign"),
    [
        ("{{campaign.name}}", None),
        ("{campaignid}", None),
        ("__CAMPAIGN_NAME__", None),
        ("%%CAMPAIGN%%", None),
        ("spring_{{adset.name}}", "spring"),
        ("Spring {sale}", "Spring"),
        ("Spring (sale)", "Spring (sale)"),
    ],
)
def test_unfilled_macros_are_no_campaign(written: str, campaign: str | None) -> None:
    assert only(f"/?utm_source=facebook&utm_medium=cpc&utm_campaign={written}").campaign == campaign


@pytest.mark.rule("TOUCH-06")
@pytest.mark.parametrize(
    "medium", ["cpc", "cpm", "cpa", "cpv", "cpl", "cpo", "cps", "CPP", "ocpm", "ppc", "paid_social"]
)
def test_a_medium_with_cp_in_it_is_paid(medium: str) -> None:
    touch = only(f"/?utm_source=facebook&utm_medium={medium}")
    assert (touch.channel, touch.paid) == (Channel.META, True)


@pytest.mark.parametrize(
    ("parameter", "channel", "paid"),
    [
        ("twclid", Channel.OTHER_PAID, True),
        ("ScCid", Channel.OTHER_PAID, True),
        ("li_fat_id", Channel.OTHER_PAID, True),
        ("epik", Channel.OTHER_PAID, True),
        ("msclkid", Channel.OTHER_PAID, True),
        ("irclickid", Channel.AFFILIATE, False),
        ("awc", Channel.AFFILIATE, False),
        ("_kx", Channel.EMAIL, False),
        ("srsltid", Channel.ORGANIC_SEARCH, False),
        ("fbclid", Channel.ORGANIC_SOCIAL, False),
    ],
)
def test_a_click_id_alone_says_where_the_click_came_from_and_keeps_its_case(
    parameter: str, channel: Channel, paid: bool
) -> None:
    touch = only(f"/?{parameter}=AbC_dEf")
    assert (touch.channel, touch.paid, touch.click_id) == (channel, paid, "AbC_dEf")


@pytest.mark.rule("TOUCH-03")
@pytest.mark.parametrize("parameter", ["srsltid", "fbclid"])
def test_an_id_that_organic_links_carry_does_not_outrank_the_referrer(parameter: str) -> None:
    assert only(f"/?{parameter}=x", "https://chatgpt.com/").channel is Channel.AI_ASSISTANT


@pytest.mark.rule("TOUCH-07")
@pytest.mark.parametrize(
    ("source", "channel"),
    [
        ("chatgpt.com", Channel.AI_ASSISTANT),
        ("Perplexity", Channel.AI_ASSISTANT),
        ("gemini", Channel.AI_ASSISTANT),
        ("go.mail.ru", Channel.ORGANIC_SEARCH),
        ("mail.google.com", Channel.EMAIL),
        ("l.facebook.com", Channel.ORGANIC_SOCIAL),
        ("Instagram_Stories", Channel.ORGANIC_SOCIAL),
        ("organic-tiktok", Channel.ORGANIC_SOCIAL),
        ("klaviyo-flow-3", Channel.EMAIL),
        ("paypal.com", Channel.REFERRAL),
        # Words inside other names.
        ("the-google-killer-blog", Channel.REFERRAL),
        ("impact-magazine", Channel.REFERRAL),
        ("mail-order-catalog", Channel.REFERRAL),
        ("meta-analysis", Channel.REFERRAL),
        ("best-of-instagram", Channel.REFERRAL),
        ("metal-shop", Channel.REFERRAL),
        ("drip-coffee", Channel.REFERRAL),
    ],
)
def test_a_source_is_read_by_its_name_and_not_by_words_inside_it(source: str, channel: Channel) -> None:
    assert only(f"/?utm_source={source}").channel is channel


@pytest.mark.parametrize(
    ("tags", "channel"),
    [
        ("utm_source=chatgpt.com&utm_medium=referral", Channel.AI_ASSISTANT),
        ("utm_source=facebook&utm_medium=referral", Channel.ORGANIC_SOCIAL),
        ("utm_source=onesignal&utm_medium=push", Channel.PUSH),
        ("utm_source=shop&utm_medium=web%20push", Channel.PUSH),
        ("utm_source=partner-x&utm_medium=affiliate", Channel.AFFILIATE),
        ("utm_medium=organic", Channel.ORGANIC_SEARCH),
        ("utm_source=(not%20set)&utm_medium=(none)", Channel.DIRECT),
    ],
)
def test_medium_and_source_together_name_the_channel(tags: str, channel: Channel) -> None:
    assert only(f"/?{tags}").channel is channel


@pytest.mark.rule("TOUCH-07")
@pytest.mark.parametrize(
    ("referrer", "channel"),
    [
        ("https://shop.app/checkout", Channel.DIRECT),
        ("https://accounts.shopify.com/", Channel.DIRECT),
        ("https://www.affirm.com/", Channel.DIRECT),
        ("https://checkout.stripe.com/pay", Channel.DIRECT),
        ("https://accounts.google.com/signin", Channel.DIRECT),
        ("https://payments.amazon.de/", Channel.DIRECT),
        ("https://docs.google.com/document", Channel.REFERRAL),
        ("https://de.search.yahoo.com/", Channel.ORGANIC_SEARCH),
        ("https://images.google.de/", Channel.ORGANIC_SEARCH),
        ("https://www.google.com.tr/", Channel.ORGANIC_SEARCH),
        ("https://old.reddit.com/r/x", Channel.ORGANIC_SOCIAL),
        ("https://wa.me/", Channel.ORGANIC_SOCIAL),
        ("android-app://com.pinterest/", Channel.ORGANIC_SOCIAL),
        ("https://claude.ai/chat", Channel.AI_ASSISTANT),
        ("https://copilot.microsoft.com/", Channel.AI_ASSISTANT),
        ("https://www.awin1.com/cread.php", Channel.AFFILIATE),
        ("https://app.fastmail.com/", Channel.EMAIL),
        ("https://nam02.safelinks.protection.outlook.com/", Channel.EMAIL),
        ("https://trc.taboola.com/", Channel.OTHER_PAID),
        ("https://www.amazon.com/dp/1", Channel.REFERRAL),
        ("https://a-blog.example/", Channel.REFERRAL),
    ],
)
def test_sites_are_what_the_lists_say(referrer: str, channel: Channel) -> None:
    assert only("/", referrer).channel is channel


def test_a_query_encoded_as_a_whole_and_values_encoded_again_are_read() -> None:
    for landing in (
        "/a?utm_source%3Dfacebook%26utm_medium%3Dcpc%26utm_campaign%3DSummer",
        "/a?utm_source%253Dfacebook%2526utm_medium%253Dcpc%2526utm_campaign%253DSummer",
        "/a?utm_source=face%2562ook&utm_medium=%2563pc&utm_campaign=%25253Cb%25253E".replace(
            "%25253Cb%25253E", "Summer"
        ),
    ):
        touch = only(landing)
        assert (touch.channel, touch.campaign) == (Channel.META, "Summer")


@pytest.mark.parametrize("platform", Platform)
def test_every_platforms_clicks_marks_and_sources_are_its_paid_channel(platform: Platform) -> None:
    clicks = platform.clicks
    for link in (
        *(f"/?{key}=AbC" for key in clicks.proving),
        *(f"/?{mark}=1" for mark in clicks.marks),
        *(f"/?utm_source={source}" for source in clicks.sources),
        f"/?utm_source={platform}&utm_medium=cpc",
    ):
        touch = only(link)
        assert (touch.channel, touch.paid) == (Channel(platform.value), True), link
    for key in clicks.hinting:
        assert not only(f"/?{key}=AbC").paid


@pytest.mark.rule("TOUCH-15")
def test_every_channel_but_unattributed_is_reached_by_some_link() -> None:
    links = [
        "/?utm_source=facebook&utm_medium=cpc", "/?ttclid=a", "/?gclid=a", "/?msclkid=a", "/?utm_medium=organic",
        "/?utm_source=ig", "/?utm_source=chatgpt.com", "/?_kx=a", "/?utm_medium=sms", "/?utm_medium=push", "/?awc=a",
        "/?utm_source=a-blog", "/",
    ]  # fmt: skip
    assert {only(link).channel for link in links} == set(Channel) - {Channel.UNATTRIBUTED}


def test_the_public_list_and_our_own_rows_are_read_and_ours_outrank_it() -> None:
    assert origin_of_site("ecosia.org") is not None
    assert origin_of_site("amazon.com") == origin_of_site("www2.amazon.com".removeprefix("www2."))
    listed = origin_of_site("amazon.com")
    assert listed is not None and listed.kind is Kind.REFERRAL
    assert origin_of_site("nobody-knows.example") is None


@pytest.mark.rule("TOUCH-08")
@pytest.mark.parametrize(
    ("landing", "referrer", "channel"),
    [
        ("/?utm_medium=paid&fbclid=x", None, Channel.META),
        ("/?utm_source={{site_source_name}}&utm_medium=paid&fbclid=abc", None, Channel.META),
        ("/?utm_medium=paid_social", "https://l.facebook.com/", Channel.META),
        ("/?utm_medium=cpc", GOOGLE_SEARCH, Channel.GOOGLE),
        ("/?utm_medium=cpc", "https://news.example/", Channel.OTHER_PAID),
        ("/?utm_source=newspaper&utm_medium=cpc", "https://news.example/", Channel.OTHER_PAID),
    ],
)
def test_a_paid_medium_is_its_click_ids_or_referrers(landing: str, referrer: str | None, channel: Channel) -> None:
    touch = only(landing, referrer)
    assert (touch.channel, touch.paid) == (channel, True)


@pytest.mark.rule("TOUCH-08")
@pytest.mark.parametrize(
    ("referrer", "channel"),
    [
        ("https://www.paypal.com.au/", Channel.DIRECT),
        ("https://r3.girogate.de/", Channel.DIRECT),
        ("https://accounts.youtube.com/", Channel.DIRECT),
        ("https://navigator-bs.gmx.net/", Channel.EMAIL),
        ("https://3c-lxa.web.de/", Channel.EMAIL),
        ("https://webmail.strato.de/", Channel.EMAIL),
    ],
)
def test_payment_log_in_and_mail_hosts_are_what_they_are_for(referrer: str, channel: Channel) -> None:
    assert only("/", referrer).channel is channel
