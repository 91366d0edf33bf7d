"""Keys, passwords, tokens, the first log-in; and who may ask without a tenant."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import jwt
import pytest

from gateway.domain.identity import EXAMPLE_KEYS, WeakKey, check_signing_key
from gateway.identity import passwords
from gateway.identity.passwords import hash_password, verify_password
from gateway.identity.tokens import ALGORITHM, BadToken, Claims, Tokens
from gateway.use_cases.login import bootstrap_admin, log_in
from pulsepoint.adapters.memory.clock import FixedClock
from pulsepoint.adapters.memory.document_store import MemoryDocumentStore
from pulsepoint.ports.directory import LoginUser
from pulsepoint.tenancy import TenantContext

SERVICES = Path(__file__).resolve().parents[3] / "services"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DIRECTORY = ("user_by_email", "is_empty", "active_brands", "shop_owner")
"""Questions without a tenant."""


class People:
    """A directory of people given."""

    def __init__(self, *users: LoginUser) -> None:
        self.users = {f"{number}@x.example": each for number, each in enumerate(users)}

    async def user_by_email(self, email: str) -> LoginUser | None:
        return self.users.get(email)

    async def is_empty(self) -> bool:
        return not self.users

    async def active_brands(self, *, after: TenantContext, limit: int) -> list[TenantContext]:
        return []


@pytest.mark.rule("SEC-02")
@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        "x" * 31,
        "a" * 64,
        "0" * 32,
        "Please-Change-This-Key-Before-You-Deploy",
        "django-insecure-4k2j5h6g7f8d9s0a1q2w3e4r5t6y",
        *sorted(EXAMPLE_KEYS),
    ],
)
def test_a_key_that_could_be_guessed_is_refused(key: str) -> None:
    with pytest.raises(WeakKey):
        check_signing_key(key)


def test_a_key_drawn_at_random_is_taken() -> None:
    key = "5f2b8c1e9d7a4603b8e1c2d3f4a5968778695a4b3c2d1e0f1029384756afbecd"
    assert check_signing_key(key) == key.encode()


@pytest.mark.slow
async def test_a_password_fits_its_own_hash_only() -> None:
    stored = await hash_password("swordfish")
    assert stored.startswith("$argon2id$")
    assert await verify_password("swordfish", stored)
    assert not await verify_password("Swordfish", stored)
    assert not await verify_password("swordfish", "no hash")


@pytest.mark.rule("SEC-11")
@pytest.mark.slow
async def test_an_unknown_person_costs_a_whole_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    real = passwords._fits

    def watched(password: str, stored: str) -> bool:
        checked.append(stored)
        return real(password, stored)

    monkeypatch.setattr(passwords, "_fits", watched)
    assert not await verify_password("nobody has this password", None)
    assert [each.split("$")[:4] for each in checked] == [(await hash_password("x")).split("$")[:4]]


@pytest.mark.parametrize(("status", "inside"), [("active", True), ("suspended", False), ("deleted", False)])
async def test_only_people_of_active_tenants_log_in(status: str, inside: bool) -> None:
    person = LoginUser(uuid4(), uuid4(), "user", await hash_password("swordfish"), status)
    claims = await log_in(People(person), " 0@X.example", "swordfish")
    assert claims == (Claims(person.user_id, person.tenant_id) if inside else None)


async def test_a_token_tells_whom_it_was_given_to_until_it_expires() -> None:
    tokens = Tokens(b"k" * 32, "pulsepoint", "pulsepoint-api", timedelta(minutes=5))
    claims = Claims(uuid4(), uuid4())
    assert tokens.read(tokens.give(claims, datetime.now(UTC))) == claims
    with pytest.raises(BadToken):
        tokens.read(tokens.give(claims, datetime.now(UTC) - timedelta(minutes=6)))


def test_a_token_carries_the_claims_of_the_api_page() -> None:
    tokens = Tokens(b"k" * 32, "pulsepoint", "pulsepoint-api", timedelta(minutes=5))
    claims = Claims(uuid4(), uuid4())
    payload = jwt.decode(tokens.give(claims, datetime.now(UTC)), options={"verify_signature": False})
    assert {"sub": payload["sub"], "tenant_id": payload["tenant_id"]} == {
        "sub": str(claims.user_id),
        "tenant_id": str(claims.tenant_id),
    }
    assert "tenant" not in payload


def test_a_token_with_the_earlier_tenant_claim_is_good_until_it_expires() -> None:
    tokens = Tokens(b"k" * 32, "pulsepoint", "pulsepoint-api", timedelta(minutes=5))
    claims, now = Claims(uuid4(), uuid4()), datetime.now(UTC)

    def earlier(expires_at: datetime) -> str:
        payload = {
            "sub": str(claims.user_id), "tenant": str(claims.tenant_id), "iss": "pulsepoint", "aud": "pulsepoint-api",
            "iat": int(now.timestamp()), "exp": int(expires_at.timestamp()),
        }  # fmt: skip
        return jwt.encode(payload, tokens.key, algorithm=ALGORITHM)

    assert tokens.read(earlier(now + timedelta(minutes=5))) == claims
    with pytest.raises(BadToken, match="expired"):
        tokens.read(earlier(now - timedelta(minutes=1)))


async def test_the_first_person_gets_a_password_nobody_chose_and_there_is_no_second() -> None:
    clock = FixedClock(NOW)
    store = MemoryDocumentStore("gateway", clock)
    first = await bootstrap_admin(People(), store, clock, "Boss@X.example", None)
    assert first is not None
    assert (first.email, len(first.password) >= 16) == ("boss@x.example", True)
    person = LoginUser(uuid4(), uuid4(), "user", "", "active")
    assert await bootstrap_admin(People(person), store, clock, "x@y.example", None) is None


def test_only_log_in_and_schedules_ask_the_directory() -> None:
    callers = set()
    for path in SERVICES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in DIRECTORY:
                callers.add((node.attr, path.relative_to(SERVICES).as_posix()))
    gateways = {each for each in callers if each[0] != "shop_owner"}
    assert gateways == {
        ("user_by_email", "gateway/gateway/use_cases/login.py"),
        ("is_empty", "gateway/gateway/use_cases/login.py"),
        ("active_brands", "gateway/gateway/tasks.py"),
    }
    assert all(path.startswith("ingest-shopify/") for name, path in callers if name == "shop_owner")


def test_transactions_without_a_tenant_are_opened_in_these_files_only() -> None:
    callers = {
        path.name
        for path in (SERVICES / "gateway").rglob("*.py")
        if any(isinstance(node, ast.Name) and node.id == "untenanted" for node in ast.walk(ast.parse(path.read_text())))
    }
    # feed.py: one look an instance for all the brands it streams, by a function that is told which.
    assert callers == {"engine.py", "store.py", "directory.py", "feed.py"}
