"""One engine process for all workers of a test run: the first to ask starts it, the last to leave ends it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import psutil
import pytest

from deploy.emulated.engines import EngineMissing, Running, stop

PREFIX = "pulsepoint-engine-"


@contextmanager
def shared_engine(run: Path, name: str, start: Callable[[Path], Running]) -> Iterator[str]:
    """The `host:port` of the engine `name` of the test run `run`; `start` takes its log file.

    Skips with a word where the machine has no such engine.
    """
    home = Path(tempfile.gettempdir()) / f"{PREFIX}{name}-{sha256(str(run).encode()).hexdigest()[:12]}"
    try:
        with _locked():
            _stop_abandoned()
            engine = _running_engine(home) or start(home / "log")
            _write(home, engine, [*_users(home), os.getpid()])
    except EngineMissing as missing:
        pytest.skip(str(missing))
    try:
        yield engine.address
    finally:
        with _locked():
            users = _users(home)
            users.remove(os.getpid())
            _write(home, engine, users)
            if not users:
                _end(home, engine)


@contextmanager
def _locked() -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / f"{PREFIX}lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(home: Path, engine: Running, users: list[int]) -> None:
    (home / "engine.json").write_text(json.dumps({"engine": asdict(engine), "users": users}))


def _running_engine(home: Path) -> Running | None:
    if not (home / "engine.json").exists():
        return None
    engine = Running(**json.loads((home / "engine.json").read_text())["engine"])
    return engine if psutil.pid_exists(engine.pid) else None


def _users(home: Path) -> list[int]:
    """Living processes that use the engine."""
    users = home / "engine.json"
    return [pid for pid in json.loads(users.read_text())["users"] if psutil.pid_exists(pid)] if users.exists() else []


def _end(home: Path, engine: Running) -> None:
    stop(engine)
    shutil.rmtree(home, ignore_errors=True)


def _stop_abandoned() -> None:
    """Engines of runs that were killed: nobody they list is alive."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not home.is_dir() or _users(home):
            continue
        if (engine := _running_engine(home)) is not None:
            stop(engine)
        shutil.rmtree(home, ignore_errors=True)
