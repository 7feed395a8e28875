"""Revisions that a host accepted last, and revisions that wait for somebody's word."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; nothing is known of either for what is there."""
    op.add_column("worker", sa.Column("last_accepted", sa.Text(), nullable=True))
    op.add_column("workspace", sa.Column("withheld_revision", sa.BigInteger(), nullable=True))
