"""The picture of `docs/architecture.md` draws who gets events from whom, as the catalog of events says."""

from __future__ import annotations

import re

from pulsepoint.events.catalog import ANY_SERVICE, EVENTS
from tests.architecture.sources import ROOT

NODES = {
    "ingestShopify": "ingest-shopify",
    "ingestAds": "ingest-ads",
    "attribution": "attribution",
    "inventory": "inventory-intel",
    "advisor": "ai-advisor",
    "alerting": "alerting",
    "gateway": "gateway",
}


def drawn(page: str) -> set[tuple[str, str]]:
    """The arrows between services, of a page with one picture."""
    picture = page.partition("```mermaid")[2].partition("```")[0]
    plain = re.sub(r"\[[^]]*\]", "", picture)
    arrows = re.findall(r"^ *(\w+) -[-.] [^>]*[-.]-?> *(.+)$", plain, re.MULTILINE)
    pairs = {(source, target.strip()) for source, targets in arrows for target in targets.split("&")}
    return {(NODES[source], NODES[target]) for source, target in pairs if source in NODES and target in NODES}


def declared() -> set[tuple[str, str]]:
    """Publisher and subscriber of each event that one service publishes to another."""
    pairs = {(each.publisher, to) for each in EVENTS if each.publisher != ANY_SERVICE for to in each.subscribers}
    return {(publisher, subscriber) for publisher, subscriber in pairs if publisher != subscriber}


def test_the_picture_draws_every_way_of_events_and_no_other() -> None:
    assert drawn((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")) == declared()
