"""Any order of alarms, closings, repeats and restarts: one matter, one case, and none of it twice.

Beside the database a few lines of Python keep what should be so; at the end both say the same.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given, settings, strategies as st

from borough.core.cases import DUPLICATE, FALSE, TRUE
from borough.storage.sql import SqlCases, SqlDesk, SqlDetections, SqlPosts, connect
from borough.testing.desks import MERGE_MS, MORNING, PLAN, POSTS, ZONE, edge, wish

About = tuple[str, int]
SCENES, THINGS = ("fire_lane", "slope"), (7, 8)
WAITS = (0, 1, 60, MERGE_MS // 1000 - 1, MERGE_MS // 1000, MERGE_MS // 1000 + 1)
"""Seconds between two happenings; merging ends exactly after one of them."""
LATE_MS = 500
"""An edge is decided so much after its reading."""

ABOUT = st.tuples(st.sampled_from(SCENES), st.sampled_from(THINGS))
STEP = st.one_of(
    st.tuples(st.just("level"), ABOUT, st.integers(0, 2), st.sampled_from(WAITS)),
    st.tuples(
        st.just("close"), ABOUT, st.sampled_from([TRUE, FALSE, DUPLICATE]), st.sampled_from(WAITS)
    ),
    st.tuples(st.just("again"), st.integers(1, 6), st.randoms(use_true_random=False)),
    st.tuples(st.just("restart")),
)


@dataclass
class Expected:
    """What a case should be."""

    about: About
    detections: list[str]
    level: int
    worst: int
    heard: int
    closed: int | None = None
    outcome: str = ""

    def hear(self, level: int, now: int) -> None:
        """Take a change of level in."""
        self.level, self.worst = level, max(self.worst, level)
        self.heard = max(self.heard, now)

    def reopen(self) -> None:
        """Come back if it was put right."""
        if self.outcome == TRUE:
            self.closed, self.outcome = None, ""

    def joins(self, now: int) -> bool:
        """Say whether another detection belongs to it."""
        return self.closed is None or now - max(self.closed, self.heard) <= MERGE_MS


class Town:
    """A desk on a database of its own, and what it should have written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.edges: list[dict[str, Any]] = []
        self.expected: list[Expected] = []
        self.open: dict[About, tuple[int, int]] = {}
        self.position = 10
        self.start()
        SqlPosts(self.engine).save_all(POSTS)

    def start(self) -> None:
        """Open the desk, as after a restart."""
        self.engine = connect(self.path)
        posts = SqlPosts(self.engine)
        self.cases = SqlCases(self.engine, prefix="YB", zone=ZONE, posts=posts)
        self.desk = SqlDesk(self.engine, cases=self.cases)

    def restart(self) -> None:
        """Lose everything that is not in the database."""
        self.engine.dispose()
        self.start()

    def level(self, about: About, level: int, wait: int) -> None:
        """Let a scene see a level, and the desk hear of it among what it heard before."""
        born, before = self.open.get(about, (0, 0))
        if level == before:
            return
        self.position += wait + 1
        born = born if before else self.position
        seen = {**edge(about[1], level, self.position, born=born), "scene": about[0]}
        seen["id"] = f"{about[0]}-{about[1]}-{born}"
        self.open[about] = (born, level)
        self.edges.append(seen)
        taken = self.desk.take(self.edges[-3:], len(self.edges), wish)
        assert [each["id"] for each in taken.edges] == [seen["id"]]
        self.expect(about, seen["id"], level, seen["now"])

    def expect(self, about: About, detection: str, level: int, now: int) -> None:
        """Say what should follow."""
        own = next((each for each in self.expected if detection in each.detections), None)
        if own is not None:
            if level > own.level:
                own.reopen()
            if level != own.level:
                own.hear(level, now)
            return
        newest = next((each for each in reversed(self.expected) if each.about == about), None)
        if newest is not None and newest.joins(now):
            newest.reopen()
            newest.detections.append(detection)
            newest.hear(level, now)
        else:
            self.expected.append(Expected(about, [detection], level, level, now))

    def close(self, about: About, outcome: str, wait: int) -> None:
        """Let a person close the newest case."""
        mine = [n for n, each in enumerate(self.expected, 1) if each.about == about]
        if not mine or self.expected[mine[-1] - 1].closed is not None:
            return
        self.position += wait
        at = MORNING + self.position * 1000 + LATE_MS
        seen = self.cases.one(mine[-1])
        told = {"plan": PLAN, "by": "ann", "at_ms": at, "expected_version": seen.version}
        self.cases.close(seen.id, outcome, note="T", **told)
        self.expected[mine[-1] - 1].closed = at
        self.expected[mine[-1] - 1].outcome = outcome

    def again(self, many: int, chance: Any) -> None:
        """Hand out edges that were handed out before, in any order."""
        old = self.edges[-many:]
        chance.shuffle(old)
        taken = self.desk.take([*old, *old], len(self.edges), wish)
        assert (taken.edges, taken.cases) == ([], [])

    def check(self) -> None:
        """Compare the database with what should be in it."""
        found = SqlDetections(self.engine)
        for number, each in enumerate(self.expected, 1):
            case = self.cases.one(number)
            told = ((case.scene, case.thing), case.level, case.worst, case.heard_ms)
            assert told == (each.about, each.level, each.worst, each.heard)
            assert (case.closed_ms, case.outcome) == (each.closed, each.outcome)
            assert case.merged == len(each.detections) - 1
            mine = {row["id"] for row in found.find(case=number)}
            assert mine == set(each.detections)
            assert self.cases.verify(number) == []
        assert len(self.cases.find()) == len(self.expected)
        live = [(row["scene"], row["thing"]) for row in found.find(open_only=True)]
        assert sorted(live) == sorted(about for about, (_, level) in self.open.items() if level)


LANE = ("fire_lane", 7)
QUIET_LATE = [("level", LANE, 1, 0), ("close", LANE, FALSE, 0), ("level", LANE, 0, WAITS[3])]
"""Closed as false, and it went quiet only an hour later: from then on its merge time counts."""


@settings(max_examples=30, deadline=None)
@example(steps=[*QUIET_LATE, ("level", LANE, 1, WAITS[3])])
@example(steps=[*QUIET_LATE, ("level", LANE, 1, WAITS[4])])
@example(steps=[("level", LANE, 1, 0), ("level", ("slope", LANE[1]), 1, 0)])
@example(steps=[("level", LANE, 1, 0), ("close", LANE, FALSE, 1), ("level", LANE, 2, 1)])
@example(steps=[("level", LANE, 2, 0), ("close", LANE, TRUE, 1), ("level", LANE, 1, 1)])
@example(steps=[*QUIET_LATE, ("level", LANE, 1, WAITS[5]), *QUIET_LATE[1:], ("level", LANE, 2, 0)])
@given(steps=st.lists(STEP, max_size=14))
def test_one_matter_is_one_case_whatever_happens(sqlite_template: Path, steps: list[Any]) -> None:
    """A thing has one open detection per scene, each detection one case, and repeats add none."""
    for town in towns(sqlite_template):
        for verb, *how in steps:
            getattr(town, verb)(*how)
        town.check()


def towns(template: Path) -> Iterator[Town]:
    """Make a town whose database is gone afterwards."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "borough.db"
        shutil.copy(template, path)
        town = Town(path)
        try:
            yield town
        finally:
            town.engine.dispose()
