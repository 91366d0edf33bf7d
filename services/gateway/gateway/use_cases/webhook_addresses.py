"""The token that makes a brand's webhook address its own: nobody signs the header that names the shop."""

from __future__ import annotations

import hmac
from hashlib import sha256
from secrets import token_urlsafe

from gateway.use_cases.secret_changes import SecretChanges
from pulsepoint.ports.secret_store import SecretStore
from pulsepoint.tenancy import TenantContext

TOKEN_BYTES = 24


async def keep_new_token(secrets: SecretChanges, scope: TenantContext) -> dict[str, object]:
    """Keep a new token as a secret; the change of the brand's settings that makes it count."""
    token = token_urlsafe(TOKEN_BYTES).encode()
    await secrets.put(_name(scope), token)
    return {"endpoint_digest": sha256(token).hexdigest()}


async def token_of(secrets: SecretStore, scope: TenantContext, digest: str | None) -> str | None:
    """The token that counts for a brand; None before it has one, and where the kept one is not the one that counts."""
    token = await secrets.get(scope, _name(scope)) if digest is not None else None
    if token is None or not hmac.compare_digest(sha256(token).hexdigest(), digest or ""):
        return None
    return token.decode()


async def forget_token(secrets: SecretStore, scope: TenantContext) -> None:
    """Destroy the token of a brand that is no more."""
    await secrets.delete(scope, _name(scope))


def _name(scope: TenantContext) -> str:
    return f"webhook-address-{scope.brand_id}"
