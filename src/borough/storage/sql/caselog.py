"""The log of cases: append-only, each entry tied to the one before by its hash.

The row that says what a case is now changes in the transaction of the entry, so the two can
only ever agree; `faults` checks that they do.
"""

import json
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select

from borough.core.cases import Case, Event, born, canonical, fold
from borough.core.errors import BoroughError, NotFound, Stale
from borough.storage.sql import tables as t
from borough.storage.sql.counting import raised
from borough.storage.sql.open_counts import recounted

FIELDS = tuple(field.name for field in fields(Case))

_BEGIN, _APPEND = t.cases.insert(), t.case_events.insert()
_CHANGE = t.cases.update().where(
    t.cases.c.id == bindparam("was_id"), t.cases.c.version == bindparam("was_version")
)
_LAST = select(t.case_events.c.hash).where(
    t.case_events.c.case_id == bindparam("was_id"), t.case_events.c.seq == bindparam("was_version")
)
"""Made once: building a statement costs more than running it."""


def case_of(row: RowMapping) -> Case:
    """Read a row of the table of cases."""
    given = {name: row[name] for name in FIELDS}
    return Case(**{**given, "trail": tuple(given["trail"])})


def found(connection: Connection, case: int | str) -> Case:
    """Give a case by id or by code; or `NotFound`."""
    column = t.cases.c.code if isinstance(case, str) else t.cases.c.id
    row = connection.execute(select(t.cases).where(column == case)).mappings().one_or_none()
    if row is None:
        msg = f"case: there is no {case!r}"
        raise NotFound(msg)
    return case_of(row)


def begun(connection: Connection, event: Event) -> Case:
    """Write the first entry of a fresh case."""
    case = born(raised(connection, "case"), event)
    connection.execute(_BEGIN, _row(case))
    recounted(connection, [(None, case)])
    _append(connection, case.id, event, "")
    return case


def written(connection: Connection, case: Case, event: Event) -> Case:
    """Write the next entry of a case; `Stale` where another was written meanwhile."""
    after = case.then(event)
    was = {"was_id": case.id, "was_version": case.version}
    done = connection.execute(_CHANGE, _row(after) | was)
    if done.rowcount != 1:
        msg = f"case {case.code} was changed by somebody else; read it again"
        raise Stale(msg)
    recounted(connection, [(case, after)])
    _append(connection, case.id, event, connection.scalars(_LAST, was).one())
    return after


def _row(case: Case) -> dict[str, Any]:
    row = {name: getattr(case, name) for name in FIELDS}
    return row | {
        "trail": list(case.trail), "title": dict(case.title), "asked": dict(case.asked),
    }  # fmt: skip


def _append(connection: Connection, case: int, event: Event, before: str) -> None:
    entry = {
        "case_id": case,
        "seq": event.seq,
        "at_ms": event.at_ms,
        "actor": event.actor,
        "verb": event.verb,
        "data": canonical(event.data),
        "before": before,
        "hash": event.seal(case, before),
    }
    connection.execute(_APPEND, entry)


def entries(connection: Connection, case: int) -> list[tuple[Event, str, str]]:
    """Give the log of a case, oldest first: each event, the hash before it, and its own."""
    chosen = select(t.case_events).where(t.case_events.c.case_id == case)
    return [
        (
            Event(row.seq, row.at_ms, row.actor, row.verb, json.loads(row.data)),
            row.before,
            row.hash,
        )
        for row in connection.execute(chosen.order_by(t.case_events.c.seq))
    ]


def faults(connection: Connection, case: int) -> list[str]:
    """Say where a case's chain is broken, or where its row is not what its log says."""
    wrong, last = [], ""
    log = entries(connection, case)
    for place, (event, before, own) in enumerate(log, start=1):
        if event.seq != place:
            wrong.append(f"entry {place} is missing")
            break
        if before != last:
            wrong.append(f"entry {place} does not follow the one before")
        if own != event.seal(case, before):
            wrong.append(f"entry {place} was changed after it was written")
        last = own
    try:
        told = fold(case, (event for event, _, _ in log))
    except (BoroughError, KeyError, TypeError) as error:
        return [*wrong, f"the log cannot be followed: {error}"]
    kept = found(connection, case)
    differ = [name for name in FIELDS if getattr(kept, name) != getattr(told, name)]
    return wrong + [f"{name} is not what the log says" for name in differ]
