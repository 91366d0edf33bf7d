"""Evidence to touches: real values, the field's rules, and anything hostile."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.domain.addresses import read_address
from attribution.domain.touches import MAX_TOUCHES, touches_of
from pulsepoint.brand.vocabulary import Channel
from pulsepoint.events.attributions import Touch
from pulsepoint.events.touches import JourneyMoment, TrackingData
from tests.builders.orders import CREATED_AT, evidence, timestamp

SHOP = "https://shop-of-test.myshopify.com/"


def touches(landing: str | None = None, referrer: str | None = None, **fields: Any) -> tuple[Touch, ...]:
    return touches_of(evidence(landing, referrer, **fields), CREATED_AT)


def only(landing: str | None = None, referrer: str | None = None, **fields: Any) -> Touch:
    (touch,) = touches(landing, referrer, **fields)
    return touch


REAL = {
    "/wallets/checkouts.json": ("direct", False, None, None),
    "/": ("direct", False, None, None),
    "http://www.example.com?source=abc": ("direct", False, None, None),
    "/collections/giyim-yeni-sezon?gclid=CjwKCAjwvsqZBhAlEiwA-SCRUBBED": (
        "google", True, None, "CjwKCAjwvsqZBhAlEiwA-SCRUBBED"),
    "/collections/swim-collection/?utm_source=Instagram_Stories&utm_medium=PaidSocial&utm_campaign=Swim 1 - Jessie "
    "Carousel Story&fbclid=PAAaYbQ0-SCRUBBED": ("meta", True, "Swim 1 - Jessie Carousel Story", "PAAaYbQ0-SCRUBBED"),
    "/discount/vip30?utm_source=Klaviyo&utm_medium=email&_kx=SCRUBBED.XvGVEi": (
        "email", False, None, "SCRUBBED.XvGVEi"),
    "/cart/c/hWN3qUxXn6JnoIIOwvLe1w04?key=SCRUBBED": ("direct", False, None, None),
    "/?utm_source=listmonk&utm_medium=email&utm_campaign=50OFF1": ("email", False, "50OFF1", None),
    "/pages/preorder?utm_source=meta&utm_campaign=nowa_launch&utm_content=ad_a&lp_slug=big-feelings": (
        "meta", True, "nowa_launch", None),
    "/blogs/velluto-the-magazine/oakley-alt": ("direct", False, None, None),
    "/collections/bestseller": ("direct", False, None, None),
}  # fmt: skip


def test_every_real_landing_site_gets_the_channel_a_person_would_give_it(real_data: Path) -> None:
    rows = [json.loads(line) for line in (real_data / "shopify/landing_site_values.jsonl").read_text().splitlines()]
    seen = [row["landing_site"] for row in rows]
    assert set(REAL) <= set(seen)
    for landing in seen:
        made = touches(landing, SHOP)
        if landing is None:
            continue
        (touch,) = made
        assert (touch.channel, touch.paid, touch.campaign, touch.click_id) == REAL[landing], landing


def test_the_real_customer_journey_gives_one_touch_a_moment(real_data: Path) -> None:
    row = json.loads((real_data / "shopify/bulk/airbyte_customer_journey.jsonl").read_text())
    moments = tuple(
        JourneyMoment(
            occurred_at=visit["occurredAt"],
            landing_page=visit["landingPage"],
            referrer=visit["referrerUrl"],
            utm=tuple((key, value) for key, value in (visit["utmParameters"] or {}).items() if value),
        )
        for visit in row["customerJourney"]["moments"]
    )
    made = touches_of(evidence("/", None, moments=moments), datetime.fromisoformat(row["createdAt"]))
    assert [(touch.channel, touch.source) for touch in made] == [
        ("direct", None),
        ("referral", "analytics_test"),
        ("direct", None),
    ]
    assert made[-1].evidence == ("journey_moment", "landing_site")


def test_evidence_of_real_order_bodies_never_raises(real_data: Path) -> None:
    count = 0
    for path in sorted((real_data / "shopify").rglob("*.json")):
        for body in _objects(json.loads(path.read_text())):
            if "landing_site" in body and "referring_site" in body:
                count += 1
                landing, referrer = body["landing_site"], body["referring_site"]
                made = touches(landing, referrer)
                assert bool(made) == bool(landing or referrer), (path, landing, referrer)
    assert count > 50


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(inner for part in value.values() for inner in _objects(part))]
    if isinstance(value, list):
        return [inner for part in value for inner in _objects(part)]
    return []


@pytest.mark.rule("TOUCH-04", "TOUCH-06")
@pytest.mark.parametrize(
    ("landing", "channel", "paid"),
    [
        ("/?utm_source=facebook&utm_medium=cpc&utm_campaign=a", "meta", True),
        ("/?utm_source=ig&utm_medium=social", "organic_social", False),
        ("/?utm_source=facebook&utm_campaign=a", "organic_social", False),
        ("/?UTM_SOURCE=TikTok&Utm_Medium=Paid_Social", "tiktok", True),
        ("/?utm_source=google&utm_medium=cpc", "google", True),
        ("/?utm_source=google&utm_medium=organic", "organic_search", False),
        ("/?utm_source=google&gclid=Abc", "google", True),
        ("/?utm_source=bing&utm_medium=cpc", "other_paid", True),
        ("/?utm_source=pinterest&utm_medium=paid", "other_paid", True),
        ("/?utm_source=attentive&utm_medium=sms", "sms", False),
        ("/?utm_source=postscript", "sms", False),
        ("/?utm_source=klaviyo", "email", False),
        ("/?utm_source=blog&utm_medium=affiliate", "affiliate", False),
        ("/?utm_source=awin", "affiliate", False),
        ("/?utm_source=some-blog", "referral", False),
        ("/?utm_source=summer&utm_medium=cpc&gclid=Abc", "google", True),
        ("/?gbraid=0AAA", "google", True),
        ("/?wbraid=0AAA", "google", True),
        ("/?ttclid=E.C.P", "tiktok", True),
        ("/?msclkid=abc", "other_paid", True),
        ("/?fbclid=IwAR", "organic_social", False),
        ("/?gclid=x&fbclid=y", "google", True),
        ("/?utm_source=(direct)&utm_medium=(none)", "direct", False),
        ("/?utm_campaign=spring", "referral", False),
        ("/?utm_campaign=spring&gclid=Abc", "google", True),
    ],
)
def test_tags_and_click_ids_decide_the_channel(landing: str, channel: str, paid: bool) -> None:
    touch = only(landing)
    assert (touch.channel, touch.paid) == (channel, paid)


@pytest.mark.rule("TOUCH-07", "TOUCH-08")
@pytest.mark.parametrize(
    ("referrer", "channel"),
    [
        ("https://www.google.com/", "organic_search"),
        ("https://www.google.co.uk/search?q=x", "organic_search"),
        ("https://duckduckgo.com", "organic_search"),
        ("android-app://com.google.android.googlequicksearchbox/", "organic_search"),
        ("https://l.instagram.com/", "organic_social"),
        ("https://m.facebook.com", "organic_social"),
        ("https://t.co/abc", "organic_social"),
        ("https://mail.google.com/mail/u/0", "email"),
        ("android-app://com.google.android.gm/", "email"),
        ("https://googleads.g.doubleclick.net/pagead", "google"),
        ("https://notgoogle.com.evil.example/", "referral"),
        ("https://blog.example.org/post?utm_source=facebook&utm_medium=cpc", "referral"),
        (SHOP, "direct"),
        ("https://www.paypal.com/checkoutnow", "direct"),
        ("", "direct"),
        (None, "direct"),
    ],
)
def test_without_tags_the_referrer_decides_and_its_own_parameters_say_nothing(
    referrer: str | None, channel: str
) -> None:
    assert only("/products/a", referrer).channel == channel


def test_no_evidence_at_all_is_no_touch() -> None:
    assert touches() == touches(None, "") == touches("", None, discount_codes=("SAVE10",)) == ()


@pytest.mark.rule("TOUCH-03")
def test_an_explicit_tag_outranks_a_click_id_that_stays_on_the_touch() -> None:
    touch = only("/?utm_source=klaviyo&utm_medium=email&utm_campaign=spring&gclid=CjwKCAjw-aB")
    assert (touch.channel, touch.paid, touch.campaign, touch.click_id) == ("email", False, "spring", "CjwKCAjw-aB")


@pytest.mark.rule("TOUCH-05")
def test_click_ids_keep_their_case() -> None:
    assert only("/?GCLID=AbCdEf_-Z").click_id == "AbCdEf_-Z"


@pytest.mark.rule("TOUCH-10")
def test_a_campaign_id_stands_in_for_a_missing_name() -> None:
    assert only("/?gclid=A&gad_campaignid=2205").campaign == "2205"


@pytest.mark.rule("TOUCH-08")
def test_the_shops_own_page_as_referrer_lends_the_visit_its_tags() -> None:
    touch = only("/wallets/checkouts.json", f"{SHOP}products/a?utm_source=facebook&utm_medium=cpc&utm_campaign=b")
    assert (touch.channel, touch.campaign) == ("meta", "b")


@pytest.mark.rule("TOUCH-09")
@pytest.mark.parametrize(
    "landing",
    [
        "/?utm_source=fb&amp;utm_medium=cpc&amp;utm_campaign=a%20b",
        "/?utm_source=fb&amp;amp;utm_medium=cpc&amp;amp;utm_campaign=a+b",
        "/?utm_source[]=fb&utm_medium%5B%5D=cpc&utm_campaign[0]=a b",
        "/?utm_source=fb&utm_source=google&utm_medium=cpc&utm_campaign=a b",
        "/?utm_source=&utm_source=fb&utm_medium=cpc&utm_campaign=a b",
        "/?page=1?utm_source=fb&utm_medium=cpc&utm_campaign=a b",
        "/#utm_source=fb&utm_medium=cpc&utm_campaign=a b",
        "//shop.example/?utm_source=fb&utm_medium=cpc&utm_campaign=a b",
        "https://user:pass@shop.example:8443/?utm_source=fb&utm_medium=cpc&utm_campaign=a b",
        "/consent?return_to=%2Fproducts%2Fa%3Futm_source%3Dfb%26utm_medium%3Dcpc%26utm_campaign%3Da%2520b",
        "/a?u=https%3A%2F%2Fx.example%2F%3Fnext%3D%252Fb%253Futm_source%253Dfb%2526utm_medium%253Dcpc%2526"
        "utm_campaign%253Da%252520b",
        "/?utm_source=fb\u0000&utm_medium=c\u0007pc&utm_campaign=a b\ud800",
    ],
)
def test_broken_and_wrapped_links_are_read_as_they_were_meant(landing: str) -> None:
    touch = only(landing)
    assert (touch.channel, touch.paid, touch.source, touch.campaign) == ("meta", True, "fb", "a b")


@pytest.mark.rule("TOUCH-09")
def test_a_redirect_link_as_referrer_tells_the_tags_of_its_target() -> None:
    referrer = (
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fshop.example%2F%3Futm_source%3Dfb%26utm_medium%3Dpaid&h=AT0"
    )
    touch = only("/", referrer)
    assert (touch.channel, touch.paid, touch.source) == ("meta", True, "fb")


@pytest.mark.parametrize("landing", ["javascript:alert(1)", "data:text/html,x", "mailto:a@b.example", "ftp://x/y"])
def test_what_is_no_visit_makes_no_touch(landing: str) -> None:
    assert touches(landing) == ()
    assert read_address(landing) is None


@pytest.mark.rule("TOUCH-01")
def test_landing_site_and_note_attributes_of_one_visit_are_one_touch_with_both_evidences() -> None:
    notes = (("utm_source", "facebook"), ("UTM-Campaign", "Spring"), ("_fbc", "fb.1.1700000000.IwAR_Xy"))
    touch = only("/?utm_source=fb&utm_medium=cpc&utm_campaign=spring", note_attributes=notes)
    assert touch.evidence == ("landing_site", "note_attributes")
    assert (touch.channel, touch.campaign, touch.click_id) == ("meta", "spring", "IwAR_Xy")


def test_note_attributes_of_another_visit_are_another_touch() -> None:
    made = touches("/?gclid=AAA", note_attributes=(("gclid", "BBB"),))
    assert {(touch.click_id, touch.evidence) for touch in made} == {
        ("AAA", ("landing_site",)),
        ("BBB", ("note_attributes",)),
    }


@pytest.mark.rule("TOUCH-01", "TOUCH-02")
def test_a_moment_has_its_own_time_and_takes_in_the_landing_site_of_the_same_visit() -> None:
    seen_at = CREATED_AT - timedelta(days=3)
    moments = (
        timestamp(seen_at, "/", utm=(("source", "google"), ("medium", "cpc"), ("campaign", "Brand"))),
        timestamp(CREATED_AT - timedelta(days=9), "/?utm_source=klaviyo&utm_medium=email"),
    )
    made = touches("/?utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid=X", moments=moments)
    assert [(touch.channel, touch.occurred_at) for touch in made] == [
        ("email", CREATED_AT - timedelta(days=9)),
        ("google", seen_at),
    ]
    assert (made[1].evidence, made[1].click_id) == (("journey_moment", "landing_site"), "X")


@pytest.mark.rule("TOUCH-02")
def test_a_landing_site_without_time_gets_the_orders() -> None:
    assert only("/?gclid=X").occurred_at == CREATED_AT


def test_a_bare_landing_site_adds_no_visit_to_a_known_journey() -> None:
    seen_at = CREATED_AT - timedelta(days=2)
    made = touches("/", moments=(timestamp(seen_at, "/?utm_source=google&utm_medium=cpc"),))
    assert [(touch.channel, touch.occurred_at) for touch in made] == [("google", seen_at)]


@pytest.mark.rule("ATTR-07")
def test_the_order_of_moments_does_not_matter() -> None:
    moments = [
        timestamp(CREATED_AT - timedelta(hours=hours), f"/?utm_source={source}")
        for hours, source in [(5, "fb"), (5, "google"), (5, "bing"), (1, "klaviyo"), (5, "FB")]
    ]
    expected = touches("/", moments=tuple(moments))
    assert len(expected) == 4
    for shuffled in permutations(moments):
        assert touches("/", moments=shuffled) == expected


def test_moments_beyond_the_limit_leave_the_latest() -> None:
    moments = tuple(timestamp(CREATED_AT - timedelta(minutes=minutes), "/") for minutes in range(1, MAX_TOUCHES + 50))
    made = touches(moments=moments)
    assert (len(made), made[-1].occurred_at) == (MAX_TOUCHES, CREATED_AT - timedelta(minutes=1))


def test_moments_without_a_zone_are_read_as_utc() -> None:
    naive = datetime(2026, 3, 1, 12, 0)
    assert touches(moments=(timestamp(naive), timestamp(CREATED_AT)))[0].occurred_at.tzinfo is not None


PIECES = st.sampled_from(
    ["utm_source=", "utm_medium=", "utm_campaign[]=", "gclid=", "fbclid=", "fb", "google", "cpc", "&", "&amp;", "?",
     "#", "%", "%zz", "%E4", "%00", "http://", "https://[", "]", "//", ":", "@", "javascript:", "u=", "%2F%3F",
     "\u0000", "\ud800", "é", "\u202e", "=", "/", "x" * 300]
)  # fmt: skip
HOSTILE = st.one_of(st.none(), st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))


@pytest.mark.rule("TOUCH-12")
@settings(max_examples=400, deadline=None)
@given(
    landing=HOSTILE,
    referrer=HOSTILE,
    notes=st.lists(st.tuples(st.one_of(st.text(max_size=20), PIECES), HOSTILE.map(str)), max_size=5),
    pages=st.lists(st.tuples(HOSTILE, HOSTILE, st.one_of(st.none(), st.datetimes())), max_size=4),
)
@pytest.mark.slow
def test_hostile_evidence_never_raises_and_touches_stay_well_formed(
    landing: str | None,
    referrer: str | None,
    notes: list[tuple[str, str]],
    pages: list[tuple[str | None, str | None, datetime | None]],
) -> None:
    # Built without validation: a lone surrogate is refused by pydantic, yet text like it must not hurt.
    moments = tuple(
        JourneyMoment.model_construct(occurred_at=at, landing_page=page, referrer=ref, utm=())
        for page, ref, at in pages
    )
    hostile = TrackingData.model_construct(
        landing_site=landing, referring_site=referrer, note_attributes=tuple(notes), discount_codes=(), moments=moments
    )
    for touch in touches_of(hostile, CREATED_AT):
        assert touch.channel in set(Channel) - {Channel.UNATTRIBUTED}
        assert touch.evidence
        for text in (touch.source, touch.medium, touch.campaign, touch.content, touch.term, touch.click_id):
            assert text is None or (0 < len(text) <= 512 and "\u0000" not in text and text.encode())


@pytest.mark.rule("TOUCH-12")
@pytest.mark.parametrize(
    "text",
    ["/?" + "utm_source=fb&" * 900, "https://" + "a" * 10_000, "/?x=" + "%25" * 4000, "/?" + "a[" * 5000, "?" * 10_000,
     "/?u=" + "http://x?u=" * 900, "/?utm_medium=" + "cp" * 5000, "/?" + "amp;" * 2500],
)  # fmt: skip
def test_ten_thousand_characters_are_read_quickly_and_cut(text: str) -> None:
    for touch in touches(text, text, note_attributes=(("landing_page", text),)):
        assert len(touch.model_dump_json()) < 4_000
