"""The checksums of rows recorded: sums of digests, kept where the rows are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from secrets import token_bytes
from typing import Protocol

from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.tenancy import NO_BRAND, TenantContext
from pulsepoint.warehouse.checksums import KEY_BYTES, KEY_NAME, DayChecksum, Tombstone


@dataclass(frozen=True, slots=True)
class Checksums:
    """A brand's checksums at one moment.

    `moving` are the (hour, table) of rows that are committed and not counted yet: nothing can be said of these.
    """

    began_at: datetime
    sums: tuple[DayChecksum, ...]
    moving: frozenset[tuple[datetime, str]]


async def checksum_key(secrets: SecretStore, scope: TenantContext) -> bytes:
    """The key of a tenant's digests, made where there is none; raises `EngineUnavailable`."""
    return await secrets.once(scope.brand(NO_BRAND), KEY_NAME, lambda: token_bytes(KEY_BYTES))


class ChecksumStore(Protocol):
    """Checksums, heads of their chains and tombstones of a brand; `DocumentStore.mark_dispatched` counts its rows."""

    async def sums(self, scope: TenantContext) -> Checksums:
        """All that was counted; rows recorded before `began_at` (an upgrade) never are. Raises `EngineUnavailable`."""
        ...

    async def heads(self, scope: TenantContext) -> Mapping[date, str]:
        """The chain's heads by the day they close, in that order."""
        ...

    async def close(self, scope: TenantContext, heads: Mapping[date, str]) -> None:
        """Keep heads of days that have none yet; a day that has one keeps it."""
        ...

    async def forget_brand(self, scope: TenantContext) -> None:
        """Delete all of a brand whose rows are gone."""
        ...

    async def tombstones(self, scope: TenantContext) -> list[Tombstone]:
        """All that erasures left of rows."""
        ...

    async def bury(self, scope: TenantContext, tombstones: Sequence[Tombstone]) -> None:
        """Keep tombstones; of a row erased again the digest recorded first stays."""
        ...
