"""`…/verify`, whether the brand's books are whole to the micro; and `…/sources`, how far each source has come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BaseModel

from gateway.bootstrap import Ports
from gateway.domain.brands import Brand
from gateway.endpoints.access import BrandOf, PersonOf, PortsOf, VerifierOf
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.unmatched import unmatched_of
from gateway.verification.checks import CHECKS, LISTED, Check, run_check, source_counts, state_of
from gateway.verification.recorded import broken_links, close_days, rows_not_as_recorded
from pulsepoint.ports.checksums import checksum_key
from pulsepoint.tenancy import TenantContext

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["verification"], responses=PROBLEMS)

Accepted = Callable[[str], Awaitable[int]]
"""How many different bodies were accepted from a shop: `accepted` on the app's state, where one machine knows it."""
BODIES = ("orders", "order edits", "products", "stock levels")
"""Sources of which every snapshot came in a body of its own; refunds come inside orders too."""
LISTED_QUARANTINED = 10_000
LISTED_UNMATCHED = 50
SettledSeconds = Annotated[
    int,
    Query(ge=0, le=3600, description="conservation leaves out orders with something recorded in the last seconds"),
]


class CheckName(BaseModel):
    """A check; `unit` is that of its numbers."""

    name: str
    title: str
    unit: Literal["micros", "count"]


class CheckNames(BaseModel):
    """Every check, in the order they are run."""

    checks: list[CheckName]


class ViolationView(BaseModel):
    """The expected and the actual value, as exact integers of the check's unit."""

    subject: str
    detail: str
    expected: int
    found: int
    currency: str | None


class CheckView(CheckName):
    """The outcome of a check: `total` violations, the first 50 of them listed. `settled_seconds` as asked for."""

    ok: bool
    total: int
    violations: list[ViolationView]
    settled_seconds: int = 0


class StateView(BaseModel):
    """The SHA-256 of the brand's current rows; equal wherever the same input was given, in whatever order."""

    sha256: str
    rows: dict[str, int]


class Source(BaseModel):
    """One kind of fact: how many snapshots of how many things, the newest moment they tell of (for ads, the day),
    and when the newest was recorded."""

    source: str
    snapshots: int
    things: int
    newest_at: datetime | None
    recorded_at: datetime | None


class Unmatched(BaseModel):
    """Money without its other half, in micros: credits that fit no campaign, or spend that earned no credit.

    `fact_id` cites the amount.
    """

    side: Literal["credits", "spend"]
    channel: str
    campaign: str | None
    currency: str
    amount_micros: int
    fact_id: str


class Sources(BaseModel):
    """Counts against sources. `accepted` is the number of different webhook bodies taken in for the shop (null where
    that is not known), `other` those that are no snapshot of their own: refunds, other topics, bodies that changed
    nothing; `held` what waits in quarantine and dead letters. `unmatched` lists the first 50 of `unmatched_total`.
    """

    accepted: int | None
    other: int | None
    held: int
    sources: list[Source]
    unmatched_total: int
    unmatched: list[Unmatched]


class Verification(BaseModel):
    """Everything at once; `ok` when no check found a violation."""

    brand_id: UUID
    ok: bool
    checks: list[CheckView]
    sources: Sources
    state: StateView


@router.get("/verify")
async def verify(
    request: Request, brand: BrandOf, person: VerifierOf, ports: PortsOf, settled_seconds: SettledSeconds = 0
) -> Verification:
    """Run every check. On a large brand ask check by check: that answers sooner."""
    scope = person.scope.brand(brand.brand_id)
    checks = [await _checked(ports, scope, check, brand, settled_seconds) for check in CHECKS]
    sources = await read_sources(request, brand, person, ports)
    checks.append(_sources_check(sources))
    checks += [await _row_check(ports, scope, each.name) for each in _row_checks(ports)]
    state = await state_of(ports.warehouse, scope)
    return Verification(
        brand_id=brand.brand_id,
        ok=all(check.ok for check in checks),
        checks=checks,
        sources=sources,
        state=StateView(sha256=state.sha256, rows=state.rows),
    )


@router.get("/verify/checks")
async def list_checks(brand: BrandOf, person: VerifierOf, ports: PortsOf) -> CheckNames:
    """The checks by name."""
    return CheckNames(checks=[*map(_name, CHECKS), SOURCES_CHECK, *_row_checks(ports)])


