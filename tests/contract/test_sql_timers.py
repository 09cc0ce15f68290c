"""What timers promise, on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import Connection, Engine, select

from borough.core.cases import Case
from borough.core.errors import BadRequest
from borough.core.moves import noting
from borough.storage.sql import SqlCases, SqlTimers, Timer
from borough.storage.sql.caselog import written
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.timer_table import timers as table
from borough.storage.sql.timers import AGAIN_MS
from borough.testing.desks import opened


def ring(connection: Connection, case: Case | None, timer: Timer, now_ms: int) -> Case | None:
    """Write into the case's log that a timer ran out."""
    assert case is not None
    told = noting(case, f"{timer.ref} {timer.due_ms}", at_ms=now_ms, by="desk")
    return written(connection, case, told)


def noted(engine: Engine, case: int) -> list[str]:
    """Give the remarks in a case's log."""
    return [each.data["note"] for each in SqlCases(engine).events(case) if each.verb == "noted"]


def left(engine: Engine) -> list[tuple[int, str, str, int | None, int | None]]:
    """Give every row of the table."""
    c = table.c
    with reading(engine) as connection:
        found = connection.execute(
            select(c.case_id, c.kind, c.ref, c.due_ms, c.fired_ms).order_by(c.kind, c.ref)
        )
        return [tuple(row) for row in found]


def test_what_runs_out_is_noted_once_and_in_order(engine: Engine) -> None:
    """The oldest first, each in its case's log once, and what is not due stays."""
    case = opened(engine)[1].id
    timers = SqlTimers(engine, {"task": ring})
    with writing(engine) as connection:
        for ref, due in (("b", 20), ("c", 30), ("a", 20), ("d", 40)):
            SqlTimers.set(connection, case, "task", ref, due)

    assert [each.id for each in timers.fire(35, limit=2)] == [case]
    timers.fire(35)
    assert timers.fire(35) == []
    assert noted(engine, case) == ["a 20", "b 20", "c 30"]
    assert left(engine)[-1] == (case, "task", "d", 40, None)


def test_setting_to_the_same_moment_changes_nothing(engine: Engine) -> None:
    """What ran out stays so; another moment lets it run once more, and none lets it stand."""
    case = opened(engine)[1].id
    timers = SqlTimers(engine, {"task": ring})

    def put(due: int | None) -> None:
        with writing(engine) as connection:
            SqlTimers.set(connection, case, "task", "a", due)
        timers.fire(1000)

    for due in (20, 20, None, None, 20, 30, 2000):
        put(due)
    assert noted(engine, case) == ["a 20", "a 20", "a 30"]
    assert left(engine)[-1] == (case, "task", "a", 2000, None)


def test_timers_are_dropped_one_by_one_by_kind_and_by_case(engine: Engine) -> None:
    """Whatever is dropped never runs out."""
    with writing(engine) as connection:
        for case, kind, ref in ((8, "a", "x"), (8, "a", "y"), (8, "b", "x"), (9, "a", "x")):
            SqlTimers.set(connection, case, kind, ref, 5, length_ms=7, at_work=True)
        SqlTimers.drop(connection, 8, "a", "x")
        assert SqlTimers.of_case(connection, 8) == [
            Timer(8, "a", "y", 5, 0, 7, at_work=True), Timer(8, "b", "x", 5, 0, 7, at_work=True),
        ]  # fmt: skip
        SqlTimers.drop(connection, 8, "a")
        assert [each.kind for each in SqlTimers.of_case(connection, 8)] == ["b"]
        SqlTimers.drop(connection, 8)
        assert SqlTimers.of_case(connection, 8) == []
        assert len(SqlTimers.of_case(connection, 9)) == 1


def test_what_cannot_be_done_holds_up_nothing_else(engine: Engine) -> None:
    """It leaves no trace, is tried again a minute later, and the others go on."""
    case = opened(engine)[1].id
    tries: list[int] = []

    def broken(connection: Connection, case: Case | None, timer: Timer, now_ms: int) -> Case | None:
        ring(connection, case, timer, now_ms)
        tries.append(now_ms)
        if len(tries) < 2:
            msg = "not now"
            raise BadRequest(msg)
        return None

    timers = SqlTimers(engine, {"odd": broken, "task": ring})
    with writing(engine) as connection:
        for kind in ("odd", "task", "unheard of"):
            SqlTimers.set(connection, case, kind, kind, 20)
    timers.fire(50)
    timers.fire(51)
    assert (tries, noted(engine, case)) == ([50], ["task 20"])

    timers.fire(50 + AGAIN_MS)
    assert tries == [50, 50 + AGAIN_MS]
    assert noted(engine, case) == ["task 20", f"odd {50 + AGAIN_MS}"]
    assert [row[-1] for row in left(engine) if row[1] == "unheard of"] == [None]


def test_what_cannot_be_kept_is_not_half_done(engine: Engine) -> None:
    """Should the transaction fail, the timer has not run out."""
    case = opened(engine)[1].id

    def failing(*_: object) -> None:
        raise RuntimeError

    with writing(engine) as connection:
        SqlTimers.set(connection, case, "task", "a", 20)
    with pytest.raises(RuntimeError):
        SqlTimers(engine, {"task": failing}).fire(50)
    SqlTimers(engine, {"task": ring}).fire(60)

    assert noted(engine, case) == ["a 20"]
