"""Bring the identity store to the newest version before a release: `python -m gateway.adapters.identity_store.migrate`.

Reads PULSEPOINT_IDENTITY_STORE_OWNER_URL, the identity store as its owner; exits with 2 when it is not set.
"""

from __future__ import annotations

import asyncio
import os
import sys

from gateway.adapters.identity_store.provision import upgrade

OWNER_URL = "PULSEPOINT_IDENTITY_STORE_OWNER_URL"


def main() -> int:
    """Migrate, or do nothing where there is nothing to do."""
    owner = os.environ.get(OWNER_URL)
    if not owner:
        print(f"{OWNER_URL} is not set: name the identity store as its owner", file=sys.stderr)
        return 2
    asyncio.run(upgrade(owner))
    print("The identity store has the newest version.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
