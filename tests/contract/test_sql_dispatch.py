"""What the desk's dispatch promises: every case finds somebody on duty, with the reasons."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from borough.core.cases import Case, Event, Plan
from borough.core.deadlines import HOUR_MS
from borough.core.errors import OffShift
from borough.storage.sql import SqlCases, SqlDispatch, SqlPosts, SqlRosters
from borough.storage.sql.engines import reading, writing

ZONE = "Asia/Shanghai"
MORNING = 1_720_569_600_000
"""2024-07-10 08:00 at UTC+8."""
PLAN = Plan.declared(
    "lane",
    {
        "step": [
            {
                "name": "look",
                "holder": "grid_worker",
                "within_s": 36_000,
                "then": ["decide", "closed"],
            },
            {"name": "decide", "holder": "office", "within_s": 36_000, "then": ["look", "settle"]},
            {"name": "settle", "holder": "office", "within_s": 36_000, "then": ["closed"]},
        ]
    },
)  # fmt: skip
DAY, NIGHT = "06:00-18:00", "18:00-06:00"


def post(code: str, kind: str, east: float, shift: str = DAY, **more: Any) -> dict[str, Any]:
    """Declare a post whose home is so many degrees to the east of the middle."""
    told = {"code": code, "kind": kind, "agency": "east", "shift": shift, "grid": 3}
    return {**told, "lon": 106.5 + east, "lat": 29.6, **more}


POSTS = [
    post("G1", "grid_worker", 0.01), post("G2", "grid_worker", 0.02),
    post("G3", "grid_worker", 0.0, NIGHT), post("O1", "office", 0.0), post("O2", "office", 0.0),
    post("O3", "office", 0.0, grid=4),
]  # fmt: skip


@dataclass
class Town:
    """A desk's dispatch with its cases."""

    engine: Engine
    cases: SqlCases
    dispatch: SqlDispatch
    rosters: SqlRosters

    def opened(self, east: float = 0.0, at_ms: int = MORNING, **told: Any) -> Case:
        """Open a case somewhere."""
        place = {"lon": 106.5 + east, "lat": 29.6}
        about = {"scene": "lane", "thing": 0, "grid": 3, "title": {}, "level": 1, "detection": ""}
        with writing(self.engine) as connection:
            case = self.cases.opened(connection, PLAN, at_ms=at_ms, **about, **place, **told)
        return self.cases.one(case.id)

    def why(self, case: Case) -> dict[str, Any]:
        """Give the reasons for which a case is with its post."""
        given = [each for each in self.cases.events(case.id) if each.verb == "assigned"]
        return dict(given[-1].data["why"])

    def held(self, case: Case) -> str:
        """Name the post that has a case."""
        return self.cases.one(case.id).post

    def by_hand(self, case: Case, to: str, at_ms: int = MORNING) -> None:
        """Let a person give a case to a post."""
        seen = self.cases.one(case.id).version
        self.cases.assign(case.id, to, by="ann", at_ms=at_ms, expected_version=seen)

    def leave(self, code: str, hours: int, **more: str) -> list[Case]:
        """Give leave at once, and hand on what the post has."""
        told = {"why": "sick", "by": "ann", "at_ms": MORNING, **more}
        with writing(self.engine) as connection:
            self.rosters.leave(connection, code, MORNING, MORNING + hours * HOUR_MS, **told)
            return self.dispatch.left(connection, code, MORNING, "leave")


@pytest.fixture
def town(engine: Engine) -> Iterator[Town]:
    """Set a desk up with posts on duty."""
    SqlPosts(engine).save_all(POSTS)
    rosters = SqlRosters(engine, zone=ZONE)

    def wrote(connection: Connection, case: Case, event: Event) -> Case:
        return cases.wrote(connection, case, event)

    def where(case: Case) -> tuple[float, float] | None:
        return None if case.lon is None or case.lat is None else (case.lon, case.lat)

    dispatch = SqlDispatch(engine, rosters=rosters, wrote=wrote, where=where)
    cases = SqlCases(engine, zone=ZONE, follow=[dispatch.follow])
    return Town(engine, cases, dispatch, rosters)


def test_an_urgent_case_goes_at_once_to_the_nearest_on_duty(town: Town) -> None:
    """The night post next door is asleep; the log says what was weighed."""
    case = town.opened(urgent=True)

    assert case.post == "G1"
    why = town.why(case)
    assert why["rule"] == "urgent"
    assert why["distance_m"] == pytest.approx(967, abs=5)
    assert why["second_s"] == pytest.approx(2 * why["travel_s"], rel=0.01)
    assert (why["load"], why["considered"]) == (0, 2)
    assert len(why["rules"]) == 12
    assert town.cases.verify(case.id) == []


def test_the_rest_wait_for_the_batch_and_are_paired(town: Town) -> None:
    """Each of two cases gets the one who is near it, whichever came first."""
    east, west = town.opened(0.03), town.opened(0.0)
    assert (east.post, west.post) == ("", "")
    assert town.dispatch.waiting() == {"grid_worker": 2}

    changed = town.dispatch.turn(MORNING + 3000)

    assert {case.id for case in changed} == {east.id, west.id}
    assert (town.held(east), town.held(west)) == ("G2", "G1")
    assert {town.why(case)["rule"] for case in (east, west)} == {"batch"}
    assert town.dispatch.turn(MORNING + 6000) == []


