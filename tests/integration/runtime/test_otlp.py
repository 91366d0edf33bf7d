"""Finished spans reach a collector over OTLP as they were, the webhook among them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from pulsepoint.adapters.otlp import open_otlp
from pulsepoint.events.observability import SpanRecord

SPAN = SpanRecord(
    trace_id="0af7651916cd43dd8448eb211c80319c",
    span_id="b7ad6b7169203331",
    parent_span_id="00f067aa0ba902b7",
    links=(("1" * 32, "2" * 16),),
    service="attribution",
    name="process orders",
    kind="consumer",
    started_at=datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC),
    duration_us=1_234,
    status="error",
    tenant_id="t",
    brand_id="b",
    tokens_input=7,
    tokens_output=9,
    cost_nano_usd=11,
    attributes={"messaging.system": "gcp_pubsub"},
)


class Collector:
    """Takes OTLP over HTTP, answers `status`, remembers what came."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, ExportTraceServiceRequest]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.got.append((self.path, ExportTraceServiceRequest.FromString(body)))
                self.send_response(collector.status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Nothing on the console."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


async def test_a_hop_is_sent_as_the_span_it_was(collector: Collector) -> None:
    async with open_otlp(collector.address, service="attribution", project="a-project") as traces:
        await traces.send([SPAN])
    [(path, request)] = collector.got
    assert path == "/v1/traces"
    [spans_of_resource] = request.resource_spans
    resource = {each.key: each.value.string_value for each in spans_of_resource.resource.attributes}
    assert (resource["service.name"], resource["gcp.project_id"]) == ("attribution", "a-project")
    [span] = spans_of_resource.scope_spans[0].spans
    assert (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) == (
        SPAN.trace_id,
        SPAN.span_id,
        SPAN.parent_span_id,
    )
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in span.links] == [("1" * 32, "2" * 16)]
    assert (span.name, span.kind, span.status.code) == ("process orders", span.SPAN_KIND_CONSUMER, 2)
    assert span.start_time_unix_nano == 1_772_366_400_000_005_000
    assert span.end_time_unix_nano - span.start_time_unix_nano == 1_234_000
    attributes = {each.key: each.value for each in span.attributes}
    assert attributes["gen_ai.usage.input_tokens"].int_value == 7
    assert attributes["tenant"].string_value == "t"


async def test_a_collector_that_refuses_is_logged_and_harms_nothing(collector: Collector) -> None:
    collector.status = 400
    async with open_otlp(collector.address, service="attribution", project="") as traces:
        with structlog.testing.capture_logs() as logs:
            await traces.send([SPAN])
    assert [(each["event"], each["spans"]) for each in logs] == [("traces.not_sent", 1)]
