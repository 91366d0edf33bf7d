"""Make the identity store's roles and schema on a new database: `python -m gateway.adapters.identity_store.first`.

Reads `PULSEPOINT_IDENTITY_STORE_ADMIN_URL` (a role with CREATEROLE), and the addresses the roles are to have:
`PULSEPOINT_IDENTITY_STORE_OWNER_URL` and `DATABASE_URL`, whose passwords they get. Safe to run again, which sets the
passwords anew. Exits with 2 when one of the three is not set or has no password.
"""

from __future__ import annotations

import asyncio
import os
import sys
from urllib.parse import unquote, urlsplit

from gateway.adapters.identity_store.provision import provision, upgrade

ADMIN_URL, OWNER_URL, RUNTIME_URL = (
    "PULSEPOINT_IDENTITY_STORE_ADMIN_URL",
    "PULSEPOINT_IDENTITY_STORE_OWNER_URL",
    "DATABASE_URL",
)


def password_of(name: str) -> str:
    """The password in the address of an environment variable, empty where there is none."""
    return unquote(urlsplit(os.environ.get(name, "")).password or "")


async def make(admin: str, owner: str, owner_password: str, runtime_password: str) -> None:
    """Roles, schema and the newest version of it."""
    await provision(admin, owner_password=owner_password, runtime_password=runtime_password)
    await upgrade(owner)


def main() -> int:
    """Make what is missing."""
    missing = [name for name in (ADMIN_URL, OWNER_URL, RUNTIME_URL) if not password_of(name)]
    if missing:
        print(f"not set, or without a password: {', '.join(missing)}", file=sys.stderr)
        return 2
    asyncio.run(make(os.environ[ADMIN_URL], os.environ[OWNER_URL], password_of(OWNER_URL), password_of(RUNTIME_URL)))
    print("The identity store is ready.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
