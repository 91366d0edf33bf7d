"""Where the embedded server's data and socket lie, so that nobody else comes near and no parent folder is opened.

Root's server runs as another user. Where that user can pass the home's parents, the home lets its group through and
nothing more. Where it cannot, the data lies in a private folder elsewhere, and the home names it by a link.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

from pulsepoint.adapters.postgres.account import Account
from pulsepoint.adapters.postgres.postmaster import stop_postmaster
from pulsepoint.errors import EngineUnavailable

ELSEWHERE = Path("/var/lib/pulsepoint")
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 103
"""Bytes of a socket's path that every system takes (https://man7.org/linux/man-pages/man7/unix.7.html)."""
SOCKET_FOLDER = "socket.folder"
HOME_NOTE = "home"
SHORT_PREFIX = "pulsepoint-"
_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")


def place_of(directory: Path, account: Account, elsewhere: Path) -> Path:
    """The real folder of the data that is asked for as `directory`, which need not exist yet.

    Raises `EngineUnavailable` where the account can have none, or what the link names is not there.
    """
    _finish_move(directory)
    if directory.is_symlink():
        return _named(directory, account)
    place = directory.parent.resolve() / directory.name
    if not account.is_other or _enters(place.parent, account):
        return place
    target = _make_elsewhere(place, account, elsewhere) / directory.name
    _link(directory).unlink(missing_ok=True)
    _link(directory).symlink_to(target)
    if directory.exists():
        _move(directory, target, account)
    _finish_move(directory)
    return target


def _enters(folder: Path, account: Account) -> bool:
    """True where the account may enter; a folder of root alone is opened to the account's group, its parents never."""
    if account.can("-x", folder):
        return True
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077 or not account.can("-x", folder.parent):
        return False
    os.chown(folder, -1, account.gid)
    folder.chmod(0o710)
    return account.can("-x", folder)


def _named(directory: Path, account: Account) -> Path:
    target = directory.resolve()
    if not target.parent.is_dir():
        raise EngineUnavailable(f"{directory} says that PostgreSQL's data lies in {target}, which is not there")
    if account.is_other and not account.can("-x", target.parent):
        raise EngineUnavailable(f"PostgreSQL's user {account.name} may not enter {target.parent}, where its data lies")
    home = target.parent / HOME_NOTE
    if home.is_file():
        named = Path(home.read_text("utf-8"))
        if named.resolve() == target and named.parent.resolve() != directory.parent.resolve():
            raise EngineUnavailable(
                f"PostgreSQL's data in {target} is that of {named.parent}: a copy of a home has none"
            )
        home.write_text(str(directory.absolute()), "utf-8")
    return target


def remove_data(directory: Path) -> None:
    """Remove the data of a stopped server, wherever it lies; none is no error."""
    if not directory.is_symlink():
        shutil.rmtree(directory, ignore_errors=True)
        return
    target = directory.resolve()
    shutil.rmtree(target.parent if (target.parent / HOME_NOTE).is_file() else target, ignore_errors=True)
    directory.unlink()


def _make_elsewhere(place: Path, account: Account, elsewhere: Path) -> Path:
    """A new folder that root owns and the account may enter, with a note whose it is."""
    refused = f"PostgreSQL's user {account.name} may not pass the parents of {place.parent}, nor have a folder in"
    advice = "choose another PULSEPOINT_HOME, or set PULSEPOINT_POSTGRES_FOLDER"
    try:
        elsewhere.mkdir(mode=0o711, parents=True, exist_ok=True)
        if not account.can("-x", elsewhere):
            raise PermissionError(f"{account.name} may not enter it")
        folder = Path(tempfile.mkdtemp(prefix="home-", dir=elsewhere))
        os.chown(folder, 0, account.gid)
        folder.chmod(0o710)
        note = folder / HOME_NOTE
        note.touch(mode=0o600)
        note.write_text(str(place), "utf-8")
    except OSError as error:
        raise EngineUnavailable(f"{refused} {elsewhere} ({error}): {advice}") from None
    return folder


def _move(directory: Path, target: Path, account: Account) -> None:
    """Existing data whose parents were closed since: renamed, or copied to another disk, and never half of it."""
    stop_postmaster(directory)
    try:
        directory.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = target.with_name(f"{target.name}.new")
        shutil.copytree(directory, draft, symlinks=True)
        account.own(draft)
        draft.rename(target)
        directory.rename(_moved(directory))
    # What a kill leaves before the link is renamed, the next start finishes.


def _finish_move(directory: Path) -> None:
    link = _link(directory)
    if link.is_symlink() and not directory.is_symlink() and not directory.exists():
        link.rename(directory)
    if directory.is_symlink():
        shutil.rmtree(_moved(directory), ignore_errors=True)


def _link(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.link")


def _moved(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.moved")


def socket_folder(data: Path, account: Account) -> Path:
    """The private folder of the server's socket: `data`, or a short one where that path is too long or odd.

    The short one is noted beside the data, so that a server started again is known under the same address.
    """
    if _fits(data):
        return data
    note = data / SOCKET_FOLDER
    if note.is_file() and not note.is_symlink():
        noted = Path(note.read_text("utf-8"))
        if noted.parent in _bases() and noted.name.startswith(SHORT_PREFIX) and _made_again(noted, account):
            return noted
    for base in _bases():
        if account.can("-x", base):
            folder = Path(tempfile.mkdtemp(prefix=SHORT_PREFIX, dir=base))
            account.own(folder)
            write_private(note, str(folder), account)
            return folder
    raise EngineUnavailable(f"no folder for the socket of {data} has a path short enough: choose a shorter TMPDIR")


def _bases() -> list[Path]:
    """Folders for short-lived things whose path leaves room for a socket's."""
    named = (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp")  # noqa: S108 (a private one is made in it)
    return [
        Path(each) for each in named if each and os.path.isdir(each) and _fits(Path(each, f"{SHORT_PREFIX}12345678"))
    ]


def is_private(folder: Path, account: Account) -> bool:
    """True for a real folder of the account that nobody else may enter."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == account.uid and not status.st_mode & 0o077


def write_private(path: Path, text: str, account: Account) -> None:
    """Replace a file in the account's folder, whole and for it alone; a link that lies there is not followed."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        if account.is_other:
            os.fchown(file.fileno(), account.uid, account.gid)
    draft.replace(path)


def _fits(folder: Path) -> bool:
    return _PLAIN.fullmatch(str(folder)) is not None and len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET


def _made_again(folder: Path, account: Account) -> bool:
    try:
        folder.mkdir(mode=0o700)
        account.own(folder)
    except OSError:
        pass
    return is_private(folder, account)
