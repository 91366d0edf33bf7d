"""An erasure in the log is made again where what it erased came back: of a customer, and of a shop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import orjson
import pytest

from ingest_shopify.erasure import without_person
from ingest_shopify.handlers import EFFECTS, HANDLERS
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.privacy import ShopErasureRequested, SubjectErased
from pulsepoint.runtime.erasure_log import LOG_ERASURE, erase_again
from pulsepoint.values import JsonObject
from tests.builders.ingest import BRAND, Ingest
from tests.builders.runtime import run_effects, running
from tests.builders.shopify import RECEIVED_AT, SHOP, order_body, privacy_body

ADA = {"id": 7358220173425, "email": "ada.quill@mail.example"}


@asynccontextmanager
async def before() -> AsyncIterator[Ingest]:
    """A shop with an order, as it is before an erasure."""
    clock = FixedClock(RECEIVED_AT)
    async with running("ingest-shopify", clock, HANDLERS, EFFECTS, without_person=without_person) as runtime:
        ingest = Ingest(runtime)
        await ingest.configure()
        await ingest.deliver(order_body(90_000_001, customer=ADA, note="quill"))
        yield ingest


async def log_of(ingest: Ingest, body: JsonObject, topic: str) -> JsonObject:
    """The entry that the log is given of an erasure, as it is kept."""
    assert await ingest.deliver(body, topic) == 204
    now = ingest.runtime.ports.clock.now() + timedelta(days=2)
    effects = await ingest.runtime.ports.store.claim_due_effects(now, lease_seconds=60)
    [entry] = [each.data for each in effects if each.kind == LOG_ERASURE]
    kept: JsonObject = orjson.loads(orjson.dumps(entry))
    return kept


@pytest.mark.rule("SEC-25")
async def test_a_customer_is_erased_again_by_what_names_nobody() -> None:
    async with before() as ingest:
        [row] = await ingest.rows("orders_current")
        request_body = privacy_body(customer=ADA, orders_to_redact=[90_000_001])
        entry = await log_of(ingest, request_body, "customers/redact")
    assert row["subject"] is not None
    assert not {"quill", str(ADA["id"])} & set(str(entry).lower().replace('"', " ").split())
    async with before() as ingest:
        await erase_again(ingest.runtime.pipeline, entry)
        await run_effects(ingest.runtime)
        assert [each.order_ids for each in ingest.payloads(SubjectErased, BRAND)] == [("90000001",)]
        assert await ingest.document("redactions", "90000001", BRAND) is not None
        hashes = [id for collection, id, *_ in entry["writes"] if collection == "identities"]
        assert len(hashes) == 2
        for digest in hashes:
            kept = await ingest.document("identities", digest, BRAND)
            assert kept is not None
            assert "erased_at" in kept.data


@pytest.mark.rule("SEC-27")
async def test_a_shop_is_forgotten_again() -> None:
    async with before() as ingest:
        entry = await log_of(ingest, {"shop_id": 1, "shop_domain": SHOP}, "shop/redact")
    async with before() as ingest:
        await erase_again(ingest.runtime.pipeline, entry)
        assert await ingest.document("shops", SHOP) is None
        assert [each.shop for each in ingest.payloads(ShopErasureRequested, BRAND)] == [SHOP]
