"""Google Pub/Sub: publishing, and making topics and push subscriptions from the catalog."""

from pulsepoint.adapters.pubsub.message_bus import PubSubMessageBus, open_pubsub

__all__ = ["PubSubMessageBus", "open_pubsub"]
