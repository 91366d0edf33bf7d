"""Slack posts: what they say, what they never say, where they may go."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.adapters.addresses import is_public, judge
from alerting.adapters.slack import HEADER_LIMIT, SECTION_LIMIT, SlackWebhook, escaped, message_of
from alerting.handlers import post_to_slack
from alerting.ports import Notice
from pulsepoint.brand.failures import PostFailure
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import Severity
from pulsepoint.errors import VendorError, VendorRateLimited, VendorRefused

NOTICE = Notice(
    severity=Severity.CRITICAL,
    title="Wool Hat is out of stock",
    explanation="It is out of stock; ads spend 75.00 EUR a day on it.",
    recommended_action="Pause Meta campaign “Spring”",
    link="http://127.0.0.1:8080/#/brands/b/alerts/a",
    trace_id="0af7651916cd43dd8448eb211c80319c",
)


def test_a_message_carries_title_reason_action_link_and_trace() -> None:
    assert message_of(NOTICE) == {
        "text": "Wool Hat is out of stock",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Wool Hat is out of stock", "emoji": False}},
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": "It is out of stock; ads spend 75.00 EUR a day on it.",
                    "verbatim": True,
                },
            },
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "*What to do:* Pause Meta campaign “Spring”", "verbatim": True},
            },
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "<http://127.0.0.1:8080/#/brands/b/alerts/a|Open in Pulsepoint>"},
            },
            {
                "type": "context",
                "block_id": "severity.critical",
                "elements": [
                    {"type": "mrkdwn", "text": "Critical"},
                    {"type": "mrkdwn", "text": "Trace `0af7651916cd43dd8448eb211c80319c`"},
                ],
            },
        ],
    }


SAID_AS_A_WHOLE = "locale"
"""The language of the message's own words, no words of its own."""


@pytest.mark.parametrize("name", [each.name for each in fields(Notice) if each.name != SAID_AS_A_WHOLE])
def test_a_message_says_every_part_of_its_notice(name: str) -> None:
    other: Any = Severity.LOW if name == "severity" else "another thing"
    assert message_of(replace(NOTICE, **{name: other})) != message_of(NOTICE)


def test_every_part_of_a_notice_is_filled_where_one_is_made() -> None:
    tree = ast.parse(inspect.getsource(post_to_slack))
    [made] = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Notice"]
    assert {keyword.arg for keyword in made.keywords} == {each.name for each in fields(Notice)}


@pytest.mark.parametrize("severity", Severity)
def test_every_severity_has_a_mark(severity: Severity) -> None:
    context = message_of(replace(NOTICE, severity=severity))["blocks"][-1]
    assert context["elements"][0]["text"] == texts().say(f"severity.{severity}")
    assert context["block_id"] == f"severity.{severity}"


@pytest.mark.rule("AI-04")
def test_untrusted_text_can_mention_nobody_and_link_nowhere() -> None:
    evil = "<!channel> <https://evil.example|sale> & more"
    message = message_of(replace(NOTICE, title=evil, explanation=evil, recommended_action=evil))
    blocks = message["blocks"]
    caught = [message["text"], blocks[1]["text"]["text"], blocks[2]["text"]["text"]]
    for text in caught:
        assert "<!channel>" not in text
        assert "<https" not in text
        assert "&lt;!channel&gt; &lt;https://evil.example|sale&gt; &amp; more" in text
    assert blocks[0]["text"]["type"] == "plain_text"


def test_long_text_stays_within_slacks_limits() -> None:
    message = message_of(replace(NOTICE, title="<" * 9000, explanation="<" * 9000, recommended_action="&" * 9000))
    header, *sections, _ = message["blocks"]
    assert len(header["text"]["text"]) <= HEADER_LIMIT
    assert all(len(section["text"]["text"]) <= SECTION_LIMIT for section in sections)
    assert len(message["text"]) <= SECTION_LIMIT
    assert len(message["blocks"]) <= 50


@given(st.text(alphabet="<>&ax*", max_size=60), st.integers(8, 40))
def test_escaped_text_has_whole_entities_and_fits(text: str, longest: int) -> None:
    text = escaped(text, longest)
    assert len(text) <= longest
    plain = text.replace("&amp;", "A").replace("&lt;", "L").replace("&gt;", "G")
    assert not set(plain) & set("<>&")


def answering(status: int, headers: dict[str, str] | None = None) -> tuple[SlackWebhook, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, headers=headers, text="no_service")

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["2606:4700::1", "93.184.216.34"]

    return SlackWebhook(resolve=resolve, transport=httpx.MockTransport(answer)), seen


