"""What the page of open cases is read from: an index of them for each order, and their counts.

The counts change in the transaction of the case's entry, so that they are always what counting
would give.
"""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, UniqueConstraint

from borough.storage.sql.tables import Int64, cases, detections, metadata

_C = cases.c
WORDS = ("plan", "scene", "step", "holder", "agency", "source", "band")
FACETS = (*WORDS, "urgent")
"""What open cases are counted by."""

open_counts = Table(
    "open_counts",
    metadata,
    Column("id", Int64, primary_key=True),
    *(Column(name, String, nullable=False) for name in WORDS),
    Column("urgent", Boolean, nullable=False),
    Column("open", Integer, nullable=False),
    UniqueConstraint(*FACETS, name="uq_open_counts_alike"),
)
"""How many open cases are alike in all of this; a row may say none, and is never taken away."""

_STILL = _C.closed_ms.is_(None)
_ALIKE = (_C.band, _C.holder, _C.agency, _C.scene, _C.step, _C.source, _C.urgent, _C.plan, _C.code)
for _name, _order in {
    "due": (_C.due_ms, _C.id), "opened": (_C.opened_ms, _C.id), "level": (_C.level, _C.id),
}.items():  # fmt: skip
    Index(
        f"ix_cases_open_{_name}", *_order, *_ALIKE,
        sqlite_where=_STILL, postgresql_where=_STILL,
    )  # fmt: skip
"""Open cases in the order of their deadlines, ages and levels, with what they are chosen by."""
Index(
    "ix_cases_open_grid", _C.grid, _C.closed_ms, *(_C[name] for name in FACETS),
    _C.due_ms, _C.opened_ms, _C.level, _C.code, _C.id,
    sqlite_where=_STILL, postgresql_where=_STILL,
)  # fmt: skip
"""Open cases of a place, with what they are counted and sorted by."""
_GOES_ON = detections.c.ended_ms.is_(None)
Index("ix_detections_open", detections.c.id, sqlite_where=_GOES_ON, postgresql_where=_GOES_ON)
