"""Log-in, who a token's person is now, and the first tenant's administrator. The only callers of the directory."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from gateway.domain.identity import Person, is_let_in
from gateway.domain.permissions import Role
from gateway.identity.passwords import hash_password, verify_password
from gateway.identity.tokens import BadToken, Claims
from gateway.ports import Directory, IdentityStore
from pulsepoint.ports.clock import Clock
from pulsepoint.ports.directory import UserDirectory
from pulsepoint.ports.document_store import Commit, DocumentStore, Transaction, Write
from pulsepoint.tenancy import TenantContext


async def log_in(directory: UserDirectory, email: str, password: str) -> Claims | None:
    """A person's claims; None, in the same time, for an unknown address, a wrong password or a tenant not active."""
    user = await directory.user_by_email(email.strip().lower())
    fits = await verify_password(password, user.password_hash if user else None)
    if not fits or user is None or not is_let_in(user.role, user.tenant_status):
        return None
    return Claims(user.user_id, user.tenant_id)


async def current_person(claims: Claims, identity_store: IdentityStore) -> Person:
    """The person of a token as they are now, their role and brands read anew; raises `BadToken` when shut out."""
    standing = await identity_store.standing(TenantContext(claims.tenant_id), claims.user_id)
    if standing is None or not standing.active:
        raise BadToken("this log-in is no longer active")
    role = Role(standing.role)
    return Person(claims.user_id, claims.tenant_id, role, standing.email, standing.brand_ids, standing.locale)


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The log-in to tell the person who installed Pulsepoint; the password is nowhere else in the open."""

    email: str
    password: str


async def bootstrap_admin(
    directory: Directory, store: DocumentStore, clock: Clock, email: str, password: str | None
) -> FirstAdmin | None:
    """Make the first tenant and its person on an empty identity store, with a password drawn where none is given.

    They are operator as well: on a new installation nobody else could see deliveries of shops nobody owns.
    Answers None when somebody can log in already.
    """
    if not await directory.is_empty():
        return None
    chosen = password or secrets.token_urlsafe(12)
    tenant_id = uuid4()
    writes = _first_rows(tenant_id, email.strip().lower(), await hash_password(chosen), clock.now())

    async def work(transaction: Transaction) -> Commit:
        return Commit(writes=writes)

    await store.transact(TenantContext(tenant_id), work)
    return FirstAdmin(email.strip().lower(), chosen)


def _first_rows(tenant_id: UUID, email: str, password_hash: str, now: datetime) -> Sequence[Write]:
    at = now.isoformat()
    return (
        Write("tenants", str(tenant_id), {"name": email.partition("@")[2], "status": "active", "created_at": at}),
        Write(
            "users",
            str(uuid4()),
            {"email": email, "role": Role.OPERATOR.value, "password_hash": password_hash, "created_at": at},
        ),
    )
