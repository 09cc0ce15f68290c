"""The table of tasks: what each task of each case is now, so that everybody finds their own."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from borough.storage.sql.tables import Int64, metadata

case_tasks = Table(
    "case_tasks",
    metadata,
    Column("id", String, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("holder", String, nullable=False),
    Column("agency", String, nullable=False),
    Column("post", String, nullable=False),
    Column("state", String, nullable=False),
    Column("required", Boolean, nullable=False),
    Column("milestone", Boolean, nullable=False),
    Column("started_ms", Int64, nullable=False),
    Column("answer_ms", Int64, nullable=False),
    Column("due_ms", Int64, nullable=False),
    Column("acknowledged_ms", Int64, nullable=False),
    Column("ended_ms", Int64, nullable=False),
    Column("by", String, nullable=False),
    Column("says", Text, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("circle", Text, nullable=False),
    Column("calls", JSON, nullable=False),
    Column("unanswered", Boolean, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("begun", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)
"""Always equal to the fold of the events of its case.

``circle`` is written ``|one|other|``, so that those who were called besides find theirs.
"""
Index("ix_case_tasks_case_id", case_tasks.c.case_id)
_C = case_tasks.c
Index("ix_case_tasks_holder", _C.holder, _C.state, _C.due_ms)
Index("ix_case_tasks_agency", _C.agency, _C.state, _C.due_ms)
Index("ix_case_tasks_post", _C.post, _C.state, _C.due_ms, _C.started_ms)
Index("ix_case_tasks_state", _C.state, _C.due_ms)
