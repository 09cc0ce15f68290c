"""The tables of facts, beside those of the spine; the migrations lead to exactly these.

Days are ISO 8601 dates as text.  Decimal values are text too: SQLite would make floats of them.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from borough.storage.sql.tables import Int64, metadata

indicators = Table(
    "indicators",
    metadata,
    Column("code", String, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("name", JSON, nullable=False),
    Column("unit", String, nullable=False),
    Column("polarity", Integer, nullable=False),
    Column("text", JSON, nullable=False),
    Column("formula", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("valid_from", String),
    Column("valid_to", String),
)

regions = Table(
    "regions",
    metadata,
    Column("code", String, primary_key=True),
    Column("name", JSON, nullable=False),
    Column("parent", String, nullable=False),
    Column("valid_from", String),
    Column("valid_to", String),
    Column("successors", JSON, nullable=False),
    Column("source", Text, nullable=False),
)

fact_documents = Table(
    "fact_documents",
    metadata,
    Column("code", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("published", String, nullable=False),
    Column("note", Text, nullable=False),
)

fact_subjects = Table(
    "fact_subjects",
    metadata,
    Column("key", String, primary_key=True),
    Column("name", JSON, nullable=False),
    Column("kind", String, nullable=False),
)
"""Names of what facts are about, where the registry does not know it as a thing."""

fact_imports = Table(
    "fact_imports",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("by", String, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("revised", Integer, nullable=False),
    Column("same", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("withdrawn_ms", Int64),
    Column("withdrawn_by", String, nullable=False),
    Column("why", Text, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    Column("key", String(64), nullable=False, unique=True),
    Column("indicator", String, nullable=False),
    Column("definition", Integer, nullable=False),
    Column("region", ForeignKey("regions.code"), nullable=False),
    Column("scope", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("period_kind", String, nullable=False),
    Column("period", String, nullable=False),
    Column("start_day", String),
    Column("end_day", String),
    Column("prices", String, nullable=False),
    Column("status", String, nullable=False),
    Column("document", ForeignKey("fact_documents.code"), nullable=False),
    Column("statement", String, nullable=False),
    ForeignKeyConstraint(["indicator", "definition"], ["indicators.code", "indicators.version"]),
)
"""What a fact is about; what it says is in its revisions."""
Index("ix_facts_indicator", facts.c.indicator, facts.c.period, facts.c.subject)
Index("ix_facts_subject", facts.c.subject)

fact_revisions = Table(
    "fact_revisions",
    metadata,
    Column("fact", ForeignKey("facts.id"), primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("recorded_ms", Int64, nullable=False),
    Column("superseded_ms", Int64),
    Column("withdrawn", Boolean, nullable=False),
    Column("value", Text, nullable=False),
    Column("number", Float(53), nullable=False),
    Column("unit", String, nullable=False),
    Column("comparator", String, nullable=False),
    Column("stated", Text, nullable=False),
    Column("stated_unit", String, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("note", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("row", Integer, nullable=False),
    Column("said", String(64), nullable=False),
    Column("import_id", ForeignKey("fact_imports.id"), nullable=False),
    Column("by", String, nullable=False),
)
"""Append-only, save for ``superseded_ms``: what was said, when it was recorded, and from where."""
Index("ix_fact_revisions_import_id", fact_revisions.c.import_id)

fact_marks = Table(
    "fact_marks",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    Column("fact", ForeignKey("facts.id"), nullable=False),
    Column("rule", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("said", JSON, nullable=False),
    Column("others", JSON, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("cleared_ms", Int64),
)
"""What a check found to say of a fact; it deletes nothing."""
Index("ix_fact_marks_fact", fact_marks.c.fact, fact_marks.c.cleared_ms)
Index("ix_fact_marks_cleared_ms", fact_marks.c.cleared_ms, fact_marks.c.rule)
