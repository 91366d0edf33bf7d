"""Access tokens: JWT with one algorithm, and every claim that matters required (RFC 8725)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import jwt

from pulsepoint.errors import PermanentError

ALGORITHM = "HS256"
REQUIRED = ("exp", "iat", "iss", "aud", "sub")
TENANT_CLAIM = "tenant_id"
EARLIER_TENANT_CLAIM = "tenant"
"""In tokens given before 2026-12; each is good until it expires."""


class BadToken(PermanentError):
    """The token is absent, not ours, or has expired."""

    reason = "bad_token"


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a token was given to."""

    user_id: UUID
    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class Tokens:
    """Gives and reads tokens; `key` has passed `check_signing_key`."""

    key: bytes
    issuer: str
    audience: str
    lifetime: timedelta

    def give(self, claims: Claims, now: datetime) -> str:
        """A token that is good until `lifetime` from `now`."""
        payload = {
            "sub": str(claims.user_id),
            TENANT_CLAIM: str(claims.tenant_id),
            "iss": self.issuer,
            "aud": self.audience,
            "iat": int(now.timestamp()),
            "exp": int((now + self.lifetime).timestamp()),
        }
        return jwt.encode(payload, self.key, algorithm=ALGORITHM)

    def read(self, token: str) -> Claims:
        """The claims of a token of ours; raises `BadToken`."""
        try:
            payload = jwt.decode(
                token,
                self.key,
                algorithms=[ALGORITHM],
                issuer=self.issuer,
                audience=self.audience,
                options={"require": list(REQUIRED), "strict_aud": True},
            )
            tenant = payload[TENANT_CLAIM if TENANT_CLAIM in payload else EARLIER_TENANT_CLAIM]
            return Claims(UUID(payload["sub"]), UUID(tenant))
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise BadToken(f"{_wrong(error)}: get one from POST /api/auth/token") from None


def _wrong(error: Exception) -> str:
    if isinstance(error, jwt.ExpiredSignatureError):
        return "the access token has expired"
    return f"the access token is not valid ({type(error).__name__})"
