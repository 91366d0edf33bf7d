"""The first process of a PostgreSQL server, found through the pid file of its data and ended through signals.

https://www.postgresql.org/docs/18/storage-file-layout.html and https://www.postgresql.org/docs/18/server-shutdown.html
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

PID_FILE = "postmaster.pid"
FAST_SECONDS = 60.0
HARD_SECONDS = 10.0


def postmaster_of(data: Path) -> psutil.Process | None:
    """The living server of `data`; None where there is none, or another process has its number now."""
    try:
        process = psutil.Process(int(_lines(data)[0]))
    except (psutil.NoSuchProcess, IndexError, ValueError):
        return None
    return process if _serves(process, data) else None


def socket_of(data: Path) -> Path | None:
    """The folder of the socket of a server that takes connections; None while it starts, or has no pid file."""
    lines = _lines(data)
    return Path(lines[4]) if len(lines) > 7 and lines[7].strip() == "ready" else None


def clear_dead(data: Path, *, seconds: float) -> None:
    """Remove what a killed server leaves when its number answers for somebody else, or for a zombie.

    Its own processes are waited for, since they may still write. PostgreSQL itself sees the number of nobody.
    """
    if not (data / PID_FILE).exists() or postmaster_of(data) is not None:
        return
    _wait(lambda: not any(_processes_in(data)), seconds)
    if not any(_processes_in(data)):
        for left in (data / PID_FILE, *data.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)


def stop_postmaster(data: Path) -> None:
    """End the server of `data` and wait for it, with less and less patience; none is no error."""
    for number, seconds in (
        (signal.SIGINT, FAST_SECONDS),
        (signal.SIGQUIT, HARD_SECONDS),
        (signal.SIGKILL, HARD_SECONDS),
    ):
        process = postmaster_of(data)
        if process is None:
            return
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        _wait(lambda: postmaster_of(data) is None, seconds)


def reload(data: Path) -> None:
    """Let a running server read its files again."""
    process = postmaster_of(data)
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGHUP)


def _serves(process: psutil.Process, data: Path) -> bool:
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and process.name() == "postgres" and Path(process.cwd()).resolve() == data.resolve()
    except psutil.NoSuchProcess:
        return False


def _processes_in(data: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if _serves(process, data):
                yield process


def _lines(data: Path) -> list[str]:
    try:
        return (data / PID_FILE).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []


def _wait(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
