"""What `make incident` says of a trace, and which lines of a log count as complaints."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.local.incident import took, way_from
from tests.builders.demo_instance import complains


def span(trace: str, span_id: str, name: str, service: str, second: int, **fields: Any) -> dict[str, Any]:
    """A hop as the API tells it."""
    return {
        "trace_id": trace,
        "span_id": span_id,
        "parent_span_id": None,
        "links": [],
        "name": name,
        "service": service,
        "attributes": {},
        "started_at": f"2026-03-10T11:00:{second:02d}+00:00",
        "duration_us": 500_000,
        **fields,
    }


LEVEL = {"shopify.topic": "inventory_levels/update"}
SPANS = [
    span("a", "1", "POST /webhooks/shopify", "ingest-shopify", 0, attributes={"shopify.topic": "orders/create"}),
    span("a", "2", "process orders", "attribution", 1, parent_span_id="1"),
    span("b", "1", "POST /webhooks/shopify", "ingest-shopify", 2, attributes=LEVEL),
    span("c", "1", "effect assess", "inventory-intel", 5, links=[["a", "2"], ["b", "1"]]),
    span("c", "2", "process insights", "alerting", 6, parent_span_id="1"),
    span("c", "3", "effect slack.post", "alerting", 7, parent_span_id="2"),
]


def test_the_way_is_that_from_the_webhook_asked_for_and_nothing_beside_it() -> None:
    way = way_from("inventory_levels/update", SPANS, "c")
    assert [span["service"] for span in way] == ["ingest-shopify", "inventory-intel", "alerting", "alerting"]
    assert took(way) == 5.5
    assert len(way_from("orders/create", SPANS, "c")) == 5


def test_there_is_no_way_while_a_hop_is_missing_or_the_message_is_not_posted() -> None:
    assert way_from("inventory_levels/update", [span for span in SPANS if span["span_id"] != "2"], "c") == []
    assert way_from("inventory_levels/update", SPANS[:-1], "c") == []
    assert way_from("products/update", SPANS, "c") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"event": "demo.filled", "level": "info"}', False),
        ('{"event": "signal", "level": "warning", "kind": "roas_drop"}', False),
        ('{"event": "x", "level": "warning", "exception": "Traceback"}', True),
        ('{"event": "demo.stopped", "level": "error"}', True),
        ("Traceback (most recent call last):", True),
        ("ERROR asyncio Task exception was never retrieved", True),
        ("  Pulsepoint is running at http://127.0.0.1:8080", False),
    ],
)
def test_errors_and_warnings_with_an_exception_are_complaints(line: str, expected: bool) -> None:
    assert complains(line) is expected
