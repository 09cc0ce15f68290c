"""The table of files: what was attached to cases, and what was taken down again.

The bytes lie in the data folder under their digests; a row names them.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from borough.storage.sql.tables import Int64, metadata

case_files = Table(
    "case_files",
    metadata,
    Column("id", String, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("by", String, nullable=False),
    Column("name", String, nullable=False),
    Column("media", String, nullable=False),
    Column("size", Int64, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("shared", String(64), nullable=False),
    Column("thumbnail", String(64), nullable=False),
    Column("removed_ms", Int64),
    Column("removed_by", String, nullable=False),
    Column("why", Text, nullable=False),
)
"""``sha256`` is that of the bytes as they came, ``shared`` of the copy that people are given, and
``thumbnail`` of the small picture, or empty.  A row stays when its bytes are gone."""
Index("ix_case_files_case_id", case_files.c.case_id, case_files.c.seq)
Index("ix_case_files_sha256", case_files.c.sha256)
