"""Whose data is touched: every port call carries a `TenantContext`."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

NO_BRAND = UUID(int=0)
SCHEMA_PREFIX = "pulsepoint_tenant_"


@dataclass(frozen=True, slots=True)
class TenantContext:
    """One brand of one tenant; `brand_id` is `NO_BRAND` for what belongs to the whole tenant."""

    tenant_id: UUID
    brand_id: UUID = NO_BRAND

    @property
    def is_system(self) -> bool:
        """True for the reserved tenant that owns raw deliveries whose brand is not known yet."""
        return self.tenant_id == SYSTEM_TENANT_ID

    def brand(self, brand_id: UUID) -> TenantContext:
        """The same tenant, narrowed to a brand."""
        return TenantContext(self.tenant_id, brand_id)

    @property
    def schema(self) -> str:
        """Name of the tenant's warehouse dataset (BigQuery) or schema (DuckDB)."""
        return SCHEMA_PREFIX + self.tenant_id.hex


SYSTEM_TENANT_ID = UUID(int=0)
SYSTEM = TenantContext(SYSTEM_TENANT_ID)
