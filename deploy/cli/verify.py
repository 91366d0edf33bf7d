"""`pulsepoint verify`: every ledger of every brand adds up, and one hash of what it comes to."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from deploy.cli.home import InstanceAccess
from deploy.cli.instance_client import Brand, InstanceRefused, open_client
from deploy.cli.progress import Progress
from pulsepoint.money import to_text
from pulsepoint.values import JsonObject

AGAIN_SECONDS = 2.0
LISTED = 5
CHECK_SECONDS = 1_800.0
"""The longest that one check may take: every row of a large brand is read, some 25,000 a second."""


class Reading(Protocol):
    """The part of the instance's client that verification needs."""

    async def brands(self) -> list[Brand]: ...

    async def read(self, path: str, **parameters: str) -> Any: ...


@dataclass(slots=True)
class Verified:
    """The findings of one brand; `checks`, `sources` and `state` as the API returns them."""

    brand: Brand
    checks: list[JsonObject] = field(default_factory=list)
    sources: JsonObject = field(default_factory=dict)
    state: JsonObject = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True where no check found a violation."""
        return all(check["ok"] for check in self.checks)

    def as_json(self) -> JsonObject:
        """The report as JSON values."""
        return {
            "brand": {"brand_id": self.brand.brand_id, "name": self.brand.name, "shop": self.brand.shop},
            "ok": self.ok,
            "checks": self.checks,
            "sources": self.sources,
            "state": self.state,
        }


async def verify(access: InstanceAccess, progress: Progress, *, shop: str | None, patience: float) -> list[Verified]:
    """Every brand of the instance, or the one of `shop`; raises `InstanceRefused` where there is none."""
    async with open_client(access, request_seconds=CHECK_SECONDS) as client:
        await client.log_in()
        return await verify_brands(client, progress, shop=shop, patience=patience)


async def verify_brands(client: Reading, progress: Progress, *, shop: str | None, patience: float) -> list[Verified]:
    """The checks one by one, each with a step of the bar."""
    brands = [brand for brand in await client.brands() if shop is None or brand.shop == shop]
    if shop is not None and not brands:
        raise InstanceRefused(f"No brand of this instance owns {shop}.")
    return [await _verify_brand(client, brand, progress, patience) for brand in brands]


async def _verify_brand(client: Reading, brand: Brand, progress: Progress, patience: float) -> Verified:
    path = f"/api/brands/{brand.brand_id}"
    names = (await client.read(f"{path}/verify/checks"))["checks"]
    done = Verified(brand)
    with progress.bar(f"Verifying {brand.name}", len(names) + 2) as advance:
        for each in names:
            done.checks.append(await _settled(client, f"{path}/verify/checks/{each['name']}", patience))
            advance(1)
        done.sources = await client.read(f"{path}/sources")
        advance(1)
        done.state = await client.read(f"{path}/verify/state")
        advance(1)
    return done


async def _settled(client: Reading, path: str, patience: float) -> JsonObject:
    """A check; asked again within `patience` seconds for what a running instance has recorded but not yet credited.

    Each subject must be at fault every time: under a steady stream of orders there is always a newest one whose
    credits are on their way, and it is another one each time. Sums leave out orders that had no such time yet.
    """
    check: JsonObject = await client.read(path)
    deadline = time.monotonic() + patience
    while not check["ok"] and time.monotonic() < deadline:
        await asyncio.sleep(min(AGAIN_SECONDS, patience))
        again: JsonObject = await client.read(path, settled_seconds=str(ceil(patience)))
        check = again if again["ok"] else _persisting(check, again)
    return check


def _persisting(before: JsonObject, now: JsonObject) -> JsonObject:
    """The check as it is now, less violations of subjects that were not at fault before.

    Where not all are listed nothing is taken off.
    """
    if now["total"] > len(now["violations"]) or before["total"] > len(before["violations"]):
        return now
    earlier = {(each["subject"], each["detail"]) for each in before["violations"]}
    still = [each for each in now["violations"] if (each["subject"], each["detail"]) in earlier]
    return {**now, "ok": not still, "total": len(still), "violations": still}


def print_verified(verified: list[Verified], console: Console) -> None:
    """Prints for each brand a table of checks, its violations, the rows that are unmatched, and the hash."""
    if not verified:
        console.print("This instance has no brand yet.")
    for each in verified:
        table = Table(title=f"{each.brand.name} ({each.brand.shop})", title_justify="left")
        table.add_column("Check")
        table.add_column("Violations", justify="right")
        for check in each.checks:
            table.add_row(check["title"], "none" if check["ok"] else f"{check['total']:,}")
        console.print(table)
        for line in _lines(each):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    if verified:
        whole = all(each.ok for each in verified)
        console.print("Every ledger adds up." if whole else "Not every ledger adds up.", highlight=False)


def _lines(verified: Verified) -> list[str]:
    lines = []
    for check in verified.checks:
        if check["settled_seconds"]:
            lines.append(f"{check['title']}: without orders that changed in the last {check['settled_seconds']} s.")
        for each in check["violations"][:LISTED]:
            lines.append(f"VIOLATION {check['name']}: {_words(check['unit'], each)}")
        if check["total"] > LISTED:
            lines.append(f"VIOLATION {check['name']}: and {check['total'] - LISTED:,} more.")
    return lines + _source_lines(verified.sources) + _state_lines(verified.state)


def _words(unit: str, each: JsonObject) -> str:
    expected, actual = (_number(unit, each[name], each["currency"]) for name in ("expected", "found"))
    return f"{each['subject']} ({each['detail']}): expected {expected}, found {actual}."


def _number(unit: str, value: int, currency: str | None) -> str:
    return f"{to_text(value, places=6)} {currency or ''}".strip() if unit == "micros" else f"{value:,}"


def _source_lines(sources: JsonObject) -> list[str]:
    lines = []
    counts = ", ".join(
        f"{each['source']} {each['things']:,} (of {each['snapshots']:,} snapshots)"
        for each in sources["sources"]
        if each["snapshots"]
    )
    lines.append(f"Recorded: {counts or 'nothing yet'}.")
    if sources["accepted"] is not None:
        lines.append(
            f"Webhook bodies accepted: {sources['accepted']:,}, {sources['other']:,} of them refunds, other topics"
            f" or without change; held: {sources['held']:,}."
        )
    for each in sources["unmatched"][:LISTED]:
        amount = _number("micros", each["amount_micros"], each["currency"])
        what = "credits that fit no campaign" if each["side"] == "credits" else "spend that earned no credit"
        lines.append(f"Unmatched {what}: {each['channel']} {each['campaign'] or 'without a name'}, {amount}.")
    if sources["unmatched_total"] > LISTED:
        lines.append(f"Unmatched: {sources['unmatched_total'] - LISTED:,} more (--json lists 50).")
    return lines


def _state_lines(state: JsonObject) -> list[str]:
    rows = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in state["rows"].items())
    return [f"State {state['sha256']} ({rows})."]


def as_json(verified: list[Verified]) -> JsonObject:
    """The whole report as JSON values: `ok`, and a list of brands."""
    return {"ok": all(each.ok for each in verified), "brands": [each.as_json() for each in verified]}
