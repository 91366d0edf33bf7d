"""Dependencies of the routes: the person who asks, what their role lets them do, and the brand they ask about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.bootstrap import Ports
from gateway.domain.brands import Brand
from gateway.domain.identity import Person
from gateway.domain.permissions import Permission, least_role
from gateway.identity.tokens import BadToken
from gateway.settings import Settings
from gateway.use_cases.login import current_person
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


def own_settings(request: Request) -> Settings:
    """The gateway's own settings."""
    settings: Settings = request.app.state.settings
    return settings


PortsOf = Annotated[Ports, Depends(open_ports)]
RuntimeOf = Annotated[Runtime, Depends(open_runtime)]
SettingsOf = Annotated[Settings, Depends(own_settings)]


async def logged_in(
    ports: PortsOf, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
) -> Person:
    """The person a valid token was given to, as they are now; raises `BadToken`."""
    if credentials is None:
        raise BadToken("send the access token of POST /api/auth/token: Authorization: Bearer …")
    return await current_person(ports.tokens.read(credentials.credentials), ports.identity_store)


PersonOf = Annotated[Person, Depends(logged_in)]


def with_permission(permission: Permission) -> Callable[[Person], Awaitable[Person]]:
    """A dependency that lets through only people whose role grants the permission; 403 for the others."""

    async def check(person: PersonOf) -> Person:
        if not person.may(permission):
            least = least_role(permission)
            raise HTTPException(403, f"This takes the role {least.value}; yours is {person.role.value}.")
        return person

    return check


TenantReaderOf = Annotated[Person, Depends(with_permission(Permission.READ_TENANT))]
QuarantineReaderOf = Annotated[Person, Depends(with_permission(Permission.READ_QUARANTINE))]
MakerOf = Annotated[Person, Depends(with_permission(Permission.MAKE_BRAND))]
ConfigurerOf = Annotated[Person, Depends(with_permission(Permission.CONFIGURE_BRAND))]
SyncerOf = Annotated[Person, Depends(with_permission(Permission.SYNC_BRAND))]
UploaderOf = Annotated[Person, Depends(with_permission(Permission.UPLOAD_ORDERS))]
VerifierOf = Annotated[Person, Depends(with_permission(Permission.VERIFY_BRAND))]
AuditorOf = Annotated[Person, Depends(with_permission(Permission.READ_AUDIT))]
EraserOf = Annotated[Person, Depends(with_permission(Permission.ERASE_PEOPLE))]
ReplayerOf = Annotated[Person, Depends(with_permission(Permission.REPLAY_MESSAGES))]
OperatorOf = Annotated[Person, Depends(with_permission(Permission.OPERATE))]


async def own_brand(
    brand_id: UUID, person: Annotated[Person, Depends(with_permission(Permission.READ_BRAND))], ports: PortsOf
) -> Brand:
    """The brand in the path; raises `AccessDenied` alike for one that is absent and one that is not theirs to see."""
    brand = await ports.identity_store.brand(person.scope, brand_id) if person.sees(brand_id) else None
    if brand is None:
        raise AccessDenied
    return brand


BrandOf = Annotated[Brand, Depends(own_brand)]
