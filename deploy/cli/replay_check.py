"""`make replay-check`: a whole transactions file through an empty instance, every month compared with the file.

Two instances: one gets the file once, in order; the other twice, shuffled, every tenth message three times, half of
the copies under fresh X-Shopify-Webhook-Id and -Event-Id. In the emulated cloud one random service is killed every
few seconds meanwhile.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from deploy.cli.copies import Duplication
from deploy.cli.instance_client import open_client
from deploy.cli.progress import Progress
from deploy.cli.replay import ReplayOptions, replay
from deploy.cli.sender import Pace
from deploy.emulated.instance_process import EmulatedProcess
from deploy.emulated.kills import killing
from deploy.local.instance_process import InstanceFailed, InstanceProcess, running
from file_import.bodies import money

DEFAULT_FILE = Path("../shared/data/transactions/uci_online_retail_2010-12_to_2011-08.parquet")
SHOP = "replay-check.myshopify.com"
CURRENCY = "GBP"
TIMEZONE = "Europe/London"
COPIES = Duplication(every=10, times=3)
ORACLE = """
SELECT strftime(InvoiceDate, '%Y-%m') AS month, sum(Quantity * cast(round(UnitPrice, 2) AS DECIMAL(18, 2))) AS net
FROM {source} WHERE UnitPrice > 0 GROUP BY 1 ORDER BY 1
"""


class Profile(StrEnum):
    """The kind of instance that the file is replayed through."""

    SINGLE = "single"
    EMULATED = "emulated"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way of sending the file: a pass for each seed, in order where it is None."""

    name: str
    passes: tuple[int | None, ...]
    duplication: Duplication | None = None
    kills: bool = False


