"""A muster says who is on duty for as long as that is true, whoever changes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from borough.core.cases import Case, Event, Plan
from borough.core.deadlines import HOUR_MS
from borough.core.errors import Stale
from borough.storage.sql import SqlCases, SqlDispatch, SqlPosts, SqlRosters, connect
from borough.storage.sql.engines import writing

ZONE = "Asia/Shanghai"
MORNING = 1_720_569_600_000
"""2024-07-10 08:00 at UTC+8."""
PLAN = Plan.declared(
    "lane",
    {
        "step": [
            {"name": "look", "holder": "grid_worker", "within_s": 36_000, "then": ["decide"]},
            {"name": "decide", "holder": "office", "within_s": 36_000, "then": ["look", "closed"]},
        ]
    },
)  # fmt: skip


def post(code: str, kind: str, shift: str = "06:00-18:00") -> dict[str, Any]:
    """Declare a post."""
    place = {"lon": 106.5, "lat": 29.6, "grid": 3, "agency": "east"}
    return {"code": code, "kind": kind, "shift": shift, **place}


POSTS = [
    post("G1", "grid_worker"), post("O1", "office"), post("O2", "office"),
    post("O3", "office", "18:00-06:00"),
]  # fmt: skip


class Town:
    """A desk's dispatch with its cases, and another program on the same database."""

    def __init__(self, engine: Engine, other: Engine) -> None:
        SqlPosts(engine).save_all(POSTS)
        self.engine, self.other = engine, other
        self.dispatch = SqlDispatch(
            engine, rosters=SqlRosters(engine, zone=ZONE), wrote=self.wrote, where=lambda _: None
        )
        self.cases = SqlCases(engine, zone=ZONE, follow=[self.dispatch.follow])
        self.dispatch.turn(MORNING)

    def wrote(self, connection: Connection, case: Case, happened: Event) -> Case:
        """Write an event as the desk does."""
        return self.cases.wrote(connection, case, happened)

    def decided_by(self, at_ms: int) -> tuple[str, bool]:
        """Open a case and bring it to a desk: who gets it, and was it asked who is on duty."""
        with writing(self.engine) as connection:
            case = self.cases.opened(connection, PLAN, title={}, at_ms=at_ms, grid=3)
        with asked(self.engine) as statements:
            told = {"by": "ann", "at_ms": at_ms, "expected_version": case.version}
            after = self.cases.move(case.id, "decide", plan=PLAN, **told)
        return after.post, any("FROM duties" in each for each in statements)

    def leave(self, code: str, at_ms: int) -> int:
        """Let another program give leave."""
        told = {"why": "ill", "by": "ann", "at_ms": at_ms}
        with writing(self.other) as connection:
            rosters = SqlRosters(self.other, zone=ZONE)
            return rosters.leave(connection, code, at_ms, at_ms + HOUR_MS, **told)


@contextmanager
def asked(engine: Engine) -> Iterator[list[str]]:
    """Note the statements of a block."""
    statements: list[str] = []

    def noted(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        statements.append(" ".join(sql.split()))

    event.listen(engine, "before_cursor_execute", noted)
    yield statements
    event.remove(engine, "before_cursor_execute", noted)


@pytest.fixture
def town(engine: Engine, address: str) -> Iterator[Town]:
    """Set it up with a muster of the morning."""
    other = connect(address)
    yield Town(engine, other)
    other.dispose()


def test_who_is_there_is_not_asked_again_while_it_is_true(town: Town) -> None:
    """Moves share cases out by load, and none reads the roster."""
    assert [town.decided_by(MORNING + minute) for minute in range(4)] == [
        ("O1", False), ("O2", False), ("O1", False), ("O2", False),
    ]  # fmt: skip


def test_what_another_program_writes_holds_at_once(town: Town) -> None:
    """The very next move reads who is there; once mustered again, none does."""
    number = town.leave("O1", MORNING)
    assert town.decided_by(MORNING + 1) == ("O2", True)
    town.dispatch.turn(MORNING + 2)
    assert town.decided_by(MORNING + 3) == ("O2", False)
    SqlRosters(town.other, zone=ZONE).end_leave(number, at_ms=MORNING + 4)
    assert town.decided_by(MORNING + 5) == ("O1", True)
    town.leave("O1", MORNING + 6)
    town.leave("O2", MORNING + 6)
    assert town.decided_by(MORNING + 7) == ("", True)


def test_new_posts_hold_at_once(town: Town) -> None:
    """Also those of a muster whose posts are all gone."""
    SqlPosts(town.other).save_all([POSTS[0], post("O9", "office")])
    SqlRosters(town.other, zone=ZONE).keep_ready(MORNING)
    assert town.decided_by(MORNING + 1) == ("O9", True)


def test_a_change_that_was_taken_back_was_none(town: Town) -> None:
    """Neither is it believed when another change counts as far."""

    def taken_back() -> None:
        with writing(town.engine) as connection:
            told = {"why": "ill", "by": "ann", "at_ms": MORNING}
            rosters = SqlRosters(town.engine, zone=ZONE)
            rosters.leave(connection, "O1", MORNING, MORNING + HOUR_MS, **told)
            case = town.cases.opened(connection, PLAN, title={}, at_ms=MORNING, grid=3)
            assert town.dispatch.find(connection, case, "office", MORNING) == ("east", "O2")
            raise Stale

    with pytest.raises(Stale):
        taken_back()
    assert town.decided_by(MORNING + 1) == ("O1", False)
    town.leave("O2", MORNING + 2)
    assert [town.decided_by(MORNING + 3)[0] for _ in range(2)] == ["O1", "O1"]


def test_it_ends_with_the_first_shift_that_does(town: Town) -> None:
    """At that moment the roster is asked, until there is a muster of the night."""
    evening = MORNING + 10 * HOUR_MS
    assert town.decided_by(evening - 1) == ("O1", False)
    assert town.decided_by(evening) == ("O3", True)
    town.dispatch.turn(evening)
    assert town.decided_by(evening + 1) == ("O3", False)
    assert town.decided_by(evening - 1) == ("O2", True)
