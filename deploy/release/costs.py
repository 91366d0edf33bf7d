"""Pulsepoint's monthly costs in the cloud, estimated.

`python -m deploy.release.costs` prints it, `--write` puts it into docs/costs.md. Operations of an order, a tick and a
sweep are counted (`deploy/release/operations.json`, by tests/load/operations.py) and multiplied by list prices.
`PRICES` says where each price was read and whether that was the vendor's own page; the sizes are those of
infra/prod.tfvars and infra/starter.tfvars. Free tiers are taken off where they are a share of a line.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = ROOT / "deploy" / "release" / "operations.json"
PAGE = ROOT / "docs" / "costs.md"
BEGIN, END = "<!-- written by python -m deploy.release.costs --write -->\n", "<!-- end -->"
READ_ON = "2026-11-22"
VOLUMES: Final = (1_000, 100_000, 1_000_000)
GIB, TIB, MB = 2**30, 2**40, 10**6
HOURS = 730
SECONDS = HOURS * 3_600
DELIVERIES_PER_ORDER = 5
PUSH_SECONDS = 0.1
"""Cloud Run rounds the time of an instance up to this; that no two pushes share an instance is the worst case."""
COLUMNS_READ = 0.3
"""Assumed part of a table's bytes that a question's columns have."""
MINIMUM_TABLE_BYTES = 10 * 2**20
"""Billed of each table a query names: https://cloud.google.com/bigquery/pricing"""
DAYS = 30
"""Of a month: each has one assessment that nothing caused, and one refresh, which reads a year of facts."""
VIEWS_OF_PAGES = 3_000
"""Assumed openings of a dashboard a month, each asking as many questions as a tick."""
LOG_BYTES = 1_000
"""Assumed of each request's log entry."""
OPEN_PAGE_SECONDS = 100 * 3_600
"""Assumed of a month in which some page is open: one long request, so its instance is paid for."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """A profile's sizes as its file in infra/ says them; `warm` are the services with an instance always there.

    `assessment_seconds`: orders of one stretch share one assessment.
    """

    file: str
    database_tier: str
    database_regional: bool
    cache_tier: str
    cpu_between_requests: bool
    warm: tuple[str, ...]
    assessment_seconds: int


PROD = Sizes("prod.tfvars", "db-custom-2-7680", True, "STANDARD_HA", True, ("gateway", "ingest-shopify"), 300)
STARTER = Sizes("starter.tfvars", "db-g1-small", False, "NONE", False, (), 900)
PROFILES: dict[Sizes, tuple[int, ...]] = {PROD: VOLUMES, STARTER: (0, 1_000, 10_000)}
"""The profiles, and for how many orders a month each is told."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one `unit`; `official`: read on the vendor's own page, else only where `source` says."""

    usd: float
    unit: str
    source: str
    official: bool


GOOGLE = "https://cloud.google.com"
PRICES: dict[str, Price] = {
    "pubsub": Price(40.0, "TiB published or pushed, after 10 GiB", f"{GOOGLE}/pubsub/pricing", True),
    "pubsub_bigquery": Price(50.0, "TiB written to BigQuery", f"{GOOGLE}/pubsub/pricing", False),
    "firestore_read": Price(0.03, "100,000 documents read", f"{GOOGLE}/firestore/pricing", False),
    "firestore_write": Price(0.09, "100,000 documents written", f"{GOOGLE}/firestore/pricing", False),
    "firestore_delete": Price(0.01, "100,000 documents deleted", f"{GOOGLE}/firestore/pricing", False),
    "bigquery_insert": Price(0.01, "200 MB streamed, rows of 1 KB at least", f"{GOOGLE}/bigquery/pricing", True),
    "bigquery_query": Price(6.25, "TiB read, after 1 TiB", f"{GOOGLE}/bigquery/pricing", False),
    "bigquery_storage": Price(0.02, "GiB and month, after 10 GiB", f"{GOOGLE}/bigquery/pricing", True),
    "run_cpu": Price(0.000024, "vCPU-second while asked, after 180,000", f"{GOOGLE}/run/pricing", True),
    "run_memory": Price(0.0000025, "GiB-second while asked, after 360,000", f"{GOOGLE}/run/pricing", False),
    "run_request": Price(0.40, "million requests, after 2 million", f"{GOOGLE}/run/pricing", False),
    "run_idle": Price(0.0000025, "vCPU- or GiB-second of a warm instance", f"{GOOGLE}/run/pricing", False),
    "run_always_cpu": Price(0.000018, "vCPU-second always allocated", f"{GOOGLE}/run/pricing", True),
    "run_always_memory": Price(0.000002, "GiB-second always allocated", f"{GOOGLE}/run/pricing", False),
    "sql_cpu": Price(
        0.0413, "vCPU-hour, twice with a standby", "https://www.usage.ai/blogs/gcp/cloud-sql/pricing/", False
    ),
    "sql_memory": Price(
        0.007, "GiB-hour, twice with a standby", "https://www.usage.ai/blogs/gcp/cloud-sql/pricing/", False
    ),
    "sql_shared": Price(0.035, "hour of a db-g1-small", f"{GOOGLE}/sql/pricing", False),
    "sql_disk": Price(0.17, "GiB of SSD and month, twice with a standby", f"{GOOGLE}/sql/pricing", False),
    "redis": Price(0.064, "GiB-hour of the standard tier", f"{GOOGLE}/memorystore/docs/redis/pricing", False),
    "balancer": Price(0.025, "hour, up to five forwarding rules", f"{GOOGLE}/load-balancing/pricing", True),
    "balancer_bytes": Price(0.008, "GiB through the balancer", f"{GOOGLE}/load-balancing/pricing", True),
    "armor_policy": Price(5.0, "policy", f"{GOOGLE}/armor/pricing", False),
    "armor_rule": Price(1.0, "rule", f"{GOOGLE}/armor/pricing", False),
    "armor_request": Price(0.75, "million requests", f"{GOOGLE}/armor/pricing", False),
    "scheduler": Price(0.10, "job, after 3", f"{GOOGLE}/scheduler/pricing", True),
    "secret": Price(0.06, "version, after 6", f"{GOOGLE}/secret-manager/pricing", True),
    "logs": Price(0.50, "GiB, after 50", f"{GOOGLE}/stackdriver/pricing", True),
    "spans": Price(0.20, "million spans, after 2.5 million", f"{GOOGLE}/stackdriver/pricing", False),
}

