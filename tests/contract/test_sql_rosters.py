"""What rosters in SQL promise: who is on duty, and what changes at once."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, text

from borough.core.deadlines import DAY_MS, HOUR_MS, WorkCalendar
from borough.core.errors import BadRequest, CalendarHole, NotFound, OffShift
from borough.storage.sql import SqlPosts, SqlRosters, on_duty
from borough.storage.sql.duties import at_work, check, next_change
from borough.storage.sql.engines import reading, writing

ZONE = "Asia/Shanghai"
MORNING = 1_720_569_600_000
"""2024-07-10 08:00 at UTC+8, a Wednesday."""
NIGHT = MORNING + 16 * HOUR_MS
OPEN = ((8 * 60, 18 * 60),)
CALENDAR = WorkCalendar(
    zone=ZONE, week=(OPEN,) * 5 + ((), ()), days={date(2024, 7, 11): (), date(2024, 7, 13): OPEN},
    years=frozenset({2024}), work_day_h=8,
)  # fmt: skip
SHIFTS = [
    {"code": "early", "name": {}, "start_min": 390, "end_min": 870, "days": "1111111"},
    {"code": "night", "name": {}, "start_min": 1350, "end_min": 390, "days": "1111111"},
    {"code": "office", "name": {}, "start_min": 540, "end_min": 1080, "days": "work"},
]


def post(code: str, grid: int, pattern: str, **more: object) -> dict[str, object]:
    """Declare a post."""
    shift = {"early": "06:30-14:30", "night": "22:30-06:30", "office": "09:00-18:00"}[pattern]
    about = {"code": code, "kind": "worker", "grid": grid, "agency": "east"}
    return {**about, "shift": shift, "pattern": pattern, **more}


POSTS = [
    post("G1", 3, "early", skills=["first_aid"]),
    post("G1", 4, "early", skills=["first_aid"]),
    post("G2", 3, "night", skills=["first_aid", "rope"]),
    post("G3", -1, "early"),
    post("O1", 3, "office", kind="office"),
]


@pytest.fixture
def rosters(engine: Engine) -> Iterator[SqlRosters]:
    """Lay a roster out from the morning on."""
    posts = SqlPosts(engine)
    posts.save_shifts(SHIFTS)
    posts.save_all(POSTS)
    made = SqlRosters(engine, zone=ZONE, calendar=CALENDAR)
    made.keep_ready(MORNING)
    return made


def given_leave(rosters: SqlRosters, engine: Engine, post: str, hours: float, **more: str) -> int:
    """Give leave from the morning on."""
    told = {"why": "sick", "by": "ann", "at_ms": MORNING}
    with writing(engine) as connection:
        return rosters.leave(
            connection, post, MORNING, MORNING + int(hours * HOUR_MS), **told, **more
        )


def test_who_is_on_duty_follows_shift_grid_and_skill(engine: Engine, rosters: SqlRosters) -> None:
    """Those of the grid come before those of the whole district; a night ends the day after."""
    assert rosters.on_duty("worker", 3, MORNING) == ["G1", "G3"]
    assert rosters.on_duty("worker", 4, MORNING) == ["G1", "G3"]
    assert rosters.on_duty("worker", 9, MORNING) == ["G3"]
    assert rosters.on_duty("worker", 3, NIGHT) == rosters.on_duty(
        "worker", 3, MORNING - 2 * HOUR_MS
    )
    assert rosters.on_duty("worker", 3, NIGHT) == ["G2"]
    assert rosters.on_duty("worker", 3, MORNING, ["first_aid"]) == ["G1"]
    assert rosters.on_duty("worker", 3, NIGHT, ["rope", "first_aid", "rope"]) == ["G2"]
    with reading(engine) as connection:
        assert on_duty(connection, "worker", 3, MORNING, ["rope"]) == []


def test_office_shifts_follow_the_calendar(rosters: SqlRosters) -> None:
    """No duty on a holiday, and one on a Saturday on which everybody has to come in."""
    days = [
        rosters.on_duty("office", 3, MORNING + n * 24 * HOUR_MS + 2 * HOUR_MS) for n in range(5)
    ]
    assert days == [["O1"], [], ["O1"], ["O1"], []]


def test_a_day_without_a_roster_is_said(engine: Engine, rosters: SqlRosters) -> None:
    """It is a hole in the calendar, with the days that are laid out; nothing is guessed."""
    later = MORNING + 40 * 24 * HOUR_MS
    with pytest.raises(
        CalendarHole, match="no roster for 2024-08-19; it is laid out from 2024-07-09"
    ):
        rosters.on_duty("worker", 3, later)
    with reading(engine) as connection, pytest.raises(CalendarHole, match="2024-08-19"):
        check(connection, "G1", later, rosters.zone)
    rosters.keep_ready(later)
    assert rosters.on_duty("worker", 3, later) == ["G1", "G3"]


def test_an_unannounced_year_is_laid_out_and_marked(engine: Engine, rosters: SqlRosters) -> None:
    """Its ordinary weeks hold until its holidays are known."""
    rosters.keep_ready(MORNING + 365 * 24 * HOUR_MS)
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT day, sure FROM roster_days")).all()
    assert {(day[:4], bool(sure)) for day, sure in rows} == {("2024", True), ("2025", False)}


def test_leave_holds_at_once_and_may_be_taken_back(engine: Engine, rosters: SqlRosters) -> None:
    """Whoever stands in works the hours that are cut out, and no others."""
    number = given_leave(rosters, engine, "G1", 3, stand_in="G2")
    assert rosters.on_duty("worker", 4, MORNING) == ["G2", "G3"]
    assert rosters.on_duty("worker", 4, MORNING - HOUR_MS) == ["G1", "G3"]
    assert rosters.on_duty("worker", 4, MORNING + 3 * HOUR_MS) == ["G1", "G3"]

    rosters.end_leave(number, at_ms=MORNING + HOUR_MS)
    assert rosters.on_duty("worker", 4, MORNING) == ["G2", "G3"]
    assert rosters.on_duty("worker", 4, MORNING + HOUR_MS) == ["G1", "G3"]
    with pytest.raises(NotFound, match=f"number {number}"):
        rosters.end_leave(number, at_ms=MORNING + HOUR_MS)


def test_leave_that_begins_later_is_laid_out_with_its_days(
    engine: Engine, rosters: SqlRosters
) -> None:
    """Days that are laid out afterwards know of it too."""
    given_leave(rosters, engine, "G1", 30 * 24)
    later = MORNING + 20 * 24 * HOUR_MS
    rosters.keep_ready(later)
    assert rosters.on_duty("worker", 3, later) == ["G3"]


def test_two_who_stand_in_for_each_other_leave_nobody_there(
    engine: Engine, rosters: SqlRosters
) -> None:
    """It ends, and the hours are nobody's."""
    given_leave(rosters, engine, "G1", 2, stand_in="G3")
    given_leave(rosters, engine, "G3", 2, stand_in="G1")
    assert rosters.on_duty("worker", 4, MORNING) == []


