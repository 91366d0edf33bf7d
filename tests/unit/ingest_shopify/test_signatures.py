"""Which bodies the app's webhook secrets signed."""

from __future__ import annotations

import base64
import hmac

import pytest
from hypothesis import example, given
from hypothesis.strategies import binary, lists

from ingest_shopify.domain import WebhookKeys
from tests.builders.shopify import sign


@pytest.mark.rule("SHOP-01")
@given(binary(min_size=1, max_size=200), binary())
@example(b"k" * 64, b"")
@example(b"k" * 65, b"{}")
@example(b"k", b"x" * 100_000)
def test_signatures_are_the_standard_librarys(secret: bytes, body: bytes) -> None:
    expected = base64.b64encode(hmac.digest(secret, body, "sha256"))
    keys = WebhookKeys([secret])
    assert keys.signature(body, expected) == expected.decode()
    assert keys.signature(body + b" ", expected) is None
    assert WebhookKeys([secret + b"x"]).signature(body, expected) is None


@given(binary(min_size=1, max_size=100), lists(binary(), max_size=5))
def test_a_body_hashed_as_it_comes_has_the_same_signature(secret: bytes, parts: list[bytes]) -> None:
    keys, body = WebhookKeys([b"newer", secret]), b"".join(parts)
    expected = base64.b64encode(hmac.digest(secret, body, "sha256"))
    running = keys.running()
    for part in parts:
        running.update(part)
    assert running.matches(expected) == keys.signature(body, expected) == expected.decode()
    assert running.matches(expected[:-2] + b"A=") in (None, expected.decode())
    assert keys.running().matches(b"") is None


def test_a_signature_is_told_in_its_canonical_text() -> None:
    keys = WebhookKeys([b"new", b"old"])
    assert keys.signature(b"body", sign(b"body", "old").encode()) == sign(b"body", "old")
    assert keys.signature(b"body", sign(b"body", "old").encode() + b"=") is None
    assert keys.signature(b"body", b"") is None


@pytest.mark.parametrize("secrets", [[], [b""], [b"one", b""]])
def test_an_empty_secret_is_none(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="secret"):
        WebhookKeys(secrets)
