"""Asks of the metric catalog with defaults: March 2026 in London, under version 1 of the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from pulsepoint.brand.settings import BrandChoices
from pulsepoint.metrics.access import Citing
from pulsepoint.metrics.basis import MetricSettings, Period
from pulsepoint.metrics.citations import CitationCodec
from pulsepoint.metrics.explain import Explained, recompute
from pulsepoint.metrics.query import Measurement, measure
from pulsepoint.ports.warehouse import Warehouse
from pulsepoint.tenancy import TenantContext
from tests.builders.warehouse import SCOPE

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))
LONDON = MetricSettings.of(BrandChoices(timezone="Europe/London"), 1)
CODEC = CitationCodec(b"tests" * 7)


def under(**changes: Any) -> MetricSettings:
    """The default settings with some changed."""
    return replace(LONDON, **changes)


async def measured(
    warehouse: Warehouse, metrics: Sequence[str], *, scope: TenantContext = SCOPE, **options: Any
) -> Measurement:
    """A measurement of March."""
    return await measure(warehouse, CODEC, scope, metrics, **{"period": MARCH, "settings": LONDON, **options})


async def values(warehouse: Warehouse, *metrics: str, **options: Any) -> dict[str, int | None]:
    """The numbers of the only row."""
    total = (await measured(warehouse, metrics, **options)).total
    return {name: number.value for name, number in total.numbers.items()}


async def recomputed(
    warehouse: Warehouse, fact_id: str, *, scope: TenantContext = SCOPE, kept: Sequence[MetricSettings] = (LONDON,)
) -> Explained:
    """The number behind a fact id, where these versions of the settings are kept."""
    versions = {settings.version: settings for settings in kept}

    async def kept_settings(version: int) -> MetricSettings | None:
        return versions.get(version)

    return await recompute(warehouse, CODEC, scope, fact_id, kept_settings)


def citing(scope: TenantContext, currency: str, as_of: datetime, settings: MetricSettings = LONDON) -> Citing:
    """Makes fact ids as a handler's reader does."""
    return Citing(CODEC, scope, settings, currency, as_of)
