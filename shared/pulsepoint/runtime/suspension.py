"""Brands whose tenant is suspended: what comes for them is kept, and nothing is computed or sent.

The settings that a service keeps of a brand say so (`pulsepoint.runtime.brand_projection`); a service looks at most
every `KEPT_SECONDS`, and anew when settings arrive.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pulsepoint.errors import TenantSuspended
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.document_store import Commit, Document, DocumentStore, Transaction
from pulsepoint.runtime.brand_projection import BRANDS
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader
from pulsepoint.tenancy import TenantContext

KEPT_SECONDS = 30.0
PAUSE = timedelta(seconds=30)
"""How long an effect of a suspended brand waits before it is looked at again."""
GOES_ON = frozenset({"brands", "privacy", "commands", "held-messages", "observability"})
"""Topics whose messages are handled all the same: among them the word that the tenant is back, and erasures."""


class Suspensions:
    """The suspended brands that one service knows."""

    def __init__(self, store: DocumentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[TenantContext, tuple[bool, datetime]] = {}

    async def holds(self, scope: TenantContext) -> bool:
        """True where the brand's tenant is suspended; raises `EngineUnavailable`."""
        if scope.is_system:
            return False
        now = self._clock.now()
        suspended, until = self._seen.get(scope, (False, now))
        if until > now:
            return suspended
        documents: list[Document | None] = []

        async def look(transaction: Transaction) -> Commit:
            documents[:] = [await transaction.get(BRANDS, str(scope.brand_id))]
            return Commit()

        await self._store.transact(scope, look)
        suspended = is_suspended(documents[-1])
        self._seen[scope] = (suspended, now + timedelta(seconds=KEPT_SECONDS))
        return suspended

    def forget(self, scope: TenantContext) -> None:
        """Look at a brand again before anything else is done for it."""
        self._seen.pop(scope, None)


def is_suspended(brand: Document | None) -> bool:
    """True where a `brands` document, a service's or the gateway's row, says that the tenant is suspended."""
    if brand is None:
        return False
    settings = brand.data.get("settings")
    return bool(brand.data.get("suspended") or (isinstance(settings, dict) and settings.get("suspended")))


async def refuse_suspended(reader: Reader) -> Outcome:
    """Nothing, while the reader's brand may be worked for; raises `TenantSuspended`."""
    if is_suspended(await reader.get(BRANDS, str(reader.scope.brand_id))):
        raise TenantSuspended
    return NOTHING
