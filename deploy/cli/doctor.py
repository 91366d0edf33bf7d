"""`pulsepoint doctor`: what is connected, what is late, what is wrong, and what to do about each."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from rich.console import Console
from rich.table import Table

from deploy.cli.advice import ADVICE
from deploy.cli.home import InstanceAccess
from deploy.cli.instance_client import Brand, open_client
from pulsepoint.money import to_text
from pulsepoint.values import JsonObject

Level = Literal["ok", "note", "late", "wrong"]
Area = Literal["connected", "late", "wrong"]

QUEUE_LATE_SECONDS = 60.0
EFFECT_LATE_SECONDS = 300.0
COMMIT_LATE_SECONDS = 120.0
SYNC_LATE_SECONDS = 26 * 3600.0
LEAST_FREE_BYTES = 2 * 1024**3
LEAST_FREE_SHARE = 0.05
BOOKS_SETTLE_SECONDS = 60

FAULTS = {
    "postgresql_gone": "Wait: it is started again by itself.",
    "postgresql_silent": "Wait; if it stays so for minutes, read postgres/log in the instance's home.",
    "postgresql_not_started": "Read postgres/log in the instance's home; it is tried again by itself.",
    "disk_full": "Make room on the disk: everything goes on by itself.",
    "warehouse_failed": "Wait: it is opened again by itself, and rebuilt where it is damaged.",
    "warehouse_rebuilding": "Wait until it is whole again: orders are taken meanwhile.",
    "warehouse_lost": "Put warehouse.duckdb or archive/ back into the home, or `pulsepoint restore` the newest backup.",
    "archive_lost": "Wait: it is made anew from the warehouse. Find out who took it away.",
    "archive_damaged": "Wait: it is made anew from the warehouse. If it stays so, put the file back from a backup.",
}
UNBELIEVED: dict[str, tuple[Level, str, str]] = {
    "no_proxy_trusted": (
        "wrong",
        "{requests} requests from {peer} name other callers: all of them count as one address, and share its limits",
        "Set PULSEPOINT_TRUSTED_PROXIES to the number of proxies in front, and restart (docs/proxy.md).",
    ),
    "too_few_addresses": (
        "wrong",
        "{requests} requests from {peer} name fewer callers in X-Forwarded-For than the {trusted} proxies that are"
        " trusted: all of them count as one address",
        "Let every proxy add to X-Forwarded-For, or set PULSEPOINT_TRUSTED_PROXIES to how many do, and restart.",
    ),
    "public_peer": (
        "note",
        "{requests} requests from {peer}, a public address, name other callers, and are not believed",
        "If it is your proxy, let it reach the instance by a private network, and set PULSEPOINT_TRUSTED_PROXIES.",
    ),
}
ASIDE = "Delete it once `pulsepoint verify` finds nothing wrong."
UNKNOWN_REASON = "Read its reason and mend the cause."
REPLAY = "To deliver one again: POST /api/{kind}/ID/replay."


class Reading(Protocol):
    """The part of the instance's client that the doctor needs."""

    async def brands(self) -> list[Brand]: ...

    async def read(self, path: str, **parameters: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `late` and `wrong` ask for the action in `todo`, `note` only tells."""

    area: Area
    level: Level
    subject: str
    words: str
    todo: str | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk the instance's directory is on."""

    free: int
    total: int

    @classmethod
    def of(cls, home: Path) -> Disk:
        """Bytes of the disk that holds `home`, measured now."""
        usage = shutil.disk_usage(home)
        return cls(usage.free, usage.total)


def is_well(findings: Iterable[Finding]) -> bool:
    """True where no finding asks for action: notes do not."""
    return all(finding.level in ("ok", "note") for finding in findings)


async def examine(access: InstanceAccess) -> list[Finding]:
    """Ask the instance about everything; raises `NoInstance` and `InstanceRefused`."""
    disk = Disk.of(access.home)
    async with open_client(access) as client:
        readiness = await client.readiness()
        findings = fault_findings(readiness)
        if readiness["status"] != "ready":
            # Without its engines nobody can log in, and nothing else could be told.
            return [*findings, *_disk(disk), *aside_findings(access.home)]
        await client.log_in()
        return [*findings, *aside_findings(access.home)] + await examined(client, disk, datetime.now(UTC))


async def examined(client: Reading, disk: Disk, now: datetime) -> list[Finding]:
    """The findings in order: instance first, then brand by brand."""
    brands = await client.brands()
    findings = [*_disk(disk), *_engines(await client.read("/api/admin/queues"))]
    findings += _proxies(await client.read("/api/admin/proxies"))
    for kind in ("quarantine", "dead-letters"):
        findings += _waiting_bodies(kind, await client.read(f"/api/{kind}", limit="500"))
    if not brands:
        findings.append(Finding("connected", "note", "brands", "no brand yet", "Make one, or replay a file."))
    for brand in brands:
        findings += await _brand(client, brand, now)
    return findings


async def _brand(client: Reading, brand: Brand, now: datetime) -> list[Finding]:
    path = f"/api/brands/{brand.brand_id}"
    parts = ("settings", "integrations", "sources", "inventory")
    settings, integrations, sources, inventory = await asyncio.gather(
        *(client.read(f"{path}/{part}") for part in parts)
    )
    by_name = {each["source"]: each for each in sources["sources"]}
    return [
        *_shop(brand, by_name, settings["clock_offset_seconds"], now),
        *_accounts(brand, integrations["integrations"], now),
        *_slack(brand, settings["slack_connected"], by_name.get("notifications")),
        *_sources(brand, by_name, now),
        *_cut_products(brand, inventory["cut_products"]),
        *await _books(client, brand, path),
    ]


def fault_findings(readiness: JsonObject) -> list[Finding]:
    """The faults `/readyz` names; effects that fail are told from the store, which also knows those of before."""
    findings = [
        Finding("wrong", "wrong", fault["reason"].replace("_", " "), fault["detail"], FAULTS[fault["reason"]])
        for fault in readiness["faults"]
        if fault["stops"]
    ]
    if readiness["status"] == "starting":
        findings.append(Finding("late", "late", "instance", "is starting", "Wait a moment, then look again."))
    elif not findings:
        findings.append(Finding("wrong", "ok", "engines", "all work"))
    return findings


def aside_findings(home: Path) -> list[Finding]:
    """The lost or damaged files that were replaced by whole ones and kept in the instance's home."""
    return [
        Finding("wrong", "note", path.name, "was put aside when it was made anew", ASIDE)
        for path in sorted(home.glob("*.damaged*"))
        if path.suffix != ".wal"
    ]


def _disk(disk: Disk) -> Iterator[Finding]:
    words = f"{_size(disk.free)} of {_size(disk.total)} free"
    if disk.free < LEAST_FREE_BYTES or disk.free < disk.total * LEAST_FREE_SHARE:
        yield Finding("wrong", "wrong", "disk", words, "Make room before the instance stops taking orders.")
    else:
        yield Finding("wrong", "ok", "disk", words)


def _engines(queues: JsonObject | None) -> Iterator[Finding]:
    if queues is None:
        yield Finding("late", "note", "queues", "run in the cloud", "Ask the cloud's monitoring.")
        return
    waiting = sum(queue["waiting"] + queue["in_flight"] for queue in queues["queues"])
    slow = [queue for queue in queues["queues"] if queue["oldest_age_seconds"] > QUEUE_LATE_SECONDS]
    for queue in slow:
        words = f"{queue['waiting']:,} messages wait, the oldest for {_age(queue['oldest_age_seconds'])}"
        todo = "Wait if many were sent at once; else read the instance's log for this subscription."
        yield Finding("late", "late", queue["subscription"], words, todo)
    if not slow:
        yield Finding("late", "ok", "queues", f"{waiting:,} messages wait")
    yield from _effects(queues["effects"])
    commits, age = queues["unfinished"]["commits"], queues["unfinished"]["oldest_age_seconds"]
    if age > COMMIT_LATE_SECONDS:
        words = f"{commits:,} commits are not published, the oldest for {_age(age)}"
        yield Finding("late", "late", "commits", words, "Restart the instance; if they stay, read its log.")


def _proxies(proxies: JsonObject) -> Iterator[Finding]:
    """A proxy in front that is not counted: its address is everybody's, and one caller's limit too."""
    for each in proxies["unbelieved"]:
        level, words, todo = UNBELIEVED[each["reason"]]
        named = words.format(requests=f"{each['requests']:,}", peer=each["peer"], trusted=proxies["trusted_proxies"])
        yield Finding("wrong", level, "proxy in front", named, todo)


def _effects(effects: list[JsonObject]) -> Iterator[Finding]:
    healthy = True
    for each in effects:
        name = f"{each['service']} {each['kind']}"
        if each["failing"]:
            healthy = False
            words = f"{each['failing']:,} failed and are tried again"
            yield Finding(
                "wrong", "wrong", name, words, "Read the instance's log for why; the retries go on by themselves."
            )
        elif each["overdue_seconds"] > EFFECT_LATE_SECONDS:
            healthy = False
            words = f"{each['due']:,} are due, the oldest for {_age(each['overdue_seconds'])}"
            yield Finding("late", "late", name, words, "Restart the instance; if they stay due, read its log.")
    if healthy:
        due = sum(each["due"] for each in effects)
        yield Finding("late", "ok", "effects", f"{due:,} due now")


def _waiting_bodies(kind: str, listed: JsonObject) -> Iterator[Finding]:
    subject = kind.replace("-", " ")
    if not listed["total"]:
        yield Finding("wrong", "ok", subject, "empty")
    counts = Counter((each["service"], each["reason"]) for each in listed["messages"])
    said = {(each["service"], each["reason"]): each["explanation"] for each in listed["messages"]}
    for (service, reason), count in sorted(counts.items()):
        more = " of the newest" if listed["total"] > len(listed["messages"]) else ""
        words = f"{count:,}{more} held by {service}: {reason} ({said[service, reason]})"
        advice = ADVICE.get(reason, UNKNOWN_REASON).replace("`", "")
        yield Finding("wrong", "wrong", subject, words, f"{advice} {REPLAY.format(kind=kind)}")


def _shop(brand: Brand, by_name: dict[str, JsonObject], offset: int, now: datetime) -> Iterator[Finding]:
    orders = by_name.get("orders", {"things": 0, "newest_at": None})
    if not orders["things"]:
        todo = f"Send its webhooks where `pulsepoint webhook-address {brand.shop}` says, or replay a file."
        yield Finding("connected", "note", f"{brand.name}: shop", f"{brand.shop}, no orders yet", todo)
        return
    words = f"{brand.shop}, {orders['things']:,} orders"
    if orders["newest_at"]:
        age = now.timestamp() + offset - _timestamp(orders["newest_at"]).timestamp()
        words += f", the newest {_age(age)} ago by the shop's clock"
    yield Finding("connected", "ok", f"{brand.name}: shop", words)


def _accounts(brand: Brand, accounts: list[JsonObject], now: datetime) -> Iterator[Finding]:
    if not accounts:
        yield Finding(
            "connected", "note", f"{brand.name}: ads", "no ad account", "Add accounts in the brand's settings."
        )
    for each in accounts:
        subject = f"{brand.name}: {each['platform']} {each['account_id']}"
        synced = each["last_synced_at"]
        age = (now - _timestamp(synced)).total_seconds() if synced else None
        when = f"last synced {_age(age)} ago" if age is not None else "never synced"
        if each["status"] in ("failed", "needs_attention") or each["sync_error_message"]:
            todo = (
                "Give the account a valid token in the brand's settings."
                if each["status"] == "needs_attention"
                else "It is tried again by itself; if it goes on, check the platform's status."
            )
            yield Finding("wrong", "wrong", subject, f"{each['sync_error_message'] or each['status']}; {when}", todo)
        elif age is not None and age > SYNC_LATE_SECONDS:
            yield Finding("late", "late", subject, when, f"POST /api/brands/{brand.brand_id}/sync, then look again.")
        else:
            yield Finding("connected", "ok", subject, f"{each['status']}, {when}")


def _slack(brand: Brand, connected: bool, sent: JsonObject | None) -> Iterator[Finding]:
    if not connected:
        todo = "Set slack_webhook_url in the brand's settings to be told of alerts."
        yield Finding("connected", "note", f"{brand.name}: Slack", "not connected", todo)
        return
    count = sent["things"] if sent else 0
    yield Finding("connected", "ok", f"{brand.name}: Slack", f"connected, {count:,} alerts posted")


def _sources(brand: Brand, by_name: dict[str, JsonObject], now: datetime) -> Iterator[Finding]:
    """The age of the newest data per source. Whether what is derived has followed is told by the books."""
    for name, each in sorted(by_name.items()):
        if each["recorded_at"]:
            age = (now - _timestamp(each["recorded_at"])).total_seconds()
            yield Finding("late", "ok", f"{brand.name}: {name}", f"newest recorded {_age(age)} ago")


def _cut_products(brand: Brand, products: list[JsonObject]) -> Iterator[Finding]:
    """Products whose webhooks carry only a part of their variants."""
    if products:
        first = products[0]["title"] or products[0]["product_id"]
        unsaid = sum(product["variants_total"] is None for product in products)
        perhaps = f" (of {unsaid:,} nothing says whether there are more)" if unsaid else ""
        words = f"{len(products):,} with more variants than webhooks carry, {first} among them{perhaps}"
        todo = "Split them in the shop, or watch their stock there: the variants beyond 100 are not known here."
        yield Finding("connected", "note", f"{brand.name}: products", words, todo)


async def _books(client: Reading, brand: Brand, path: str) -> list[Finding]:
    subject = f"{brand.name}: books"
    books = await client.read(f"{path}/books")
    if books["balanced"]:
        count = len(books["books"])
        return [Finding("wrong", "ok", subject, f"balanced under {count} models" if count else "nothing sold yet")]
    # An order's credits follow its record within moments: what counts is what settled.
    settled = await client.read(f"{path}/verify/checks/conservation", settled_seconds=str(BOOKS_SETTLE_SECONDS))
    if settled["ok"]:
        words = f"balanced but for orders of the last {BOOKS_SETTLE_SECONDS} s"
        return [Finding("wrong", "ok", subject, words)]
    return [
        Finding("wrong", "wrong", subject, _difference(each), "Run `pulsepoint verify` to see which orders differ.")
        for each in settled["violations"]
    ]


def _difference(violation: JsonObject) -> str:
    amount = to_text(violation["expected"] - violation["found"], places=6)
    return f"{amount} {violation['currency']} of revenue is not credited under {violation['subject']}"


def _timestamp(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _size(count: int) -> str:
    return f"{count / 1024**3:.1f} GiB"


SIGNS = {"ok": "ok", "note": "note", "late": "LATE", "wrong": "WRONG"}
TITLES: dict[Area, str] = {"connected": "What is connected", "late": "What is late", "wrong": "What is wrong"}


def print_findings(findings: list[Finding], console: Console) -> None:
    """Prints one table an area, and how many things there are to look at."""
    for area, title in TITLES.items():
        table = Table("", "What", "How it is", "What to do", title=title, title_justify="left")
        for each in findings:
            if each.area == area:
                table.add_row(SIGNS[each.level], each.subject, each.words, each.todo or "")
        console.print(table, markup=False)
    count = sum(each.level in ("late", "wrong") for each in findings)
    summary = "All is well." if not count else f"{count} thing{'s' if count > 1 else ''} to look at."
    console.print(summary, highlight=False)


def as_json(findings: list[Finding]) -> JsonObject:
    """The findings as JSON values: `ok`, and a list of each finding's fields."""
    return {"ok": is_well(findings), "findings": [asdict(each) for each in findings]}
