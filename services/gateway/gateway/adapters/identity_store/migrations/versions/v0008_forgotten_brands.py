"""A shop that left is forgotten: rows of its brand may be deleted, those of the audit log never."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = "ledger.brands, ledger.integrations, ledger.held_messages, ledger.feed"


def upgrade() -> None:
    """Let the runtime role delete them, within its tenant."""
    op.execute(f"GRANT DELETE ON {TABLES} TO ledger_runtime")


def downgrade() -> None:
    """Take that back; a feed was always cut to its newest entries."""
    op.execute("REVOKE DELETE ON ledger.brands, ledger.integrations, ledger.held_messages FROM ledger_runtime")