Counts = dict[str, dict[str, float]]
Amount = Callable[[str], float]
"""Operations of a kind in a month, by name."""


def usd(name: str, amount: float, *, free: float = 0.0) -> float:
    """The price of an amount, in the price's units, after a free part."""
    return PRICES[name].usd * max(0.0, amount - free)


def ticks(orders: int, sizes: Sizes = PROD) -> float:
    """Assessments a month, when deliveries come at random: stretches of time in which at least one does."""
    stretches = SECONDS / sizes.assessment_seconds
    return stretches * (1 - math.exp(-orders * DELIVERIES_PER_ORDER / stretches))


def total(counts: Counts, name: str, orders: int, sizes: Sizes = PROD) -> float:
    """Operations of a kind in a month."""
    sweeps = SECONDS / 60
    return (
        counts["order"].get(name, 0) * orders
        + counts["tick"].get(name, 0) * ticks(orders, sizes)
        + counts["sweep"].get(name, 0) * sweeps
    )


def month(counts: Counts, orders: int, sizes: Sizes = PROD) -> dict[str, float]:
    """US dollars a month by engine, at `orders` orders a month of one brand, with a year of history."""
    amount = partial(total, counts, orders=orders, sizes=sizes)
    return {
        "Pub/Sub": _pubsub(amount),
        "Firestore": _firestore(amount),
        "BigQuery: facts written and kept": _facts(amount),
        "BigQuery: questions, and rows kept for them": _questions(counts, orders, sizes),
        "Cloud Run: pushes and webhooks": _run(amount, orders),
        "Cloud Run: kept warm, or while a page is open": _warm(sizes),
        f"Cloud SQL ({'with a standby' if sizes.database_regional else 'one zone'})": _database(sizes),
        "Redis, with a replica": usd("redis", HOURS) if sizes.cache_tier == "STANDARD_HA" else 0.0,
        "Load balancer and Cloud Armor": _edge(orders),
        "Logs and traces": _logs(amount, orders),
        "Scheduler and secrets": usd("scheduler", 10, free=3) + usd("secret", 12, free=6),
    }


def _pubsub(amount: Amount) -> float:
    moved = amount("publish_bytes") + amount("push_bytes")
    return usd("pubsub", moved / TIB, free=10 / 1_024) + usd("pubsub_bigquery", amount("archive_bytes") / TIB)


def _firestore(amount: Amount) -> float:
    kinds = {"read": "document_reads", "write": "document_writes", "delete": "document_deletes"}
    return sum(usd(f"firestore_{kind}", amount(name) / 100_000) for kind, name in kinds.items())


def _facts(amount: Amount) -> float:
    streamed, kept = amount("fact_billed_bytes") / (200 * MB), 12 * amount("fact_bytes") / GIB
    return usd("bigquery_insert", streamed) + usd("bigquery_storage", kept, free=10)


