"""Bodies seen before: neither their shop nor their topic is signed, and some have no clock of their own.

Document of the deployment: `bodies/{sha256 of the body}` -> {"shop", "family"}, and for a body without a clock "told",
how often it told of something, and "tellings", the newest of these: {"ids", "triggered", "received"}. "also" are
other shops whose address proved it theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ingest_shopify.domain import FAMILIES
from pulsepoint.errors import PermanentError
from pulsepoint.events.catalog import BODIES_REMEMBERED
from pulsepoint.events.envelope import Event, RawPayload
from pulsepoint.ports.document_store import Document, Write
from pulsepoint.values import JsonObject

TRIGGERED_AT = "shopify-triggered-at"
IDENTITIES = ("shopify-webhook-id", "shopify-event-id", TRIGGERED_AT)
"""Headers of which any one says that a delivery was sent before; none of them is signed, or always there
(https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates)."""
MOST_TELLINGS = 100
MOST_SHOPS = 100
LONGEST_IDENTITY = 200


@dataclass(frozen=True, slots=True)
class Telling:
    """When a body was first received as this delivery, and when it was triggered by its header; `recorded`: before."""

    received_at: datetime
    triggered_at: str | None
    recorded: bool = False


def refuse_taken(domain: str, topic: str, seen: Document | None, *, proven: bool) -> None:
    """Raises `PermanentError` for a body that was taken under another topic's form, or for another shop.

    Reasons `body_of_another_topic` and `body_of_another_shop`; the shop may be another where the subscription's address
    proves it.
    """
    family = FAMILIES.get(topic)
    before = seen.data if seen is not None else {}
    if before.get("shop", domain) != domain and not proven:
        raise PermanentError("the same body was accepted for another shop before", reason="body_of_another_shop")
    if family is not None and before.get("family", family) != family:
        explanation = f"the same body was accepted as {before['family']} before, and came as {topic}"
        names = {"family": before["family"], "topic": topic}
        raise PermanentError(explanation, reason="body_of_another_topic", names=names)


def telling_of(event: Event[RawPayload], seen: Document | None) -> Telling:
    """The first sending of this delivery, where its body has no clock that says when it was: else this one.

    A delivery that names nothing of its own is the newest of its body.
    """
    headers = event.payload.headers
    earlier: list[JsonObject] = seen.data.get("tellings", []) if seen is not None else []
    ids = set(_ids(headers))
    same = next((each for each in reversed(earlier) if not ids or ids & set(each["ids"])), None)
    if same is None:
        return Telling(event.time, headers.get(TRIGGERED_AT))
    return Telling(datetime.fromisoformat(same["received"]), same["triggered"], recorded=True)


def remember_body(event: Event[RawPayload], has_clock: bool, telling: Telling, seen: Document | None) -> list[Write]:
    """The write that keeps a body's form and first shop, and what it told where it has no clock; none where all is."""
    headers = event.payload.headers
    before: JsonObject = seen.data if seen is not None else {}
    first = {"shop": headers["shop"], "family": FAMILIES[headers["shopify-topic"]]}
    data = before if "family" in before else first
    shops = {data["shop"], *data.get("also", [])}
    if headers["shop"] not in shops and len(shops) < MOST_SHOPS:
        data = {**data, "also": [*data.get("also", []), headers["shop"]]}
    if not has_clock and not telling.recorded:
        count = before.get("told", 1) + 1 if seen is not None else 1
        own = {
            "ids": _ids(headers),
            "triggered": (telling.triggered_at or "")[:LONGEST_IDENTITY] or None,
            "received": telling.received_at.isoformat(),
        }
        data = {**data, "told": count, "tellings": [*before.get("tellings", []), own][-MOST_TELLINGS:]}
    if data == before:
        return []
    return [Write("bodies", event.digest, data, expires_at=event.time + BODIES_REMEMBERED)]


def _ids(headers: Mapping[str, str]) -> list[str]:
    return [f"{name}={headers[name][:LONGEST_IDENTITY]}" for name in IDENTITIES if headers.get(name)]
