"""`…/verify`, whether the brand's books are whole to the micro; and `…/sources`, how far each source has come."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BaseModel

from gateway.endpoints.access import BrandOf, PersonOf, PortsOf, VerifierOf
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.verification import (
    Accepted,
    BrandSources,
    SourceCount,
    checks_of,
    named_check,
    sources_of,
    state_of_brand,
    verified,
)
from gateway.verification.checks import Checked, State

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["verification"], responses=PROBLEMS)

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

    @classmethod
    def of(cls, checked: Checked) -> CheckView:
        """The view of an outcome."""
        return cls(
            name=checked.check.name,
            title=checked.check.title,
            unit=checked.check.unit,
            ok=checked.total == 0,
            total=checked.total,
            violations=[ViolationView(**asdict(each)) for each in checked.violations],
            settled_seconds=checked.settled_seconds,
        )


class StateView(BaseModel):
    """The SHA-256 of the brand's current rows; equal wherever the same input was given, in whatever order."""

    sha256: str
    rows: dict[str, int]

    @classmethod
    def of(cls, state: State) -> StateView:
        """The view of a state."""
        return cls(sha256=state.sha256, rows=state.rows)


class Source(BaseModel):
    """One kind of fact: how many snapshots of how many things, the newest moment they tell of (for ads, the day),
    and when the newest was recorded."""

    source: str
    snapshots: int
    things: int
    newest_at: datetime | None
    recorded_at: datetime | None

    @classmethod
    def of(cls, count: SourceCount) -> Source:
        """The view of a source's counts."""
        return cls(**asdict(count))


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

    @classmethod
    def of(cls, read: BrandSources) -> Sources:
        """The view of a brand's sources."""
        unmatched = read.unmatched[:LISTED_UNMATCHED]
        return cls(
            accepted=read.accepted,
            other=read.other,
            held=read.quarantined,
            sources=[Source.of(each) for each in read.counts],
            unmatched_total=len(read.unmatched),
            unmatched=[Unmatched.model_validate(each, from_attributes=True) for each in unmatched],
        )


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
    whole = await verified(person, brand, ports, accepted=_accepted(request), settled_seconds=settled_seconds)
    return Verification(
        brand_id=brand.brand_id,
        ok=whole.ok,
        checks=[CheckView.of(each) for each in whole.checks],
        sources=Sources.of(whole.sources),
        state=StateView.of(whole.state),
    )


@router.get("/verify/checks")
async def list_checks(brand: BrandOf, person: VerifierOf, ports: PortsOf) -> CheckNames:
    """The checks by name."""
    checks = checks_of(ports)
    return CheckNames(checks=[CheckName(name=each.name, title=each.title, unit=each.unit) for each in checks])


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
    accepted = _accepted(request)
    checked = await named_check(person, brand, ports, name, accepted=accepted, settled_seconds=settled_seconds)
    if checked is None:
        raise HTTPException(404, "There is no check of that name.")
    return CheckView.of(checked)


@router.get("/verify/state")
async def read_state(brand: BrandOf, person: VerifierOf, ports: PortsOf) -> StateView:
    """The hash of the brand's current rows."""
    return StateView.of(await state_of_brand(person, brand, ports))


@router.get("/sources")
async def read_sources(request: Request, brand: BrandOf, person: PersonOf, ports: PortsOf) -> Sources:
    """The progress of each source, and the rows that are not matched."""
    return Sources.of(await sources_of(person, brand, ports, _accepted(request)))


def _accepted(request: Request) -> Accepted | None:
    accepted: Accepted | None = getattr(request.app.state, "accepted", None)
    return accepted