def test_days_long_past_or_far_ahead_change_nothing(engine: Engine, rosters: SqlRosters) -> None:
    """Who is on duty and what changes next is what a look at every duty says, at any hour."""
    for weeks in (1, 2, 3, 4):
        rosters.keep_ready(MORNING + weeks * 7 * DAY_MS)
    with reading(engine) as connection:
        told = text("SELECT post, covers, from_ms, to_ms FROM duties ORDER BY post, covers")
        every = [tuple(row) for row in connection.execute(told)]
        for hour in range(-30, 22 * 24, 5):
            at = MORNING + hour * HOUR_MS + 1
            names = ("post", "covers", "from_ms", "to_ms")
            slow = [row for row in every if row[2] <= at < row[3]]
            assert [tuple(row[name] for name in names) for row in at_work(connection, at)] == slow
            kinds = at_work(connection, at, ["worker"])
            assert [row["post"] for row in kinds] == [row[0] for row in slow if row[1] != "O1"]
            edges = [edge for row in every for edge in row[2:] if edge > at]
            assert next_change(connection, at) == min(*edges, at + DAY_MS)


def test_a_swap_is_two_changes_of_a_day(rosters: SqlRosters) -> None:
    """Each works the other's shift at the other's grids; the next day is as usual."""
    swap = [
        {"day": "2024-07-10", "post": "G1", "shift": "early", "worker": "G2"},
        {"day": "2024-07-10", "post": "G2", "shift": "night", "worker": "G1"},
    ]
    rosters.change(swap, by="ann", at_ms=MORNING)
    assert rosters.on_duty("worker", 4, MORNING) == ["G2", "G3"]
    assert rosters.on_duty("worker", 3, NIGHT) == ["G1"]
    assert rosters.on_duty("worker", 4, MORNING + 24 * HOUR_MS) == ["G1", "G3"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"day": "10 July", "post": "G1"}, "row 2: day: must be like"),
        ({"day": "2024-07-10", "post": "G9"}, "row 2: post: there is no 'G9'"),
        ({"day": "2024-07-10", "post": "G1", "shift": "late"}, "row 2: shift: there is no"),
        ({"day": "2024-07-10", "post": "G1", "worker": "G9"}, "row 2: worker: there is no"),
    ],
)
def test_a_bad_row_changes_nothing(rosters: SqlRosters, row: dict[str, str], says: str) -> None:
    """Row and field are named, and the good row beside it is not kept."""
    good = {"day": "2024-07-10", "post": "G1", "shift": ""}
    with pytest.raises(BadRequest, match=says):
        rosters.change([good, row], by="ann", at_ms=MORNING)
    assert rosters.on_duty("worker", 4, MORNING) == ["G1", "G3"]


