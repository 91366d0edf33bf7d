"""Every accepted order by its id against the sales entries of the store: a loss cannot hide behind an order more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from deploy.emulated.instance_process import EmulatedProcess
from deploy.emulated.prepare import PROJECT
from deploy.local.instance_process import InstanceProcess
from pulsepoint.adapters.bigquery.warehouse import open_bigquery
from pulsepoint.adapters.duckdb.warehouse import open_duckdb
from pulsepoint.tenancy import TenantContext
from pulsepoint.values import Row
from tests.load.orders import FIRST_ID, price_cents

SALES = "SELECT order_id, net_micros FROM sales_entries WHERE brand_id = @brand_id AND kind = 'sale'"
MICROS_A_CENT = 10_000
LISTED = 5


@dataclass(frozen=True, slots=True)
class Matching:
    """Accepted orders by number: those not counted, counted more than once or at another price than sent.

    `unaccepted` were counted and never acknowledged, which is no fault; `unsent` are counted and nobody's.
    """

    accepted: int
    missing: tuple[int, ...]
    repeated: tuple[int, ...]
    mispriced: tuple[int, ...]
    unaccepted: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """True where each accepted order is counted once, at its price, and nothing is counted wrongly beside them."""
        return not (self.missing or self.repeated or self.mispriced)

    def words(self) -> str:
        """A sentence for people, with the first few numbers of each kind of fault."""
        faults = {"not counted": self.missing, "counted twice": self.repeated, "at another price": self.mispriced}
        listed = [f"{len(numbers)} {what} ({_first(numbers)})" for what, numbers in faults.items() if numbers]
        beside = f"; {len(self.unaccepted)} more were counted and never acknowledged" if self.unaccepted else ""
        return f"of {self.accepted} accepted orders {', '.join(listed) or 'each is counted once at its price'}{beside}"


def match(accepted: Iterable[int], sales: Sequence[tuple[str, int]]) -> Matching:
    """The match of accepted numbers with sales (order id, net revenue in micros)."""
    numbers = set(accepted)
    counts = Counter(int(order_id) - FIRST_ID for order_id, _ in sales)
    mispriced = {
        number
        for order_id, micros in sales
        if micros != price_cents(number := int(order_id) - FIRST_ID) * MICROS_A_CENT
    }
    return Matching(
        accepted=len(numbers),
        missing=tuple(sorted(numbers - counts.keys())),
        repeated=tuple(sorted(number for number, times in counts.items() if times > 1)),
        mispriced=tuple(sorted(mispriced)),
        unaccepted=tuple(sorted(counts.keys() - numbers)),
    )


async def sales_of(instance: InstanceProcess, tenant_id: UUID, brand_id: UUID) -> list[tuple[str, int]]:
    """Every sale the store shows: from the emulated warehouse while it runs, else from the file of one that ended."""
    scope = TenantContext(tenant_id, brand_id)
    if isinstance(instance, EmulatedProcess):
        endpoint = f"http://127.0.0.1:{instance.service('bigquery').port}"
        async with open_bigquery(PROJECT, region="europe-west1", endpoint=endpoint) as emulated:
            return _sales(await emulated.query(scope, SALES))
    async with open_duckdb(instance.home / "warehouse.duckdb") as warehouse:
        return _sales(await warehouse.query(scope, SALES))


def _sales(rows: Sequence[Row]) -> list[tuple[str, int]]:
    return [(str(row["order_id"]), int(row["net_micros"])) for row in rows]


def _first(numbers: Sequence[int]) -> str:
    more = ", …" if len(numbers) > LISTED else ""
    return ", ".join(map(str, numbers[:LISTED])) + more
