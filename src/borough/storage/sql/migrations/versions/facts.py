"""The fact store: definitions, facts, their revisions, imports and marks."""

import sqlalchemy as sa
from alembic import op

revision = "facts"
down_revision = "0001"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def words(*names: str) -> list[sa.Column[str]]:
    """Make columns of text that must be there."""
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def days() -> list[sa.Column[str]]:
    """Make the two ends of a time in force."""
    return [sa.Column(name, sa.String()) for name in ("valid_from", "valid_to")]


def upgrade() -> None:
    """Make the tables, those first that others point to."""
    definitions()
    sources()
    imports()
    facts()
    revisions()
    marks()


def definitions() -> None:
    """Make the tables of what numbers mean and where they hold."""
    op.create_table(
        "indicators",
        *words("code"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        *words("unit"),
        sa.Column("polarity", sa.Integer(), nullable=False),
        sa.Column("text", sa.JSON(), nullable=False),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        *days(),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_indicators")),
    )
    op.create_table(
        "regions",
        *words("code"),
        sa.Column("name", sa.JSON(), nullable=False),
        *words("parent"),
        *days(),
        sa.Column("successors", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_regions")),
    )


def sources() -> None:
    """Make the tables of who said it and of whom."""
    op.create_table(
        "fact_documents",
        *words("code"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        *words("published"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_fact_documents")),
    )
    op.create_table(
        "fact_subjects",
        *words("key"),
        sa.Column("name", sa.JSON(), nullable=False),
        *words("kind"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_fact_subjects")),
    )


def imports() -> None:
    """Make the table of imports."""
    counts = ("rows", "added", "revised", "same", "refused")
    op.create_table(
        "fact_imports",
        sa.Column("id", INT64, autoincrement=False, nullable=False),
        *words("name"),
        sa.Column("sha256", sa.String(64), nullable=False),
        *words("by"),
        sa.Column("at_ms", INT64, nullable=False),
        *[sa.Column(name, sa.Integer(), nullable=False) for name in counts],
        sa.Column("withdrawn_ms", INT64),
        *words("withdrawn_by"),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_imports")),
    )


def facts() -> None:
    """Make the table of facts."""
    op.create_table(
        "facts",
        sa.Column("id", INT64, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        *words("indicator"),
        sa.Column("definition", sa.Integer(), nullable=False),
        *words("region", "scope", "subject", "period_kind", "period"),
        sa.Column("start_day", sa.String()),
        sa.Column("end_day", sa.String()),
        *words("prices", "status", "document", "statement"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facts")),
        sa.UniqueConstraint("key", name=op.f("uq_facts_key")),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_facts_region")),
        sa.ForeignKeyConstraint(
            ["document"], ["fact_documents.code"], name=op.f("fk_facts_document")
        ),
        sa.ForeignKeyConstraint(
            ["indicator", "definition"],
            ["indicators.code", "indicators.version"],
            name=op.f("fk_facts_indicator"),
        ),
    )
    op.create_index("ix_facts_indicator", "facts", ["indicator", "period", "subject"])
    op.create_index("ix_facts_subject", "facts", ["subject"])


def revisions() -> None:
    """Make the table of what was said."""
    op.create_table(
        "fact_revisions",
        sa.Column("fact", INT64, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_ms", INT64, nullable=False),
        sa.Column("superseded_ms", INT64),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("number", sa.Float(53), nullable=False),
        *words("unit", "comparator"),
        sa.Column("stated", sa.Text(), nullable=False),
        *words("stated_unit"),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("said", sa.String(64), nullable=False),
        sa.Column("import_id", INT64, nullable=False),
        *words("by"),
        sa.PrimaryKeyConstraint("fact", "revision", name=op.f("pk_fact_revisions")),
        sa.ForeignKeyConstraint(["fact"], ["facts.id"], name=op.f("fk_fact_revisions_fact")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["fact_imports.id"], name=op.f("fk_fact_revisions_import_id")
        ),
    )
    op.create_index("ix_fact_revisions_import_id", "fact_revisions", ["import_id"])


def marks() -> None:
    """Make the table of what checks found."""
    op.create_table(
        "fact_marks",
        sa.Column("id", INT64, autoincrement=False, nullable=False),
        sa.Column("fact", INT64, nullable=False),
        *words("rule", "verdict"),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("others", sa.JSON(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("cleared_ms", INT64),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_marks")),
        sa.ForeignKeyConstraint(["fact"], ["facts.id"], name=op.f("fk_fact_marks_fact")),
    )
    op.create_index("ix_fact_marks_fact", "fact_marks", ["fact", "cleared_ms"])
    op.create_index("ix_fact_marks_cleared_ms", "fact_marks", ["cleared_ms", "rule"])
