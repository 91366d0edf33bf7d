"""The page of messages: Block Kit as plain HTML, everything in it escaped; new ones appear by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from html import escape, unescape
from typing import Any

from pulsepoint.brand.vocabulary import Severity

_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|([^>]*))?>")
_BOLD = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")
_CODE = re.compile(r"`([^`\n]+)`")

EDGES = {Severity.CRITICAL: "--bad", Severity.HIGH: "--warn", Severity.MEDIUM: "--mark", Severity.LOW: "--soft"}
"""The colour at the edge of a message, by the severity its alert has."""
_EDGES = "\n".join(f"article.{severity} {{ border-left-color: var({colour}); }}" for severity, colour in EDGES.items())

STYLE = (
    """
:root { color-scheme: light dark; --back: #f6f6f8; --card: #fff; --ink: #1d1c1d; --soft: #616061; --line: #dddde2;
  --link: #1264a3; --mark: #36c5f0; --bad: #d0194a; --warn: #a86400; }
@media (prefers-color-scheme: dark) { :root { --back: #1a1d21; --card: #222529; --ink: #e8e8ea; --soft: #ababad;
  --line: #3a3d42; --link: #6cb6ee; --bad: #ff6f91; --warn: #ecb22e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 46rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; padding-top: 2rem; }
h1 { font-size: 1.25rem; margin: 0; }
header p { margin: 0; color: var(--soft); }
article { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--line);
  border-radius: 8px; padding: .75rem 1rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
article h2 { font-size: 1.05rem; margin: 0 0 .25rem; }
article p { margin: .35rem 0; white-space: pre-line; }
article time, .context { color: var(--soft); font-size: .85rem; }
.context { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
a { color: var(--link); }
code { font: .85em ui-monospace, monospace; background: var(--back); padding: .1em .3em; border-radius: 4px; }
hr { border: 0; border-top: 1px solid var(--line); }
.button { display: inline-block; border: 1px solid var(--line); border-radius: 6px; padding: .2rem .7rem; }
.empty { color: var(--soft); text-align: center; padding: 4rem 1rem; }
"""
    + _EDGES
)

# Not a refresh of the whole page: that would take readers back to its top and their focus away.
FOLLOW = """
setInterval(async () => {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const name of ["header", "main"]) {
    const [shown, news] = [document, fresh].map((page) => page.querySelector(name));
    if (shown.innerHTML !== news.innerHTML) shown.replaceWith(news);
  }
}, 4_000);
"""


def page(messages: Iterable[tuple[datetime, dict[str, object], str | None]], trace_url: str, now: datetime) -> str:
    """The whole page; `messages` are (received at, body, trace id), newest first."""
    articles = [_article(at, body, trace_id, trace_url) for at, body, trace_id in messages]
    count = len(articles)
    empty = '<p class="empty">No message yet. Alerts appear here as they are sent.</p>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>Slack messages</title><link rel="stylesheet" href="style.css">'
        '<script src="follow.js" defer></script></head><body>'
        f"<header><h1># pulsepoint-alerts</h1><p>{count} message{'' if count == 1 else 's'}, newest first. "
        f"The demo's own Slack, read at {now:%H:%M:%S} UTC.</p></header>"
        f"<main>{''.join(articles) or empty}</main></body></html>"
    )


def _article(at: datetime, body: dict[str, Any], trace_id: str | None, trace_url: str) -> str:
    blocks = body.get("blocks") or [{"type": "section", "text": {"type": "mrkdwn", "text": body.get("text", "")}}]
    inner = "".join(_block(block) for block in blocks)
    if trace_id and trace_url:
        linked = f'<a href="{escape(trace_url + trace_id)}"><code>{trace_id}</code></a>'
        inner = inner.replace(f"<code>{trace_id}</code>", linked)
    return (
        f'<article class="{_severity(blocks)}"><time datetime="{at.isoformat()}">{at:%d %b %H:%M:%S} UTC</time>'
        f"{inner}</article>"
    )


def _severity(blocks: list[dict[str, Any]]) -> str:
    """The severity that a block's id names, whatever the language of the message; "" where none does."""
    ids = {block.get("block_id") for block in blocks}
    return next((severity.value for severity in Severity if f"severity.{severity}" in ids), "")


def _block(block: dict[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h2>{_text(block['text'])}</h2>"
        case "section":
            texts = [block["text"]] if "text" in block else []
            return "".join(f"<p>{_text(text)}</p>" for text in [*texts, *block.get("fields", [])])
        case "context":
            return (
                f'<p class="context">{"".join(f"<span>{_text(element)}</span>" for element in block["elements"])}</p>'
            )
        case "actions":
            shown = (f'<span class="button">{_text(element["text"])}</span> ' for element in block["elements"])
            return f"<p>{''.join(shown)}</p>"
    return "<hr>"


def _text(text: dict[str, Any]) -> str:
    return escape(text["text"]) if text["type"] == "plain_text" else mrkdwn(text["text"])


def mrkdwn(text: str) -> str:
    """Slack's markup as HTML: links to web addresses, bold and code; all else is shown as it is.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    parts: list[str] = []
    end = 0
    for link in _LINK.finditer(text):
        parts.append(_words(text[end : link.start()]))
        url, label = unescape(link.group(1)), unescape(link.group(2) or link.group(1))
        parts.append(f'<a href="{escape(url)}" rel="noreferrer">{escape(label)}</a>')
        end = link.end()
    return "".join([*parts, _words(text[end:])])


def _words(text: str) -> str:
    shown = escape(unescape(text), quote=False)
    return _CODE.sub(r"<code>\1</code>", _BOLD.sub(r"<strong>\1</strong>", shown))
