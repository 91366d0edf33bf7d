"""Which brands schedules are for: the look over all tenants that are active, by pages of ids alone."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LOOK = """
CREATE FUNCTION ledger.directory_active_brands(after_tenant uuid, after_brand uuid, most integer)
RETURNS TABLE (tenant_id uuid, brand_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT b.tenant_id, b.brand_id FROM ledger.brands b JOIN ledger.tenants t ON t.tenant_id = b.tenant_id
  WHERE t.status = 'active' AND (b.tenant_id, b.brand_id) > (after_tenant, after_brand)
  ORDER BY b.tenant_id, b.brand_id LIMIT most
$$
"""


def upgrade() -> None:
    """Make the look; its owner reads nothing of a brand but whose it is."""
    op.execute("GRANT SELECT (tenant_id, brand_id) ON ledger.brands TO ledger_directory")
    op.execute("CREATE POLICY looked_up ON ledger.brands FOR SELECT TO ledger_directory USING (true)")
    op.execute("GRANT CREATE ON SCHEMA ledger TO ledger_directory")
    op.execute("SET ROLE ledger_directory")
    op.execute(LOOK)
    op.execute("REVOKE ALL ON FUNCTION ledger.directory_active_brands FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION ledger.directory_active_brands TO ledger_runtime")
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA ledger FROM ledger_directory")


def downgrade() -> None:
    """Drop the look and what it was allowed."""
    op.execute("DROP FUNCTION ledger.directory_active_brands")
    op.execute("DROP POLICY looked_up ON ledger.brands")
    op.execute("REVOKE SELECT (tenant_id, brand_id) ON ledger.brands FROM ledger_directory")
