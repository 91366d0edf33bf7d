"""`pulsepoint backup` and `pulsepoint restore`: one machine's instance as one file, taken while it runs, and back.

The copy is of one moment. Commits wait for some milliseconds while PostgreSQL's snapshot is taken and the archive's
files are listed with their sizes; both are read at leisure afterwards. An archive behind the database would lack facts
whose outbox record is gone. One ahead of it would hold facts whose documents are not in the copy: rows that nothing
vouches for (`pulsepoint verify` finds no checksum of theirs), and orders sent again would be recorded as other versions
beside them. The warehouse is not copied: the next start builds it from the archive.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from deploy.cli import backup_file
from deploy.cli.backup_file import (
    DUMP,
    KEYS,
    ROLES,
    Advance,
    BackupFailed,
    BackupWriter,
    Manifest,
    new_file,
    read_manifest,
    unpack,
)
from deploy.cli.home import read_access
from deploy.cli.progress import Progress
from deploy.local.home import LOCK, RESTORING, HomeInUse, hold_home, lock_home
from pulsepoint.adapters import erasure_file
from pulsepoint.adapters.duckdb.archive_copy import ArchivedFile, files_now
from pulsepoint.adapters.erasure_file import add_entries, entries_of
from pulsepoint.adapters.postgres import dump
from pulsepoint.adapters.postgres.account import VERSION
from pulsepoint.adapters.postgres.place import remove_data
from pulsepoint.adapters.postgres.server import PostgresServer, running_server, start_server, stop_server
from pulsepoint.errors import PulsepointError
from pulsepoint.runtime.settings import ServiceSettings

MB = 1_000_000
EMPTY_SERVER_MB = 60
"""A new PostgreSQL server with its first log."""
NOT_OURS = (LOCK, "lost+found", "instance.log", erasure_file.NAME)
"""What may lie in a home into which a backup is restored."""
ERASURES = "pulsepoint-erasures.jsonl"
"""Beside backups: the erasures that the instances they are of know, for those restored that are older than these."""


class _Moment:
    """The part that lies outside of PostgreSQL, as it is while nothing commits."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self._home, self._stack = home, stack
        self.archive: list[ArchivedFile] = []
        self.keys: dict[str, bytes] = {}
        self.payloads: dict[str, IO[bytes]] = {}

    def take(self) -> None:
        """Lists the archive, opens the payloads that messages wait for and reads the keys.

        Raises `BackupFailed` where there is no archive.
        """
        try:
            self.archive = files_now(self._home / "archive", self._stack)
        except FileNotFoundError:
            raise BackupFailed(
                f"{self._home.resolve()} has no whole fact archive: start its instance once, then back up again."
            ) from None
        small = (*KEYS, erasure_file.NAME)
        self.keys = {name: path.read_bytes() for name in small if (path := self._home / name).exists()}
        # Each is whole under its name, and an open one stays readable when it expires.
        for path in sorted(self._home.glob("payloads/*/*/[!.]*")):
            name = path.relative_to(self._home).as_posix()
            self.payloads[name] = self._stack.enter_context(path.open("rb"))


async def back_up(home: Path, path: Path, progress: Progress) -> Manifest:
    """Writes the backup of the instance in `home`, whether it runs or not; what it holds. Raises `BackupFailed`.

    Raises `NoInstance` where there is none.
    """
    read_access(home)
    with _failures(path, "written"), ExitStack() as stack:
        file = stack.enter_context(new_file(path))
        dumped: IO[bytes] = stack.enter_context(tempfile.TemporaryFile(dir=path.parent))
        server = stack.enter_context(_server_of(home))
        moment = _Moment(home, stack)
        progress.say("Reading PostgreSQL …")
        async with dump.snapshot(server, moment.take) as snapshot:
            dump.write_dump(server, snapshot.name, dumped)
        manifest = Manifest(datetime.now(UTC).isoformat(timespec="seconds"), VERSION, snapshot.rows)
        _write(file, manifest, dumped, dump.roles(server), moment, progress)
    _log_beside(home, path)
    return manifest


def _log_beside(home: Path, path: Path) -> None:
    """Add the home's log of erasures to the one beside its backups."""
    with _failures(path, "written"):
        add_entries(path.resolve().parent / ERASURES, entries_of(home / erasure_file.NAME))


def drop_older(path: Path, keep_days: int | None) -> list[Path]:
    """Delete the backups beside a new one that are more days old (None: none), as erased people's values end; which.

    Raises `BackupFailed`.
    """
    if keep_days is None:
        return []
    with _failures(path, "cleared of older ones"):
        return backup_file.drop_older(path.resolve().parent, datetime.now(UTC) - timedelta(days=keep_days))


def _write(
    file: IO[bytes], manifest: Manifest, dumped: IO[bytes], roles: bytes, moment: _Moment, progress: Progress
) -> None:
    size = dumped.seek(0, os.SEEK_END)
    dumped.seek(0)
    payloads = {name: os.fstat(opened.fileno()).st_size for name, opened in moment.payloads.items()}
    total = size + sum(each.size for each in moment.archive) + sum(payloads.values())
    with _megabytes(progress, "Writing", total) as advance, tarfile.open(fileobj=file, mode="w") as tar:
        writer = BackupWriter(tar, manifest, advance)
        writer.add_bytes(ROLES, roles)
        writer.add(DUMP, size, dumped)
        for each in moment.archive:
            with each.opened() as archived:
                writer.add(f"archive/{each.name}", each.size, archived)
        for name, opened in moment.payloads.items():
            writer.add(name, payloads[name], opened)
        for name, content in moment.keys.items():
            writer.add_bytes(name, content)
        writer.finish()


