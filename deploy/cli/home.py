"""Where the instance is and how to get in: `tower.json` in PULSEPOINT_HOME, written by the instance when it starts."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_HOME = Path("var")


class NoInstance(Exception):
    """No instance can be reached; the message says where was looked and what to do."""


@dataclass(frozen=True, slots=True)
class InstanceAccess:
    """The address of an instance, its first log-in, and the secret that signs its shop's webhooks."""

    home: Path
    address: str
    email: str
    password: str = field(repr=False)
    shopify_secret: str = field(repr=False)


def home_directory() -> Path:
    """PULSEPOINT_HOME, ./var where it is absent from the environment."""
    return Path(os.environ.get("PULSEPOINT_HOME") or DEFAULT_HOME)


def read_access(home: Path) -> InstanceAccess:
    """Returns what `tower.json` says; raises `NoInstance` where it is absent or not what an instance writes."""
    path = home / "tower.json"
    try:
        stored = json.loads(path.read_bytes())
        return InstanceAccess(
            home=home,
            address=str(stored["address"]).rstrip("/"),
            email=stored["admin_email"],
            password=stored["admin_password"],
            shopify_secret=stored["shopify_api_secret"],
        )
    except FileNotFoundError:
        raise NoInstance(
            f"No instance has run in {home.resolve()}. Start one with `make run`,"
            " or set PULSEPOINT_HOME to the directory of one."
        ) from None
    except PermissionError:
        raise NoInstance(
            f"{path.resolve()} belongs to another user: run this command as the one who runs the instance."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise NoInstance(f"{path.resolve()} is not what an instance writes ({error}). Start it again.") from None
