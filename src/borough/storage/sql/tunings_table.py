"""The table of tunings: every change of a scene's parameters, one row for each parameter."""

from sqlalchemy import Column, Float, Index, String, Table, Text

from borough.storage.sql.tables import Int64, metadata

tunings = Table(
    "tunings",
    metadata,
    Column("number", Int64, primary_key=True, autoincrement=False),
    Column("parameter", String, primary_key=True),
    Column("scene", String, nullable=False),
    Column("thing", Int64, nullable=False),
    Column("old", Float(53)),
    Column("value", Float(53)),
    Column("who", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("set_ms", Int64, nullable=False),
    Column("version", String, nullable=False),
)
"""Append-only.  ``number`` counts the changes; one that changes no value has a row whose
``parameter`` is empty.  ``thing`` is 0 for all.  NULL is "not set"; ``version`` is what the
scene's detections carry from then on."""
Index("ix_tunings_scene", tunings.c.scene, tunings.c.number)
