"""A brand whose settings say that it is suspended: nothing is computed or sent for it, and its deliveries are kept."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.brands import KEPT_SETTINGS, configured, row_of, settings_of
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader


async def suspend_brand(reader: Reader, suspended: bool) -> Outcome:
    """Suspend the reader's brand, or bring it back, and tell every service; nothing where it is so already."""
    brand_id = str(reader.scope.brand_id)
    existing = await reader.get("brands", brand_id)
    earlier = settings_of(existing.data) if existing is not None else None
    if existing is None or earlier is None or earlier.suspended == suspended:
        return NOTHING
    settings, version = configured(earlier, {"suspended": suspended}), existing.version + 1
    row = row_of(settings, datetime.fromisoformat(existing.data["created_at"]))
    return Outcome(
        writes=[Write("brands", brand_id, row), Write(KEPT_SETTINGS, str(version), row)],
        events=[reader.event(settings, entity=brand_id, version=version, time=reader.now())],
    )