@router.get("/verify/checks/{name}")
async def run_named_check(
    request: Request,
    name: Annotated[str, Path(max_length=64)],
    brand: BrandOf,
    person: VerifierOf,
    ports: PortsOf,
    settled_seconds: SettledSeconds = 0,
) -> CheckView:
    """Run one check."""
    if name == SOURCES_CHECK.name:
        return _sources_check(await read_sources(request, brand, person, ports))
    if name in {each.name for each in _row_checks(ports)}:
        return await _row_check(ports, person.scope.brand(brand.brand_id), name)
    check = next((each for each in CHECKS if each.name == name), None)
    if check is None:
        raise HTTPException(404, "There is no check of that name.")
    return await _checked(ports, person.scope.brand(brand.brand_id), check, brand, settled_seconds)


@router.get("/verify/state")
async def read_state(brand: BrandOf, person: VerifierOf, ports: PortsOf) -> StateView:
    """The hash of the brand's current rows."""
    state = await state_of(ports.warehouse, person.scope.brand(brand.brand_id))
    return StateView(sha256=state.sha256, rows=state.rows)


@router.get("/sources")
async def read_sources(request: Request, brand: BrandOf, person: PersonOf, ports: PortsOf) -> Sources:
    """The progress of each source, and the rows that are not matched."""
    scope = person.scope.brand(brand.brand_id)
    sources = [Source(**row) for row in await source_counts(ports.warehouse, scope)]
    unmatched = await unmatched_of(person, brand, ports.metrics)
    quarantined = 0
    for kind in ("quarantine", "dead_letter"):
        rows = await ports.identity_store.quarantined_messages(person.scope, kind, limit=LISTED_QUARANTINED, offset=0)
        quarantined += sum(str(row["brand_id"]) == str(brand.brand_id) for row in rows)
    accepted: Accepted | None = getattr(request.app.state, "accepted", None)
    bodies = await accepted(brand.settings.shopify_store) if accepted is not None else None
    return Sources(
        accepted=bodies,
        other=None if bodies is None else bodies - _snapshots(sources),
        held=quarantined,
        sources=sources,
        unmatched_total=len(unmatched),
        unmatched=[Unmatched.model_validate(each, from_attributes=True) for each in unmatched[:LISTED_UNMATCHED]],
    )


SOURCES_CHECK = CheckName(name="sources", title="Every snapshot came in an accepted body", unit="count")


def _sources_check(sources: Sources) -> CheckView:
    """More snapshots than bodies accepted: facts that no source values."""
    violations = []
    if sources.accepted is not None and sources.accepted < _snapshots(sources.sources):
        snapshots = _snapshots(sources.sources)
        detail = "snapshots of orders, edits, products and stock against bodies accepted"
        violations.append(
            ViolationView(subject="shop", detail=detail, expected=sources.accepted, found=snapshots, currency=None)
        )
    return CheckView(**SOURCES_CHECK.model_dump(), ok=not violations, total=len(violations), violations=violations)


ROW_CHECKS = (
    CheckName(name="recorded", title="Every row recorded is there as it was, and no other", unit="count"),
    CheckName(name="chain", title="The checksums of days that are over are as they were", unit="count"),
)


def _row_checks(ports: Ports) -> tuple[CheckName, ...]:
    return ROW_CHECKS if ports.checksums is not None else ()


async def _row_check(ports: Ports, scope: TenantContext, name: str) -> CheckView:
    assert ports.checksums is not None
    check = next(each for each in ROW_CHECKS if each.name == name)
    key = await checksum_key(ports.secrets, scope)
    if name == "chain":
        await close_days(ports.checksums, scope, key, ports.clock.now())
        wrong = await broken_links(ports.checksums, scope, key)
    else:
        wrong = await rows_not_as_recorded(ports.warehouse, ports.checksums, scope, key)
    violations = [ViolationView(**asdict(each)) for each in wrong[:LISTED]]
    return CheckView(**check.model_dump(), ok=not wrong, total=len(wrong), violations=violations)


def _snapshots(sources: list[Source]) -> int:
    return sum(source.snapshots for source in sources if source.source in BODIES)


def _name(check: Check) -> CheckName:
    return CheckName(name=check.name, title=check.title, unit=check.unit)


async def _checked(ports: Ports, scope: TenantContext, check: Check, brand: Brand, settled_seconds: int) -> CheckView:
    outcome = await run_check(
        ports.warehouse,
        scope,
        check,
        cancelled_orders=brand.settings.cancelled_orders,
        lookback_days=brand.settings.lookback_days,
        settled_before=ports.clock.now() - timedelta(seconds=settled_seconds),
    )
    return CheckView(
        **_name(check).model_dump(),
        ok=outcome.total == 0,
        total=outcome.total,
        violations=[ViolationView(**asdict(each)) for each in outcome.violations],
        settled_seconds=settled_seconds if check.name == "conservation" else 0,
    )
