"""Writes the golden messages that are missing: `python -m tests.golden.write`.

One file for each event type and schema, `tests/golden/events/<type>/v<schema>.json`: the message as it crosses the
bus and the payload's fields. Files that exist are never changed: they are what earlier releases have sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from pulsepoint.events.catalog import EVENTS
from pulsepoint.events.envelope import AnyPayload, Message, Payload, encode, new_event, raw_message
from pulsepoint.tenancy import TenantContext
from tests.golden.fields import fields_of
from tests.golden.samples import MOMENT, sample

GOLDEN = Path(__file__).parent / "events"
TENANT = UUID("11111111-1111-4111-8111-111111111111")
BRAND = UUID("22222222-2222-4222-8222-222222222222")
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HEADERS = {"shop": "light-lane.myshopify.com", "shopify-topic": "orders/create", "shopify-api-version": "2026-04"}


def golden_file(payload_type: type[AnyPayload]) -> Path:
    """Where the golden message of the present schema lies."""
    return GOLDEN / payload_type.TYPE / f"v{payload_type.SCHEMA}.json"


def golden_of(payload_type: type[AnyPayload]) -> dict[str, Any]:
    """The message of the sample as JSON: its attributes, its data, and the payload's fields."""
    message = _message(sample(payload_type))
    data = orjson.loads(message.data)
    return {"attributes": message.attributes, "data": data, "fields": fields_of(payload_type)}


def message_in(golden: dict[str, Any]) -> Message:
    """The bus message a golden file holds."""
    return Message("golden", orjson.dumps(golden["data"]), dict(golden["attributes"]))


def _message(payload: AnyPayload) -> Message:
    version = int(MOMENT.timestamp() * 1_000_000)
    if not isinstance(payload, Payload):
        return raw_message("golden", payload.body, dict(HEADERS), "body-digest", MOMENT, TRACEPARENT)
    event = new_event(
        payload,
        source="golden",
        entity="entity-1",
        version=version,
        scope=TenantContext(TENANT, BRAND),
        traceparent=TRACEPARENT,
    )
    return encode(event, "golden")


def write_missing() -> list[Path]:
    """The files written: of types and schemas that had none."""
    written = []
    for entry in EVENTS:
        file = golden_file(entry.payload)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(orjson.dumps(golden_of(entry.payload), option=orjson.OPT_INDENT_2) + b"\n")
            written.append(file)
    return written


if __name__ == "__main__":
    for path in write_missing():
        print(f"written: {path}")
