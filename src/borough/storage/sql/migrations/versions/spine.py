"""The first tables: registry, posts, cases and detections."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, those first that others point to."""
    counters()
    meta()
    kinds()
    properties()
    things()
    relations()
    parameters()
    credentials()
    posts()
    post_grids()
    cases()
    case_events()
    offsets()
    detections()
    detection_edges()


def counters() -> None:
    """Make table ``counters``."""
    op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", INT64, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )


def meta() -> None:
    """Make table ``meta``."""
    op.create_table(
        "meta",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )


def kinds() -> None:
    """Make table ``kinds``."""
    op.create_table(
        "kinds",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("interval_s", sa.Float(precision=53), nullable=False),
        sa.Column("heartbeat_s", sa.Float(precision=53), nullable=False),
        sa.Column("late_s", sa.Float(precision=53), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_kinds")),
        sa.UniqueConstraint("code", name=op.f("uq_kinds_code")),
    )


def properties() -> None:
    """Make table ``properties``."""
    op.create_table(
        "properties",
        sa.Column("kind", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("low", sa.Float(precision=53), nullable=False),
        sa.Column("high", sa.Float(precision=53), nullable=False),
        sa.Column("normal_low", sa.Float(precision=53), nullable=False),
        sa.Column("normal_high", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["kind"], ["kinds.number"], name=op.f("fk_properties_kind")),
        sa.PrimaryKeyConstraint("kind", "place", name=op.f("pk_properties")),
        sa.UniqueConstraint("kind", "code", name=op.f("uq_properties_kind")),
    )


def things() -> None:
    """Make table ``things``."""
    op.create_table(
        "things",
        sa.Column("id", INT64, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("first_series", sa.Integer(), nullable=False),
        sa.Column("lon", sa.Float(precision=53), nullable=True),
        sa.Column("lat", sa.Float(precision=53), nullable=True),
        sa.Column("grid", INT64, nullable=False),
        sa.Column("via", INT64, nullable=True),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("valid_from_ms", INT64, nullable=False),
        sa.Column("valid_to_ms", INT64, nullable=True),
        sa.ForeignKeyConstraint(["kind"], ["kinds.number"], name=op.f("fk_things_kind")),
        sa.ForeignKeyConstraint(
            ["via"],
            ["things.id"],
            name=op.f("fk_things_via"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_things")),
    )
    op.create_index("ix_things_grid", "things", ["grid"], unique=False)
    op.create_index("ix_things_kind", "things", ["kind"], unique=False)
    op.create_index("ix_things_lon", "things", ["lon", "lat"], unique=False)
    op.create_index("uq_things_key", "things", ["key"], unique=True)


def relations() -> None:
    """Make table ``relations``."""
    op.create_table(
        "relations",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("from_id", INT64, autoincrement=False, nullable=False),
        sa.Column("to_id", INT64, autoincrement=False, nullable=False),
        sa.Column("valid_from_ms", INT64, autoincrement=False, nullable=False),
        sa.Column("valid_to_ms", INT64, nullable=True),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["from_id"], ["things.id"], name=op.f("fk_relations_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["things.id"], name=op.f("fk_relations_to_id")),
        sa.PrimaryKeyConstraint(
            "name", "from_id", "to_id", "valid_from_ms", name=op.f("pk_relations")
        ),
    )
    op.create_index("ix_relations_from_id", "relations", ["from_id"], unique=False)
    op.create_index("ix_relations_to_id", "relations", ["to_id"], unique=False)


def parameters() -> None:
    """Make table ``parameters``."""
    op.create_table(
        "parameters",
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("parameter", sa.String(), nullable=False),
        sa.Column("thing", INT64, autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("set_ms", INT64, nullable=False),
        sa.ForeignKeyConstraint(["thing"], ["things.id"], name=op.f("fk_parameters_thing")),
        sa.PrimaryKeyConstraint("scene", "parameter", "thing", name=op.f("pk_parameters")),
    )


def credentials() -> None:
    """Make table ``credentials``."""
    op.create_table(
        "credentials",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("revoked_ms", INT64, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_credentials")),
    )


def posts() -> None:
    """Make table ``posts``."""
    op.create_table(
        "posts",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("shift", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_posts")),
    )


def post_grids() -> None:
    """Make table ``post_grids``."""
    op.create_table(
        "post_grids",
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("grid", INT64, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["post"], ["posts.code"], name=op.f("fk_post_grids_post")),
        sa.PrimaryKeyConstraint("post", "grid", name=op.f("pk_post_grids")),
    )
    op.create_index("ix_post_grids_grid", "post_grids", ["grid"], unique=False)


def cases() -> None:
    """Make table ``cases``."""
    op.create_table(
        "cases",
        sa.Column("id", INT64, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("thing", INT64, nullable=False),
        sa.Column("grid", INT64, nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("worst", sa.Integer(), nullable=False),
        sa.Column("opened_ms", INT64, nullable=False),
        sa.Column("since_ms", INT64, nullable=False),
        sa.Column("due_ms", INT64, nullable=False),
        sa.Column("heard_ms", INT64, nullable=False),
        sa.Column("closed_ms", INT64, nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("trail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("code", name=op.f("uq_cases_code")),
    )
    op.create_index("ix_cases_closed_ms", "cases", ["closed_ms", "due_ms"], unique=False)
    op.create_index("ix_cases_grid", "cases", ["grid"], unique=False)
    op.create_index("ix_cases_post", "cases", ["post", "closed_ms"], unique=False)
    op.create_index("ix_cases_scene", "cases", ["scene", "thing", "id"], unique=False)
    op.create_index("ix_cases_thing", "cases", ["thing"], unique=False)


def case_events() -> None:
    """Make table ``case_events``."""
    op.create_table(
        "case_events",
        sa.Column("case_id", INT64, autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id")),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("pk_case_events")),
    )


def offsets() -> None:
    """Make table ``offsets``."""
    op.create_table(
        "offsets",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sequence", INT64, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_offsets")),
    )


def detections() -> None:
    """Make table ``detections``."""
    op.create_table(
        "detections",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("thing", INT64, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("level_name", sa.String(), nullable=False),
        sa.Column("worst", sa.Integer(), nullable=False),
        sa.Column("began_ms", INT64, nullable=False),
        sa.Column("changed_ms", INT64, nullable=False),
        sa.Column("ended_ms", INT64, nullable=True),
        sa.Column("position", INT64, nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("case_id", INT64, nullable=True),
        sa.Column("suppressed_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_detections_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detections")),
    )
    op.create_index("ix_detections_began_ms", "detections", ["began_ms", "id"], unique=False)
    op.create_index("ix_detections_case_id", "detections", ["case_id"], unique=False)
    op.create_index("ix_detections_scene", "detections", ["scene", "thing"], unique=False)
    op.create_index("ix_detections_thing", "detections", ["thing"], unique=False)


def detection_edges() -> None:
    """Make table ``detection_edges``."""
    op.create_table(
        "detection_edges",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("position", INT64, autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("level_name", sa.String(), nullable=False),
        sa.Column("time_ms", INT64, nullable=False),
        sa.Column("now_ms", INT64, nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["detections.id"], name=op.f("fk_detection_edges_id")),
        sa.PrimaryKeyConstraint("id", "position", name=op.f("pk_detection_edges")),
    )
