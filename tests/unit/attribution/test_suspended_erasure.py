"""The erasure of a customer with many orders goes on while their shop's brand is suspended."""

from __future__ import annotations

import pytest

from attribution.handlers import BATCH, EFFECTS, HANDLERS, ORDERS
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.privacy import SubjectErased
from pulsepoint.ports.document_store import Commit, Transaction
from tests.builders.orders import CREATED_AT, SCOPE, as_event
from tests.builders.runtime import deliver, run_effects, running


@pytest.mark.rule("SEC-26")
async def test_a_long_erasure_goes_on_while_its_brand_is_suspended() -> None:
    settings = BrandConfigured(name="Shop", shopify_store="s.myshopify.com", currency="GBP", suspended=True)
    order_ids = tuple(f"{number:05}" for number in range(BATCH + 1))
    erased = SubjectErased(subject="s1", order_ids=order_ids, erased_at=CREATED_AT)
    async with running("attribution", FixedClock(CREATED_AT), HANDLERS, EFFECTS) as runtime:
        brand = as_event(settings, entity=str(SCOPE.brand_id), version=1, source="gateway")
        assert await deliver(runtime, "brands", brand) == 204
        assert await deliver(runtime, "privacy", as_event(erased, entity="s1", version=1)) == 204
        await run_effects(runtime)

        async def look(transaction: Transaction) -> Commit:
            kept = await transaction.get(ORDERS, order_ids[-1])
            assert kept is not None
            assert kept.data["erased"]
            return Commit()

        await runtime.ports.store.transact(SCOPE, look)