URL = "https://hooks.slack.example/services/T/B/x?a=1"


async def test_a_post_goes_to_the_judged_address_under_the_hosts_name() -> None:
    slack, seen = answering(200)
    await slack.post(URL, NOTICE)
    [request] = seen
    assert str(request.url) == "https://93.184.216.34/services/T/B/x?a=1"
    assert request.headers["Host"] == "hooks.slack.example"
    assert request.extensions["sni_hostname"] == "hooks.slack.example"
    assert orjson.loads(request.content) == message_of(NOTICE)


async def test_a_rate_limit_says_how_long_to_wait() -> None:
    slack, _ = answering(429, {"Retry-After": "30"})
    with pytest.raises(VendorRateLimited) as caught:
        await slack.post(URL, NOTICE)
    assert caught.value.retry_after == 30.0


@pytest.mark.parametrize("value", ["soon", "-1", "inf", "nan"])
async def test_a_strange_retry_after_is_not_obeyed(value: str) -> None:
    slack, _ = answering(429, {"Retry-After": value})
    with pytest.raises(VendorRateLimited) as caught:
        await slack.post(URL, NOTICE)
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, VendorRefused, PostFailure.REFUSED),
        (404, VendorRefused, PostFailure.REFUSED),
        (410, VendorRefused, PostFailure.REFUSED),
        (302, VendorRefused, PostFailure.REFUSED),
        (503, VendorError, PostFailure.HTTP_STATUS),
    ],
)
async def test_answers_become_errors_of_the_tree(status: int, error: type[VendorError], kind: PostFailure) -> None:
    slack, seen = answering(status, {"Location": "http://169.254.169.254/"})
    with pytest.raises(error) as caught:
        await slack.post(URL, NOTICE)
    assert type(caught.value) is error
    assert (PostFailure.of(caught.value), caught.value.names["code"]) == (kind, str(status))
    assert len(seen) == 1


async def test_silence_is_a_vendor_error() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("slow")

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34"]

    with pytest.raises(VendorError, match="did not answer") as caught:
        await SlackWebhook(resolve=resolve, transport=httpx.MockTransport(fail)).post(URL, NOTICE)
    assert PostFailure.of(caught.value) is PostFailure.NO_ANSWER


@pytest.mark.rule("SEC-06")
@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://hooks.slack.example/x", PostFailure.NOT_HTTPS),
        ("https://user:secret@hooks.slack.example/x", PostFailure.NO_HOST),
        ("https://hooks.slack.example:99999/x", PostFailure.UNREADABLE_ADDRESS),
        ("ftp://hooks.slack.example/x", PostFailure.NOT_HTTPS),
        ("https:///x", PostFailure.NO_HOST),
        ("not a url", PostFailure.NOT_HTTPS),
    ],
)
async def test_only_plain_https_urls_are_called(url: str, kind: PostFailure) -> None:
    slack, seen = answering(200)
    with pytest.raises(VendorRefused) as caught:
        await slack.post(url, NOTICE)
    assert PostFailure.of(caught.value) is kind
    assert not seen


@pytest.mark.parametrize("url", [f"https://{'a' * 64}.example/x", "https://slack..example/x"])
async def test_a_name_that_no_host_can_have_is_refused(url: str) -> None:
    with pytest.raises(VendorRefused, match="names no host"):
        await judge(url, allow_private=False)


async def test_an_address_too_long_to_be_called_is_refused() -> None:
    slack, seen = answering(200)
    with pytest.raises(VendorRefused):
        await slack.post(f"https://hooks.slack.example/{'x' * 70_000}", NOTICE)
    assert not seen


@pytest.mark.rule("SEC-06")
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "64:ff9b:1:7f00:0:100:808:808",
        "fec0::1",
        "::7f00:1",
    ],
)
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34", address]

    assert not is_public(address)
    with pytest.raises(VendorRefused, match="not public") as caught:
        await judge("https://rebound.example/x", allow_private=False, resolve=resolve)
    assert PostFailure.of(caught.value) is PostFailure.NOT_PUBLIC


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1", "64:ff9b::5db8:d822"])
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


async def test_the_setting_lets_a_local_stand_in_through() -> None:
    target: Any = await judge("http://127.0.0.1:9000/hook", allow_private=True)
    assert (target.address, target.port, target.path) == ("127.0.0.1", 9000, "/hook")
