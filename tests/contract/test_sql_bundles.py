"""What is written together says the same as what is written one by one, on both databases."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text

from borough.core.cases import Case, Event, Plan
from borough.core.commands import Command
from borough.core.errors import BoroughError, Stale
from borough.core.warnings import Bulletin, Cue, Extent, WarningRule
from borough.engine.bands import bands
from borough.storage.sql import (
    SqlCases,
    SqlClocks,
    SqlDesk,
    SqlDispatch,
    SqlErrands,
    SqlPosts,
    SqlRosters,
    SqlTasks,
    SqlTimers,
    SqlWarnings,
    Wish,
)
from borough.storage.sql.bundles import bundling, one_by_one
from borough.storage.sql.caselog import found, written
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.open_counts import open_counts
from borough.storage.sql.tables import case_events, cases as case_table
from borough.testing.backends import every_table
from borough.testing.desks import MERGE_MS, MORNING, ZONE

PLANS = {
    "gas": Plan.declared(
        "gas",
        {
            "step": [
                {
                    "name": "shut", "holder": "crew", "within_s": 300, "then": ["mend", "closed"],
                    "command": [
                        {
                            "name": "valve", "title": {"zh": "阀", "en": "valve"},
                            "property": "open", "value": 0, "needs": "automatic", "within_s": 60,
                            "proof": {"property": "open", "value": 0},
                        }
                    ],
                },
                {"name": "mend", "holder": "grid_worker", "within_s": 900, "then": ["closed"]},
            ],
            "task": [
                {
                    "name": name, "title": {"zh": name, "en": name}, "holder": holder,
                    "within": "20 min", "basis": "made up", "acknowledge_within": "1 min",
                    "when": {"level": level}, "until": {"below": 1},
                    "widen": [{"after": "5 min", "to": ["office"]}],
                }
                for name, holder, level in (
                    ("go", "grid_worker", 1), ("bar", "office", 2), ("call", "nobody", 2),
                )
            ],
        },
    ),
    "lane": Plan.declared(
        "lane",
        {"step": [{"name": "look", "holder": "grid_worker", "within_s": 7200, "then": ["closed"]}]},
    ),
}  # fmt: skip
SIGNAL = {
    "urgency": "Immediate", "severity": "Severe", "certainty": "Observed",
    "responses": ["Evacuate"], "lasts_s": 3600, "headline": {"zh": "气", "en": "gas"},
    "description": {"zh": "气", "en": "gas"}, "instruction": {"zh": "走", "en": "go"},
}  # fmt: skip
RULE = WarningRule.declared(
    ("quiet", "yellow", "red"),
    {
        "category": ["Safety"], "event": {"zh": "气", "en": "gas"}, "falls": "sensor",
        "renew_before_s": 600, "source": "made up", "levels": {"red": SIGNAL}, "clear": SIGNAL,
    },
)  # fmt: skip


def post(code: str, kind: str, east: float, grid: int = 3) -> dict[str, Any]:
    """Declare a post that is always on duty."""
    place = {"lon": 106.5 + east, "lat": 29.6, "grid": grid}
    return {"code": code, "kind": kind, "agency": "east", "shift": "", **place}


POSTS = [
    *(post(f"G{each}", "grid_worker", each / 100) for each in range(4)),
    *(post(f"C{each}", "crew", 0.0, grid) for each, grid in enumerate((3, 3, 4, -1))),
    post("O1", "office", 0.0), post("O2", "office", 0.0, 4),
]  # fmt: skip


def wish(edge: Mapping[str, Any]) -> Wish:
    """Ask for a case by the plan of the scene."""
    return Wish(
        PLANS[edge["scene"]], MERGE_MS, 1, 3 + edge["thing"] % 2, {"zh": "警", "en": "alarm"}
    )


def composed(case: Case, cue: Cue, at_ms: int) -> tuple[Bulletin, str, str]:
    """Make a bulletin with no words."""
    told = Bulletin(
        identifier=f"W-{case.id}-{cue.number}", case=case.id, incident=case.code,
        scene=case.scene, thing=case.thing, kind=cue.kind, level=cue.level, level_name="red",
        sent_ms=at_ms, expires_ms=at_ms + 3_600_000, references=cue.references,
        signal=RULE.signals[2], rule=RULE, area=Extent({"en": "here"}),
    )  # fmt: skip
    return told, "<alert/>", f"ref-{case.id}-{cue.number}"


class Town:
    """A desk with everything that follows from a case."""

    def __init__(self, engine: Engine, *, together: bool) -> None:
        SqlPosts(engine).save_all(POSTS)
        self.engine = engine
        self.dispatch = SqlDispatch(
            engine, rosters=SqlRosters(engine, zone=ZONE), wrote=self.wrote,
            where=lambda case: (106.5 + case.thing / 300, 29.6),
        )  # fmt: skip
        self.errands = SqlErrands(engine, plans=PLANS, aims=aims, automatic=["gas.valve"])
        self.tasks = SqlTasks(engine, plans=PLANS, wrote=self.wrote, find=self.dispatch.find)
        self.warnings = SqlWarnings(engine, rules={"gas": RULE}, compose=composed, wrote=self.wrote)
        clocks = SqlClocks(PLANS, bands())
        self.cases = SqlCases(
            engine,
            prefix="YB",
            zone=ZONE,
            follow=[
                clocks.follow,
                self.dispatch.follow,
                self.errands.follow,
                self.warnings.follow,
                self.tasks.follow,
            ],
            unmoved=[self.dispatch.follow, self.warnings.unmoved] if together else None,
            together=bundling if together else one_by_one,
        )
        fires = {
            **clocks.fires(self.cases), "task": self.tasks.fire, "warning": self.warnings.renew,
        }  # fmt: skip
        self.timers = SqlTimers(engine, fires, together=together)
        self.desk = SqlDesk(engine, cases=self.cases, together=bundling if together else one_by_one)

    def wrote(self, connection: Connection, case: Case, event: Event) -> Case:
        """Write an event as the desk does."""
        return self.cases.wrote(connection, case, event)


def aims(thing: int, _command: Command) -> list[tuple[int, str]]:
    """Send a command to the thing itself."""
    return [(thing, f"v-{thing}")]


def alarms(seed: int, many: int = 40) -> list[dict[str, Any]]:
    """Make detections that open cases, join them, and change their levels and end."""
    dice = random.Random(seed)  # noqa: S311 - nothing secret
    edges: list[dict[str, Any]] = []
    last: dict[str, int] = {}
    for number in range(1, many + 1):
        name = dice.choice(sorted(last)) if last and dice.random() < 0.3 else ""
        if name:
            scene, thing, _ = name.split("-")
            level = dice.choice([each for each in (0, 1, 2) if each != last[name]])
        else:
            scene, thing = dice.choice(sorted(PLANS)), str(dice.randrange(1, 9))
            name, level = f"{scene}-{thing}-{number}", dice.choice((1, 2, 2))
        last[name] = level
        if not level:
            del last[name]
        now = MORNING + number * 1500
        edges.append(
            {
                "id": name, "scene": scene, "thing": int(thing), "level": level,
                "level_name": ("quiet", "yellow", "red")[level], "position": number << 24,
                "time": now, "now": now, "values": {}, "before": {}, "after": {},
                "version": "0" * 12, "by": "scene",
            }
        )  # fmt: skip
    return edges


def everything(engine: Engine) -> dict[str, Any]:
    """Give all rows of all tables; of counts, those that count something."""
    told: dict[str, Any] = {}
    with reading(engine) as connection:
        for table in every_table().sorted_tables:
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
            if table is open_counts:
                rows = [{**row, "id": 0} for row in rows if row["open"]]
            told[table.name] = sorted(map(repr, rows))
    return told


def emptied(engine: Engine) -> None:
    """Begin afresh."""
    with writing(engine) as connection:
        for table in reversed(every_table().sorted_tables):
            connection.execute(table.delete())
        if engine.dialect.name == "postgresql":
            numbers = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
            connection.execute(text(numbers))


Play = Callable[[Town, list[dict[str, Any]]], None]


def at_once(town: Town, edges: list[dict[str, Any]]) -> None:
    """Take all of them in one batch."""
    town.desk.take(edges, len(edges), wish)


def by_and_by(town: Town, edges: list[dict[str, Any]]) -> None:
    """Take them in small batches."""
    for batch in pieces(edges):
        town.desk.take(batch, 0, wish)
    town.desk.take([], len(edges), wish)


def twice(town: Town, edges: list[dict[str, Any]]) -> None:
    """Take each batch again and again, as a bus does that hears no answer."""
    for batch in pieces(edges):
        for _ in range(2):
            town.desk.take(batch, 0, wish)
    town.desk.take(edges, len(edges), wish)


def pieces(edges: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut into batches of one to nine."""
    dice, start = random.Random(5), 0  # noqa: S311 - nothing secret
    while start < len(edges):
        some = dice.randrange(1, 10)
        yield edges[start : start + some]
        start += some


