"""The gateway's own ports: its identity store read by tenant, and the look-up at log-in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from gateway.domain.brands import Brand
from gateway.domain.feed import FeedEntry, FeedPlace
from gateway.domain.identity import is_let_in
from pulsepoint.events.brands import BrandConfigured
from pulsepoint.ports.directory import UserDirectory
from pulsepoint.runtime.outcome import Outcome, Reader
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import JsonObject


@dataclass(frozen=True, slots=True)
class Standing:
    """A person as they are now, whatever their token says; `brand_ids` and `locale` as in `Person`."""

    email: str
    role: str
    disabled: bool
    tenant_status: str
    brand_ids: frozenset[UUID] | None = None
    locale: str | None = None

    @property
    def active(self) -> bool:
        """True where neither the person nor their tenant was shut out."""
        return not self.disabled and is_let_in(self.role, self.tenant_status)


class Commands(Protocol):
    """Commits what a use case decided, appends its facts and publishes its events."""

    async def execute(
        self, scope: TenantContext, work: Callable[[Reader], Awaitable[Outcome]], *, dedup_key: UUID
    ) -> bool:
        """Run `work` in a transaction of `scope`, again after a conflict; False when `dedup_key` was there already.

        Raises what `work` raises, and `RetryableError`s of the engines.
        """
        ...


class Feed(Protocol):
    """The feeds of brands, the last entries of each."""

    async def newest(self, scope: TenantContext) -> int:
        """The number of the brand's last entry; 0 where there is none."""
        ...

    async def since(self, scope: TenantContext, number: int, *, limit: int) -> list[FeedEntry]:
        """Entries after `number`, oldest first, as far as they are kept."""
        ...

    async def after(self, places: Sequence[FeedPlace], *, limit: int) -> list[FeedEntry]:
        """A list of entries after each place, of those tenants and brands only; one query however many they are."""
        ...


class IdentityStore(Protocol):
    """Rows of one tenant; another's are not there. Rows are dictionaries of the table's columns, as JSON."""

    async def standing(self, scope: TenantContext, user_id: UUID) -> Standing | None:
        """The person as they are now; None for an unknown id."""
        ...

    async def brands(self, scope: TenantContext) -> list[Brand]:
        """All brands, by name."""
        ...

    async def brand(self, scope: TenantContext, brand_id: UUID) -> Brand | None:
        """One brand."""
        ...

    async def kept_settings(self, scope: TenantContext, brand_id: UUID, version: int) -> BrandConfigured | None:
        """The settings that a brand had at a version of them; None where they are not kept."""
        ...

    async def integrations(self, scope: TenantContext, brand_id: UUID) -> list[dict[str, Any]]:
        """Connections of a brand."""
        ...

    async def quarantined_messages(
        self, scope: TenantContext, kind: str, *, limit: int, offset: int
    ) -> list[dict[str, object]]:
        """Messages of this kind not yet released, newest first."""
        ...

    async def quarantined_message(self, scope: TenantContext, kind: str, message_id: str) -> dict[str, object] | None:
        """One of them."""
        ...

    async def count_quarantined(self, scope: TenantContext, kind: str) -> int:
        """The number of messages of this kind not yet released."""
        ...

    async def alert_traces(self, scope: TenantContext, brand_id: UUID) -> dict[str, str]:
        """The trace each alert of a brand was opened in, by alert id."""
        ...

    async def audit(
        self, scope: TenantContext, *, limit: int, offset: int, action: str | None = None
    ) -> list[JsonObject]:
        """The audit log's rows, newest first; those of one action where it is given."""
        ...


class Directory(UserDirectory, Protocol):
    """Log-in, whether there is anybody yet, and whom schedules are for."""

    async def is_empty(self) -> bool:
        """True while nobody can log in."""
        ...

    async def active_brands(self, *, after: TenantContext, limit: int) -> list[TenantContext]:
        """Brands of tenants that are active, a page of them, by tenant and brand; those after `after` (first:
        `SYSTEM`)."""
        ...
