"""The audit log in SQL: written in the transaction of what it tells, and followed afterwards."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    bindparam,
    literal_column,
    select,
)

from borough.core.audit import Anchor, Entry, Row, faults
from borough.core.cases import canonical
from borough.storage.sql.counting import RAISING, current
from borough.storage.sql.engines import BESIDE, reading, writing
from borough.storage.sql.people_tables import audit
from borough.storage.sql.tables import Int64, counters

COUNTER = "audit"
CHUNK = 5_000
_APPEND = audit.insert()
_HASH = select(audit.c.hash).where(audit.c.seq == bindparam("wanted"))
_NUMBER: ColumnElement[int] = literal_column("counters.value", Int64)
_BEFORE = select(audit.c.hash).where(audit.c.seq == _NUMBER - 1).scalar_subquery()
_NUMBERED = {name: adding.returning(counters.c.value, _BEFORE) for name, adding in RAISING.items()}
"""Made once: building a statement costs more than running it."""


def noted(
    connection: Connection,
    actor: str,
    verb: str,
    subject: str = "",
    data: Mapping[str, Any] | None = None,
) -> Entry:
    """Write an entry in a transaction that is open already; writers wait for each other."""
    named = {"name": COUNTER, "value": 1}
    seq, before = connection.execute(_NUMBERED[connection.dialect.name], named).one()
    if before is None:  # the first, or another writer was waited for, and its entry is seen now
        before = connection.scalar(_HASH, {"wanted": seq - 1}) or ""
    entry = Entry(seq, time.time_ns() // 1_000_000, actor, verb, subject, data or {})
    row = {
        "seq": seq, "at_ms": entry.at_ms, "actor": actor, "verb": verb, "subject": subject,
        "data": canonical(entry.data), "before": before, "hash": entry.seal(before),
    }  # fmt: skip
    connection.execute(_APPEND, row)
    return entry


@contextmanager
def audited(engine: Engine, actor: str, verb: str, subject: str) -> Iterator[None]:
    """Have the first transaction within the block write an entry as well.

    So a change and its entry stand or fall together.  Where the block ends well without having
    written anything here, the entry gets a transaction of its own; where it fails, there is none.
    """
    written = False

    def beside(connection: Connection) -> None:
        nonlocal written
        if not written:
            noted(connection, actor, verb, subject)
            written = True

    was = BESIDE.set(beside)
    try:
        yield
        if not written:
            with writing(engine):
                pass
    finally:
        BESIDE.reset(was)


class SqlAudit:
    """The audit log of a district."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write several entries at once: actor, verb, subject and perhaps data of each."""
        with writing(self._engine) as connection:
            for row in rows:
                noted(connection, row["actor"], row["verb"], row["subject"], row.get("data"))

    def find(
        self, *, actor: str = "", verb: str = "", before: int = 0, limit: int = 100
    ) -> list[dict[str, Any]]:
        """List entries, newest first, those below the number *before*."""
        c = audit.c
        chosen = select(audit).order_by(c.seq.desc()).limit(limit)
        for column, value in ((c.actor, actor), (c.verb, verb)):
            chosen = chosen.where(column == value) if value else chosen
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.where(c.seq < before) if before else chosen)
            return [{**row, "data": json.loads(row["data"])} for row in rows.mappings()]

    def anchor(self) -> Anchor:
        """Say how far the log goes, to be kept elsewhere; number 0 where it is empty."""
        with reading(self._engine) as connection:
            last = connection.execute(
                select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
            ).one_or_none()
        return Anchor(last.seq, last.hash) if last else Anchor(0, "")

    def faults(self, anchors: Sequence[Anchor] = ()) -> Iterator[tuple[int, str]]:
        """Give the places where the log is broken, and how; see `core.audit.faults`.

        The counter that numbers the entries stands apart from them, so that one who only cuts
        the tail off is found out even without an anchor.
        """
        yield from faults(self._rows(), anchors)
        with reading(self._engine) as connection:
            numbered = current(connection, COUNTER)
        last = self.anchor().seq
        if last != numbered:
            yield last + 1, f"missing: the log ends at {last}, and {numbered} were numbered"

    def _rows(self) -> Iterator[Row]:
        seen = 0
        while True:
            chosen = select(audit).where(audit.c.seq > seen).order_by(audit.c.seq).limit(CHUNK)
            with reading(self._engine) as connection:
                rows = connection.execute(chosen).mappings().all()
            yield from map(_read, rows)
            if len(rows) < CHUNK:
                return
            seen = rows[-1]["seq"]


def _read(row: RowMapping) -> Row:
    try:
        data = json.loads(row["data"])
    except ValueError:
        return None, row["before"], row["hash"], row["seq"]
    entry = Entry(row["seq"], row["at_ms"], row["actor"], row["verb"], row["subject"], data)
    return entry, row["before"], row["hash"], row["seq"]
