"""A person's language: of the sentences they read, where their browser asks for none that there is."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; NULL: no language was chosen."""
    op.execute("ALTER TABLE ledger.users ADD COLUMN locale text")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE ledger.users DROP COLUMN locale")
