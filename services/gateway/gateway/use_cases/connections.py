"""The list of connections when a brand's ad accounts change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pulsepoint.brand.failures import PullFailure
from pulsepoint.brand.vocabulary import Platform
from pulsepoint.events.ads import AdsSyncFailed
from pulsepoint.events.brands import AdAccount
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import Reader

NO_FAILURE: Mapping[str, object] = {"sync_error_message": None, "sync_failure": None}
"""The columns of a connection that say why its last pull failed, where it did not."""


def failure_columns(failed: AdsSyncFailed) -> dict[str, object]:
    """The columns that say why a pull failed: its kind and names, or the sentence that another release's pull made."""
    if failed.failure not in set(PullFailure):
        return {**NO_FAILURE, "sync_error_message": failed.reason}
    return {**NO_FAILURE, "sync_failure": {"failure": failed.failure, "names": failed.names}}


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
        change = {"status": status, **NO_FAILURE, "updated_at": now.isoformat()}
        writes.append(Write("integrations", id, {**connection.data, **change}))
    return writes


def _ids(brand_id: str, accounts: Iterable[AdAccount]) -> set[str]:
    return {integration_id(brand_id, account.platform, account.account_id) for account in accounts}
