"""Slack incoming webhooks: Block Kit messages over httpx.

Limits and escaping: https://docs.slack.dev/reference/block-kit/blocks (50 blocks, 150 characters a header, 3000 a
section) and https://docs.slack.dev/messaging/formatting-message-text (escape &, < and >). Answers:
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks; rate limits answer 429 with Retry-After
(https://docs.slack.dev/apis/web-api/rate-limits). slack_sdk and httpx are imported on first use.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from alerting.adapters.addresses import Resolve, Target, judge, resolve_host
from alerting.ports import Notice
from pulsepoint.brand.failures import PostFailure
from pulsepoint.brand.texts import texts
from pulsepoint.errors import VendorError, VendorRateLimited, VendorRefused

if TYPE_CHECKING:
    import httpx

HEADER_LIMIT = 150
SECTION_LIMIT = 3000
TIMEOUT_SECONDS = 10.0
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class SlackWebhook:
    """Implements `alerting.ports.Messenger`; connects only to the address it judged, and follows no redirect."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolve = resolve_host,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._transport = transport

    async def post(self, webhook_url: str, notice: Notice) -> None:
        """See `Messenger.post`."""
        target = await judge(webhook_url, allow_private=self._allow_private, resolve=self._resolve)
        # The SDK's models are many; building them for the first time may take a while.
        body = await asyncio.to_thread(message_of, notice)
        _raise_for(await self._send(target, body))

    async def _send(self, target: Target, body: dict[str, object]) -> httpx.Response:
        import httpx

        address = f"[{target.address}]" if ":" in target.address else target.address
        default = (target.scheme, target.port) in (("https", 443), ("http", 80))
        host = target.host if default else f"{target.host}:{target.port}"
        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False
            ) as client:
                return await client.post(
                    f"{target.scheme}://{address}:{target.port}{target.path}",
                    json=body,
                    headers={"Host": host},
                    extensions={"sni_hostname": target.host},
                )
        except httpx.HTTPError as error:
            silent = isinstance(error, httpx.TimeoutException)
            reason = PostFailure.NO_ANSWER if silent else PostFailure.UNREACHABLE
            raise VendorError(f"Slack did not answer: {type(error).__name__}", reason=reason) from error
        except httpx.InvalidURL:
            raise VendorRefused("the webhook URL cannot be read", reason=PostFailure.UNREADABLE_ADDRESS) from None


def message_of(notice: Notice) -> dict[str, Any]:
    """The body of an incoming webhook: title, explanation, recommended action, link, trace id.

    The severity is the id of the last block too, so that programs need not read a sentence.
    """
    from slack_sdk.models.blocks import (
        ContextBlock,
        HeaderBlock,
        MarkdownTextObject,
        PlainTextObject,
        SectionBlock,
    )

    words, severity = texts(notice.locale), f"severity.{notice.severity}"
    action = f"*{words.say('slack.action')}* {escaped(notice.recommended_action, SECTION_LIMIT - 100)}"
    link = f"<{escaped(notice.link, 2000)}|{words.say('slack.open')}>"
    blocks = [
        HeaderBlock(text=PlainTextObject(text=_cut(notice.title, HEADER_LIMIT), emoji=False)),
        SectionBlock(text=MarkdownTextObject(text=escaped(notice.explanation, SECTION_LIMIT), verbatim=True)),
        SectionBlock(text=MarkdownTextObject(text=action, verbatim=True)),
        SectionBlock(text=MarkdownTextObject(text=link)),
        ContextBlock(
            elements=[
                MarkdownTextObject(text=words.say(severity)),
                MarkdownTextObject(text=f"{words.say('slack.trace')} `{escaped(notice.trace_id, 64)}`"),
            ],
            block_id=severity,
        ),
    ]
    return {"text": escaped(notice.title, SECTION_LIMIT), "blocks": [block.to_dict() for block in blocks]}


def escaped(text: str, longest: int) -> str:
    """Untrusted text that Slack shows as it is, at most `longest` characters; an entity is never cut in two."""
    parts = [_ENTITIES.get(char, char) for char in text]
    if sum(map(len, parts)) <= longest:
        return "".join(parts)
    kept: list[str] = []
    room = longest - 1
    for part in parts:
        room -= len(part)
        if room < 0:
            break
        kept.append(part)
    return "".join(kept) + "…"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _raise_for(answer: httpx.Response) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        return
    if status == 429:
        wait = _seconds(answer.headers.get("Retry-After"))
        raise VendorRateLimited("Slack asks to slow down", retry_after=wait, reason=PostFailure.RATE_LIMITED)
    names = {"code": str(status)}
    if status >= 500:
        raise VendorError(f"Slack answered {status}", reason=PostFailure.HTTP_STATUS, names=names)
    said = answer.text[:100]
    names |= {"message": said} if said else {}
    raise VendorRefused(f"Slack answered {status}: {said}", reason=PostFailure.REFUSED, names=names)


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value) if value is not None else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds <= 86_400 else None
