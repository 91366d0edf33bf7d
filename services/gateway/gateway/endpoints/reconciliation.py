"""`…/books`: whether attribution gave away exactly what was earned."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from gateway.endpoints.access import BrandOf, PersonOf, PortsOf
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.reconciliation import Reconciled, reconciliation_of

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["verification"], responses=PROBLEMS)


class Book(BaseModel):
    """Net sales against the credits of one model, in one currency; `difference` is zero when the two balance."""

    model: str | None
    currency: str | None
    sales: float
    credited: float
    difference: float
    orders: int
    orders_credited: int

    @classmethod
    def of(cls, reconciled: Reconciled) -> Book:
        """The view of one reconciliation."""
        fields = asdict(reconciled)
        micros = {name: fields.pop(f"{name}_micros") / 1_000_000 for name in ("sales", "credited", "difference")}
        return cls(**{name: value for name, value in fields.items() if name in cls.model_fields}, **micros)


class Books(BaseModel):
    """Credits and unattributed revenue against net revenue, for every model, to the cent.

    `newest_at` is when the newest of these facts was recorded.
    """

    balanced: bool
    newest_at: datetime | None
    books: list[Book]


@router.get("/books")
async def read_books(brand: BrandOf, person: PersonOf, ports: PortsOf) -> Books:
    """Reconcile what was sold with what every model credits."""
    each = await reconciliation_of(person, brand, ports.warehouse)
    return Books(
        balanced=all(row.difference_micros == 0 for row in each),
        newest_at=max((row.newest_at for row in each if row.newest_at), default=None),
        books=[Book.of(row) for row in each],
    )