def restore(home: Path, path: Path, progress: Progress) -> Manifest:
    """Fills the empty `home` from a backup, verified before and counted after; what it held.

    Erasures of after the backup that the home's log or the one beside the backup has are made again at the next start.
    Raises `BackupFailed`, and then `home` is as empty as before.
    """
    with _failures(path, "restored"):
        _check_empty(home)
        with _megabytes(progress, "Verifying", path.stat().st_size) as advance:
            manifest = read_manifest(path, advance)
        handle = hold_home(home)
        try:
            _clear(home)
            _check_room(home, manifest)
            (home / RESTORING).mkdir(mode=0o700)
            _fill(home, path, manifest, progress)
            _keep_erasures(home, path, progress)
            shutil.rmtree(home / RESTORING)
        except BaseException:
            _clear(home)
            raise
        finally:
            os.close(handle)
        return manifest


def _fill(home: Path, path: Path, manifest: Manifest, progress: Progress) -> None:
    def place(name: str) -> Path:
        return (home / RESTORING if name in (ROLES, DUMP, erasure_file.NAME) else home) / name

    with _megabytes(progress, "Unpacking", manifest.size) as advance:
        unpack(path, place, advance)
    progress.say("Filling PostgreSQL …")
    server = start_server(home / "postgres", elsewhere=_elsewhere())
    try:
        dump.read_dump(server, place(ROLES).read_bytes(), place(DUMP))
        rows = asyncio.run(dump.counted(server))
    finally:
        stop_server(server)
    if rows != manifest.rows:
        wrong = sorted(name for name in {*rows, *manifest.rows} if rows.get(name) != manifest.rows.get(name))
        raise BackupFailed(f"PostgreSQL has other rows than the backup says, in {', '.join(wrong)}: nothing was kept.")


def _keep_erasures(home: Path, path: Path, progress: Progress) -> None:
    """Merge the logs of the home, of the backup and beside it, and note what the backup is too old for."""
    own = entries_of(home / RESTORING / erasure_file.NAME)
    recorded = entries_of(path.resolve().parent / ERASURES) + entries_of(home / erasure_file.NAME)
    made = {entry["key"] for entry in own}
    again = add_entries(home / erasure_file.AGAIN, [entry for entry in recorded if entry["key"] not in made])
    add_entries(home / erasure_file.NAME, [*own, *recorded])
    if again:
        progress.say(f"{len(again)} erasures came after this backup: the next start makes them again.")


@contextmanager
def _server_of(home: Path) -> Iterator[PostgresServer]:
    """The server of the instance that runs, else one started for as long as it takes, with the home held."""
    try:
        handle = lock_home(home)
    except HomeInUse:
        server = running_server(home / "postgres", elsewhere=_elsewhere())
        if server is None:
            raise BackupFailed("PostgreSQL does not take connections now: see `pulsepoint doctor`.") from None
        yield server
        return
    try:
        server = start_server(home / "postgres", elsewhere=_elsewhere())
        try:
            yield server
        finally:
            stop_server(server)
    finally:
        os.close(handle)


def _elsewhere() -> Path:
    return ServiceSettings().postgres_folder


def _check_empty(home: Path) -> None:
    if home.exists() and not (home / RESTORING).exists():
        present = sorted(entry.name for entry in home.iterdir() if entry.name not in NOT_OURS)
        if present:
            raise BackupFailed(
                f"{home.resolve()} is not empty ({', '.join(present[:3])}{', …' if present[3:] else ''}): a backup is"
                " restored into an empty home alone. Set PULSEPOINT_HOME to another folder, or move this one away."
            )


def _check_room(home: Path, manifest: Manifest) -> None:
    """PostgreSQL's words for a full disk are many, so what is surely too little is said before it starts."""
    room, least = shutil.disk_usage(home).free // MB, manifest.size // MB + EMPTY_SERVER_MB
    if room < least:
        raise BackupFailed(
            f"{home.resolve()} has room for {room:,} MB, and the restored instance takes more than {least:,} MB:"
            " make room, or set PULSEPOINT_HOME to a folder on another disk."
        )


def _clear(home: Path) -> None:
    """Remove what a restore makes; the folder that says so goes last."""
    for half_made in home.glob("postgres.*"):
        remove_data(half_made)
    remove_data(home / "postgres")
    for name in (*KEYS, erasure_file.AGAIN):
        (home / name).unlink(missing_ok=True)
    for name in ("archive", "payloads", RESTORING):
        shutil.rmtree(home / name, ignore_errors=True)


@contextmanager
def _megabytes(progress: Progress, label: str, size: int) -> Iterator[Advance]:
    """A bar in MB, moved on by bytes."""
    done = 0
    with progress.bar(f"{label} (MB)", max(size // MB, 1)) as advance:

        def advance_by(count: int) -> None:
            nonlocal done
            advance((done + count) // MB - done // MB)
            done += count

        yield advance_by


@contextmanager
def _failures(path: Path, what: str) -> Iterator[None]:
    """Says in one sentence what stood in the way; the file or the home is left as it was."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BackupFailed(f"{path} was not {what}: the disk is full. Make room, then run this again.") from error
        where = f" ({error.filename})" if error.filename and str(error.filename) != str(path) else ""
        raise BackupFailed(f"{path} was not {what}: {error.strerror or error}{where}.") from error
    except (PulsepointError, HomeInUse) as error:
        raise BackupFailed(f"{path} was not {what}: {error}") from error
