"""The rules by which Cloud Storage serves or refuses a V4 signed URL.

https://cloud.google.com/storage/docs/access-control/signed-urls and
https://cloud.google.com/storage/docs/authentication/canonical-requests
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from starlette.requests import Request

from pulsepoint.ports.clock import Clock

ALGORITHM = "GOOG4-RSA-SHA256"
MAX_SECONDS = 604_800
SKEW = timedelta(minutes=15)


class Refusal(Exception):
    """An error of the XML API: HTTP status and code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class SignedUrls:
    """Judges links signed with the key of `account`, a service account's key file."""

    def __init__(self, account: dict[str, Any], clock: Clock) -> None:
        key = serialization.load_pem_private_key(account["private_key"].encode(), password=None)
        assert isinstance(key, RSAPrivateKey)
        self._key = key.public_key()
        self._email = account["client_email"]
        self._clock = clock

    def check(self, request: Request) -> None:
        """Raise `Refusal` unless the request is what was signed, and in time."""
        query = dict(parse_qsl(request.url.query, keep_blank_values=True))
        signature = query.pop("X-Goog-Signature", "")
        try:
            stamp, seconds = query["X-Goog-Date"], int(query["X-Goog-Expires"])
            signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            credential, signed_headers = query["X-Goog-Credential"], query["X-Goog-SignedHeaders"]
        except (KeyError, ValueError):
            raise Refusal(403, "AccessDenied", "Access denied.") from None
        place = f"{stamp[:8]}/auto/storage/goog4_request"
        if query.get("X-Goog-Algorithm") != ALGORITHM or credential != f"{self._email}/{place}":
            raise Refusal(403, "AccessDenied", "Access denied.")
        if not 1 <= seconds <= MAX_SECONDS or "host" not in signed_headers.split(";"):
            raise Refusal(400, "AuthorizationQueryParametersError", "The parameters of the signature are not valid.")
        self._check_signature(f"{ALGORITHM}\n{stamp}\n{place}\n{_canonical(request, query, signed_headers)}", signature)
        now = self._clock.now()
        if now >= signed_at + timedelta(seconds=seconds):
            raise Refusal(400, "ExpiredToken", "The provided token has expired.")
        if now + SKEW < signed_at:
            raise Refusal(403, "AccessDenied", "Request is not valid yet.")

    def _check_signature(self, text: str, signature: str) -> None:
        try:
            self._key.verify(bytes.fromhex(signature), text.encode(), PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            raise Refusal(403, "SignatureDoesNotMatch", "The signature does not match the request.") from None


def _canonical(request: Request, query: dict[str, str], signed_headers: str) -> str:
    """The digest of the canonical request."""
    parameters = "&".join(sorted(f"{quote(name, '')}={quote(value, '')}" for name, value in query.items()))
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed_headers.split(";"))
    path = request.scope["raw_path"].decode()
    text = "\n".join([request.method, path, parameters, headers, signed_headers, "UNSIGNED-PAYLOAD"])
    return sha256(text.encode()).hexdigest()
