"""`make bench-against REV=…`: CPU of today's code beside a commit's, in interleaved pairs, and of that beside itself.

The second ratio is what the machine alone makes of a difference: a change within it is none. Each run starts an empty
instance in a process of its own, sends it the same file through today's command, then asks for its dashboard; what is
counted is CPU time of the instance and its PostgreSQL. The commit is checked out as a worktree under build/against
and runs on the packages that are installed now.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import psutil

from tests.load.cold_start import free_port
from tests.load.replay_cost import ROOT, cpu_seconds, replayed, transactions
from tests.load.webhook_rate import wait_for_port

ENTRY_POINTS = ("deploy.local", "deploy.single_node")
"""The module that starts one machine, newest name first."""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds of one order from webhook to credits, and of one dashboard."""

    order: float
    dashboard: float


def worktree(revision: str) -> Path:
    """A checkout of `revision` under build/against, made on first use."""
    folder = ROOT / "build" / "against" / revision
    if not folder.exists():
        command = ["git", "-C", str(ROOT), "worktree", "add", "--detach", str(folder), revision]
        subprocess.run(command, check=True, capture_output=True)
    return folder


@contextmanager
def instance(tree: Path, home: Path) -> Iterator[tuple[psutil.Process, str]]:
    """An empty instance of the code in `tree`: its process and address."""
    port = free_port()
    sources = [tree, tree / "shared", *sorted(path.parent for path in (tree / "services").glob("*/pyproject.toml"))]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
        "PORT": str(port),
        "PULSEPOINT_HOME": str(home),
        "PULSEPOINT_DEMO": "0",
        "PULSEPOINT_LOG_LEVEL": "WARNING",
    }
    module = next(name for name in ENTRY_POINTS if (tree / name.replace(".", "/") / "__main__.py").exists())
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port, process, seconds=120)
            yield psutil.Process(process.pid), f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def dashboards(home: Path, address: str, count: int) -> None:
    """Ask for the brand's dashboard `count` times, one after the other, over the months of the file."""
    access = json.loads((home / "tower.json").read_bytes())
    with httpx.Client(base_url=address, timeout=60) as client:
        person = {"email": access["admin_email"], "password": access["admin_password"]}
        token = client.post("/api/auth/token", json=person).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        brand = client.get("/api/brands").raise_for_status().json()["brands"][0]["brand_id"]
        for number in range(count):
            days = {"start_date": f"2023-{1 + number % 11:02d}-01", "end_date": f"2023-{2 + number % 11:02d}-01"}
            client.get(f"/api/brands/{brand}/dashboard", params=days).raise_for_status()


def run(tree: Path, orders: int, reads: int) -> Cost:
    """One run of the code in `tree`."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "var"
        file = transactions(Path(folder) / "orders.csv", orders)
        with instance(tree, home) as (process, address):
            before = cpu_seconds(home, process)
            replayed(home, file)
            sent = cpu_seconds(home, process)
            dashboards(home, address, reads)
            read = cpu_seconds(home, process)
    return Cost(1000 * (sent - before) / orders, 1000 * (read - sent) / reads)


def compare(revision: str, pairs: int, orders: int, reads: int) -> list[dict[str, float]]:
    """A row a pair: today's cost over the commit's, and the commit's second run over its first."""
    old, rows = worktree(revision), []
    for number in range(pairs):
        # In turn from the front and from the back, so that no side always runs on the warmer machine.
        sides = [old, ROOT, old] if number % 2 == 0 else [ROOT, old, old]
        costs = [run(side, orders, reads) for side in sides]
        ours = costs[sides.index(ROOT)]
        first, second = (cost for cost, side in zip(costs, sides, strict=True) if side != ROOT)
        rows.append(
            {
                "order": ours.order / first.order,
                "order, commit against itself": second.order / first.order,
                "dashboard": ours.dashboard / first.dashboard,
                "dashboard, commit against itself": second.dashboard / first.dashboard,
                "order ms": ours.order,
                "order ms, commit": first.order,
                "dashboard ms": ours.dashboard,
                "dashboard ms, commit": first.dashboard,
            }
        )
        print(f"  pair {number + 1}: " + "  ".join(f"{key} {value:.3f}" for key, value in rows[-1].items()), flush=True)
    return rows


def main() -> None:
    """Print the pairs and their medians; write build/against.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--orders", type=int, default=1500)
    parser.add_argument("--reads", type=int, default=40)
    arguments = parser.parse_args()
    rows = compare(arguments.revision, arguments.pairs, arguments.orders, arguments.reads)
    for key in rows[0]:
        values = sorted(row[key] for row in rows)
        print(f"{key}: median {median(values):.3f}, from {values[0]:.3f} to {values[-1]:.3f}")
    target = ROOT / "build" / "against.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
