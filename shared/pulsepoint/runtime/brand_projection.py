"""A service's copy of a brand's settings: one projection and one rule of staleness for all of them.

Document `brands/{brand_id}`: the settings as JSON with `version` and `digest` of the snapshot they came with; a
service may keep fields of its own beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulsepoint.brand.settings import BrandSettings
from pulsepoint.errors import RetryableError
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.events.envelope import Event
from pulsepoint.metrics.basis import MetricSettings
from pulsepoint.ports.document_store import Document, Write
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader

BRANDS = "brands"


@dataclass(frozen=True, slots=True)
class KeptBrand:
    """A brand's settings as a service knows them; `version` numbers the settings (a citation names it)."""

    settings: BrandSettings
    version: int

    @property
    def metric_settings(self) -> MetricSettings:
        """The choices its numbers depend on, as they are measured and cited."""
        return MetricSettings.of(self.settings, self.version)


def is_stale(kept: Document | None, event: Event[BrandConfigured]) -> bool:
    """True where the kept snapshot is this one or a later one: the higher version, of equal ones the higher digest."""
    if kept is None:
        return False
    return (int(kept.data["version"]), str(kept.data.get("digest", ""))) >= (event.version, event.digest)


def brand_write(reader: Reader, event: Event[BrandConfigured], **own: object) -> Write:
    """The write that keeps the settings of a `brand.configured`, with the service's own fields."""
    data = {**event.payload.model_dump(mode="json"), "version": event.version, "digest": event.digest, **own}
    return Write(BRANDS, str(event.scope.brand_id), data)


def kept_brand(document: Document) -> KeptBrand:
    """The settings in a `brands` document, those of earlier releases among them."""
    data: Mapping[str, Any] = document.data
    # attribution kept them in a field of their own.
    settings = data["settings"] if isinstance(data.get("settings"), Mapping) else data
    return KeptBrand(BrandSettings.model_validate(settings), int(data["version"]))


async def keep_brand(reader: Reader, event: Event[BrandConfigured]) -> Outcome:
    """Handler of `brand.configured`: keep the newest settings."""
    kept = await reader.get(BRANDS, str(event.scope.brand_id))
    return NOTHING if is_stale(kept, event) else Outcome(writes=(brand_write(reader, event),))


async def find_brand(reader: Reader) -> KeptBrand | None:
    """The settings of the reader's brand; None while they have not arrived."""
    document = await reader.get(BRANDS, str(reader.scope.brand_id))
    return None if document is None else kept_brand(document)


async def brand_of(reader: Reader) -> KeptBrand:
    """The settings of the reader's brand; raises `RetryableError` while they are on their way.

    Events of different topics overtake each other.
    """
    kept = await find_brand(reader)
    if kept is None:
        raise RetryableError("the settings of this brand have not arrived yet")
    return kept
