"""What every service keeps of a brand: the newest settings, whatever came first, and what earlier releases kept."""

from __future__ import annotations

import pytest

from pulsepoint.brand.settings import BrandChoices
from pulsepoint.ports.document_store import Document
from pulsepoint.runtime.brand_projection import kept_brand

SETTINGS = {"name": "Fjell", "shopify_store": "fjell.myshopify.com", "currency": "EUR", "lead_time_days": 9}


@pytest.mark.parametrize(
    "data",
    [
        {**SETTINGS, "version": 3, "digest": "d"},
        {**SETTINGS, "version": 3},
        {"settings": SETTINGS, "version": 3, "digest": "d", "policy_version": 2},
    ],
)
def test_documents_of_this_and_of_earlier_releases_are_read(data: dict[str, object]) -> None:
    kept = kept_brand(Document("brands", "b", 5, dict(data)))
    assert (kept.version, kept.settings.lead_time_days) == (3, 9)
    assert kept.settings.lookback_days == BrandChoices().lookback_days