def played(engine: Engine, play: Play, edges: list[dict[str, Any]], *, together: bool) -> Any:
    """Let the desk take alarms, and time pass over them; gives what is left behind."""
    emptied(engine)
    town = Town(engine, together=together)
    play(town, edges)
    taken = everything(engine)
    for minute in (2, 6, 40):
        while town.timers.fire(MORNING + minute * 60_000 + 200_000):
            pass
    cases = town.cases.find(limit=500)
    assert not [wrong for case in cases for wrong in town.cases.verify(case.id)]
    return taken, everything(engine), len(cases)


def test_batches_and_repeats_leave_the_same_behind(engine: Engine) -> None:
    """Cases, logs, tasks, timers, commands, warnings, orders and counts: in one, many, or twice."""
    edges = alarms(1)
    slow = played(engine, by_and_by, edges, together=False)
    assert slow[2] > 5
    assert {each["level"] for each in edges} == {0, 1, 2}
    for play in (at_once, twice):
        fast = played(engine, play, edges, together=True)
        for name, rows in slow[0].items():
            assert fast[0][name] == rows, (play.__name__, name)
        for name, rows in slow[1].items():
            assert fast[1][name] == rows, (play.__name__, name, "later")


def test_what_waits_is_seen_by_whoever_asks(engine: Engine) -> None:
    """A case opened in a bundle is there for every other question in its transaction."""
    town = Town(engine, together=True)
    with writing(engine) as connection, bundling(connection):
        case = town.cases.opened(
            connection, PLANS["lane"], title={"zh": "甲", "en": "a"}, at_ms=MORNING, grid=3
        )
        told = select(case_table.c.version).where(case_table.c.id == case.id)
        assert connection.scalar(told) == case.version == found(connection, case.code).version
        seen = select(case_events.c.verb).where(case_events.c.case_id == case.id)
        assert connection.scalars(seen).first() == "opened"


