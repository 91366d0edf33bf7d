"""One instance a PULSEPOINT_HOME, and one server a port."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from pulsepoint.adapters.private_home import make_private

LOCK = "tower.lock"
RESTORING = "restore.unfinished"
"""A folder in the home for as long as a restore is under way."""


class HomeInUse(Exception):
    """Another instance runs on this PULSEPOINT_HOME."""


class RestoreUnfinished(Exception):
    """A restore into this PULSEPOINT_HOME was cut off: what lies there is half of an instance."""


class PortTaken(Exception):
    """Nothing can listen on the instance's port; the message says why and what to do."""


def check_port(host: str, port: int) -> None:
    """Learn before anything is started whether `port` is free on `host`. Raises `PortTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (")[0].lower()
        message = f"Pulsepoint cannot listen on {host}, port {port}: {why}."
        raise PortTaken(f"{message} Stop what uses it, or choose another PORT.") from None


def lock_home(home: Path) -> int:
    """Hold `home` for an instance, as `hold_home`; raises `RestoreUnfinished` too."""
    handle = hold_home(home)
    if (home / RESTORING).exists():
        os.close(handle)
        raise RestoreUnfinished(f"A restore into {home.resolve()} was cut off: run `pulsepoint restore` again.")
    return handle


def hold_home(home: Path) -> int:
    """Hold `home`, made private, until this process ends, however it ends; the lock's descriptor.

    Raises `HomeInUse`, and `EngineUnavailable` for a folder that is not one of its own.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        message = f"Another Pulsepoint runs on {home.resolve()}. Stop it first, or choose another PULSEPOINT_HOME."
        raise HomeInUse(message) from None
    make_private(home)
    return handle
