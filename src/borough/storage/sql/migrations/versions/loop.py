"""What the routine loop keeps of a case: its place, standard, clocks and decisions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "loop"
down_revision = "outward"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = {
    "source": "sensor",
    "event": "",
    "standard": "",
    "agency": "",
    "limit": "",
    "band": "green",
}
COUNTS = ("extended", "rework")
SPANS = ("limit_ms", "paused_ms")
MOMENTS = ("limit_due_ms", "suspended_to_ms")
FLAGS = ("urgent", "appealed", "exempt")


def upgrade() -> None:
    """Add columns to ``cases``; what is there already came from sensors and had none of this."""
    columns: list[sa.Column[Any]] = [
        *(sa.Column(name, sa.String(), nullable=False, server_default=was)
          for name, was in WORDS.items()),
        *(sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in COUNTS),
        *(sa.Column(name, INT64, nullable=False, server_default="0") for name in SPANS),
        *(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
          for name in FLAGS),
        *(sa.Column(name, INT64) for name in MOMENTS),
        *(sa.Column(name, sa.Float(53)) for name in ("lon", "lat")),
        sa.Column("asked", sa.JSON(), nullable=False, server_default="{}"),
    ]  # fmt: skip
    for column in columns:
        op.add_column("cases", column)
    op.create_index("ix_cases_suspended_to_ms", "cases", ["suspended_to_ms"], unique=False)
