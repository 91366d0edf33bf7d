"""Reconciliation: what was sold against what every model credits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.verification.checks import reconciliation
from pulsepoint.ports.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Net sales and credits of one model in one currency, in micros; `newest_at` is when the newest was recorded."""

    model: str | None
    currency: str | None
    sales_micros: int
    credited_micros: int
    difference_micros: int
    orders: int
    orders_credited: int
    newest_at: datetime | None


async def reconciliation_of(person: Person, brand: Brand, warehouse: Warehouse) -> list[Reconciled]:
    """Every model and currency; differences are zero once every order is attributed."""
    scope, policy = person.scope.brand(brand.brand_id), brand.settings.cancelled_orders.value
    rows = await reconciliation(warehouse, scope, cancelled_orders=policy)
    return [
        Reconciled(
            model=row["model"],
            currency=row["currency"],
            sales_micros=row["sales_micros"],
            credited_micros=row["credit_micros"],
            difference_micros=row["difference_micros"],
            orders=row["orders"],
            orders_credited=row["orders_credited"],
            newest_at=max(
                (row[name] for name in ("sales_recorded_at", "credits_recorded_at") if row[name]), default=None
            ),
        )
        for row in rows
    ]
