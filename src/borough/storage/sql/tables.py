"""The tables, once, for SQLite and PostgreSQL; the migrations lead to exactly these.

Times are int64 milliseconds, UTC, in the district's time; columns that hold one end in ``_ms``.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

Int64 = BigInteger().with_variant(Integer, "sqlite")
"""SQLite's ``INTEGER`` holds 64 bits, and only that word makes a row number of it."""

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Int64, nullable=False),
)
"""Numbers that only rise: registry version, next series, next case of a day."""

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", JSON, nullable=False),
)

kinds = Table(
    "kinds",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("code", String, nullable=False, unique=True),
    Column("name", JSON, nullable=False),
    Column("role", String, nullable=False),
    Column("interval_s", Float(53), nullable=False),
    Column("heartbeat_s", Float(53), nullable=False),
    Column("late_s", Float(53), nullable=False),
    Column("attributes", JSON, nullable=False),
)

properties = Table(
    "properties",
    metadata,
    Column("kind", ForeignKey("kinds.number"), primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("code", String, nullable=False),
    Column("name", JSON, nullable=False),
    Column("unit", String, nullable=False),
    Column("low", Float(53), nullable=False),
    Column("high", Float(53), nullable=False),
    Column("normal_low", Float(53), nullable=False),
    Column("normal_high", Float(53), nullable=False),
    UniqueConstraint("kind", "code"),
)

things = Table(
    "things",
    metadata,
    Column("id", Int64, primary_key=True, autoincrement=False),
    Column("key", String, nullable=False),
    Column("kind", ForeignKey("kinds.number"), nullable=False),
    Column("first_series", Integer, nullable=False),
    Column("lon", Float(53)),
    Column("lat", Float(53)),
    Column("grid", Int64, nullable=False),
    Column("via", ForeignKey("things.id", deferrable=True, initially="DEFERRED")),
    Column("name", JSON, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("valid_from_ms", Int64, nullable=False),
    Column("valid_to_ms", Int64),
)
Index("uq_things_key", things.c.key, unique=True)
Index("ix_things_kind", things.c.kind)
Index("ix_things_grid", things.c.grid)
Index("ix_things_lon", things.c.lon, things.c.lat)
Index("ix_things_via", things.c.via)

relations = Table(
    "relations",
    metadata,
    Column("name", String, primary_key=True),
    Column("from_id", ForeignKey("things.id"), primary_key=True, autoincrement=False),
    Column("to_id", ForeignKey("things.id"), primary_key=True, autoincrement=False),
    Column("valid_from_ms", Int64, primary_key=True, autoincrement=False),
    Column("valid_to_ms", Int64),
    Column("sign", Integer, nullable=False),
)
Index("ix_relations_from_id", relations.c.from_id)
Index("ix_relations_to_id", relations.c.to_id)

parameters = Table(
    "parameters",
    metadata,
    Column("scene", String, primary_key=True),
    Column("parameter", String, primary_key=True),
    Column("thing", ForeignKey("things.id"), primary_key=True, autoincrement=False),
    Column("value", Float(53), nullable=False),
    Column("who", String, nullable=False),
    Column("set_ms", Int64, nullable=False),
)
Index("ix_parameters_thing", parameters.c.thing)

registry_changes = Table(
    "registry_changes",
    metadata,
    Column("number", Int64, primary_key=True, autoincrement=False),
    Column("first_id", Int64, nullable=False),
    Column("last_id", Int64, nullable=False),
    Column("stamp", Int64, nullable=False),
)
"""Which things each of the newest changes of the registry touched, by id from first to last.

``stamp`` is drawn anew for each change: where a database was put back to an older state, what is
then done under a number is known not to be what was done under it before."""

credentials = Table(
    "credentials",
    metadata,
    Column("key", String, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("created_ms", Int64, nullable=False),
    Column("revoked_ms", Int64),
)

detections = Table(
    "detections",
    metadata,
    Column("id", String, primary_key=True),
    Column("scene", String, nullable=False),
    Column("thing", Int64, nullable=False),
    Column("level", Integer, nullable=False),
    Column("level_name", String, nullable=False),
    Column("worst", Integer, nullable=False),
    Column("began_ms", Int64, nullable=False),
    Column("changed_ms", Int64, nullable=False),
    Column("ended_ms", Int64),
    Column("position", Int64, nullable=False),
    Column("version", String, nullable=False),
    Column("case_id", ForeignKey("cases.id")),
    Column("suppressed_by", String),
    Column("outcome", String),
)
Index("ix_detections_scene", detections.c.scene, detections.c.thing)
Index("ix_detections_thing", detections.c.thing)
Index("ix_detections_began_ms", detections.c.began_ms, detections.c.id)
Index("ix_detections_case_id", detections.c.case_id)

detection_edges = Table(
    "detection_edges",
    metadata,
    Column("id", ForeignKey("detections.id"), primary_key=True),
    Column("position", Int64, primary_key=True, autoincrement=False),
    Column("level", Integer, nullable=False),
    Column("level_name", String, nullable=False),
    Column("time_ms", Int64, nullable=False),
    Column("now_ms", Int64, nullable=False),
    Column("values", JSON, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("version", String, nullable=False),
    Column("by", String, nullable=False),
)

offsets = Table(
    "offsets",
    metadata,
    Column("name", String, primary_key=True),
    Column("sequence", Int64, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Int64, primary_key=True),
    Column("code", String, nullable=False, unique=True),
    Column("scene", String, nullable=False),
    Column("thing", Int64, nullable=False),
    Column("grid", Int64, nullable=False),
    Column("plan", String, nullable=False),
    Column("title", JSON, nullable=False),
    Column("step", String, nullable=False),
    Column("holder", String, nullable=False),
    Column("post", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("worst", Integer, nullable=False),
    Column("opened_ms", Int64, nullable=False),
    Column("since_ms", Int64, nullable=False),
    Column("due_ms", Int64, nullable=False),
    Column("heard_ms", Int64, nullable=False),
    Column("closed_ms", Int64),
    Column("outcome", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("merged", Integer, nullable=False),
    Column("returned", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    Column("overdue", Boolean, nullable=False),
    Column("trail", JSON, nullable=False),
    Column("source", String, nullable=False),
    Column("event", String, nullable=False),
    Column("standard", String, nullable=False),
    Column("agency", String, nullable=False),
    Column("lon", Float(53)),
    Column("lat", Float(53)),
    Column("urgent", Boolean, nullable=False),
    Column("limit", String, nullable=False),
    Column("limit_ms", Int64, nullable=False),
    Column("limit_due_ms", Int64),
    Column("paused_ms", Int64, nullable=False),
    Column("suspended_to_ms", Int64),
    Column("extended", Integer, nullable=False),
    Column("rework", Integer, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("appealed", Boolean, nullable=False),
    Column("exempt", Boolean, nullable=False),
    Column("band", String, nullable=False),
)
"""What each case is now: always equal to the fold of its events."""
Index("ix_cases_scene", cases.c.scene, cases.c.thing, cases.c.id)
Index("ix_cases_thing", cases.c.thing)
Index("ix_cases_grid", cases.c.grid, cases.c.closed_ms)
Index("ix_cases_post", cases.c.post, cases.c.closed_ms)
Index("ix_cases_suspended_to_ms", cases.c.suspended_to_ms)

case_events = Table(
    "case_events",
    metadata,
    Column("case_id", ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", Int64, nullable=False),
    Column("actor", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("data", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
"""Append-only; ``data`` is canonical JSON text, and ``hash`` covers it and the entry before."""

posts = Table(
    "posts",
    metadata,
    Column("code", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("shift", String, nullable=False),
    Column("agency", String, nullable=False),
    Column("name", JSON, nullable=False),
)

post_grids = Table(
    "post_grids",
    metadata,
    Column("post", ForeignKey("posts.code"), primary_key=True),
    Column("grid", Int64, primary_key=True, autoincrement=False),
)
Index("ix_post_grids_grid", post_grids.c.grid)
