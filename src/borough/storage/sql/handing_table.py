"""The table of handings: which open cases wait for a post, and which one has each."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table

from borough.storage.sql.tables import Int64, metadata

handings = Table(
    "handings",
    metadata,
    Column("case_id", ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    Column("holder", String, nullable=False),
    Column("state", String, nullable=False),
    Column("post", String, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("since_ms", Int64, nullable=False),
    Column("due_ms", Int64, nullable=False),
    Column("given_ms", Int64, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("passed", JSON, nullable=False),
)
"""One row for each open case whose step is for a kind of post.

``state`` is ``waiting``, ``given`` (by rule) or ``kept`` (by a person, whom no rule overrules);
``passed`` holds the posts that had it and did not take it up.
"""
Index("ix_handings_state", handings.c.state, handings.c.holder, handings.c.due_ms)
Index(
    "ix_handings_post", handings.c.post, handings.c.state, handings.c.given_ms, handings.c.case_id
)

patrols = Table(
    "patrols",
    metadata,
    Column("code", String, primary_key=True),
    Column("name", JSON, nullable=False),
    Column("kind", String, nullable=False),
    Column("area", String, nullable=False),
    Column("rhythm", String, nullable=False),
    Column("within_h", Integer, nullable=False),
    Column("points", JSON, nullable=False),
    Column("synthetic", Boolean, nullable=False),
)
"""Rounds to be made: by which kind of post, over which area or things, how often."""

rounds = Table(
    "rounds",
    metadata,
    Column("id", String, primary_key=True),
    Column("patrol", ForeignKey("patrols.code"), nullable=False),
    Column("grid", Int64, nullable=False),
    Column("post", String, nullable=False),
    Column("state", String, nullable=False),
    Column("begins_ms", Int64, nullable=False),
    Column("due_ms", Int64, nullable=False),
    Column("ended_ms", Int64),
    Column("by", String, nullable=False),
    Column("note", String, nullable=False),
)
"""One round of a patrol in one grid: ``open``, ``done`` or ``missed``."""
Index("ix_rounds_state", rounds.c.state, rounds.c.due_ms)
Index("ix_rounds_post", rounds.c.post, rounds.c.state)
Index("ix_rounds_patrol", rounds.c.patrol, rounds.c.begins_ms)
