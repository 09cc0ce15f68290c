"""The tables that keep alarms few: what is shelved, what is being gathered, and outages."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from borough.storage.sql import tables as t
from borough.storage.sql.tables import Int64, metadata

shelves = Table(
    "shelves",
    metadata,
    Column("id", Int64, primary_key=True),
    Column("scene", String, nullable=False),
    Column("thing", Int64, nullable=False),
    Column("area", String, nullable=False),
    Column("from_ms", Int64, nullable=False),
    Column("until_ms", Int64, nullable=False),
    Column("why", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("ended_ms", Int64),
    Column("ended_by", String, nullable=False),
)
"""What people do not want to hear of for a while: a scene, a thing, an area, or several at once.

An empty ``scene`` or ``area``, and thing 0, stand for all.
"""
Index("ix_shelves_ended_ms", shelves.c.ended_ms, shelves.c.until_ms)

gathered = Table(
    "gathered",
    metadata,
    Column("detection", ForeignKey("detections.id"), primary_key=True),
    Column("scene", String, nullable=False),
    Column("thing", Int64, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("due_ms", Int64, nullable=False),
)
"""Detections of which nobody was told yet: whether they are part of something is being seen."""
Index("ix_gathered_due_ms", gathered.c.due_ms)

outages = Table(
    "outages",
    metadata,
    Column("id", ForeignKey("detections.id"), primary_key=True),
    Column("scene", String, nullable=False),
    Column("level", String, nullable=False),
    Column("area", Int64, nullable=False),
    Column("name", JSON, nullable=False),
    Column("began_ms", Int64, nullable=False),
    Column("ended_ms", Int64),
    Column("first", String, nullable=False),
    Column("first_ms", Int64, nullable=False),
    Column("members", Integer, nullable=False),
    Column("still", Integer, nullable=False),
)
"""An area that is out; its members are the detections that are ``suppressed_by`` it.

``first`` is the detection that came first, ``still`` how many of the members have not ended.
"""
Index("ix_outages_ended_ms", outages.c.ended_ms, outages.c.scene)
Index("ix_detections_suppressed_by", t.detections.c.suppressed_by)
