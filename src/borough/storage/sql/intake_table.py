"""The table of what was taken into the registry, file by file."""

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, String, Table

from borough.storage.sql.tables import Int64, metadata

intakes = Table(
    "intakes",
    metadata,
    Column("number", Int64, primary_key=True, autoincrement=False),
    Column("at_ms", Int64, nullable=False),
    Column("who", String, nullable=False),
    Column("file", String, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("undoes", Int64),
    Column("before", LargeBinary, nullable=False),
)
"""``before`` holds what the things it touched were like, packed JSON; ``version`` is the
registry's afterwards, and ``undoes`` the intake that this one took back."""
Index("ix_intakes_undoes", intakes.c.undoes, unique=True)
