"""A queued prediction that was given back waits for a while: nobody takes it again at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment; a gateway of the previous release takes no notice of it."""
    op.add_column("jobs", sa.Column("waits_until", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("jobs", "waits_until")
