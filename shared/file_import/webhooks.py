"""A Shopify webhook as the replay sends it: a body, when it happened, and the headers Shopify would sign it with."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from uuid import UUID, uuid5

import orjson

API_VERSION = "2026-04"
ID_BITS = 48
REPLAY_NAMESPACE = UUID("5f0c9e5a-6f1e-5d2b-9a55-5c8d6f9f0f5e")


@dataclass(frozen=True, slots=True)
class Webhook:
    """One thing that happened in the shop; `occurred_at` carries the brand's offset, `net_micros` its net sales.

    `orphan`: a refund of an order that the file does not hold; `doubtful`: an order that may be a known one or another.
    """

    topic: str
    resource_id: int
    occurred_at: datetime
    net_micros: int
    body: dict[str, object]
    orphan: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One sending of a webhook: the exact bytes and the ids Shopify puts in its headers."""

    topic: str
    body: bytes
    webhook_id: str
    event_id: str
    triggered_at: str


def stable_id(*parts: object) -> int:
    """A positive id below 2^48 that follows from `parts` alone, so the same file always gives the same ids.

    It fits Shopify's integers and survives JavaScript's 53 bits.
    """
    text = "\x1f".join(str(part) for part in parts).encode()
    return int.from_bytes(blake2b(text, digest_size=ID_BITS // 8).digest(), "big") or 1


def first_delivery(webhook: Webhook, shop: str) -> Delivery:
    """The webhook's own delivery; its bytes and ids follow from shop and content, so a second replay repeats them."""
    body = orjson.dumps(webhook.body)
    name = f"{shop}\n{webhook.topic}\n{sha256(body).hexdigest()}"
    return Delivery(
        topic=webhook.topic,
        body=body,
        webhook_id=str(uuid5(REPLAY_NAMESPACE, f"webhook\n{name}")),
        event_id=str(uuid5(REPLAY_NAMESPACE, f"event\n{name}")),
        triggered_at=webhook.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    )


def headers(delivery: Delivery, shop: str, secret: str) -> dict[str, str]:
    """The headers Shopify sends, with the HMAC-SHA256 of the raw body.

    https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook-to-ensure-its-coming-from-shopify
    """
    digest = hmac.digest(secret.encode(), delivery.body, "sha256")
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": delivery.topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Webhook-Id": delivery.webhook_id,
        "X-Shopify-Event-Id": delivery.event_id,
        "X-Shopify-Triggered-At": delivery.triggered_at,
    }
