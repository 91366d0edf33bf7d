"""Tokens of pushes: every check of one refuses on its own, and keys are fetched no more often than needed."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.errors import EngineUnavailable
from pulsepoint.runtime.push_auth import KEYS_SECONDS, RETRY_SECONDS, PushAuth, Refused, SigningKeys, bearer_token
from tests.builders.push_tokens import AUDIENCE, EMAIL, KEY_ID, claims, key_set, private_key, token

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class KeyServer:
    """Publishes `document`; counts how often it was asked; an exception in its place is raised."""

    def __init__(self, document: bytes | Exception) -> None:
        self.document = document
        self.requests = 0

    async def __call__(self, url: str) -> bytes:
        self.requests += 1
        await asyncio.sleep(0)
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


def door(document: bytes | None = None, clock: FixedClock | None = None) -> PushAuth:
    clock = clock or FixedClock(NOW)
    keys = SigningKeys("https://keys.example", clock, KeyServer(document or key_set()))
    return PushAuth(keys, clock, audience=AUDIENCE, email=EMAIL)


async def refusal(presented: str) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        await door().check(presented)
    return refused.value.status, str(refused.value)


@pytest.mark.rule("SEC-03")
@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
async def test_a_token_of_the_pushing_account_lets_in(issuer: str) -> None:
    await door().check(token(claims(NOW, iss=issuer)))


@pytest.mark.rule("SEC-03")
@pytest.mark.parametrize(
    ("changed", "status", "explanation"),
    [
        ({"iss": "https://accounts.example.com"}, 401, "issuer"),
        ({"iss": None}, 401, "issuer"),
        ({"exp": int(NOW.timestamp()) - 31}, 401, "expired"),
        ({"exp": None}, 401, "no exp"),
        ({"exp": "tomorrow"}, 401, "no exp"),
        ({"exp": True}, 401, "no exp"),
        ({"exp": float("nan")}, 401, "no moment"),
        ({"exp": float("inf")}, 401, "no moment"),
        ({"exp": 10**400}, 401, "no moment"),
        ({"iat": int(NOW.timestamp()) + 31}, 401, "future"),
        ({"iat": None}, 401, "no iat"),
        ({"aud": "https://gateway-0123456789.a.run.app"}, 403, "audience"),
        ({"aud": [AUDIENCE]}, 403, "audience"),
        ({"aud": None}, 403, "audience"),
        ({"email": "somebody@example.iam.gserviceaccount.com"}, 403, "another account"),
        ({"email": None}, 403, "another account"),
        ({"email_verified": False}, 403, "not verified"),
        ({"email_verified": "true"}, 403, "not verified"),
        ({"email_verified": None}, 403, "not verified"),
    ],
)
async def test_one_wrong_claim_refuses(changed: dict[str, Any], status: int, explanation: str) -> None:
    refused, words = await refusal(token(claims(NOW, **changed)))
    assert (refused, explanation in words) == (status, True), words


async def test_an_issuer_that_is_no_text_refuses() -> None:
    payload = json.dumps(claims(NOW, iss=["https://accounts.google.com"])).encode()
    presented = jwt.PyJWS().encode(payload, private_key(KEY_ID), algorithm="RS256", headers={"kid": KEY_ID})
    assert await refusal(presented) == (401, "the token is not of Google's issuer")


@pytest.mark.parametrize("name", ["exp", "iat"])
async def test_clocks_may_differ_by_half_a_minute(name: str) -> None:
    timestamp = int(NOW.timestamp()) + (-29 if name == "exp" else 29)
    await door().check(token(claims(NOW, **{name: timestamp})))


async def test_another_key_under_a_known_id_refuses() -> None:
    assert await refusal(token(claims(NOW), key="intruder", key_id=KEY_ID)) == (
        401,
        "the token cannot be read: InvalidSignatureError",
    )


async def test_an_unknown_key_refuses() -> None:
    assert await refusal(token(claims(NOW), key="intruder")) == (401, "the token is signed with an unknown key")


@pytest.mark.rule("SEC-03")
@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
async def test_only_rs256_lets_in(algorithm: str) -> None:
    status, _ = await refusal(token(claims(NOW), algorithm=algorithm))
    assert status == 401


async def test_a_token_nobody_signed_refuses() -> None:
    status, _ = await refusal(token(claims(NOW), algorithm="none", secret=""))
    assert status == 401


async def test_the_public_key_is_no_secret_that_signs() -> None:
    """The classic confusion: an HMAC over the published key, sent as HS256."""
    public = private_key().public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_part({'alg': 'HS256', 'kid': KEY_ID, 'typ': 'JWT'})}.{_part(claims(NOW))}"
    signature = urlsafe_b64encode(hmac.digest(pem, signed.encode(), "sha256")).rstrip(b"=").decode()
    status, _ = await refusal(f"{signed}.{signature}")
    assert status == 401


def _part(part: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


async def test_altered_claims_refuse() -> None:
    head, _, signature = token(claims(NOW, email="somebody@example.com")).split(".")
    status, _ = await refusal(f"{head}.{_part(claims(NOW))}.{signature}")
    assert status == 401


@pytest.mark.parametrize("rubbish", ["", "x", "a.b.c", "....", urlsafe_b64encode(b"[" * 60_000).decode() + ".a.b"])
async def test_rubbish_refuses(rubbish: str) -> None:
    status, _ = await refusal(rubbish)
    assert status == 401


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Basic dXNlcjpwYXNz")],
        [(b"authorization", "Bearer é".encode())],
        [(b"authorization", b"Bearer one"), (b"authorization", b"Bearer two")],
        [(b"x-serverless-authorization", b"Bearer one")],
    ],
)
def test_no_single_bearer_token_refuses(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Refused) as refused:
        bearer_token(headers)
    assert refused.value.status == 401


def test_the_scheme_may_be_written_in_any_case() -> None:
    assert bearer_token([(b"host", b"a"), (b"authorization", b"bearer abc")]) == "abc"


async def test_many_at_once_fetch_the_keys_once() -> None:
    server = KeyServer(key_set())
    keys = SigningKeys("https://keys.example", FixedClock(NOW), server)
    results = await asyncio.gather(*(keys.key(KEY_ID) for _ in range(50)))
    assert server.requests == 1 and None not in results


async def test_a_new_key_is_found_and_made_up_ids_cause_no_flood() -> None:
    clock, server = FixedClock(NOW), KeyServer(key_set("old"))
    keys = SigningKeys("https://keys.example", clock, server)
    assert await keys.key("old") is not None
    server.document = key_set("old", "new")
    assert await keys.key("new") is None, "asked again too soon"
    clock.advance(seconds=RETRY_SECONDS)
    assert await keys.key("new") is not None
    for number in range(20):
        assert await keys.key(f"made-up-{number}") is None
    assert server.requests == 2


async def test_a_key_that_is_no_longer_published_is_forgotten() -> None:
    clock, server = FixedClock(NOW), KeyServer(key_set("old"))
    keys = SigningKeys("https://keys.example", clock, server)
    assert await keys.key("old") is not None
    server.document = key_set("new")
    clock.advance(seconds=KEYS_SECONDS)
    assert await keys.key("old") is None


async def test_known_keys_outlive_a_key_server_that_fails() -> None:
    clock, server = FixedClock(NOW), KeyServer(key_set())
    keys = SigningKeys("https://keys.example", clock, server)
    assert await keys.key(KEY_ID) is not None
    server.document = OSError("no route")
    clock.advance(seconds=KEYS_SECONDS)
    assert await keys.key(KEY_ID) is not None


@pytest.mark.parametrize(
    "document", [OSError("no route"), b"not json", b"{}", b"[]", b'{"keys": []}', b'{"keys": [{"kty": "EC"}]}']
)
async def test_without_any_key_the_push_is_asked_for_again(document: bytes | Exception) -> None:
    clock, server = FixedClock(NOW), KeyServer(document)
    keys = SigningKeys("https://keys.example", clock, server)
    for _ in range(3):
        with pytest.raises(EngineUnavailable):
            await keys.key(KEY_ID)
    assert server.requests == 1
    auth = PushAuth(keys, clock, audience=AUDIENCE, email=EMAIL)
    headers = [(b"authorization", f"Bearer {token(claims(NOW))}".encode())]
    assert await auth.status(headers) == 503
    server.document = key_set()
    clock.advance(seconds=RETRY_SECONDS)
    assert await auth.status(headers) == 200


@pytest.mark.real_data
async def test_tokens_made_as_google_makes_them(real_data: Path) -> None:
    folder = real_data / "gcp" / "oidc"
    samples = json.loads((folder / "tokens.json").read_text())
    assert {sample["accept"] for sample in samples} == {True, False}
    for sample in samples:
        clock = FixedClock(datetime.fromtimestamp(sample["now"], UTC))
        keys = SigningKeys("https://keys.example", clock, KeyServer((folder / "jwks.json").read_bytes()))
        auth = PushAuth(keys, clock, audience=sample["expected_audience"], email=sample["expected_email"])
        status = await auth.status([(b"authorization", f"Bearer {sample['token']}".encode())])
        assert (status == 200) is sample["accept"], sample["name"]
