"""Who is asking, and the brand they ask about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.bootstrap import Ports
from gateway.domain.brands import Brand
from gateway.domain.identity import Person, Role
from gateway.identity.tokens import BadToken
from pulsepoint.errors import AccessDenied
from pulsepoint.runtime.app import Runtime

BEARER = HTTPBearer(auto_error=False, description="The access_token of POST /api/auth/token")


def open_ports(request: Request) -> Ports:
    """The gateway's ports."""
    ports: Ports = request.app.state.ports
    return ports


def open_runtime(request: Request) -> Runtime:
    """The running service."""
    runtime: Runtime = request.app.state.runtime
    return runtime


PortsOf = Annotated[Ports, Depends(open_ports)]
RuntimeOf = Annotated[Runtime, Depends(open_runtime)]


async def logged_in(
    ports: PortsOf, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
) -> Person:
    """The person a valid token was given to, as they are now; raises `BadToken`."""
    if credentials is None:
        raise BadToken("send the access token of POST /api/auth/token: Authorization: Bearer …")
    claims = ports.tokens.read(credentials.credentials)
    person = Person(claims.user_id, claims.tenant_id, Role.user, "")
    standing = await ports.identity_store.standing(person.scope, claims.user_id)
    if standing is None or standing.disabled or standing.tenant_status != "active":
        raise BadToken("this log-in is no longer active")
    return Person(claims.user_id, claims.tenant_id, Role[standing.role], standing.email)


PersonOf = Annotated[Person, Depends(logged_in)]


def at_least(role: Role) -> Callable[[Person], Awaitable[Person]]:
    """A dependency that lets only this role and those above it through."""

    async def check(person: PersonOf) -> Person:
        if person.role < role:
            raise HTTPException(403, f"This takes the role {role.name}; yours is {person.role.name}.")
        return person

    return check


ManagerOf = Annotated[Person, Depends(at_least(Role.manager))]
AdminOf = Annotated[Person, Depends(at_least(Role.admin))]


async def own_brand(brand_id: UUID, person: PersonOf, ports: PortsOf) -> Brand:
    """The brand in the path; raises `AccessDenied` alike for one that is absent and one of another tenant."""
    brand = await ports.identity_store.brand(person.scope, brand_id)
    if brand is None:
        raise AccessDenied
    return brand


BrandOf = Annotated[Brand, Depends(own_brand)]
