"""The list of connections when a brand's ad accounts change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pulsepoint.brand.vocabulary import Platform
from pulsepoint.events.brands import AdAccount
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Reader


def integration_id(brand_id: str, platform: Platform, account_id: str) -> str:
    """Names one ad account of one brand."""
    return f"{brand_id}:{platform}:{account_id}"


async def changed_connections(
    reader: Reader, brand_id: str, before: Iterable[AdAccount], after: Iterable[AdAccount], now: datetime
) -> list[Write]:
    """Accounts no longer configured are disconnected, those that came back connect anew; the rest stays as it is."""
    kept = _ids(brand_id, after)
    ids = sorted(kept | _ids(brand_id, before))
    writes: list[Write] = []
    for id, connection in zip(ids, await reader.get_many([("integrations", id) for id in ids]), strict=True):
        if connection is None or (id in kept) == (connection.data["status"] != "disconnected"):
            continue
        status = "connecting" if id in kept else "disconnected"
        change = {"status": status, "sync_error_message": None, "updated_at": now.isoformat()}
        writes.append(Write("integrations", id, {**connection.data, **change}))
    return writes


def _ids(brand_id: str, accounts: Iterable[AdAccount]) -> set[str]:
    return {integration_id(brand_id, account.platform, account.account_id) for account in accounts}
