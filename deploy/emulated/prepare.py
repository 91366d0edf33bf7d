"""Prepares the emulated cloud: the identity store's roles and schema, topics and subscriptions, the key of pushes.

`python -m deploy.emulated.prepare` does all three by the environment, for `compose.yaml`; again does no harm.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.adapters.identity_store.provision import provision as provision_identity_store
from gateway.adapters.identity_store.provision import upgrade
from pulsepoint.adapters.pubsub.provision import provision
from pulsepoint.events.catalog import SERVICES

PROJECT = "pulsepoint-emulated"


async def prepare_identity_store(admin_dsn: str, runtime_password: str) -> str:
    """Brings the identity store to its newest version; returns its URL for the role `ledger_runtime`."""
    owner, runtime = await provision_identity_store(
        admin_dsn, owner_password=secrets.token_urlsafe(24), runtime_password=runtime_password
    )
    await upgrade(owner)
    return runtime


async def prepare_pubsub(proxy: str) -> None:
    """Makes topics, and subscriptions that push to the URL `proxy`, on the emulator that PUBSUB_EMULATOR_HOST names."""
    await provision(PROJECT, dict.fromkeys(SERVICES, proxy), backs_off=False)


def prepare_key(path: Path) -> None:
    """The key that signs pushes, readable by its owner alone, where there is none yet."""
    if path.exists():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)


async def main() -> None:
    """Prepare everything; the variables are those `compose.yaml` sets."""
    prepare_key(Path(os.environ["PULSEPOINT_PROXY_KEY_FILE"]))
    await prepare_identity_store(os.environ["DATABASE_URL"], os.environ["LEDGER_PASSWORD"])
    await prepare_pubsub(os.environ["PULSEPOINT_PROXY_URL"])
    print("Prepared: the identity store, topics and subscriptions, and the key of pushes.")


if __name__ == "__main__":
    asyncio.run(main())
