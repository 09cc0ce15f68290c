"""The table of timers: everything on a case that runs out, and when.

A row is written in the transaction that sets the deadline, and marked in the transaction that
says in the case's log that it ran out; so a kill loses none, and none runs out twice.
"""

from sqlalchemy import Boolean, Column, Index, String, Table

from borough.storage.sql.tables import Int64, metadata

timers = Table(
    "timers",
    metadata,
    Column("case_id", Int64, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("ref", String, primary_key=True),
    Column("due_ms", Int64),
    Column("until_ms", Int64, nullable=False),
    Column("length_ms", Int64, nullable=False),
    Column("at_work", Boolean, nullable=False),
    Column("fired_ms", Int64),
)
"""One row for each kind and thing meant (``ref``, such as a task's name; empty where the case is).

Case 0 is none.  ``due_ms`` is empty while it stands still, ``fired_ms`` until it has run out.  A
limit behind it is over at ``until_ms`` and ``length_ms`` long in its own time, of work or of all;
both are 0 for a plain moment.
"""
Index(
    "ix_timers_due_ms",
    timers.c.due_ms,
    timers.c.case_id,
    timers.c.kind,
    timers.c.ref,
    sqlite_where=timers.c.fired_ms.is_(None),
    postgresql_where=timers.c.fired_ms.is_(None),
)
