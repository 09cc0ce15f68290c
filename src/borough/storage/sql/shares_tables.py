"""The tables of data sharing: what each partner may read, and everything they have read."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from borough.storage.sql.tables import Int64, metadata

shares = Table(
    "shares",
    metadata,
    Column("id", String, primary_key=True),
    Column("partner", String, nullable=False),
    Column("level", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("masks", JSON, nullable=False),
    Column("areas", JSON, nullable=False),
    Column("kinds", JSON, nullable=False),
    Column("basis", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("from_ms", Int64, nullable=False),
    Column("to_ms", Int64, nullable=False),
    Column("state", String, nullable=False),
    Column("asked_ms", Int64, nullable=False),
    Column("asked_by", String, nullable=False),
    Column("decided_ms", Int64),
    Column("decided_by", String, nullable=False),
    Column("why", Text, nullable=False),
)
"""``partner`` is the name of its program's token, ``level`` where it stands: city, district,
street or agency.  ``areas`` are beginnings of grid codes and ``kinds`` scenes or kinds of things;
an empty list lets everything through."""
Index("ix_shares_partner", shares.c.partner)

share_reads = Table(
    "share_reads",
    metadata,
    Column("number", Int64, primary_key=True, autoincrement=False),
    Column("share", ForeignKey("shares.id"), nullable=False),
    Column("who", String, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("after", Int64, nullable=False),
    Column("format", String, nullable=False),
)
"""Append-only: every page of rows that was handed out."""
Index("ix_share_reads_share", share_reads.c.share, share_reads.c.number)