def test_a_post_off_shift_is_named_with_its_shift(engine: Engine, rosters: SqlRosters) -> None:
    """And with when it is on duty next; one on leave with the end of it."""
    with reading(engine) as connection:
        check(connection, "G1", MORNING, rosters.zone)
        with pytest.raises(
            OffShift, match=r"G1 is off shift at 07-11 00:00 \(shift early 06:30-14:30\)"
        ):
            check(connection, "G1", NIGHT, rosters.zone)
        with pytest.raises(OffShift, match="next on duty 07-11 06:30"):
            check(connection, "G1", NIGHT, rosters.zone)
        with pytest.raises(NotFound, match="'G9'"):
            check(connection, "G9", MORNING, rosters.zone)
    given_leave(rosters, engine, "G1", 2)
    with reading(engine) as connection, pytest.raises(OffShift, match="on leave until 07-10 10:00"):
        check(connection, "G1", MORNING, rosters.zone)


def test_leave_says_what_is_wrong_with_it(engine: Engine, rosters: SqlRosters) -> None:
    """Field by field."""
    for post_code, hours, more, says in (
        ("G9", 1, {}, "post: there is no"),
        ("G1", -1, {}, "to: it must be after"),
        ("G1", 1e5, {}, "to: leave lasts"),
        ("G1", 1, {"stand_in": "G1"}, "cannot stand in for itself"),
        ("G1", 1, {"stand_in": "G9"}, "stand_in: there is no"),
    ):
        with pytest.raises((BadRequest, NotFound), match=says):
            given_leave(rosters, engine, post_code, hours, **more)
    assert rosters.leaves(MORNING) == []


@pytest.mark.usefixtures("rosters")
def test_the_question_who_is_on_duty_reads_no_table_from_end_to_end(engine: Engine) -> None:
    """Each step of it is a look into an index."""
    if engine.dialect.name != "sqlite":
        pytest.skip("the planner of PostgreSQL reads a table this small whole")
    seen: list[str] = []
    with reading(engine) as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(seen.append)
        on_duty(connection, "worker", 3, MORNING, ["first_aid"])
        raw.set_trace_callback(None)
        asked = next(each for each in seen if "duties" in each)
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {asked}")]
    assert not [step for step in plan if step.startswith("SCAN")], plan
