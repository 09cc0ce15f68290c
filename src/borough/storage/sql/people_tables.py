"""The tables of people: accounts, sessions, links, tokens, persons, and the audit log.

Unlike those of the district, times here are of the clock on the wall: they are about people.
"""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from borough.storage.sql.tables import Int64, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("name", String, primary_key=True),
    Column("title", String, nullable=False),
    Column("password", String, nullable=False),
    Column("grants", JSON, nullable=False),
    Column("outside", String, nullable=False),
    Column("post", String, nullable=False, server_default=""),
    Column("made_ms", Int64, nullable=False),
    Column("disabled_ms", Int64),
    Column("version", Integer, nullable=False),
)
"""``password`` is an argon2 hash, or empty: none set yet.  ``outside`` is the subject under which
an OpenID provider knows the person, or empty; ``post`` the one they work at, or empty."""
Index("ix_accounts_outside", accounts.c.outside)

links = Table(
    "links",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("account", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("made_ms", Int64, nullable=False),
    Column("expires_ms", Int64, nullable=False),
    Column("used_ms", Int64),
)
"""One-time links; ``account`` is empty in the one that makes the first administrator."""

sessions = Table(
    "sessions",
    metadata,
    Column("number", Int64, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("account", ForeignKey("accounts.name"), nullable=False),
    Column("address", String, nullable=False),
    Column("agent", String, nullable=False),
    Column("made_ms", Int64, nullable=False),
    Column("expires_ms", Int64, nullable=False),
    Column("ended_ms", Int64),
)
Index("ix_sessions_account", sessions.c.account, sessions.c.ended_ms)

tokens = Table(
    "tokens",
    metadata,
    Column("number", Int64, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("rights", JSON, nullable=False),
    Column("agencies", JSON, nullable=False),
    Column("areas", JSON, nullable=False),
    Column("made_by", String, nullable=False),
    Column("made_ms", Int64, nullable=False),
    Column("expires_ms", Int64, nullable=False),
    Column("revoked_ms", Int64),
)

persons = Table(
    "persons",
    metadata,
    Column("id", Int64, primary_key=True),
    Column("fields", JSON(none_as_null=True)),
    Column("salt", String, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("kept_ms", Int64, nullable=False),
    Column("erased_ms", Int64),
)
"""Personal data, outside every chain; what is erased leaves its number and its digest."""

audit = Table(
    "audit",
    metadata,
    Column("seq", Int64, primary_key=True, autoincrement=False),
    Column("at_ms", Int64, nullable=False),
    Column("actor", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("data", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
"""Append-only; ``data`` is canonical JSON text, and ``hash`` covers it and the entry before."""
Index("ix_audit_actor", audit.c.actor, audit.c.seq)
Index("ix_audit_verb", audit.c.verb, audit.c.seq)
