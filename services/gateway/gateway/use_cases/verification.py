"""The checks that a brand's books are whole to the micro, and how far each of its sources has come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.ports import IdentityStore
from gateway.use_cases.unmatched import UnmatchedMoney, unmatched_of
from gateway.verification.checks import (
    CHECKS,
    LISTED,
    Check,
    Checked,
    NamedCheck,
    State,
    Violation,
    run_check,
    source_counts,
    state_of,
)
from gateway.verification.recorded import broken_links, close_days, rows_not_as_recorded
from pulsepoint.events.catalog import BODIES_REMEMBERED
from pulsepoint.metrics.access import Metrics
from pulsepoint.ports.checksums import ChecksumStore, checksum_key
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.ports.warehouse import Warehouse

Accepted = Callable[[str], Awaitable[int]]
"""The number of different bodies accepted from a shop: `accepted` on the app's state, where one machine knows it."""
BODIES = ("orders", "order edits", "products", "stock levels")
"""Sources of which every snapshot came in a body of its own; refunds come inside orders too."""
SETTLES = "conservation"
"""The check that leaves out orders with something recorded a moment ago."""
LISTED_QUARANTINED = 10_000
SOURCES_CHECK = NamedCheck("sources", "Every snapshot came in an accepted body", "count")
RECORDED = NamedCheck("recorded", "Every row recorded is there as it was, and no other", "count")
CHAIN = NamedCheck("chain", "The checksums of days that are over are as they were", "count")
ROW_CHECKS = (RECORDED, CHAIN)
"""Checks of what engines with checksums keep."""


class VerificationPorts(Protocol):
    """The ports that verification reads; `checksums` is None where no engine keeps checksums."""

    @property
    def warehouse(self) -> Warehouse: ...

    @property
    def checksums(self) -> ChecksumStore | None: ...

    @property
    def secrets(self) -> SecretStore: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def identity_store(self) -> IdentityStore: ...

    @property
    def metrics(self) -> Metrics: ...


@dataclass(frozen=True, slots=True)
class SourceCount:
    """One kind of fact: snapshots of how many things, the newest moment told of, when the newest and the first came."""

    source: str
    snapshots: int
    things: int
    newest_at: datetime | None
    recorded_at: datetime | None
    first_recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class BrandSources:
    """Counts against sources; `accepted` is None where the number of bodies taken in is not known, or not any more.

    `quarantined` waits in quarantine and dead letters. `unmatched` is all money without its other half.
    """

    accepted: int | None
    quarantined: int
    counts: tuple[SourceCount, ...]
    unmatched: tuple[UnmatchedMoney, ...]

    @property
    def snapshots(self) -> int:
        """Snapshots that came in a body of their own."""
        return sum(each.snapshots for each in self.counts if each.source in BODIES)

    @property
    def other(self) -> int | None:
        """Bodies that are no snapshot of their own; None where the number of bodies is not known."""
        return None if self.accepted is None else self.accepted - self.snapshots


@dataclass(frozen=True, slots=True)
class Verified:
    """Everything at once."""

    checks: tuple[Checked, ...]
    sources: BrandSources
    state: State

    @property
    def ok(self) -> bool:
        """True where no check found a violation."""
        return all(each.total == 0 for each in self.checks)


def checks_of(ports: VerificationPorts) -> tuple[NamedCheck, ...]:
    """Every check there is on these engines, in the order they are run."""
    return (*CHECKS, SOURCES_CHECK, *_row_checks(ports))


async def verified(
    person: Person, brand: Brand, ports: VerificationPorts, *, accepted: Accepted | None, settled_seconds: int
) -> Verified:
    """Every check of a brand; conservation leaves out orders with something recorded in the last seconds."""
    checks = [await _checked(person, brand, ports, check, settled_seconds) for check in CHECKS]
    sources = await sources_of(person, brand, ports, accepted)
    checks.append(_sources_checked(sources))
    checks += [await _row_checked(person, brand, ports, check) for check in _row_checks(ports)]
    return Verified(tuple(checks), sources, await state_of_brand(person, brand, ports))


