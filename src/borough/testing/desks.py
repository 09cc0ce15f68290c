"""What every database must keep to about detections and cases; the same promises for each kind.

A promise takes an empty, up-to-date database and raises `AssertionError` when it is broken.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Engine, select, text

from borough.core.cases import Case, Plan, fold
from borough.core.errors import Stale
from borough.engine.bands import bands
from borough.storage.sql import (
    SqlCases,
    SqlClocks,
    SqlDesk,
    SqlDetections,
    SqlPosts,
    SqlTimers,
    Wish,
)
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.tables import case_events

MORNING = 1_720_569_600_000
"""2024-07-10 08:00 at UTC+8."""
ZONE = "Asia/Shanghai"
MERGE_MS = 3_600_000
PLAN = Plan.declared(
    "fire_lane",
    {
        "step": [
            {"name": "check", "holder": "worker", "within_s": 600, "then": ["move", "closed"]},
            {"name": "move", "holder": "police", "within_s": 1800, "then": ["check", "closed"]},
        ]
    },
)
CLOCKS = SqlClocks({PLAN.id: PLAN}, bands())
POSTS = [
    {"code": "G1", "kind": "worker", "grid": 3, "shift": "06:00-14:00", "agency": "east"},
    {"code": "G2", "kind": "worker", "grid": 3, "shift": "06:00-14:00", "agency": "east"},
    {"code": "G2", "kind": "worker", "grid": 4, "shift": "06:00-14:00", "agency": "east"},
    {"code": "G3", "kind": "worker", "grid": 4, "shift": "22:00-06:00", "agency": "east"},
    {"code": "G4", "kind": "worker", "grid": 9, "shift": "", "agency": "west"},
]


def edge(thing: int, level: int, position: int, *, born: int | None = None) -> dict[str, Any]:
    """Make an edge of *thing* at *position*; the detection began at *born*, or here."""
    began = position if born is None else born
    return {
        "id": f"fire_lane-{thing}-{began}",
        "scene": "fire_lane",
        "thing": thing,
        "level": level,
        "level_name": ("quiet", "major", "severe")[level],
        "position": position,
        "time": MORNING + position * 1000,
        "now": MORNING + position * 1000 + 500,
        "values": {"occupied": 1.0, "battery": None},
        "before": {"since": None},
        "after": {"since": 1.0},
        "version": "0123456789ab",
        "by": "scene",
    }


def wish(_edge: Mapping[str, Any]) -> Wish:
    """Ask for a case in grid 3 for whatever is seen."""
    return Wish(PLAN, MERGE_MS, 1, 3, {"zh": "占道", "en": "lane"})


def desk(engine: Engine) -> tuple[SqlDesk, SqlCases]:
    """Set up a desk with posts on an empty database."""
    posts = SqlPosts(engine)
    posts.save_all(POSTS)
    cases = SqlCases(engine, prefix="YB", zone=ZONE, posts=posts, follow=[CLOCKS.follow])
    return SqlDesk(engine, cases=cases), cases


def ring(engine: Engine, cases: SqlCases, now_ms: int) -> None:
    """Let every clock that has run out say so."""
    timers = SqlTimers(engine, CLOCKS.fires(cases))
    while timers.fire(now_ms):
        pass


def opened(engine: Engine) -> tuple[SqlCases, Case]:
    """Set up a desk, and let one detection open a case."""
    takes, cases = desk(engine)
    (case,) = takes.take([edge(7, 1, 10)], 1, wish).cases
    return cases, case


def what_comes_twice_counts_once(engine: Engine) -> None:
    """However the bus hands edges out again, the tables and the answers are the same."""
    takes, cases = desk(engine)
    edges = [edge(7, 1, 10), edge(8, 1, 11), edge(7, 2, 12, born=10), edge(7, 0, 13, born=10)]
    takes.take(edges[:2], 2, wish)
    before = _everything(engine)
    again = takes.take(edges[:2], 2, wish)
    assert (again.edges, again.cases) == ([], [])
    assert _everything(engine) == before

    overlapping = takes.take([*edges[1:], *edges[1:]], 4, wish)
    assert [each["position"] for each in overlapping.edges] == [12, 13]
    assert SqlDetections(engine).offset() == 4  # noqa: PLR2004 - the sequence above
    assert SqlDetections(engine).edges() == [dict(each) for each in edges]
    assert [case.thing for case in cases.find()] == [8, 7]


def a_failure_takes_nothing_in(engine: Engine) -> None:
    """Should anything fail on the way, then neither edge nor case nor offset is kept."""
    takes, cases = desk(engine)

    def failing(each: Mapping[str, Any]) -> Wish:
        if each["thing"] == 8:  # noqa: PLR2004 - the second edge
            raise RuntimeError
        return wish(each)

    try:
        takes.take([edge(7, 1, 10), edge(8, 1, 11)], 2, failing)
    except RuntimeError:
        assert SqlDetections(engine).offset() == 0
        assert (SqlDetections(engine).find(), cases.find()) == ([], [])
        assert len(takes.take([edge(7, 1, 10), edge(8, 1, 11)], 2, wish).cases) == 2  # noqa: PLR2004 - one for each
    else:
        raise AssertionError


def the_row_is_the_fold_of_the_log(engine: Engine) -> None:
    """After every kind of event the current row equals what the log says, and the chain holds."""
    cases, case = opened(engine)
    takes = SqlDesk(engine, cases=cases)
    takes.take([edge(7, 2, 20, born=10), edge(7, 0, 21, born=10)], 3, wish)
    takes.take([edge(7, 1, 30)], 4, wish)
    ring(engine, cases, MORNING + 700_000)
    cases.note(case.id, "在路上", by="G1", at_ms=MORNING + 700_001)
    for number, to in enumerate(("move", "check", "closed")):
        seen = cases.one(case.id)
        cases.move(
            case.id, to, plan=PLAN, by="G1", at_ms=MORNING + 800_000 + number, note="再看",
            expected_version=seen.version, outcome="true" if to == "closed" else "",
        )  # fmt: skip
    takes.take([edge(7, 1, 1000)], 5, wish)

    said = cases.events(case.id)
    assert {each.verb for each in said} == {
        "opened", "assigned", "level", "joined", "warned", "late", "noted", "moved", "closed",
        "reopened",
    }  # fmt: skip
    assert fold(case.id, said) == cases.one(case.id)
    assert cases.verify(case.id) == []


def tampering_shows(engine: Engine) -> None:
    """Whoever changes an entry, drops one, or edits the row, is found out."""
    cases, case = opened(engine)
    cases.note(case.id, "first", by="ann", at_ms=MORNING)
    cases.note(case.id, "second", by="ann", at_ms=MORNING + 1)
    spoiled = {
        "UPDATE case_events SET data = replace(data, 'first', 'worst')": "entry 3 was changed",
        "UPDATE case_events SET actor = 'bob' WHERE seq = 4": "entry 4 was changed",
        "DELETE FROM case_events WHERE seq = 3": "entry 3 is missing",
        "DELETE FROM case_events WHERE seq = 4": "version is not what the log says",
        "UPDATE cases SET level = 9": "level is not what the log says",
    }
    for sql, says in spoiled.items():
        with engine.connect() as connection, connection.begin() as change:
            connection.execute(text(sql))
            connection.execute(text("UPDATE counters SET value = value"))
            change.commit()
            wrong = cases.verify(case.id)
        assert any(each.startswith(says) for each in wrong), (sql, wrong)
        _restore(engine, cases, case)


def two_cannot_both_win(engine: Engine) -> None:
    """Of many who move a case at once from the same version, one wins and the others are told."""
    cases, case = opened(engine)

    def attempt(number: int) -> str:
        try:
            cases.move(
                case.id, "move", plan=PLAN, by=f"p{number}", at_ms=MORNING + number,
                expected_version=case.version,
            )  # fmt: skip
        except Stale:
            return "stale"
        return "won"

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(attempt, range(8)))
    assert sorted(ends) == ["stale"] * 7 + ["won"]
    assert [each.verb for each in cases.events(case.id)].count("moved") == 1
    assert cases.verify(case.id) == []


def _restore(engine: Engine, cases: SqlCases, case: Case) -> None:
    """Put a spoiled case back as it was, so that the next spoiling starts from a sound one."""
    with writing(engine) as connection:
        for table in ("detection_edges", "detections", "case_events", "cases", "counters"):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names above
    SqlDesk(engine, cases=cases).take([edge(7, 1, 10)], 1, wish)
    for number, said in enumerate(("first", "second")):
        cases.note(case.id, said, by="ann", at_ms=MORNING + number)


def _everything(engine: Engine) -> list[Any]:
    found = SqlDetections(engine)
    with reading(engine) as connection:
        log = connection.execute(select(case_events).order_by("case_id", "seq")).all()
    return [found.find(), found.edges(), found.offset(), log]


DESK_PROMISES = (
    what_comes_twice_counts_once,
    a_failure_takes_nothing_in,
    the_row_is_the_fold_of_the_log,
    tampering_shows,
    two_cannot_both_win,
)
