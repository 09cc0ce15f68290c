"""The tables of what goes out: messages that wait or went, the tries, and who is told.

A message is written in the transaction of the event that it tells of, so whoever is killed, it
is there; it goes out afterwards, at least once, always under the same id.  Times of messages and
tries are on the wall clock, those of notices in the district's time.
"""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text

from borough.storage.sql.tables import Int64, metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", String, primary_key=True),
    Column("courier", String, nullable=False),
    Column("target", String, nullable=False),
    Column("case_id", Int64, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("made_ms", Int64, nullable=False),
    Column("due_ms", Int64, nullable=False),
    Column("ended_ms", Int64),
    Column("says", Text, nullable=False),
)
"""``courier`` is ``hook`` or ``notice``, ``target`` a hook's id or a recipient's code; ``seq`` the
number of the event in its case.  ``held`` messages of a recipient go out together, as one."""
Index("ix_outbox_state", outbox.c.state, outbox.c.due_ms)
Index("ix_outbox_target", outbox.c.target, outbox.c.case_id, outbox.c.seq)
Index("ix_outbox_made_ms", outbox.c.made_ms)

outbox_tries = Table(
    "outbox_tries",
    metadata,
    Column("message", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", Int64, nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("good", Boolean, nullable=False),
    Column("says", Text, nullable=False),
)
"""Every try to deliver; ``status`` is that of HTTP, or 0 where there was none."""

hooks = Table(
    "hooks",
    metadata,
    Column("id", String, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", String, nullable=False),
    Column("events", JSON, nullable=False),
    Column("scenes", JSON, nullable=False),
    Column("agencies", JSON, nullable=False),
    Column("remarks", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("says", Text, nullable=False),
    Column("made_ms", Int64, nullable=False),
    Column("by", String, nullable=False),
    Column("former", String, nullable=False),
    Column("former_until_ms", Int64, nullable=False),
)
"""Who is told of events over HTTP; an empty list lets everything through."""

recipients = Table(
    "recipients",
    metadata,
    Column("code", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("language", String(2), nullable=False),
    Column("posts", JSON, nullable=False),
    Column("agencies", JSON, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("channels", JSON, nullable=False),
    Column("quiet", String, nullable=False),
    Column("most_per_h", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("changed_ms", Int64, nullable=False),
    Column("by", String, nullable=False),
)
"""Who is told by notices; ``channels`` are addresses with their secrets, shown to nobody."""

notices = Table(
    "notices",
    metadata,
    Column("id", String, primary_key=True),
    Column("rule", String, nullable=False),
    Column("case_id", Int64, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("recipient", String, nullable=False),
    Column("circle", Integer, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("step", String, nullable=False),
    Column("task", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("answer_by_ms", Int64),
    Column("answered_ms", Int64),
    Column("answered_by", String, nullable=False),
    Column("widened_ms", Int64),
)
"""What each recipient was told, and whether they answered; ``circle`` counts who was asked before
them in vain."""
Index("ix_notices_case_id", notices.c.case_id)
Index("ix_notices_recipient", notices.c.recipient, notices.c.at_ms)
Index(
    "ix_notices_answer_by_ms",
    notices.c.answer_by_ms,
    sqlite_where=notices.c.answer_by_ms.is_not(None),
    postgresql_where=notices.c.answer_by_ms.is_not(None),
)
