"""THE table: event <-> topic <-> publisher <-> subscribers, with retry and dead letter.

Terraform, the emulated cloud and the queue on one machine are all made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pulsepoint.events import (
    ads,
    alerts,
    attributions,
    brands,
    commands,
    insights,
    inventory,
    observability,
    orders,
    privacy,
    products,
)
from pulsepoint.events.envelope import Payload, RawPayload

SERVICES = (
    "ingest-shopify",
    "ingest-ads",
    "attribution",
    "inventory-intel",
    "ai-advisor",
    "alerting",
    "gateway",
)
ANY_SERVICE = "*"
RAW_TOPIC = "shopify-deliveries"
BODIES_REMEMBERED = timedelta(days=400)
"""The time a body's digest proves which shop it came from; longer than any delivery is sent again."""


@dataclass(frozen=True, slots=True)
class EventEntry:
    """One event type: its payload, the topic it travels on, who may publish it and who gets it."""

    payload: type[Payload] | type[RawPayload]
    topic: str
    publisher: str
    subscribers: tuple[str, ...]

    @property
    def type(self) -> str:
        """The wire type."""
        return self.payload.TYPE


@dataclass(frozen=True, slots=True)
class Subscription:
    """One service's subscription to one topic; `types` is its filter.

    `scope` is `system` where its transactions run in the system tenant (raw deliveries and shop look-up),
    `tenant` where they run in the tenant of the envelope. Back-offs in seconds.
    """

    topic: str
    service: str
    types: frozenset[str]
    scope: Literal["tenant", "system"] = "tenant"
    max_attempts: int = 10
    min_backoff: float = 1.0
    max_backoff: float = 60.0
    ack_deadline: float = 60.0

    @property
    def name(self) -> str:
        """Name of the subscription, also its push path `/push/{name}`."""
        return f"{self.service}.{self.topic}"

    @property
    def dead_letter_topic(self) -> str:
        """Topic of the messages whose attempts ran out."""
        return f"dead-letters.{self.service}"


EVENTS: tuple[EventEntry, ...] = (
    EventEntry(RawPayload, RAW_TOPIC, "ingest-shopify", ("ingest-shopify",)),
    EventEntry(orders.OrderRecorded, "orders", "ingest-shopify", ("attribution", "gateway")),
    EventEntry(orders.RefundRecorded, "orders", "ingest-shopify", ("attribution",)),
    EventEntry(orders.OrderDeleted, "orders", "ingest-shopify", ("attribution",)),
    EventEntry(orders.OrderEditCommitted, "orders", "ingest-shopify", ("attribution",)),
    EventEntry(products.ProductRecorded, "products", "ingest-shopify", ("inventory-intel",)),
    EventEntry(products.ProductDeleted, "products", "ingest-shopify", ("inventory-intel",)),
    EventEntry(inventory.StockLevelRecorded, "stock-levels", "ingest-shopify", ("inventory-intel",)),
    EventEntry(ads.AdDayRecorded, "ads", "ingest-ads", ()),
    EventEntry(ads.AdDayQuarantined, "ads", "ingest-ads", ("alerting",)),
    EventEntry(ads.AdsSynced, "ads", "ingest-ads", ("inventory-intel", "alerting", "gateway")),
    EventEntry(ads.AdsSyncFailed, "ads", "ingest-ads", ("alerting", "gateway")),
    EventEntry(attributions.OrderAttributed, "attributions", "attribution", ("inventory-intel",)),
    EventEntry(inventory.StockAssessed, "insights", "inventory-intel", ("ai-advisor", "alerting")),
    EventEntry(insights.AdviceComputed, "insights", "ai-advisor", ("alerting",)),
    EventEntry(alerts.AlertOpened, "alerts", "alerting", ("gateway",)),
    EventEntry(alerts.AlertResolved, "alerts", "alerting", ("gateway",)),
    EventEntry(alerts.NotificationSent, "alerts", "alerting", ("gateway",)),
    EventEntry(
        brands.BrandConfigured,
        "brands",
        "gateway",
        ("ingest-shopify", "ingest-ads", "attribution", "inventory-intel", "ai-advisor", "alerting"),
    ),
    EventEntry(commands.SyncRequested, "commands", "gateway", ("ingest-ads",)),
    EventEntry(commands.AnalysisRequested, "commands", "gateway", ("inventory-intel",)),
    EventEntry(commands.ReplayRequested, "commands", "gateway", SERVICES),
    EventEntry(privacy.SubjectErased, "privacy", "ingest-shopify", ("attribution", "gateway")),
    EventEntry(privacy.SubjectDataRequested, "privacy", "ingest-shopify", ("gateway",)),
    EventEntry(privacy.ShopErasureRequested, "privacy", "ingest-shopify", SERVICES),
    EventEntry(privacy.AppUninstalled, "privacy", "ingest-shopify", ("gateway",)),
    EventEntry(observability.SpansRecorded, "observability", ANY_SERVICE, ("gateway",)),
    EventEntry(observability.MessageQuarantined, "held-messages", ANY_SERVICE, ("gateway",)),
    EventEntry(observability.MessageReleased, "held-messages", ANY_SERVICE, ("gateway",)),
)

BY_TYPE: dict[str, EventEntry] = {entry.type: entry for entry in EVENTS}
TOPICS: tuple[str, ...] = tuple(dict.fromkeys(entry.topic for entry in EVENTS))
SYSTEM_SCOPED = frozenset({"ingest-shopify.shopify-deliveries", "ingest-shopify.brands", "gateway.observability"})


def _subscriptions() -> tuple[Subscription, ...]:
    types_by_subscription: dict[tuple[str, str], set[str]] = {}
    for entry in EVENTS:
        for service in entry.subscribers:
            types_by_subscription.setdefault((entry.topic, service), set()).add(entry.type)
    return tuple(
        Subscription(
            topic,
            service,
            frozenset(types),
            scope="system" if f"{service}.{topic}" in SYSTEM_SCOPED else "tenant",
        )
        for (topic, service), types in types_by_subscription.items()
    )


SUBSCRIPTIONS: tuple[Subscription, ...] = _subscriptions()
BY_NAME: dict[str, Subscription] = {subscription.name: subscription for subscription in SUBSCRIPTIONS}
DEAD_LETTER_TOPICS: tuple[str, ...] = tuple(f"dead-letters.{service}" for service in SERVICES)


def subscriptions_of(service: str) -> tuple[Subscription, ...]:
    """The subscriptions one service receives; empty for one that receives none."""
    return tuple(subscription for subscription in SUBSCRIPTIONS if subscription.service == service)


def subscriptions_to(topic: str) -> tuple[Subscription, ...]:
    """The subscriptions a topic fans out to; empty where nobody subscribed."""
    return tuple(subscription for subscription in SUBSCRIPTIONS if subscription.topic == topic)
