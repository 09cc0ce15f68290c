"""The tables of evaluations, beside those of the spine; the migrations lead to exactly these."""

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from borough.storage.sql.tables import Int64, metadata

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    Column("scene", String, nullable=False),
    Column("period", String, nullable=False),
    Column("rules", String, nullable=False),
    Column("rules_version", String, nullable=False),
    Column("state", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("draft", Integer, nullable=False),
    Column("result", String(64), nullable=False),
    Column("made_ms", Int64, nullable=False),
    Column("notice_ms", Int64),
    Column("until_ms", Int64),
    Column("frozen_ms", Int64),
    Column("appeals", Integer, nullable=False),
    Column("tally", JSON, nullable=False),
    UniqueConstraint("scene", "period"),
)
"""What each evaluation is now: always equal to the fold of its log."""

evaluation_log = Table(
    "evaluation_log",
    metadata,
    Column("evaluation", ForeignKey("evaluations.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", Int64, nullable=False),
    Column("actor", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("data", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
"""Append-only; ``data`` is canonical JSON text, and ``hash`` covers it and the entry before."""

evaluation_drafts = Table(
    "evaluation_drafts",
    metadata,
    Column("evaluation", ForeignKey("evaluations.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", Int64, nullable=False),
    Column("code", String, nullable=False),
    Column("result", String(64), nullable=False),
    Column("snapshot", Text, nullable=False),
)
"""Append-only: all that each draft was worked out from, as canonical JSON text."""

evaluation_rows = Table(
    "evaluation_rows",
    metadata,
    Column("evaluation", ForeignKey("evaluations.id"), primary_key=True, autoincrement=False),
    Column("subject", String, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("group", String, nullable=False),
    Column("class", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("score", Float(53)),
    Column("body", JSON, nullable=False),
)
"""The result of the current draft, one row for each subject, in the order of the snapshot."""
Index(
    "ix_evaluation_rows_rank",
    evaluation_rows.c.evaluation, evaluation_rows.c.group, evaluation_rows.c.rank,
)  # fmt: skip

evaluation_appeals = Table(
    "evaluation_appeals",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    Column("evaluation", ForeignKey("evaluations.id"), nullable=False),
    Column("subject", String, nullable=False),
    Column("input", String, nullable=False),
    Column("stated", Text, nullable=False),
    Column("claimed", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("by", String, nullable=False),
    Column("answer", Text, nullable=False),
    Column("decided_ms", Int64),
    Column("decided_by", String, nullable=False),
    Column("draft", Integer),
)
Index("ix_evaluation_appeals_evaluation", evaluation_appeals.c.evaluation, evaluation_appeals.c.id)
