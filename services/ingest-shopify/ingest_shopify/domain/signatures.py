"""Checks that the app's webhook secret signed a body."""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Sequence
from hmac import compare_digest


class WebhookKeys:
    """One or two secrets that are valid now (two while one replaces the other).

    base64(HMAC-SHA256(secret, raw body)), compared in constant time:
    https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook-to-ensure-its-coming-from-shopify
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("at least one webhook secret is needed, and none may be empty")
        # Keyed once and copied for each body (RFC 2104, section 4): the key schedule costs two SHA-256 blocks, and
        # `hmac.HMAC` four Python calls a body.
        self._keyed = tuple(_keyed(secret) for secret in secrets)

    def running(self) -> RunningSignature:
        """A signature of a body in parts: a large one is hashed while it is waited for, not at once at its end."""
        return RunningSignature(self._keyed)

    def signature(self, body: bytes, given: bytes) -> str | None:
        """The signature text when one of the secrets signed `body` with `given`, else None."""
        running = self.running()
        running.update(body)
        return running.matches(given)


class RunningSignature:
    """The signature of a body that is hashed as it comes; see `WebhookKeys.running`."""

    def __init__(self, keyed: Sequence[tuple[hashlib._Hash, hashlib._Hash]]) -> None:
        self._keyed = [(inner.copy(), outer) for inner, outer in keyed]

    def update(self, part: bytes) -> None:
        """Hash the next part."""
        for inner, _ in self._keyed:
            inner.update(part)

    def matches(self, given: bytes) -> str | None:
        """The signature text when one of the secrets signed what was hashed with `given`, else None."""
        for inner, outer_keyed in self._keyed:
            outer = outer_keyed.copy()
            outer.update(inner.digest())
            expected = b2a_base64(outer.digest(), newline=False)
            if compare_digest(expected, given):
                return expected.decode("ascii")
        return None


def _keyed(secret: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    block = (hashlib.sha256(secret).digest() if len(secret) > 64 else secret).ljust(64, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in block)), hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
