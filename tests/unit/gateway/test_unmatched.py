"""Money without its other half is listed with its amounts, and nothing of it is dropped."""

from __future__ import annotations

from uuid import uuid4

import pytest

from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.domain.permissions import Role
from gateway.use_cases.unmatched import unmatched_of
from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.adapters.memory.secret_store import MemorySecretStore
from pulsepoint.brand.settings import BrandChoices
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.metrics.access import Metrics
from pulsepoint.metrics.basis import MetricSettings
from tests.builders.metrics import measured
from tests.builders.warehouse import NOON, SCOPE, ad_fact, credit_facts

PERSON = Person(uuid4(), SCOPE.tenant_id, Role.USER, "a@b.example")
BRAND = Brand(SCOPE.brand_id, BrandConfigured(name="N", shopify_store="n.myshopify.com", currency="GBP"), NOON, 1)


async def kept_settings(version: int) -> MetricSettings:
    return MetricSettings.of(BrandChoices(), version)


@pytest.mark.rule("ATTR-12")
@pytest.mark.slow
async def test_unmatched_spend_and_credits_are_listed_with_their_amounts() -> None:
    async with open_duckdb() as warehouse:
        await warehouse.append(
            [
                ad_fact("earning", spend=1),
                ad_fact("idle", spend=2),
                ad_fact("foreign", spend=3, account_currency="SEK"),
                *credit_facts("o1", [("meta", "earning", 10)]),
                *credit_facts("o2", [("meta", "Typo", 20)]),
                *credit_facts("o3", [("meta", None, 30)]),
                *credit_facts("o4", [("email", "news", 40)]),
            ]
        )
        metrics = Metrics(warehouse, MemorySecretStore())
        unmatched = await unmatched_of(PERSON, BRAND, metrics)
        assert [(each.side, each.campaign, each.currency, each.amount_micros) for each in unmatched] == [
            ("credits", None, "GBP", 30_000_000),
            ("credits", "Typo", "GBP", 20_000_000),
            ("spend", "foreign", "SEK", 3_000_000),
            ("spend", "idle", "GBP", 2_000_000),
        ]
        for each in unmatched:
            explained = await metrics.recompute(SCOPE, each.fact_id, kept_settings)
            assert (explained.value, explained.citation.currency) == (each.amount_micros, each.currency)
        by_campaign = await measured(warehouse, ["attributed_revenue"], by=["channel", "campaign_id", "campaign"])
        assert sum(row.value("attributed_revenue") for row in by_campaign.rows) == 100_000_000
