"""Naming a shop takes it from nobody: brands of several tenants may name one, and its deliveries prove whose it is."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A shop is one brand's within a tenant; what other tenants name is not told."""
    op.execute("ALTER TABLE ledger.brands DROP CONSTRAINT brands_shopify_store_key")
    op.execute("ALTER TABLE ledger.brands ADD CONSTRAINT brands_shopify_store_key UNIQUE (tenant_id, shopify_store)")


def downgrade() -> None:
    """Refuse: brands of several tenants may name one shop by now."""
    raise RuntimeError("two brands may name one shop since; restore a backup instead")
