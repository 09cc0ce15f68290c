"""Which things each change of the registry touched; indexes by which all of a thing is found."""

import sqlalchemy as sa
from alembic import op

revision = "changes"
down_revision = "seats"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = {"things": "via", "parameters": "thing"}


def upgrade() -> None:
    """Make the table, which is empty: the next change has every role read all once more."""
    op.create_table(
        "registry_changes",
        sa.Column("number", INT64, primary_key=True, autoincrement=False),
        sa.Column("first_id", INT64, nullable=False),
        sa.Column("last_id", INT64, nullable=False),
        sa.Column("stamp", INT64, nullable=False),
    )
    for table, column in INDEXES.items():
        op.create_index(f"ix_{table}_{column}", table, [column])
