"""The tables of citizens' requests: what each is now, and what was done about it."""

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from borough.storage.sql.tables import Int64, metadata

requests = Table(
    "requests",
    metadata,
    Column("id", Int64, primary_key=True),
    Column("code", String, nullable=False, unique=True),
    Column("receipt", String, nullable=False, unique=True),
    Column("key", String, nullable=False, unique=True),
    Column("channel", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("person", Int64, nullable=False),
    Column("place", Text, nullable=False),
    Column("lon", Float(53)),
    Column("lat", Float(53)),
    Column("street", String, nullable=False),
    Column("community", String, nullable=False),
    Column("grid", Integer, nullable=False),
    Column("category", String, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("agency", String, nullable=False),
    Column("first_agency", String, nullable=False),
    Column("state", String, nullable=False),
    Column("case_id", ForeignKey("cases.id"), nullable=False),
    Column("secret", Boolean, nullable=False),
    Column("received_ms", Int64, nullable=False),
    Column("accepted_ms", Int64),
    Column("contact_due_ms", Int64, nullable=False),
    Column("answer_due_ms", Int64, nullable=False),
    Column("contacted_ms", Int64),
    Column("answered_ms", Int64),
    Column("answer", Text, nullable=False),
    Column("revisited_ms", Int64),
    Column("revisits", Integer, nullable=False),
    Column("resolved", Boolean),
    Column("satisfaction", Integer, nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("excluded", String, nullable=False),
    Column("sorted_by", String, nullable=False),
    Column("suggestion", JSON, nullable=False),
)
Index("ix_requests_case_id", requests.c.case_id)
Index("ix_requests_received_ms", requests.c.received_ms, requests.c.id)
Index("ix_requests_state", requests.c.state, requests.c.id)
_REACH = ("state", "grid", "street", "id")
for _first in ("agency", "first_agency"):
    Index(f"ix_requests_{_first}", *(requests.c[each] for each in (_first, *_REACH)))
Index("ix_requests_grid", *(requests.c[each] for each in ("grid", "state", "street", "id")))

request_acts = Table(
    "request_acts",
    metadata,
    Column("request", ForeignKey("requests.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("case_id", Int64, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at_ms", Int64, nullable=False),
    Column("by", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("data", JSON, nullable=False),
)
"""What was done, in order, with the words that were said; ``seq`` is the event in the case's log,
which holds the fact and no words."""
