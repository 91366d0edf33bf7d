"""`POST /api/auth/token`, and who is logged in."""

from __future__ import annotations

from math import ceil
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.identity import Person
from gateway.endpoints.access import PersonOf, PortsOf, RuntimeOf, SettingsOf
from gateway.endpoints.callers import client_address
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.login import log_in
from gateway.use_cases.login_attempts import LoginAttempts
from gateway.use_cases.people import choose_language

router = APIRouter(prefix="/api/auth", tags=["log-in"], responses=PROBLEMS)


class Credentials(BaseModel):
    """An e-mail address and its password."""

    email: str = Field(min_length=3, max_length=320)
    password: str = Field(min_length=1, max_length=1024)


class Token(BaseModel):
    """Send it as `Authorization: Bearer <access_token>`; good for `expires_in` seconds."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 (a kind)
    expires_in: int


class Me(BaseModel):
    """The person a token was given to; `locale` is the language they chose to read, null where they chose none."""

    user_id: UUID
    tenant_id: UUID
    email: str
    role: str
    locale: str | None

    @classmethod
    def of(cls, person: Person) -> Me:
        """The view of a person."""
        return cls(
            user_id=person.user_id,
            tenant_id=person.tenant_id,
            email=person.email,
            role=person.role.value,
            locale=person.locale,
        )


class MyChanges(BaseModel):
    """Settings that people choose for themselves: `locale` is a language such as `fr` or `fr-CH`, null for none."""

    model_config = ConfigDict(extra="forbid")

    locale: str | None = Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")


@router.post("/token")
async def give_token(credentials: Credentials, request: Request, ports: PortsOf, settings: SettingsOf) -> Token:
    """Log in. Wrong passwords make the address they came from wait, longer each time; nobody else."""
    email = credentials.email.strip().lower()
    caller = client_address(request.scope, settings.trusted_proxies)
    attempts = LoginAttempts(
        ports.cache, ports.clock, email, caller, settings.login_attempts, settings.login_period_seconds
    )
    wait = await attempts.wait()
    if wait:
        detail = f"Too many attempts to log in. Try again in {ceil(wait)} s."
        raise HTTPException(429, detail, {"Retry-After": str(ceil(wait))})
    claims = await log_in(ports.directory, email, credentials.password)
    if claims is None:
        await attempts.note_wrong()
        raise HTTPException(401, "The e-mail address or the password is wrong.", {"WWW-Authenticate": "Bearer"})
    await attempts.note_right()
    token = ports.tokens.give(claims, ports.clock.now())
    return Token(access_token=token, expires_in=int(ports.tokens.lifetime.total_seconds()))


@router.get("/me")
async def who_am_i(person: PersonOf) -> Me:
    """The person who is logged in."""
    return Me.of(person)


@router.patch("/me")
async def change_me(changes: MyChanges, person: PersonOf, runtime: RuntimeOf) -> Me:
    """Choose your language: sentences are in it where your browser asks for none that there is."""
    return Me.of(await choose_language(person, changes.locale, runtime.pipeline))
