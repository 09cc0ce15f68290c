"""Suspensions in SQL: a case that stands still goes on by itself when its day has come."""

from sqlalchemy import Connection

from borough.core import loop
from borough.core.cases import Case, Event
from borough.storage.sql.cases import DESK, SqlCases
from borough.storage.sql.timers import Fire, SqlTimers, Timer

KIND = "suspension"
"""The kind of its timers."""


def follow(connection: Connection, case: Case, event: Event) -> Case:
    """Set the timer of a suspension in the transaction that begins it, and drop it at its end."""
    if event.verb == "suspended":
        SqlTimers.set(connection, case.id, KIND, "", case.suspended_to_ms)
    elif event.verb in {"resumed", "cancelled"}:
        SqlTimers.drop(connection, case.id, KIND)
    return case


def fires(cases: SqlCases) -> dict[str, Fire]:
    """Give what happens when a suspension is over, by kind of timer."""

    def resume(
        connection: Connection, case: Case | None, _timer: Timer, now_ms: int
    ) -> Case | None:
        if case is None or case.suspended_to_ms is None or case.suspended_to_ms > now_ms:
            return None
        return cases.wrote(connection, case, loop.resuming(case, None, at_ms=now_ms, by=DESK))

    return {KIND: resume}
