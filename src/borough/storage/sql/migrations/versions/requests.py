"""Citizens' requests: what each is now, and what was done about it."""

import sqlalchemy as sa
from alembic import op

revision = "requests"
down_revision = "rosters"

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables ``requests`` and ``request_acts``."""
    requests()
    acts()


def requests() -> None:
    """Make the table of requests as they are."""
    words = ("code", "receipt", "key", "channel", "kind")
    places = ("street", "community")
    sorting = ("agency", "first_agency", "state")
    op.create_table(
        "requests",
        sa.Column("id", INT64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person", INT64, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("lon", sa.Float(53)),
        sa.Column("lat", sa.Float(53)),
        *(sa.Column(name, sa.String(), nullable=False) for name in places),
        sa.Column("grid", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in sorting),
        sa.Column("case_id", INT64, nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("received_ms", INT64, nullable=False),
        sa.Column("accepted_ms", INT64),
        *(sa.Column(name, INT64, nullable=False) for name in ("contact_due_ms", "answer_due_ms")),
        *(sa.Column(name, INT64) for name in ("contacted_ms", "answered_ms")),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("revisited_ms", INT64),
        sa.Column("revisits", sa.Integer(), nullable=False),
        sa.Column("resolved", sa.Boolean()),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("satisfaction", "reopened")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("excluded", "sorted_by")),
        sa.Column("suggestion", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_requests_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        *(sa.UniqueConstraint(name, name=op.f(f"uq_requests_{name}")) for name in words[:3]),
    )
    op.create_index("ix_requests_case_id", "requests", ["case_id"])
    op.create_index("ix_requests_received_ms", "requests", ["received_ms", "id"])
    op.create_index("ix_requests_state", "requests", ["state", "id"])


def acts() -> None:
    """Make the table of what was done about them."""
    op.create_table(
        "request_acts",
        sa.Column("request", INT64, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", INT64, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("by", "verb")),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["requests.id"], name=op.f("fk_request_acts_request_requests")
        ),
        sa.PrimaryKeyConstraint("request", "number", name=op.f("pk_request_acts")),
    )
