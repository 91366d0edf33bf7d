"""One embedded PostgreSQL server for all workers of a test run, and an empty database for each that asks."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from pulsepoint.adapters.postgres.postmaster import stop_postmaster
from pulsepoint.adapters.postgres.server import PostgresServer, start_server, stop_server

# Tests prove order and isolation, not what a power cut leaves: the server need not wait for the disk.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "200"}
PREFIX = "pulsepoint-postgres-"


@contextmanager
def shared_postgres(run: Path) -> Iterator[str]:
    """The DSN of a fresh database on the server of the test run `run` (pytest's base directory).

    The first to ask starts the server, the last to leave stops it and removes its files.
    """
    # Not below pytest's own directory: that one takes the rights of other users away at each start.
    home = Path(tempfile.gettempdir()) / f"{PREFIX}{sha256(str(run).encode()).hexdigest()[:12]}"
    with _locked():
        home.mkdir(exist_ok=True)
        _stop_abandoned()
        server = start_server(home / "data", SETTINGS)
        _users(home, join=True)
    database = f"test_{uuid4().hex}"
    _psql(server, f"CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8';")
    try:
        yield server.get_uri(database)
    finally:
        with _locked():
            _psql(server, f"DROP DATABASE {database} WITH (FORCE);")
            if not _users(home, join=False):
                stop_server(server)
                shutil.rmtree(home, ignore_errors=True)


def run_directory(tmp_path_factory: Any) -> Path:
    """The directory all workers of a run share: xdist gives each one of its own inside it."""
    base: Path = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@contextmanager
def _locked() -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / f"{PREFIX}lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _users(home: Path, *, join: bool) -> list[int]:
    """Living processes that use the server, this one among them or not."""
    listed = home / "users.json"
    listed_pids = json.loads(listed.read_text()) if listed.exists() else []
    users = [pid for pid in listed_pids if psutil.pid_exists(pid)]
    if join:
        users.append(os.getpid())
    elif os.getpid() in users:
        users.remove(os.getpid())
    listed.write_text(json.dumps(users))
    return users


def _psql(server: PostgresServer, statement: str) -> None:
    command: list[str | Path] = [
        server.programs / "psql",
        "--no-psqlrc",
        "--quiet",
        "--command",
        statement,
        server.get_uri(),
    ]
    subprocess.run(command, check=True, capture_output=True)


def _stop_abandoned() -> None:
    """Servers of runs that were killed: nobody they list is alive."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        listed = home / "users.json"
        if home.is_dir() and listed.exists() and not any(map(psutil.pid_exists, json.loads(listed.read_text()))):
            stop_postmaster(home / "data")
            shutil.rmtree(home, ignore_errors=True)