def query_bytes(counts: Counts, orders: int) -> float:
    """Bytes billed of the questions of one tick: of a month of the facts they read, or the least that is billed."""
    least = counts["tick"]["question_tables"] * MINIMUM_TABLE_BYTES
    read = COLUMNS_READ * counts["tick"]["question_bytes_an_order"] * orders
    return max(least, read)


def _questions(counts: Counts, orders: int, sizes: Sizes) -> float:
    scanned = query_bytes(counts, orders) * (ticks(orders, sizes) + DAYS + VIEWS_OF_PAGES)
    refreshed = DAYS * 12 * total(counts, "fact_bytes", orders, sizes)
    return usd("bigquery_query", (scanned + refreshed) / TIB, free=1)


def _run(amount: Amount, orders: int) -> float:
    requests = amount("pushes") + orders * DELIVERIES_PER_ORDER + 7 * SECONDS / 60
    seconds = requests * PUSH_SECONDS
    return (
        usd("run_cpu", seconds, free=180_000)
        + usd("run_memory", seconds / 2, free=360_000)
        + usd("run_request", requests / 1e6, free=2)
    )


def _warm(sizes: Sizes) -> float:
    if sizes.cpu_between_requests:
        gateway = usd("run_always_cpu", SECONDS) + usd("run_always_memory", SECONDS)
    else:
        gateway = usd("run_cpu", OPEN_PAGE_SECONDS) + usd("run_memory", OPEN_PAGE_SECONDS)
    others = len({*sizes.warm} - {"gateway"})
    return gateway + others * usd("run_idle", SECONDS * 1.5)  # one core, half a GiB


def _database(sizes: Sizes) -> float:
    if sizes.database_tier == "db-g1-small":
        machine = usd("sql_shared", HOURS)
    else:
        machine = 2 * usd("sql_cpu", HOURS) + 7.5 * usd("sql_memory", HOURS)
    return (2 if sizes.database_regional else 1) * (machine + usd("sql_disk", 20))


def _edge(orders: int) -> float:
    requests = orders * DELIVERIES_PER_ORDER + VIEWS_OF_PAGES * 20
    rules = usd("armor_policy", 1) + usd("armor_rule", 14)
    return (
        usd("balancer", HOURS)
        + usd("balancer_bytes", requests * 8_000 / GIB)
        + rules
        + usd("armor_request", requests / 1e6)
    )


def _logs(amount: Amount, orders: int) -> float:
    requests = amount("pushes") + orders * DELIVERIES_PER_ORDER
    return usd("logs", requests * LOG_BYTES / GIB, free=50) + usd("spans", requests / 1e6, free=2.5)


def read_counts() -> Counts:
    """The committed counts."""
    counts: Counts = json.loads(OPERATIONS.read_text(encoding="utf-8"))
    return counts


def report(counts: Counts) -> str:
    """The tables of docs/costs.md as Markdown, in USD a month."""
    tables = "\n".join(_profile(counts, sizes, volumes) for sizes, volumes in PROFILES.items())
    return f"{tables}\n{_operations(counts)}\n{_prices()}"


def _profile(counts: Counts, sizes: Sizes, volumes: Sequence[int]) -> str:
    months = [month(counts, orders, sizes) for orders in volumes]
    title = f"| `infra/{sizes.file}`, US dollars a month | "
    head = title + " | ".join(f"{orders:,} orders" for orders in volumes) + " |\n|---" + "|---:" * len(volumes) + "|\n"
    lines = [f"| {name} | " + " | ".join(f"{each[name]:,.0f}" for each in months) + " |" for name in months[0]]
    sums = "| **Together** | " + " | ".join(f"**{sum(each.values()):,.0f}**" for each in months) + " |"
    return f"{head}{chr(10).join(lines)}\n{sums}\n"


def _operations(counts: Counts) -> str:
    names = sorted({name for by_kind in counts.values() for name in by_kind})
    lines = [
        f"| {name.replace('_', ' ')} | " + " | ".join(f"{counts[kind].get(name, 0):,.0f}" for kind in counts) + " |"
        for name in names
    ]
    return "| Counted | an order | a tick | a sweep |\n|---|---:|---:|---:|\n" + "\n".join(lines) + "\n"


def _prices() -> str:
    lines = [
        f"| {price.unit} | {price.usd:g} | {price.source} | {'yes' if price.official else 'no'} |"
        for price in PRICES.values()
    ]
    return (
        f"Prices in US dollars, read on {READ_ON}.\n\n"
        "| For one | Price | Page | Seen on that page |\n|---|---:|---|---|\n" + "\n".join(lines) + "\n"
    )


def main() -> int:
    """Prints the report, or puts it between the marks of docs/costs.md; the exit code."""
    text = report(read_counts())
    if "--write" not in sys.argv[1:]:
        print(text)
        return 0
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
