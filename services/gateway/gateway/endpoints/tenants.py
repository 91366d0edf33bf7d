"""`/api/admin/tenants/{tenant_id}`: an operator suspends a tenant and brings it back."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from gateway.endpoints.access import OperatorOf, PortsOf, RuntimeOf
from gateway.endpoints.problems import PROBLEMS
from gateway.use_cases.tenants import set_suspended

router = APIRouter(prefix="/api/admin/tenants/{tenant_id}", tags=["operation"], responses=PROBLEMS)


class TenantStatus(BaseModel):
    """A tenant as it is now, and how many brands it has."""

    tenant_id: UUID
    status: Literal["active", "suspended"]
    brands: int


@router.post("/suspend")
async def suspend(tenant_id: UUID, operator: OperatorOf, ports: PortsOf, runtime: RuntimeOf) -> TenantStatus:
    """Let nobody of the tenant in but operators, compute and send nothing; its deliveries are kept until it is back."""
    brands = await set_suspended(
        operator, tenant_id, True, identity_store=ports.identity_store, commands=runtime.pipeline
    )
    return TenantStatus(tenant_id=tenant_id, status="suspended", brands=brands)


@router.post("/resume")
async def resume(tenant_id: UUID, operator: OperatorOf, ports: PortsOf, runtime: RuntimeOf) -> TenantStatus:
    """Bring a suspended tenant back: what was kept of it is handled now."""
    brands = await set_suspended(
        operator, tenant_id, False, identity_store=ports.identity_store, commands=runtime.pipeline
    )
    return TenantStatus(tenant_id=tenant_id, status="active", brands=brands)
