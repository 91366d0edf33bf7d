"""The file of a backup: a tar with what an instance is made of, and as its last member a manifest with every hash.

pulsepoint.roles.sql, pulsepoint.dump     PostgreSQL's roles and database (documents, queues, secrets, people)
archive/…                                 the fact archive, of which the next start builds the warehouse
payloads/…                                what waits for messages that are too small for it
tower.json, secrets.key, demo.json        the instance's keys and log-in
erasures.jsonl                            its log of erasures
manifest.json                             format, versions, rows by table, bytes and SHA-256 of each member
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

import orjson

from pulsepoint import __version__
from pulsepoint.adapters import erasure_file

FORMAT = 1
MANIFEST = "manifest.json"
ROLES, DUMP = "pulsepoint.roles.sql", "pulsepoint.dump"
KEYS = ("tower.json", "secrets.key", "demo.json")
MEMBER = re.compile(
    r"archive/(archive\.json|live-\d+\.log|segments/\d+-\d+/\w+\.\w+\.parquet(\.sha256)?)"
    r"|payloads/[0-9a-f-]{36}/[0-9a-f-]{36}/[0-9a-f]{64}"
)
CHUNK = 1024 * 1024
Advance = Callable[[int], None]


class BackupFailed(Exception):
    """A backup cannot be made or restored; the message says why and what to do."""


@dataclass(slots=True)
class Manifest:
    """The contents of a backup: `rows` by table, and (bytes, SHA-256) by member; `made_at` in UTC as ISO text."""

    made_at: str
    postgresql: str
    rows: dict[str, int]
    members: dict[str, tuple[int, str]] = field(default_factory=dict)
    format: int = FORMAT
    version: str = __version__

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(size for size, _ in self.members.values())


class BackupWriter:
    """Adds members one after another to a tar, and the manifest at the end."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest, advance: Advance) -> None:
        self._tar, self._manifest, self._advance = tar, manifest, advance

    def add(self, name: str, size: int, file: IO[bytes]) -> None:
        """Add the first `size` bytes of a file. Raises `BackupFailed` where it has fewer, and `OSError`."""
        hashing = _Hashing(file, size, self._advance)
        self._tar.addfile(_member(name, size), hashing)
        self._manifest.members[name] = (size, hashing.digest)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a small member; raises `OSError`."""
        self.add(name, len(content), io.BytesIO(content))

    def finish(self) -> None:
        """Add the manifest, with a hash of itself; raises `OSError`."""
        content = orjson.dumps(asdict(self._manifest), option=orjson.OPT_SORT_KEYS)
        content += b"\n" + hashlib.sha256(content).hexdigest().encode() + b"\n"
        self._tar.addfile(_member(MANIFEST, len(content)), io.BytesIO(content))


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner reads, and that has its name once it is whole and on the disk; none of it otherwise.

    Raises `BackupFailed` where there is something of that name.
    """
    if path.exists():
        raise BackupFailed(f"{path} is there already: name a file that is not.")
    draft = path.with_name(f"{path.name}.unfinished")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def read_manifest(path: Path, advance: Advance) -> Manifest:
    """The manifest, once every member was read and is what it says. Raises `BackupFailed`, and `OSError`."""
    seen: dict[str, tuple[int, str]] = {}
    manifest = None
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if manifest is not None or not member.isreg() or not _belongs(member.name):
                    raise _wrong(path, begun=bool(seen))
                file = tar.extractfile(member)
                assert file is not None
                if member.name == MANIFEST:
                    manifest = _manifest(path, file.read())
                else:
                    hashing = _Hashing(file, member.size, advance)
                    while hashing.read():
                        pass
                    seen[member.name] = (member.size, hashing.digest)
    except tarfile.TarError as error:
        raise _wrong(path, begun=bool(seen)) from error
    if manifest is None or seen != manifest.members:
        raise _wrong(path, begun=bool(seen))
    return manifest


def unpack(path: Path, member_path: Callable[[str], Path], advance: Advance) -> None:
    """Write every member but the manifest, for its owner alone, to where `member_path` says. Raises `OSError`."""
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            if member.name == MANIFEST:
                continue
            target = member_path(member.name)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = tar.extractfile(member)
            assert file is not None
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
                while part := file.read(CHUNK):
                    copy.write(part)
                    advance(len(part))
                copy.flush()
                os.fsync(copy.fileno())


def drop_older(folder: Path, before: datetime) -> list[Path]:
    """Delete a folder's backups from before a moment (UTC), and no other file; which. Raises `OSError`."""
    older = [path for path in sorted(folder.iterdir()) if (made := _made_at(path)) is not None and made < before]
    for path in older:
        path.unlink()
    return older


def _made_at(path: Path) -> datetime | None:
    """When a backup was made, as its manifest says; None for what is no whole backup, or of a newer version."""
    if not path.is_file() or path.is_symlink():
        return None
    try:
        with tarfile.open(path, "r:") as tar:
            *_, last = tar.getmembers()
            file = tar.extractfile(last) if last.name == MANIFEST else None
            return datetime.fromisoformat(_manifest(path, file.read()).made_at) if file is not None else None
    except (tarfile.TarError, ValueError, BackupFailed, PermissionError):
        return None


class _Hashing:
    """Reads a file's first bytes and hashes them on the way."""

    def __init__(self, file: IO[bytes], size: int, advance: Advance) -> None:
        self._file, self._left, self._advance = file, size, advance
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def read(self, size: int = CHUNK, /) -> bytes:
        expected = min(size, self._left)
        part = self._file.read(expected)
        if len(part) < expected:
            raise BackupFailed("A file became shorter while it was copied: back up again.")
        self._left -= len(part)
        self._hash.update(part)
        self._advance(len(part))
        return part


def _manifest(path: Path, content: bytes) -> Manifest:
    text, _, digest = content.rstrip(b"\n").rpartition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        raise _wrong(path, begun=True)
    stored = orjson.loads(text)
    if stored["format"] > FORMAT or _release(stored["version"]) > _release(__version__):
        raise BackupFailed(
            f"{path} was made by Pulsepoint {stored['version']}, which is newer than this one ({__version__}):"
            " update Pulsepoint first."
        )
    members = {name: (size, digest) for name, (size, digest) in stored["members"].items()}
    return Manifest(**{**stored, "members": members})


def _release(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _belongs(name: str) -> bool:
    return name in (MANIFEST, ROLES, DUMP, erasure_file.NAME, *KEYS) or MEMBER.fullmatch(name) is not None


def _wrong(path: Path, *, begun: bool) -> BackupFailed:
    if not begun:
        return BackupFailed(f"{path} is no backup of Pulsepoint.")
    return BackupFailed(f"{path} is cut off or was changed: take another backup. Nothing was restored.")


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member