async def named_check(
    person: Person,
    brand: Brand,
    ports: VerificationPorts,
    name: str,
    *,
    accepted: Accepted | None,
    settled_seconds: int,
) -> Checked | None:
    """The outcome of one check, as in `verified`; None for a name that no check has here."""
    check = next((each for each in checks_of(ports) if each.name == name), None)
    if check is None:
        return None
    if isinstance(check, Check):
        return await _checked(person, brand, ports, check, settled_seconds)
    if check is SOURCES_CHECK:
        return _sources_checked(await sources_of(person, brand, ports, accepted))
    return await _row_checked(person, brand, ports, check)


async def state_of_brand(person: Person, brand: Brand, ports: VerificationPorts) -> State:
    """The digest of a brand's current rows."""
    return await state_of(ports.warehouse, person.scope.brand(brand.brand_id))


async def sources_of(person: Person, brand: Brand, ports: VerificationPorts, accepted: Accepted | None) -> BrandSources:
    """The progress of each source, and the money that is not matched."""
    scope = person.scope.brand(brand.brand_id)
    counts = tuple(SourceCount(**row) for row in await source_counts(ports.warehouse, scope))
    unmatched = await unmatched_of(person, brand, ports.metrics)
    quarantined = 0
    for kind in ("quarantine", "dead_letter"):
        rows = await ports.identity_store.quarantined_messages(person.scope, kind, limit=LISTED_QUARANTINED, offset=0)
        quarantined += sum(str(row["brand_id"]) == str(brand.brand_id) for row in rows)
    bodies = None
    if accepted is not None and not _some_are_forgotten(counts, ports.clock.now()):
        bodies = await accepted(brand.settings.shopify_store)
    return BrandSources(bodies, quarantined, counts, tuple(unmatched))


def _some_are_forgotten(counts: Sequence[SourceCount], now: datetime) -> bool:
    """True where bodies of snapshots may be forgotten by now: their number says nothing of all snapshots any more."""
    remembered_since = now - BODIES_REMEMBERED + timedelta(days=1)
    firsts = [each.first_recorded_at for each in counts if each.source in BODIES and each.first_recorded_at is not None]
    return min(firsts, default=now) < remembered_since


def _sources_checked(sources: BrandSources) -> Checked:
    """More snapshots than bodies accepted: facts that no source values."""
    if sources.accepted is None or sources.accepted >= sources.snapshots:
        return Checked(SOURCES_CHECK, 0, ())
    detail = "snapshots of orders, edits, products and stock against bodies accepted"
    return Checked(SOURCES_CHECK, 1, (Violation("shop", detail, sources.accepted, sources.snapshots, None),))


def _row_checks(ports: VerificationPorts) -> Sequence[NamedCheck]:
    return ROW_CHECKS if ports.checksums is not None else ()


async def _row_checked(person: Person, brand: Brand, ports: VerificationPorts, check: NamedCheck) -> Checked:
    assert ports.checksums is not None
    scope = person.scope.brand(brand.brand_id)
    key = await checksum_key(ports.secrets, scope)
    if check is CHAIN:
        await close_days(ports.checksums, scope, key, ports.clock.now())
        wrong = await broken_links(ports.checksums, scope, key)
    else:
        wrong = await rows_not_as_recorded(ports.warehouse, ports.checksums, scope, key)
    return Checked(check, len(wrong), tuple(wrong[:LISTED]))


async def _checked(
    person: Person, brand: Brand, ports: VerificationPorts, check: Check, settled_seconds: int
) -> Checked:
    checked = await run_check(
        ports.warehouse,
        person.scope.brand(brand.brand_id),
        check,
        cancelled_orders=brand.settings.cancelled_orders,
        lookback_days=brand.settings.lookback_days,
        settled_before=ports.clock.now() - timedelta(seconds=settled_seconds),
    )
    return replace(checked, settled_seconds=settled_seconds) if check.name == SETTLES else checked
