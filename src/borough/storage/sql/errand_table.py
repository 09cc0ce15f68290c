"""The table of errands: what each one is now, and so what still has to be sent or proved.

A row changes in the transaction of the event that changes it, so the table is the outbox of the
desk as well: whatever was confirmed and is not over is in it, whoever was killed.
"""

from sqlalchemy import Column, Float, ForeignKey, Index, String, Table, Text

from borough.storage.sql.tables import Int64, metadata

errands = Table(
    "errands",
    metadata,
    Column("id", String, primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("command", String, nullable=False),
    Column("step", String, nullable=False),
    Column("thing", Int64, nullable=False),
    Column("key", String, nullable=False),
    Column("property", String, nullable=False),
    Column("value", Float(53), nullable=False),
    Column("proof", String, nullable=False),
    Column("proves", Float(53), nullable=False),
    Column("give", Float(53), nullable=False),
    Column("state", String, nullable=False),
    Column("undoes", String, nullable=False),
    Column("proposed_ms", Int64, nullable=False),
    Column("confirmed_ms", Int64, nullable=False),
    Column("sent_ms", Int64, nullable=False),
    Column("until_ms", Int64, nullable=False),
    Column("ended_ms", Int64, nullable=False),
    Column("by", String, nullable=False),
    Column("says", Text, nullable=False),
)
"""Always equal to the fold of the events of its case."""
Index("ix_errands_case_id", errands.c.case_id)
Index("ix_errands_state", errands.c.state)
Index("ix_errands_thing", errands.c.thing, errands.c.command, errands.c.confirmed_ms)
