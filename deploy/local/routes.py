"""The one public origin's routes by path, on one machine and in the emulated cloud as by the load balancer."""

from __future__ import annotations

INGRESS = ("/webhooks/shopify",)
"""What goes to ingest-shopify; all else is the gateway's."""
HIDDEN = ("/push/", "/tasks/")
"""What nobody reaches from outside."""
UNHURRIED = frozenset({"gateway.observability"})
"""Subscriptions whose backlog delays nobody."""
