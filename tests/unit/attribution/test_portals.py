"""Where a buyer came from: services of a search engine that are no search, translated pages, chats at work."""

from __future__ import annotations

import pytest

from attribution.domain.addresses import site_name
from attribution.domain.touches import touches_of
from pulsepoint.brand.vocabulary import Channel
from pulsepoint.events.attributions import Touch
from tests.builders.orders import CREATED_AT, evidence

TEAMS = "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/2/atp-safelinks.html"


def touch_of(landing: str, referrer: str | None = None) -> Touch:
    (touch,) = touches_of(evidence(landing, referrer), CREATED_AT)
    return touch


@pytest.mark.rule("TOUCH-07")
@pytest.mark.parametrize(
    ("landing", "referrer"),
    [
        ("/", "https://news.google.com/articles/CBMi"),
        ("/", "https://news.google.co.uk/"),
        ("/", "https://news.google.de/"),
        ("/", "https://translate.google.com/translate?u=b.example"),
        ("/", "https://translate.google.fr/"),
        ("/", "https://translate.googleusercontent.com/translate_c"),
        ("/", "https://news.baidu.com/"),
        ("/", "https://a--blog-example.translate.goog/post?_x_tr_sl=en"),
        ("/?utm_source=news.google.com", None),
        ("/?utm_source=Google+News", None),
        ("/?utm_source=google_translate&utm_medium=referral", None),
        ("/", "https://app.slack.com/client/T1"),
        ("/", "android-app://com.Slack/"),
        ("/?utm_source=slack", None),
        ("/", "https://teams.microsoft.com/"),
        ("/", "https://teams.cloud.microsoft/"),
        ("/", "https://teams.live.com/"),
        ("/", "android-app://com.microsoft.teams/"),
        ("/?utm_source=msteams", None),
        ("/", TEAMS),
        ("/", f"{TEAMS}?url=https%3A%2F%2Fb.example%2F&dest=https%3A%2F%2Fteams.microsoft.com%2Fapi%2F"),
    ],
)
def test_another_site_is_no_search_and_no_social_network(landing: str, referrer: str | None) -> None:
    touch = touch_of(landing, referrer)
    assert (touch.channel, touch.paid) == (Channel.REFERRAL, False)


@pytest.mark.rule("TOUCH-07")
@pytest.mark.parametrize(
    "referrer",
    ["https://www.google.com/", "https://images.google.de/", "https://maps.google.com/", "https://scholar.google.fr/"],
)
def test_where_people_search_stays_a_search(referrer: str) -> None:
    assert touch_of("/", referrer).channel is Channel.ORGANIC_SEARCH


@pytest.mark.rule("TOUCH-09")
def test_a_link_that_teams_checked_keeps_its_tags() -> None:
    query = "utm_source%3Dgoogle%26utm_medium%3Dcpc%26utm_campaign%3Dspring"
    link = f"{TEAMS}?url=https%3A%2F%2Fb.example%2F%3F{query}&locale=en-us&dest=https%3A%2F%2Fteams.microsoft.com%2Fapi"
    for landing, referrer in (("/", link), (link, None)):
        touch = touch_of(landing, referrer)
        assert (touch.channel, touch.paid, touch.campaign) == (Channel.GOOGLE, True, "spring")


@pytest.mark.rule("TOUCH-08")
def test_a_page_read_through_a_translator_is_on_the_site_it_is_of() -> None:
    assert site_name("www-my--shop-example.translate.goog") == "my-shop.example"
    assert site_name("translate.goog") == "translate.goog"
    landing = "https://my-shop.example/products/1"
    assert touch_of(landing, "https://www-my--shop-example.translate.goog/?_x_tr_sl=en").channel is Channel.DIRECT
    assert touch_of("https://my--shop-example.translate.goog/", landing).channel is Channel.DIRECT


@pytest.mark.rule("TOUCH-09")
@pytest.mark.parametrize("host", ["nam02.safelinks.protection.outlook.com", "safelinks.protection.office365.us"])
def test_a_link_in_mail_that_was_checked_is_mail(host: str) -> None:
    assert touch_of("/", f"https://{host}/?url=https%3A%2F%2Fb.example%2F").channel is Channel.EMAIL