def test_two_who_write_the_same_cannot_both_win(engine: Engine) -> None:
    """A case that changed under a bundle is refused when the bundle is written; nothing is kept."""
    town = Town(engine, together=True)
    case = town.cases.report(
        PLANS["lane"], title={"zh": "甲", "en": "a"}, at_ms=MORNING, grid=3, by="ann"
    )
    noted = Event(case.version, MORNING, "bob", "noted", {"note": "old"})
    before = everything(engine)
    with pytest.raises(BoroughError), writing(engine) as connection, bundling(connection):
        written(connection, case, noted)
    older = Event(case.version + 1, MORNING, "bob", "noted", {"note": "x"})
    town.cases.note(case.id, "first", by="ann", at_ms=MORNING)
    with pytest.raises(Stale), writing(engine) as connection, bundling(connection):
        written(connection, case, older)
    town_after = town.cases.events(case.id)
    assert [each.verb for each in town_after].count("noted") == 1
    assert before != everything(engine)
    assert town.cases.verify(case.id) == []


def test_a_batch_in_which_another_was_faster_is_taken_again(engine: Engine) -> None:
    """What another writer did meanwhile is read, and the batch is taken once all the same."""
    town, faster = Town(engine, together=True), [True]

    def sift(connection: Connection, *_: Any) -> frozenset[int]:
        if faster:
            faster.pop()
            town.cases.opened(connection, PLANS["lane"], title={}, at_ms=MORNING)
            msg = "another writer was faster"
            raise Stale(msg)
        return frozenset()

    edges = alarms(1, 5)
    taken = SqlDesk(engine, cases=town.cases, sift=sift).take(edges, 5, wish)
    assert [each["id"] for each in taken.edges] == [each["id"] for each in edges]
    assert {each.scene for each in town.cases.find()} <= {each["scene"] for each in edges}
    assert all(each.thing for each in town.cases.find())


def test_a_timer_that_fails_holds_up_no_other(engine: Engine) -> None:
    """Where one of many cannot be done, the others are, and it is tried again later."""
    town = Town(engine, together=True)
    at_once(town, alarms(3, 30))

    def broken(
        _connection: Connection, _case: Case | None, _timer: Any, _now_ms: int
    ) -> Case | None:
        msg = "cannot be"
        raise BoroughError(msg)

    with writing(engine) as connection:
        SqlTimers.set(connection, 1, "odd", "", MORNING)
    town.timers.fires["odd"] = broken
    rung = town.timers.fire(MORNING + 200_000)
    assert len(rung) > 1
    with reading(engine) as connection:
        odd = SqlTimers.one(connection, 1, "odd", "")
        assert odd is not None
        assert odd.due_ms == MORNING + 260_000
        assert town.cases.verify(1) == []
