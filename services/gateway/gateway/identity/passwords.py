"""Password hashes: argon2id, checked off the event loop and in the same time for people who do not exist."""

from __future__ import annotations

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


@cache
def _nobody() -> str:
    return _HASHER.hash("nobody has this password")


async def hash_password(password: str) -> str:
    """An argon2id hash with its own salt and parameters."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def verify_password(password: str, stored_hash: str | None) -> bool:
    """True where the password fits; an unknown person (None) costs as much as a known one and never fits."""
    fits = await asyncio.to_thread(_fits, password, stored_hash if stored_hash is not None else _nobody())
    return fits and stored_hash is not None


def _fits(password: str, stored_hash: str) -> bool:
    try:
        return _HASHER.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False
