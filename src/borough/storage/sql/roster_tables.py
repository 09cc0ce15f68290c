"""The tables of rosters: shifts, who is away, and who is on duty where and when.

``duties`` is laid out of the others day by day, so that who is on duty is one look at an index.
Whoever writes posts, their bases or duties says so with `musters.changed`.
"""

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from borough.storage.sql.tables import Int64, metadata

shifts = Table(
    "shifts",
    metadata,
    Column("code", String, primary_key=True),
    Column("name", JSON, nullable=False),
    Column("start_min", Integer, nullable=False),
    Column("end_min", Integer, nullable=False),
    Column("days", String, nullable=False),
)
"""``days`` has seven marks from Monday on, or is ``work``: the days on which offices are open."""

post_bases = Table(
    "post_bases",
    metadata,
    Column("post", ForeignKey("posts.code"), primary_key=True),
    Column("shift", String, nullable=False),
    Column("lon", Float(53)),
    Column("lat", Float(53)),
    Column("seen_lon", Float(53)),
    Column("seen_lat", Float(53)),
    Column("seen_ms", Int64),
)
"""The usual shift of a post by its code, where its home is, and where it was last seen."""

post_skills = Table(
    "post_skills",
    metadata,
    Column("post", ForeignKey("posts.code"), primary_key=True),
    Column("skill", String, primary_key=True),
)
Index("ix_post_skills_skill", post_skills.c.skill)

areas = Table(
    "areas",
    metadata,
    Column("code", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("parent", String, nullable=False),
    Column("name", JSON, nullable=False),
)
"""The tree of grids: ``district``, ``street``, ``community``, ``grid``; and ``responsibility``."""
Index("ix_areas_parent", areas.c.parent)

area_grids = Table(
    "area_grids",
    metadata,
    Column("area", ForeignKey("areas.code"), primary_key=True),
    Column("grid", Int64, primary_key=True, autoincrement=False),
)
"""The grids of each area, however deep they lie below it."""
Index("ix_area_grids_grid", area_grids.c.grid)

roster_changes = Table(
    "roster_changes",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("post", ForeignKey("posts.code"), primary_key=True),
    Column("shift", String, nullable=False),
    Column("worker", String, nullable=False),
    Column("why", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at_ms", Int64, nullable=False),
)
"""What is otherwise on one day: an empty ``shift`` is none, an empty ``worker`` the post itself."""

leaves = Table(
    "leaves",
    metadata,
    Column("id", Int64, primary_key=True),
    Column("post", ForeignKey("posts.code"), nullable=False),
    Column("from_ms", Int64, nullable=False),
    Column("to_ms", Int64, nullable=False),
    Column("stand_in", String, nullable=False),
    Column("why", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("ended_ms", Int64),
)
"""Who is away; one that was taken back has ``ended_ms`` and counts no longer."""
Index("ix_leaves_post", leaves.c.post, leaves.c.to_ms)

duties = Table(
    "duties",
    metadata,
    Column("covers", ForeignKey("posts.code"), primary_key=True),
    Column("from_ms", Int64, primary_key=True, autoincrement=False),
    Column("post", String, primary_key=True),
    Column("to_ms", Int64, nullable=False),
    Column("day", String(10), nullable=False),
    Column("why", String, nullable=False),
)
"""``post`` looks after what ``covers`` looks after; ``day`` is the roster's day it belongs to."""
Index("ix_duties_post", duties.c.post, duties.c.to_ms)
Index("ix_duties_day", duties.c.day, duties.c.covers)

roster_days = Table(
    "roster_days",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("from_ms", Int64, nullable=False),
    Column("to_ms", Int64, nullable=False),
    Column("sure", Boolean, nullable=False),
)
"""The days that are laid out; not ``sure`` in a year whose holidays are not announced."""
