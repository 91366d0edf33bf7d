"""The check that Slack would take a message: shape and limits of Block Kit.

https://docs.slack.dev/reference/block-kit/blocks and, for the answers,
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

MOST_BLOCKS = 50
HEADER = 150
SECTION = 3_000
FIELD, MOST_FIELDS = 2_000, 10
MOST_CONTEXT = 10
MOST_ACTIONS = 25
BUTTON = 75
ACTION_ID = 255
URL = 3_000
LONGEST_TEXT = 40_000


class InvalidMessage(Exception):
    """Slack would refuse the message; `code` is the answer's text."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code


def check_message(message: object) -> dict[str, object]:
    """The message when Slack would take it; raises `InvalidMessage` naming the first thing that is wrong."""
    if not isinstance(message, dict):
        raise InvalidMessage("invalid_payload", "a message is a JSON object")
    text, blocks = message.get("text", ""), message.get("blocks", [])
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise InvalidMessage("invalid_payload", f"text is no text of at most {LONGEST_TEXT} characters")
    if not isinstance(blocks, list):
        raise InvalidMessage("invalid_blocks_format", "blocks is no list")
    if not text and not blocks:
        raise InvalidMessage("no_text", "neither text nor blocks")
    if len(blocks) > MOST_BLOCKS:
        raise InvalidMessage("invalid_blocks", f"{len(blocks)} blocks, {MOST_BLOCKS} are allowed")
    for number, block in enumerate(blocks):
        _block(block, f"blocks/{number}")
    return message


def _block(block: object, where: str) -> None:
    if not isinstance(block, dict) or block.get("type") not in CHECKS:
        raise InvalidMessage("invalid_blocks", f"{where}: no block type that incoming webhooks take")
    _within(block.get("block_id", ""), ACTION_ID, f"{where}/block_id")
    CHECKS[block["type"]](block, where)


def _header(block: dict[str, object], where: str) -> None:
    _text(block.get("text"), HEADER, f"{where}/text", types=("plain_text",))


def _section(block: dict[str, Any], where: str) -> None:
    fields = block.get("fields", [])
    if "text" not in block and not fields:
        raise InvalidMessage("invalid_blocks", f"{where}: a section needs text or fields")
    if "text" in block:
        _text(block["text"], SECTION, f"{where}/text")
    _count(fields, MOST_FIELDS, f"{where}/fields", least=0)
    for number, field in enumerate(fields):
        _text(field, FIELD, f"{where}/fields/{number}")
    if "accessory" in block:
        _button(block["accessory"], f"{where}/accessory")


def _context(block: dict[str, object], where: str) -> None:
    elements = _count(block.get("elements"), MOST_CONTEXT, f"{where}/elements")
    for number, element in enumerate(elements):
        _text(element, SECTION, f"{where}/elements/{number}")


def _actions(block: dict[str, object], where: str) -> None:
    for number, element in enumerate(_count(block.get("elements"), MOST_ACTIONS, f"{where}/elements")):
        _button(element, f"{where}/elements/{number}")


def _divider(block: dict[str, object], where: str) -> None:
    """Nothing but its type."""


CHECKS: dict[str, Callable[[dict[str, object], str], None]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
}


def _button(element: object, where: str) -> None:
    if not isinstance(element, dict) or element.get("type") != "button":
        raise InvalidMessage("invalid_blocks", f"{where}: only buttons are taken here")
    _text(element.get("text"), BUTTON, f"{where}/text", types=("plain_text",))
    _within(element.get("action_id", ""), ACTION_ID, f"{where}/action_id")
    url = element.get("url", "")
    _within(url, URL, f"{where}/url")
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise InvalidMessage("invalid_blocks", f"{where}/url: must be a web address")


def _text(value: object, longest: int, where: str, *, types: tuple[str, ...] = ("plain_text", "mrkdwn")) -> None:
    if not isinstance(value, dict) or value.get("type") not in types:
        raise InvalidMessage("invalid_blocks", f"{where}: must be {' or '.join(types)}")
    if not value.get("text"):
        raise InvalidMessage("invalid_blocks", f"{where}: must not be empty")
    _within(value["text"], longest, where)


def _within(value: object, longest: int, where: str) -> None:
    if not isinstance(value, str) or len(value) > longest:
        raise InvalidMessage("invalid_blocks", f"{where}: must be text of at most {longest} characters")


def _count(values: object, most: int, where: str, *, least: int = 1) -> list[object]:
    if not isinstance(values, list) or not least <= len(values) <= most:
        raise InvalidMessage("invalid_blocks", f"{where}: must be a list of {least} to {most}")
    return values
