"""What goes out and comes in beside the cases: files, hooks, notices, and shared data."""

import sqlalchemy as sa
from alembic import op

revision = "outward"
down_revision = "people"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of files, messages, recipients and shares."""
    _files()
    _messages()
    _told()
    _shares()


def _files() -> None:
    op.create_table(
        "case_files",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_id", INT64, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media", sa.String(), nullable=False),
        sa.Column("size", INT64, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("shared", sa.String(64), nullable=False),
        sa.Column("thumbnail", sa.String(64), nullable=False),
        sa.Column("removed_ms", INT64),
        sa.Column("removed_by", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_files_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_files")),
    )
    op.create_index("ix_case_files_case_id", "case_files", ["case_id", "seq"])
    op.create_index("ix_case_files_sha256", "case_files", ["sha256"])


def _messages() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("courier", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("case_id", INT64, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_ms", INT64, nullable=False),
        sa.Column("due_ms", INT64, nullable=False),
        sa.Column("ended_ms", INT64),
        sa.Column("says", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_made_ms", "outbox", ["made_ms"])
    op.create_index("ix_outbox_state", "outbox", ["state", "due_ms"])
    op.create_index("ix_outbox_target", "outbox", ["target", "case_id", "seq"])
    op.create_table(
        "outbox_tries",
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message", "number", name=op.f("pk_outbox_tries")),
    )
    op.create_table(
        "hooks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("scenes", sa.JSON(), nullable=False),
        sa.Column("agencies", sa.JSON(), nullable=False),
        sa.Column("remarks", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("made_ms", INT64, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hooks")),
    )


def _told() -> None:
    op.create_table(
        "recipients",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("posts", sa.JSON(), nullable=False),
        sa.Column("agencies", sa.JSON(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("quiet", sa.String(), nullable=False),
        sa.Column("most_per_h", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_ms", INT64, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_recipients")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("case_id", INT64, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("circle", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer_by_ms", INT64),
        sa.Column("answered_ms", INT64),
        sa.Column("answered_by", sa.String(), nullable=False),
        sa.Column("widened_ms", INT64),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(
        "ix_notices_answer_by_ms",
        "notices",
        ["answer_by_ms"],
        sqlite_where=sa.text("answer_by_ms IS NOT NULL"),
        postgresql_where=sa.text("answer_by_ms IS NOT NULL"),
    )
    op.create_index("ix_notices_case_id", "notices", ["case_id"])
    op.create_index("ix_notices_recipient", "notices", ["recipient", "at_ms"])


def _shares() -> None:
    op.create_table(
        "shares",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("masks", sa.JSON(), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("from_ms", INT64, nullable=False),
        sa.Column("to_ms", INT64, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_ms", INT64, nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("decided_ms", INT64),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shares")),
    )
    op.create_index("ix_shares_partner", "shares", ["partner"])
    op.create_table(
        "share_reads",
        sa.Column("number", INT64, autoincrement=False, nullable=False),
        sa.Column("share", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("after", INT64, nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["share"], ["shares.id"], name=op.f("fk_share_reads_share")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_share_reads")),
    )
    op.create_index("ix_share_reads_share", "share_reads", ["share", "number"])
