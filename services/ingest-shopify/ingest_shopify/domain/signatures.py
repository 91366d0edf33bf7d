"""Whether the app's webhook secret signed a body."""

from __future__ import annotations

import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Sequence


class WebhookKeys:
    """One or two secrets that are valid now (two while one replaces the other).

    base64(HMAC-SHA256(secret, raw body)), compared in constant time:
    https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook-to-ensure-its-coming-from-shopify
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets or not all(secrets):
            raise ValueError("at least one webhook secret is needed, and none may be empty")
        # Keyed once and copied for each body: the key schedule costs two SHA-256 blocks.
        self._keyed = tuple(hmac.new(secret, digestmod=hashlib.sha256) for secret in secrets)

    def signature(self, body: bytes, given: bytes) -> str | None:
        """The signature text when one of the secrets signed `body` with `given`, else None."""
        for keyed in self._keyed:
            code = keyed.copy()
            code.update(body)
            expected = b2a_base64(code.digest(), newline=False)
            if hmac.compare_digest(expected, given):
                return expected.decode("ascii")
        return None