def test_a_desk_gets_its_cases_at_once_by_load(town: Town) -> None:
    """Those who look after the grid share them out evenly; the one of another grid gets none."""
    held = []
    for _ in range(4):
        case = town.opened(urgent=True)
        town.cases.move(
            case.id, "decide", plan=PLAN, by="ann", at_ms=MORNING, expected_version=case.version
        )
        held.append(town.held(case))
    assert held == ["O1", "O2", "O1", "O2"]


def test_a_case_at_its_next_step_is_no_burden_for_who_had_it(town: Town) -> None:
    """It has left its post when others are weighed, in the very transaction of the move."""
    case = town.opened(urgent=True)
    for step in ("decide", "settle"):
        seen = town.cases.one(case.id).version
        town.cases.move(case.id, step, plan=PLAN, by="ann", at_ms=MORNING, expected_version=seen)

    assert town.held(case) == "O1"
    assert town.why(case)["load"] == 0
    assert town.dispatch.loads(["G1", "O1", "O2"]) == {"O1": 1}


def test_whom_a_person_chose_no_rule_overrules(town: Town) -> None:
    """Neither does the batch give away what a person took back."""
    given, taken = town.opened(0.0), town.opened(0.0)
    town.by_hand(given, "G2")
    town.by_hand(taken, "")
    for turn in range(1, 5):
        town.dispatch.turn(MORNING + turn * HOUR_MS)
    assert (town.held(given), town.held(taken)) == ("G2", "")


def test_a_case_that_nobody_takes_up_goes_to_somebody_else(town: Town) -> None:
    """Not back to who had it; once somebody acted on it, it stays."""
    case = town.opened(urgent=True)
    town.dispatch.turn(MORNING + 200_000)
    assert town.held(case) == "G1"
    town.dispatch.turn(MORNING + 400_000)
    assert town.held(case) == "G2"
    assert town.why(case)["again"] == "answer"
    town.cases.note(case.id, "on my way", by="G2", at_ms=MORNING + 410_000)
    for turn in range(2, 6):
        town.dispatch.turn(MORNING + turn * 400_000)
    assert town.held(case) == "G2"
    assert town.cases.verify(case.id) == []


def test_leave_hands_open_cases_on_at_once(town: Town) -> None:
    """Also what a person had given; whoever stands in or is nearest gets them."""
    case, kept = town.opened(urgent=True), town.opened(0.0)
    town.by_hand(kept, "G1")
    changed = town.leave("G1", 4)
    assert {each.id for each in changed} == {case.id, kept.id}
    assert (town.held(case), town.held(kept)) == ("G2", "G2")
    assert town.why(case)["again"] == "leave"


def test_when_nobody_is_there_a_case_waits_until_somebody_is(town: Town) -> None:
    """All away: it is taken from who left, says so, and is given when the night begins."""
    case = town.opened(urgent=True)
    for code in ("G1", "G2"):
        town.leave(code, 48)
    assert town.held(case) == ""
    assert town.why(case)["rule"] == "leave"
    town.dispatch.turn(MORNING + 12 * HOUR_MS)
    assert town.held(case) == "G3"


def test_a_case_is_not_put_off_for_ever_for_want_of_somebody_free(town: Town) -> None:
    """Both workers have their hands full for hours; after half an hour it is given all the same."""
    for _ in range(20):
        town.by_hand(town.opened(0.0), "G1")
        town.by_hand(town.opened(0.0), "G2")
    late = town.opened(0.0)
    town.dispatch.turn(MORNING + 60_000)
    assert town.held(late) == ""
    town.dispatch.turn(MORNING + HOUR_MS)
    assert town.held(late) in {"G1", "G2"}


def test_a_closed_case_is_nobodys_any_more(town: Town) -> None:
    """It counts for nobody's load and waits for nobody."""
    case = town.opened(urgent=True)
    town.cases.close(
        case.id, "true", plan=PLAN, by="G1", at_ms=MORNING, expected_version=case.version
    )
    assert town.dispatch.loads(["G1"]) == {}
    assert town.dispatch.turn(MORNING + 10 * HOUR_MS) == []


def test_a_task_finds_the_nearest_post_too(town: Town) -> None:
    """By kind of post; an agency without such posts gets none."""
    case = town.opened(0.02)
    with writing(town.engine) as connection:
        assert town.dispatch.find(connection, case, "grid_worker", MORNING) == ("east", "G2")
        assert town.dispatch.find(connection, case, "nobody", MORNING) == ("", "")


def test_somebody_off_shift_cannot_be_given_anything(town: Town) -> None:
    """The message names post and shift."""
    town.dispatch.turn(MORNING)
    with reading(town.engine) as connection, pytest.raises(OffShift, match="G3 is off shift"):
        town.dispatch.check(connection, "G3", MORNING)
