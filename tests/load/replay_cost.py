"""What an order costs from webhook to credits, at growing sizes: it should not grow with what is already there.

Cost is CPU time of the instance and its PostgreSQL, divided by that of a fixed loop timed in the same run.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import psutil

from tests.builders.transactions import Line, write_transactions
from tests.load.cold_start import free_port
from tests.load.table import Row
from tests.load.webhook_rate import wait_for_port

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1_000, 10_000, 100_000)
LINES_PER_ORDER = 4


def transactions(path: Path, orders: int) -> Path:
    """A file of `orders` invoices of four lines, over two years, by two thousand customers."""
    start = datetime(2023, 1, 2, 8)
    step = timedelta(seconds=timedelta(days=700) // timedelta(seconds=1) // orders)

    def lines() -> Iterator[Line]:
        for number in range(orders):
            for line in range(LINES_PER_ORDER):
                code = str(20_000 + (number * 7 + line * 13) % 900)
                yield Line(f"{500_000 + number}", code, 1 + line, start + step * number, 2.55, 10_000 + number % 2_000)

    return write_transactions(path, lines())


def calibration() -> float:
    """CPU seconds of a fixed amount of the work a service does: JSON and digests."""
    body = {"lines": [{"id": number, "price": "9.99", "title": "x" * 40} for number in range(40)]}
    times = []
    for _ in range(5):
        started = time.process_time()
        for _ in range(300):
            hashlib.sha256(json.dumps(json.loads(json.dumps(body))).encode()).hexdigest()
        times.append(time.process_time() - started)
    return median(times)


@contextmanager
def instance(home: Path) -> Iterator[psutil.Process]:
    """An empty instance as a process of its own."""
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "PULSEPOINT_HOME": str(home), "PULSEPOINT_DEMO": "0"}
    environment["PULSEPOINT_LOG_LEVEL"] = "WARNING"
    command = [sys.executable, "-m", "deploy.local"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for_port(port, process, seconds=120)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def cpu_seconds(home: Path, process: psutil.Process) -> float:
    """CPU time so far of the instance and of the PostgreSQL whose data lie in `home`, its ended backends included."""
    total = process.cpu_times()
    spent = total.user + total.system
    for server in _servers(home):
        times = server.cpu_times()
        spent += times.user + times.system + times.children_user + times.children_system
    return float(spent)


def memory_bytes(home: Path, process: psutil.Process) -> int:
    """Resident memory of the instance alone; PostgreSQL's is mostly its shared buffers."""
    return int(process.memory_info().rss)


def _servers(home: Path) -> list[psutil.Process]:
    """The postmaster of `home` and its live backends, whoever their parent is."""
    pid_file = next(iter(home.glob("postgres/**/postmaster.pid")), None)
    if pid_file is None:
        return []
    postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
    return [postmaster, *postmaster.children(recursive=True)]


def replayed(home: Path, file: Path) -> float:
    """Replay `file` and wait until all of it is counted; seconds taken."""
    command = [sys.executable, "-m", "deploy.cli.main", "replay", str(file), "--shop", "bench.myshopify.com"]
    command += ["--wait", "--wait-seconds", "3600", "--concurrency", "64", "--json"]
    started = time.perf_counter()
    environment = {**os.environ, "PULSEPOINT_HOME": str(home)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the replay failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - started


def measure(*, quick: bool = False) -> list[Row]:
    """Three rows a size: orders a second, memory, and cost against the loop; the last compares the sizes."""
    sizes = (200, 1_000) if quick else SIZES
    rows: list[Row] = []
    costs: list[float] = []
    for size in sizes:
        loop = calibration()
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "var"
            file = transactions(Path(folder) / "orders.csv", size)
            with instance(home) as process:
                before = cpu_seconds(home, process)
                taken = replayed(home, file)
                spent = cpu_seconds(home, process) - before
                memory = memory_bytes(home, process)
        costs.append(spent / size / median([loop, calibration()]))
        print(f"  {size:,} orders: {size / taken:,.0f} a second, {costs[-1] / costs[0]:.2f}x the first", flush=True)
        rows.append(Row(f"replay of {size:,} orders", size / taken, "orders/s"))
        rows.append(Row(f"memory of the instance after {size:,} orders", memory / 1e6, "MB"))
        ratio = costs[-1] / costs[0]
        label = f"the same at {sizes[0]:,}"
        goal = "<= 1.3" if size == sizes[-1] else ""
        rows.append(Row(f"cost an order at {size:,} orders", costs[-1], "loops", label, ratio, goal))
    return rows
