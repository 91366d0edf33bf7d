"""The live feed: what happened to a brand, numbered without gaps, for pages that are open.

Streams of every tenant are served from one look an instance, so the look across tenants belongs to
`ledger_sweeper`; it answers only for the tenant and brand of each place it is given.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE ledger.feed (
  tenant_id uuid NOT NULL, brand_id uuid NOT NULL, number bigint NOT NULL, kind text NOT NULL, body jsonb NOT NULL,
  created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, brand_id, number))
"""

LOOK = """
CREATE FUNCTION ledger.sweep_feed(tenants uuid[], brands uuid[], numbers bigint[], most integer)
RETURNS SETOF ledger.feed
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT f.* FROM unnest(tenants, brands, numbers) AS w (tenant_id, brand_id, number)
  JOIN ledger.feed f ON f.tenant_id = w.tenant_id AND f.brand_id = w.brand_id AND f.number > w.number
  ORDER BY f.tenant_id, f.brand_id, f.number LIMIT most
$$
"""


def upgrade() -> None:
    """Make the table, its policies and the look."""
    tenant = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid"
    op.execute(TABLE)
    op.execute("ALTER TABLE ledger.feed ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE ledger.feed FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_tenant ON ledger.feed USING ({tenant}) WITH CHECK ({tenant})")
    op.execute("GRANT SELECT, INSERT, DELETE ON ledger.feed TO ledger_runtime")
    op.execute("GRANT SELECT ON ledger.feed TO ledger_sweeper")
    op.execute("CREATE POLICY swept ON ledger.feed FOR SELECT TO ledger_sweeper USING (true)")
    op.execute("GRANT CREATE ON SCHEMA ledger TO ledger_sweeper")
    op.execute("SET ROLE ledger_sweeper")
    op.execute(LOOK)
    op.execute("REVOKE ALL ON FUNCTION ledger.sweep_feed FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION ledger.sweep_feed TO ledger_runtime")
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA ledger FROM ledger_sweeper")


def downgrade() -> None:
    """Drop the feed: nothing but open pages rests on it."""
    op.execute("DROP FUNCTION ledger.sweep_feed")
    op.execute("DROP TABLE ledger.feed")
