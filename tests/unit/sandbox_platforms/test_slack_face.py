"""What the fake for Slack takes, refuses and shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from alerting.adapters.slack import message_of
from alerting.ports import Notice
from pulsepoint.brand.vocabulary import Severity
from sandbox.platforms.block_kit import CHECKS, InvalidMessage, check_message
from sandbox.platforms.slack import SlackFace, trace_of
from sandbox.platforms.slack_page import STYLE, page

NOW = datetime(2026, 3, 10, tzinfo=UTC)
TRACE = "0af7651916cd43dd8448eb211c80319c"


def notice(**fields: str) -> Notice:
    values: dict[str, Any] = {
        "severity": Severity.CRITICAL,
        "title": "Socks are out of stock",
        "explanation": "None left & <3 wanted>",
        "recommended_action": "Reorder",
        "link": "http://tower/#/brands/1/alerts/911ebb68221a5276a4a2157ffffd8fcd",
        "trace_id": TRACE,
        **fields,
    }
    return Notice(**values)


def header(text: str) -> dict[str, Any]:
    return {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": text}}]}


def section(text: str) -> dict[str, Any]:
    return {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]}


def test_alertings_own_messages_are_taken_at_their_longest() -> None:
    longest = notice(title="t" * 500, explanation="&" * 5_000, recommended_action="<" * 5_000)
    assert check_message(message_of(longest))["blocks"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ([], "invalid_payload"),
        ({}, "no_text"),
        ({"text": 5}, "invalid_payload"),
        ({"text": "x", "blocks": {}}, "invalid_blocks_format"),
        (header("h" * 151), "invalid_blocks"),
        (header(""), "invalid_blocks"),
        (section("s" * 3_001), "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "image"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "h"}}]}, "invalid_blocks"),
    ],
)
def test_what_slack_refuses_is_refused_with_slacks_word(message: Any, code: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        check_message(message)
    assert refused.value.code == code


@pytest.mark.parametrize("message", [header("h" * 150), section("s" * 3_000), {"text": "plain"}])
def test_messages_at_the_limit_are_taken(message: dict[str, Any]) -> None:
    assert check_message(message) is message


async def test_the_page_shows_messages_escaped_newest_first_with_the_trace_linked() -> None:
    face = SlackFace(trace_url="http://tower/#/traces/")
    app = Starlette(routes=face.routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://slack") as http:
        assert (await http.post("/services/T/B/x", json=message_of(notice()))).text == "ok"
        evil = message_of(notice(title="<script>alert(1)</script>"))
        assert (await http.post("/services/T/B/x", json=evil)).text == "ok"
        refused = await http.post("/services/T/B/x", json=header("h" * 151))
        assert (refused.status_code, refused.text) == (400, "invalid_blocks")
        page = (await http.get("/")).text
        listed = (await http.get("/messages", params={"after": 1})).json()["messages"]
    assert "<script>" not in page
    assert page.index("&lt;script&gt;") < page.index("Socks are out of stock")
    assert f'<a href="http://tower/#/traces/{TRACE}"><code>{TRACE}</code></a>' in page
    assert "None left &amp; &lt;3 wanted&gt;" in page
    assert [message["number"] for message in listed] == [2]
    assert listed[0]["trace_id"] == TRACE


@pytest.mark.parametrize("kind", CHECKS)
def test_every_block_that_is_taken_is_shown_as_what_it_is(kind: str) -> None:
    text = {"type": "plain_text", "text": "what it says"}
    element = {"type": "button", "text": text} if kind == "actions" else text
    block = {"type": kind, "text": text, "elements": [element]}
    assert ("what it says" in page([(NOW, {"blocks": [block]}, None)], "", NOW)) is (kind != "divider")


def in_french(message: dict[str, Any]) -> dict[str, Any]:
    """The message with other words in its last line, as a brand that reads French has it."""
    severity, trace = message["blocks"][-1]["elements"]
    severity["text"], trace["text"] = "Gravité", f"Suivi `{TRACE}`"
    return message


@pytest.mark.parametrize("french", [False, True])
@pytest.mark.parametrize("severity", Severity)
async def test_the_page_marks_each_severity_whatever_the_language(severity: Severity, french: bool) -> None:
    face = SlackFace()
    app = Starlette(routes=face.routes())
    message = message_of(replace(notice(), severity=severity))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://slack") as http:
        await http.post("/services/T/B/x", json=in_french(message) if french else message)
        page = (await http.get("/")).text
    assert f'<article class="{severity}">' in page
    assert f"article.{severity} {{" in STYLE


def test_the_trace_is_the_code_in_the_context_whatever_the_language() -> None:
    named = f"`{'e' * 32}`"
    assert trace_of(in_french(message_of(notice(explanation=named)))) == TRACE
    assert trace_of(section(named)) is None
    assert trace_of({"text": named}) is None


async def test_no_link_but_to_the_web_is_made() -> None:
    face = SlackFace()
    app = Starlette(routes=face.routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://slack") as http:
        await http.post("/services/T/B/x", json=section('<javascript:alert(1)|x> <https://a.example/"><b>|y>'))
        page = (await http.get("/")).text
    assert 'href="javascript' not in page
    assert "<b>" not in page
