"""The instance's own record in PULSEPOINT_HOME: keys made on the first start, and how to reach it."""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from deploy.local.settings import InstanceSettings
from gateway.domain.identity import check_signing_key


@dataclass(frozen=True, slots=True)
class InstanceFile:
    """`tower.json`, readable by its owner alone: the command line finds the instance through it."""

    address: str
    admin_email: str
    admin_password: str
    shopify_api_secret: str
    secret_key: str


def read_instance_file(home: Path) -> InstanceFile | None:
    """The record that the last start wrote; None before the first."""
    path = home / "tower.json"
    return InstanceFile(**orjson.loads(path.read_bytes())) if path.exists() else None


def instance_file(settings: InstanceSettings) -> InstanceFile:
    """The instance's keys: from the settings where given, else as before, else new; written for the command line.

    Raises `WeakKey` for a signing key that could be guessed, and then writes nothing.
    """
    existing = read_instance_file(settings.home)
    password, secret = settings.admin_password, settings.shopify_api_secret
    fresh = InstanceFile(
        address=settings.address,
        admin_email=existing.admin_email if existing else settings.admin_email,
        admin_password=password.get_secret_value()
        if password and not existing
        else (existing.admin_password if existing else secrets.token_urlsafe(12)),
        shopify_api_secret=secret.get_secret_value()
        if secret
        else (existing.shopify_api_secret if existing else secrets.token_hex(32)),
        secret_key=_signing_key(settings, existing),
    )
    _write_private(settings.home / "tower.json", orjson.dumps(asdict(fresh), option=orjson.OPT_INDENT_2))
    return fresh


def log_in_line(login: tuple[str, str], first_start: bool, settings: InstanceSettings) -> str:
    """The sentence that says how to log in; with the password on the first start alone, and only one that was made up.

    What a console prints ends in logs and screenshots.
    """
    email, password = login
    if first_start and settings.admin_password is None:
        return f"Log in as {email} with password {password} (shown this once; it stands in {settings.home}/tower.json)"
    kept = f"the password of the first start (it stands in {settings.home}/tower.json)"
    where = "the password you set (PULSEPOINT_ADMIN_PASSWORD)" if first_start else kept
    return f"Log in as {email} with {where}"


def _signing_key(settings: InstanceSettings, existing: InstanceFile | None) -> str:
    if settings.secret_key is not None:
        return check_signing_key(settings.secret_key.get_secret_value()).decode()
    return existing.secret_key if existing else secrets.token_hex(32)


def _write_private(path: Path, data: bytes) -> None:
    """Replace `path` whole, mode 0600: a crash leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