SCENARIOS = (
    Scenario("once, in order", (None,)),
    Scenario("twice, shuffled, with copies", (11, 12), COPIES),
)
EMULATED_SCENARIOS = (
    SCENARIOS[0],
    replace(SCENARIOS[1], name="twice, shuffled, with copies, services killed", kills=True),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One month of one scenario: cents by the file and by the instance."""

    scenario: str
    month: str
    expected: int
    counted: int | None

    @property
    def equal(self) -> bool:
        """True where they agree to the cent."""
        return self.expected == self.counted


def oracle(path: Path) -> dict[str, int]:
    """Cents of net revenue by calendar month, straight from the file."""
    source = "read_csv(?)" if path.suffix == ".csv" else "read_parquet(?)"
    rows = duckdb.execute(ORACLE.format(source=source), [str(path)]).fetchall()
    return {month: int(net * 100) for month, net in rows}


def part_of(path: Path, month: str | None, directory: Path) -> Path:
    """The file, or a copy of one month of it in `directory`."""
    if month is None:
        return path
    part = directory / f"{month}.parquet"
    source = "read_csv(?)" if path.suffix == ".csv" else "read_parquet(?)"
    duckdb.execute(
        f"COPY (SELECT * FROM {source} WHERE strftime(InvoiceDate, '%Y-%m') = ?) TO '{part}' (FORMAT parquet)",
        [str(path), month],
    )
    return part


async def check(
    path: Path,
    home: Path,
    scenario: Scenario,
    progress: Progress,
    *,
    seconds: float,
    kind: type[InstanceProcess] = InstanceProcess,
) -> list[Compared]:
    """Run one scenario on an empty instance; raises what replay and instance raise."""
    instance = kind(home)
    async with running(instance):
        return await compare(instance, path, scenario, progress, seconds=seconds)


async def compare(
    instance: InstanceProcess, path: Path, scenario: Scenario, progress: Progress, *, seconds: float, shop: str = SHOP
) -> list[Compared]:
    """Run one scenario for a shop that a running instance does not know yet; raises what replay and instance raise."""
    expected = oracle(path)
    for seed in scenario.passes:
        options = ReplayOptions(
            file=path,
            shop=shop,
            currency=CURRENCY,
            timezone=TIMEZONE,
            pace=Pace(patience=seconds),
            shuffle=seed,
            duplication=scenario.duplication,
            wait=True,
            wait_seconds=seconds,
        )
        await _pass(instance, options, progress, kills=scenario.kills)
    counted = await net_revenue(instance, sorted(expected), shop)
    for letter in await dead_letters(instance):
        progress.say(f"Dead letter after {letter['attempts']} attempts: {letter['explanation']}")
    return [Compared(scenario.name, month, cents, counted.get(month)) for month, cents in sorted(expected.items())]


async def _pass(instance: InstanceProcess, options: ReplayOptions, progress: Progress, *, kills: bool) -> None:
    disturbed = _killing(instance, options.shuffle or 0, progress) if kills else nullcontext()
    replayed = await replay(instance.access, options, progress, while_sending=disturbed)
    if replayed.sent.refused:
        raise InstanceFailed(f"The instance refused {replayed.sent.refused} deliveries: {replayed.sent.refusals}")
    # Copies change nothing by the time the books are complete: they may still wait, and must do no harm either.
    await instance.idle(options.wait_seconds)


@asynccontextmanager
async def _killing(instance: InstanceProcess, seed: int, progress: Progress) -> AsyncIterator[None]:
    assert isinstance(instance, EmulatedProcess), "one process has no services to kill"
    async with killing(instance, seed) as killed:
        yield
    progress.say(f"Killed {len(killed)} times: {', '.join(killed)}.")


async def dead_letters(instance: InstanceProcess) -> list[dict[str, Any]]:
    """The messages that failed too often, as the API lists them."""
    async with open_client(instance.access) as client:
        await client.log_in()
        letters: list[dict[str, Any]] = (await client.read("/api/dead-letters"))["messages"]
    return letters


async def net_revenue(instance: InstanceProcess, months: list[str], shop: str = SHOP) -> dict[str, int]:
    """Cents of net revenue by month, as the API tells."""
    async with open_client(instance.access) as client:
        await client.log_in()
        brand = await client.brand_of(shop)
        assert brand is not None
        counted = await client.net_revenue_by_month(brand.brand_id, months[0], months[-1])
    return {month: _cents(amount) for month, amount in counted.items()}


def _cents(amount: Decimal) -> int:
    cents = amount * 100
    assert cents == cents.to_integral_value(), f"{amount} is no whole number of cents"
    return int(cents)


def print_comparison(compared: list[Compared], console: Console) -> None:
    """Every month of every scenario."""
    table = Table(title=f"Net revenue by month ({CURRENCY})")
    for title in ("Scenario", "Month", "File", "Instance", ""):
        table.add_column(title, justify="right" if title in ("File", "Instance") else "left")
    for each in compared:
        counted = "nothing" if each.counted is None else money(each.counted)
        table.add_row(each.scenario, each.month, money(each.expected), counted, "equal" if each.equal else "DIFFERS")
    console.print(table)


def main(
    file: Annotated[Path, typer.Argument(help="A file with the columns of UCI Online Retail.")] = DEFAULT_FILE,
    month: Annotated[str | None, typer.Option(help="One month of it, such as 2011-03.")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long one pass may take.")] = 3600,
    profile: Annotated[Profile, typer.Option(help="One process, or the emulated cloud.")] = Profile.SINGLE,
) -> None:
    """Replay a file into empty instances and compare every month's net revenue with the file, exactly."""
    if not file.is_file():
        raise typer.BadParameter(f"there is no file {file}")
    compared: list[Compared] = []
    with tempfile.TemporaryDirectory(prefix="pulsepoint-check-") as directory:
        path = part_of(file, month, Path(directory))
        emulated = profile is Profile.EMULATED
        kind = EmulatedProcess if emulated else InstanceProcess
        for number, scenario in enumerate(EMULATED_SCENARIOS if emulated else SCENARIOS):
            home = Path(directory) / f"home-{number}"
            compared += asyncio.run(check(path, home, scenario, Progress(quiet=False), seconds=seconds, kind=kind))
    print_comparison(compared, Console())
    if not compared or not all(each.equal for each in compared):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
