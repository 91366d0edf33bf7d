"""Why a pull failed and why a message was quarantined, as kind and names; sentences stored before stay beside them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; NULL: there is none, or a sentence of an earlier release."""
    op.execute("ALTER TABLE ledger.integrations ADD COLUMN sync_failure jsonb")
    op.execute("ALTER TABLE ledger.held_messages ADD COLUMN names jsonb")


def downgrade() -> None:
    """Drop the columns."""
    op.execute("ALTER TABLE ledger.integrations DROP COLUMN sync_failure")
    op.execute("ALTER TABLE ledger.held_messages DROP COLUMN names")
