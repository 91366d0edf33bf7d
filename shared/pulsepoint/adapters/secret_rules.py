"""Rules of every secret store for a value, whichever engine is below."""

from __future__ import annotations

from pulsepoint.errors import LimitExceeded, MalformedInput

# https://cloud.google.com/secret-manager/quotas#content_limits
MAX_VALUE_BYTES = 65_536


def check_value(value: bytes) -> None:
    """Raise `MalformedInput` for an empty value, `LimitExceeded` for one larger than the smallest engine takes."""
    if not value:
        raise MalformedInput("a secret cannot be empty")
    if len(value) > MAX_VALUE_BYTES:
        raise LimitExceeded(f"a secret has at most {MAX_VALUE_BYTES} bytes, this one {len(value)}")
