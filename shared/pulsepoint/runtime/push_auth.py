"""Authenticates pushes by the OpenID Connect token that Google signed for the service account of our pushes.

Pub/Sub and Cloud Scheduler send one in `Authorization`, valid for an hour at most. What to check of it:
https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions and
https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.request import urlopen

import orjson
import structlog

from pulsepoint.errors import EngineUnavailable
from pulsepoint.ports.clock import Clock

log = structlog.get_logger(__name__)
ISSUERS = ("https://accounts.google.com", "accounts.google.com")
LEEWAY_SECONDS = 30
LAST_SECOND = 253_402_300_799
"""Of the year 9999."""
KEYS_SECONDS = 3_600.0
"""Age in seconds at which keys are fetched anew."""
RETRY_SECONDS = 5.0
"""Seconds after one fetch before an unknown key or a failure may cause another."""
FETCH_SECONDS = 5.0
OK, UNAUTHENTICATED, FORBIDDEN, UNAVAILABLE = 200, 401, 403, 503
Fetch = Callable[[str], Awaitable[bytes]]


class Refused(Exception):
    """The token does not let its bearer in: `status` 401 for one that proves nobody, 403 for somebody else's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class SigningKeys:
    """The issuer's public RSA keys by id, from a JWK Set (RFC 7517), fetched by one caller at a time."""

    def __init__(self, url: str, clock: Clock, fetch: Fetch | None = None) -> None:
        self._url = url
        self._clock = clock
        self._fetch = fetch or _fetch
        self._keys: dict[str, object] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._single = asyncio.Lock()

    async def key(self, key_id: str) -> Any:
        """The key, or None when the issuer has none of that id; raises `EngineUnavailable` while no keys are known."""
        if self._due(key_id):
            async with self._single:
                if self._due(key_id):  # whoever held the lock may have fetched it
                    await self._refresh()
        if not self._keys:
            raise EngineUnavailable(f"the keys that sign push tokens could not be fetched from {self._url}")
        return self._keys.get(key_id)

    def _due(self, key_id: str) -> bool:
        """Keys grown old, or an unknown one, and no look just now: ids that anybody makes up must cause no flood."""
        now = self._now()
        stale = key_id not in self._keys or now - self._fetched_at >= KEYS_SECONDS
        return stale and now - self._tried_at >= RETRY_SECONDS

    async def _refresh(self) -> None:
        try:
            self._keys, self._fetched_at = _rsa_keys(await self._fetch(self._url)), self._now()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            # What was fetched before still proves its signers: pushes must not fail since the key server does.
            log.warning("push_keys.not_refreshed", url=self._url, error=type(error).__name__, detail=str(error)[:200])
        finally:
            self._tried_at = self._now()

    def _now(self) -> float:
        return self._clock.now().timestamp()


class PushAuth:
    """Lets in bearers of a token for `audience` (the service's own URL) and `email` (the pushing service account)."""

    def __init__(self, keys: SigningKeys, clock: Clock, *, audience: str, email: str) -> None:
        assert audience and email, "pushes are let in by a named audience and service account only"
        self._keys = keys
        self._clock = clock
        self._audience = audience
        self._email = email

    async def status(self, headers: Iterable[tuple[bytes, bytes]]) -> int:
        """200 for a request with these ASGI headers, or what to refuse it with: 401, 403, 503 without keys."""
        try:
            await self.check(bearer_token(headers))
        except Refused as refused:
            log.warning("push.refused", status=refused.status, detail=str(refused))
            return refused.status
        except EngineUnavailable as error:
            log.error("push.not_authenticated", detail=str(error))
            return UNAVAILABLE
        return OK

    async def check(self, token: str) -> None:
        """Return for a token that lets in; raises `Refused`, and `EngineUnavailable` without keys."""
        claims = await self._signed_claims(token)
        now = self._clock.now().timestamp()
        if claims.get("iss") not in ISSUERS:
            raise Refused(UNAUTHENTICATED, "the token is not of Google's issuer")
        if _number(claims, "exp") + LEEWAY_SECONDS <= now:
            raise Refused(UNAUTHENTICATED, "the token has expired")
        if _number(claims, "iat") - LEEWAY_SECONDS > now:
            raise Refused(UNAUTHENTICATED, "the token is of the future")
        if claims.get("aud") != self._audience:
            raise Refused(FORBIDDEN, "the token is for another audience")
        if claims.get("email") != self._email:
            raise Refused(FORBIDDEN, "the token is another account's")
        if claims.get("email_verified") is not True:
            raise Refused(FORBIDDEN, "the token's e-mail is not verified")

    async def _signed_claims(self, token: str) -> Mapping[str, object]:
        # Imported here: one machine, where nobody brings tokens, need not load it.
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            key = await self._keys.key(str(header.get("kid", "")))
            if key is None:
                raise Refused(UNAUTHENTICATED, "the token is signed with an unknown key")
            # Every claim is checked by `check`, against the service's clock.
            return jwt.decode(token, key, algorithms=["RS256"], options=_SIGNATURE_ALONE)
        except (jwt.InvalidTokenError, RecursionError) as error:
            raise Refused(UNAUTHENTICATED, f"the token cannot be read: {type(error).__name__}") from None


_SIGNATURE_ALONE: Any = {
    "verify_signature": True,
    **{f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")},
}


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token of the one `Authorization` header; raises `Refused` for none, several, or another scheme."""
    values = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = (values[0] if len(values) == 1 else b"").partition(b" ")
    if scheme.lower() != b"bearer" or not token.isascii():
        raise Refused(UNAUTHENTICATED, "the request carries no bearer token")
    return token.strip().decode()


def _number(claims: Mapping[str, object], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(UNAUTHENTICATED, f"the token has no {name}")
    # JSON as Python reads it has NaN and numbers without end: no moment, and no comparison would find them late.
    if not -LAST_SECOND <= value <= LAST_SECOND:
        raise Refused(UNAUTHENTICATED, f"the token's {name} is no moment")
    return float(value)


def _rsa_keys(document: bytes) -> dict[str, object]:
    """The keys of a JWK Set that sign with RS256, by id; raises `ValueError` when there is none."""
    import jwt

    try:
        keys = {
            key["kid"]: jwt.PyJWK(key, "RS256").key
            for key in orjson.loads(document)["keys"]
            if key.get("kty") == "RSA" and key.get("alg", "RS256") == "RS256" and key.get("use", "sig") == "sig"
        }
    except jwt.PyJWTError as error:
        raise ValueError(f"a key cannot be read: {error}") from None
    if not keys:
        raise ValueError("no RSA key for RS256 among them")
    return keys


async def _fetch(url: str) -> bytes:
    def read() -> bytes:
        with urlopen(url, timeout=FETCH_SECONDS) as response:  # noqa: S310 - the address is a setting
            body: bytes = response.read()
            return body

    return await asyncio.to_thread(read)
