"""Suspending a tenant and bringing it back; each of its brands is told by its settings."""

from __future__ import annotations

from uuid import UUID, uuid4

from gateway.domain.identity import Person
from gateway.ports import Commands, IdentityStore
from gateway.use_cases.suspended_brands import suspend_brand
from pulsepoint.errors import AccessDenied
from pulsepoint.ports.document_store import Write
from pulsepoint.runtime.outcome import NOTHING, Outcome, Reader
from pulsepoint.tenancy import TenantContext


async def set_suspended(
    operator: Person, tenant_id: UUID, suspended: bool, *, identity_store: IdentityStore, commands: Commands
) -> int:
    """Suspend a tenant, or bring it back; how many brands were told. Done again it finishes what was cut off.

    Its people are out at once, but operators. Raises `AccessDenied` for one that is not there, or deleted.
    """
    tenant = TenantContext(tenant_id)
    # People out first, and in last: nobody changes a brand between.
    if suspended:
        await _set_status(operator, tenant, "suspended", commands)
    brands = await identity_store.brands(tenant)
    for brand in brands:
        await _tell_brand(tenant.brand(brand.brand_id), suspended, commands)
    if not suspended:
        await _set_status(operator, tenant, "active", commands)
    return len(brands)


async def _set_status(operator: Person, tenant: TenantContext, status: str, commands: Commands) -> None:
    async def work(reader: Reader) -> Outcome:
        existing = await reader.get("tenants", str(tenant.tenant_id))
        if tenant.is_system or existing is None or existing.data["status"] == "deleted":
            raise AccessDenied
        if existing.data["status"] == status:
            return NOTHING
        audit = {
            "actor": operator.email,
            "action": f"tenant.{status}",
            "subject": str(tenant.tenant_id),
            "detail": {},
            "occurred_at": reader.now().isoformat(),
        }
        return Outcome(
            writes=[
                Write("tenants", existing.id, {**existing.data, "status": status}),
                Write("audit_log", str(uuid4()), audit),
            ]
        )

    await commands.execute(tenant, work, dedup_key=uuid4())


async def _tell_brand(scope: TenantContext, suspended: bool, commands: Commands) -> None:
    async def work(reader: Reader) -> Outcome:
        return await suspend_brand(reader, suspended)

    await commands.execute(scope, work, dedup_key=uuid4())
