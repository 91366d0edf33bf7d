"""Tokens as Google would sign them for pushes, signed with a key of the tests' own."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "https://alerting-0123456789.a.run.app"
EMAIL = "pulsepoint-push@example.iam.gserviceaccount.com"
KEY_ID = "test-key"


@cache
def private_key(name: str = KEY_ID) -> rsa.RSAPrivateKey:
    """A fresh RSA key, one for each name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_set(*names: str) -> bytes:
    """The JWK Set that publishes these keys."""
    algorithm = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
    keys = []
    for name in names or (KEY_ID,):
        key = algorithm.to_jwk(private_key(name).public_key(), as_dict=True)
        keys.append({**key, "kid": name, "use": "sig", "alg": "RS256"})
    return json.dumps({"keys": keys}).encode()


def claims(now: datetime, **changed: Any) -> dict[str, Any]:
    """The claims of a good token issued a minute before `now`; a change to None takes the claim away."""
    issued = int(now.timestamp()) - 60
    values = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "azp": "113774264463038321964",
        "sub": "113774264463038321964",
        "email": EMAIL,
        "email_verified": True,
        "iat": issued,
        "exp": issued + 3600,
        **changed,
    }
    return {name: value for name, value in values.items() if value is not None}


def token(
    body: dict[str, Any],
    *,
    key: str = KEY_ID,
    key_id: str | None = None,
    algorithm: str = "RS256",
    secret: Any = None,
) -> str:
    """The signed token."""
    headers = {"kid": key if key_id is None else key_id}
    return jwt.encode(body, private_key(key) if secret is None else secret, algorithm=algorithm, headers=headers)
