"""The product's words are declared in code alone; and a person may be limited to some brands.

A CHECK that repeats an enum (platforms, roles, kinds of messages, states of connections) would refuse its next
member. `users.brand_ids` are the brands a person may see; NULL: all of their tenant's.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WORDS = (
    ("users", "role"),
    ("integrations", "platform"),
    ("integrations", "status"),
    ("held_messages", "kind"),
    ("held_messages", "outcome"),
)


def upgrade() -> None:
    """Drop the CHECKs and add the column."""
    for table, column in WORDS:
        op.execute(f"ALTER TABLE ledger.{table} DROP CONSTRAINT {table}_{column}_check")
    op.execute("ALTER TABLE ledger.users ADD COLUMN brand_ids uuid[]")


def downgrade() -> None:
    """Drop the column; the CHECKs stay away, as rows may hold words that they refuse."""
    op.execute("ALTER TABLE ledger.users DROP COLUMN brand_ids")
