"""Rules of every object store for names and links, whichever engine is below."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from pulsepoint.errors import LimitExceeded, MalformedInput
from pulsepoint.tenancy import TenantContext

# Parts that begin with a letter or digit: no `..`, nothing hidden, nothing an engine or a browser would read otherwise.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
MAX_NAME_LENGTH = 500
# https://cloud.google.com/storage/docs/access-control/signed-urls#example
MAX_LINK_AGE = timedelta(days=7)


def object_path(scope: TenantContext, name: str) -> str:
    """The path of an object, `tenants/{tenant}/brands/{brand}/{name}`.

    Raises `MalformedInput` for a name like `../a`.
    """
    if len(name) > MAX_NAME_LENGTH or not NAME.fullmatch(name):
        raise MalformedInput(
            f"{name[:40]!r} is no name for an object: letters, digits, '.', '_' and '-' between slashes"
        )
    return f"{folder_path(scope)}{name}"


def folder_path(scope: TenantContext) -> str:
    """The beginning of the paths of a brand's objects."""
    return f"tenants/{scope.tenant_id}/brands/{scope.brand_id}/"


def check_expiry(now: datetime, expires_at: datetime) -> None:
    """Raise `MalformedInput` for a moment that has passed, `LimitExceeded` for one more than seven days ahead."""
    if expires_at <= now:
        raise MalformedInput("a link expires in the future")
    if expires_at - now > MAX_LINK_AGE:
        raise LimitExceeded("a link serves for seven days at most")


def file_name(name: str) -> str:
    """The last part of an object's name: what a browser saves it as."""
    return name.rpartition("/")[2]
