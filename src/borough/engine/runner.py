"""Read the journal for one scene and report where its levels changed."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from borough.core.detections import Detector, Edges, KnowsCalm, MindsTime, Rows
from borough.core.errors import BadScene
from borough.core.observations import Batch, Floats, Now, Record, Tick
from borough.core.scenes import Scene
from borough.core.tunings import Change
from borough.engine.tuning import Tuning
from borough.engine.watch import Watch

Saved = Mapping[str, NDArray[Any]]
"""What a restart needs, as named arrays."""
Places = NDArray[Any] | slice
NEVER = np.iinfo(np.int64).min // 2
"""Older than any reading, and far enough from the edge to subtract a lag from."""
HAIR_S = 0.001
"""By so much a bound is set too early, for what rounding may do to a sum of seconds."""


class Runner:
    """A scene at work: its rule, a row for each of its things, and how far it has read.

    ``late`` counts what came too late to count: rows, or reports where any property will do.
    ``version`` names the rule, by the digest *code* of its file, together with the parameters by
    which it goes now.  One that is ``thorough`` looks at every row at each look at the clock,
    and says the same.
    """

    thorough = False

    def __init__(
        self,
        scene: Scene,
        detector: Detector,
        watch: Watch,
        tuning: Tuning | None = None,
        code: str = "",
    ) -> None:
        self.scene = scene
        self.detector = detector
        self.watch = watch
        self.tuning = tuning or Tuning(watch.things)
        self.code = code
        self.version = detector.version(code)
        self.rows = detector.blank(len(watch.things))
        self.rows["parent"] = watch.parent
        self._spare = self.rows.copy()
        self._stirred = np.zeros(len(self.rows), np.bool_)
        self._believed_until = -np.inf
        self._ask()
        self._survey()
        self.newest = np.full(len(watch.row), NEVER, np.int64)
        self.position = -1
        self.late = 0
        self._looked = NEVER

    def read(self, record: Record) -> list[Edges]:
        """Take in a record and say what it changed.

        What was read before changes nothing, so the journal may be cut between any two
        positions, and may hand out again what it has handed out.
        """
        if record.last <= self.position or (isinstance(record, Now) and self.rests(record)):
            return []
        edges: Iterator[Edges] = iter(())
        if isinstance(record, Now):
            edges = self._pass(record)
        elif isinstance(record, Batch):
            edges = self._hear(record)
        said = list(edges)
        self.position = record.last
        return said

    def rests(self, now: Now) -> bool:
        """Say whether a look at the clock is none: it is too soon, or nobody stirs or may age.

        The scene looks once in each of its `every_s`, counted from 1970, so that a replay looks
        at the same moments wherever it begins.  What is rested through counts as read.
        """
        every_ms = max(round(self.scene.every_s * 1000), 1)
        soon = now.time // every_ms <= self._looked // every_ms
        calm = self._sparing and now.time / 1000 <= self._believed_until
        calm = calm and not self.thorough and not self._stirred.any()
        if calm and not soon:
            self._looked = now.time
        if soon or calm:
            self.position = max(self.position, now.last)
        return soon or calm

    def tune(self, change: Change) -> bool:
        """Go by other parameters from here on; what the rule remembers stays.

        False, and nothing is changed, where the scene does not allow what it asks for.
        """
        return self._goes_by(self.tuning.after(change))

    def _goes_by(self, tuning: Tuning) -> bool:
        if not tuning.fits(self.scene):
            return False
        self.tuning, self.detector = tuning, type(self.detector)(**tuning.values(self.scene))
        self.version = self.detector.version(self.code)
        self._ask()
        self._survey()
        return True

    def _ask(self) -> None:
        """Ask the rule what it minds: once, for that takes longer than many a look at the clock."""
        self._minds = self.detector if isinstance(self.detector, MindsTime) else None
        self._knows = self.detector if isinstance(self.detector, KnowsCalm) else None
        self._sparing = self._knows is not None or self._minds is None

    def _pass(self, now: Now) -> Iterator[Edges]:
        """Let a detector that minds time look at all its things, and let old word age.

        That takes 6 ms for 356,000 things, most of it memory.  Where the rule knows who is calm
        it is shown the others only, and nobody's word is weighed before some may have grown too
        old.
        """
        self._looked = now.time
        if self._knows is not None and not self.thorough:
            yield from self._glance(self._knows, now)
        elif self._minds is not None:
            self._believed_until = -np.inf
            after = self._spare
            after.view("u1")[:] = self.rows.view("u1")  # five times as fast as field by field
            self._minds.pass_time(now.time / 1000, after)
            if not np.array_equal(after["level"], self.rows["level"]):
                yield from self._keep(self.watch.silent_tick(now), self.rows["level"].copy(), after)
            else:
                self.rows, self._spare = after, self.rows
        if self.thorough or now.time / 1000 > self._believed_until:
            silent = now.time / 1000 - self.rows["heard"] > self.watch.patience_s
            self.rows["known"] &= ~silent
            self._survey()
            if self._sparing:
                self._believed_until = self._belief(self.watch.patience_s, self.rows)

    def _glance(self, detector: KnowsCalm, now: Now) -> Iterator[Edges]:
        """Let time pass for those only that it may change."""
        few = np.flatnonzero(self._stirred)
        if len(few):
            after = self.rows.take(few)
            level = after["level"].copy()
            detector.lent(few).pass_time(now.time / 1000, after)
            yield from self._keep(self.watch.silent_tick(now, few), level, after)

    def _survey(self) -> None:
        """Find anew whom passing time may change; the next look weighs everybody's word."""
        self._believed_until = -np.inf
        if self._knows is not None:
            self._stirred = self._knows.stirs(self.rows)

    def _belief(self, patience_s: Floats, rows: Rows) -> float:
        """Give a moment up to which all that is known of some rows can still be believed."""
        until = np.where(rows["known"], rows["heard"] + patience_s, np.inf)
        return float(np.fmin.reduce(until, initial=np.inf)) - HAIR_S

    def _hear(self, batch: Batch) -> Iterator[Edges]:
        """Step through the reports; what comes too late is counted and dropped."""
        for turn in self.watch.turns(batch, self.position):
            newest = self.newest.take(turn.series)
            fresh = turn.time > newest
            if not fresh.all():
                fresh = turn.time > newest - self.watch.late_ms[turn.series]
                self.late += int(np.count_nonzero(~fresh))
            self.newest[turn.series] = np.maximum(newest, turn.time)
            if fresh.any():
                tick = self.watch.tick(turn if fresh.all() else turn.pick(fresh))
                after = self.rows.take(tick.row)
                level = after["level"].copy()
                after["known"] = True
                after["heard"] = tick.arrived
                self.detector.lent(tick.row).step(tick, after)
                yield from self._keep(tick, level, after)

    def _keep(self, tick: Tick, level: NDArray[np.uint8], after: Rows) -> Iterator[Edges]:
        """Keep the new rows, and report those whose level is no longer *level*."""
        turned = np.flatnonzero(level != after["level"])
        begun = turned[level[turned] == 0]
        after["born"][begun] = tick.position[begun]
        if len(turned):
            self._check(after["level"][turned])
            yield Edges(
                scene=self.scene.id,
                version=self.version,
                levels=self.scene.levels,
                thing=self.watch.things[tick.row[turned]],
                position=tick.position[turned],
                time=tick.time[turned],
                now=tick.arrived[turned],
                values={name: column[turned] for name, column in tick.values.items()},
                before=self.rows.take(tick.row[turned]),
                after=after.take(turned),
            )
        self.rows.put(tick.row, after)
        if self._sparing:
            until = self._belief(self.watch.patience_s[tick.row], after)
            self._believed_until = min(self._believed_until, until)
        if self._knows is not None:
            self._stirred[tick.row] = self._knows.stirs(after)

    def _check(self, level: NDArray[np.uint8]) -> None:
        """Refuse a level that the scene does not declare."""
        if level.max() >= len(self.scene.levels):
            msg = f"{self.scene.id} says level {level.max()} and declares {self.scene.levels}"
            raise BadScene(msg)

    def save(self) -> Saved:
        """Give what a restart needs; rows are named by thing, voices by their first series."""
        return {
            "rows": self.rows,
            "things": self.watch.things,
            "newest": self.newest,
            "series": self.watch.first,
            "progress": np.array([self.position, self.late, self._looked]),
            **self.tuning.save(),
        }

    def load(self, saved: Saved) -> None:
        """Go on from where *saved* was, also when things have come or gone since."""
        mine, theirs = shared(self.watch.things, saved["things"])
        rows = saved["rows"]
        for name in set(rows.dtype.names or ()) & set(self.rows.dtype.names or ()) - {"parent"}:
            if rows.dtype[name] == self.rows.dtype[name]:
                self.rows[name][mine] = rows[name][theirs]
        tuning = self.tuning.load(saved, mine, theirs)
        if tuning is not self.tuning:
            self._goes_by(tuning)
        mine, theirs = shared(self.watch.first, saved["series"])
        self.newest[mine] = saved["newest"][theirs]
        self.position, self.late, *looked = saved["progress"].tolist()
        self._looked = looked[0] if looked else NEVER  # it was not kept in the first release
        self._survey()


def shared(mine: NDArray[Any], theirs: NDArray[Any]) -> tuple[Places, Places]:
    """Find what two sorted columns of distinct numbers have in common: its places in each."""
    many = min(len(mine), len(theirs))
    if np.array_equal(mine[:many], theirs[:many]):  # as where things have only been entered
        return slice(many), slice(many)
    _, here, there = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
    return here, there
