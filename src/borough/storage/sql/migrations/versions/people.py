"""People: accounts, links, sessions, tokens, personal data, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "people"
down_revision = "timers"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of people."""
    accounts()
    credentials()
    op.create_table(
        "persons",
        sa.Column("id", INT64, nullable=False),
        sa.Column("fields", sa.JSON()),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("kept_ms", INT64, nullable=False),
        sa.Column("erased_ms", INT64),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", INT64, autoincrement=False, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_actor", "audit", ["actor", "seq"])
    op.create_index("ix_audit_verb", "audit", ["verb", "seq"])


def accounts() -> None:
    """Make accounts and what signs them in."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("grants", sa.JSON(), nullable=False),
        sa.Column("outside", sa.String(), nullable=False),
        sa.Column("made_ms", INT64, nullable=False),
        sa.Column("disabled_ms", INT64),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
    )
    op.create_index("ix_accounts_outside", "accounts", ["outside"])
    op.create_table(
        "links",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("made_ms", INT64, nullable=False),
        sa.Column("expires_ms", INT64, nullable=False),
        sa.Column("used_ms", INT64),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_links")),
    )


def credentials() -> None:
    """Make sessions of people and tokens of programs."""
    op.create_table(
        "sessions",
        sa.Column("number", INT64, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("made_ms", INT64, nullable=False),
        sa.Column("expires_ms", INT64, nullable=False),
        sa.Column("ended_ms", INT64),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sessions")),
        sa.UniqueConstraint("sha256", name=op.f("uq_sessions_sha256")),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.name"], name=op.f("fk_sessions_account_accounts")
        ),
    )
    op.create_index("ix_sessions_account", "sessions", ["account", "ended_ms"])
    op.create_table(
        "tokens",
        sa.Column("number", INT64, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("agencies", sa.JSON(), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_ms", INT64, nullable=False),
        sa.Column("expires_ms", INT64, nullable=False),
        sa.Column("revoked_ms", INT64),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tokens")),
        sa.UniqueConstraint("sha256", name=op.f("uq_tokens_sha256")),
    )
