"""The table of warnings: every bulletin to the public, in its final wording."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from borough.storage.sql.tables import Int64, metadata

warnings = Table(
    "warnings",
    metadata,
    Column("id", Int64, primary_key=True),
    Column("identifier", String, nullable=False, unique=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("scene", String, nullable=False),
    Column("thing", Int64, nullable=False),
    Column("kind", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("level_name", String, nullable=False),
    Column("sent_ms", Int64, nullable=False),
    Column("expires_ms", Int64, nullable=False),
    Column("headline", JSON, nullable=False),
    Column("document", Text, nullable=False),
)
"""Rows are only added; ``document`` is what was sent, letter for letter."""
Index("ix_warnings_case_id", warnings.c.case_id, warnings.c.number, unique=True)
Index("ix_warnings_expires_ms", warnings.c.expires_ms)
