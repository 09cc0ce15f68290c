"""The pipeline: every record of the journal through every scene, and nothing else decides.

About 0.01 µs a row to find out whom it concerns, and with all who hear it 0.06 to 0.2
(docs/why/hot-path.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from borough.core.derives import depth
from borough.core.detections import Edges
from borough.core.observations import Batch, Index, Now, Record
from borough.core.partitions import WHOLE, Part, home_of_series, homes
from borough.core.registry import Registry
from borough.core.tunings import Change, Tuned
from borough.engine.catalog import Found
from borough.engine.derive import Derived, Window
from borough.engine.latest import Latest
from borough.engine.runner import Runner


@dataclass(frozen=True, slots=True)
class Said:
    """What a record led to: changes of level, and results that have to be journalled."""

    edges: list[Edges] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)


class TurnOver(BaseException):
    """A scene lost its turn before it was done; no ``except Exception`` of its own keeps it."""


class Guard(Protocol):
    """Watches over the turns of scenes; it raises `TurnOver` into one that takes too long."""

    def begin(self, scene: str, position: int, /) -> None:
        """Give a scene its turn at a place of the journal."""

    def end(self) -> None:
        """Take the turn back."""


class Pipeline:
    """All scenes of a district over one journal, with the derived things that they watch.

    It reads nothing and writes nothing itself: it is handed records, and says what follows.
    Live run, replay and recovery hand it the same records and hear the same.  A scene whose
    rule raises is set aside and named in ``broken`` until its code or a parameter of it
    changes; the others go on.  Scenes that evaluate facts have no part in it.

    *settled* are changes of parameters from before its first record, in their order; those in
    the journal follow, unless it is *held* to what it has.  ``tuned`` is the last one's number.
    A *guard* takes its turn from a scene that does not return.  Of several partitions it works
    for one *part*: for the things that belong there.
    """

    def __init__(
        self,
        scenes: Iterable[Found],
        registry: Registry,
        zone: str,
        settled: Iterable[Change] = (),
        *,
        held: bool = False,
        guard: Guard | None = None,
        part: Part = WHOLE,
    ) -> None:
        here = None if part.single else homes(registry, part.of) == part.number
        heard = None if part.single else home_of_series(registry, part.of) == part.number
        self.guard = guard
        self.held = held
        self.tuned = 0
        self.broken: dict[str, str] = {}
        self.runners: list[Runner] = []
        self.windows: list[Window] = []
        self._code: dict[str, str] = {}
        for each in (each for each in scenes if each.senses):
            try:
                runner = each.at_work(registry, heard)
                windows = [
                    Window(one, registry, ZoneInfo(zone), here) for one in each.scene.derives
                ]
                self._code[each.scene.id] = each.code()
            except Exception as error:  # noqa: BLE001 - a scene may be anybody's code
                self.broken[each.scene.id] = repr(error)
                continue
            self.runners.append(runner)
            self.windows += windows
        every = [each.derivation for each in self.windows]
        self.windows.sort(key=lambda each: depth(each.derivation, every))
        self._first = [each for each in self.windows if not self._fed(each)]
        self._series = len(registry.row_of_series)
        self._concerns = self._whom(self._series)
        self.latest = Latest(self._series)
        self.position = -1
        self._due: list[Derived] = []
        for change in settled:
            self.tune(change)

    def read(self, record: Record, cause: int = -1) -> Said:
        """Take in a record; one that was read before says nothing.

        *cause* tells that the record holds the results that were due at that position.
        """
        if record.last <= self.position:
            return Said()
        self.position = record.last
        self._due = [each for each in self._due if each.cause > cause]
        if isinstance(record, Tuned):
            if not self.held:
                self.tune(record.change)
            return Said()
        if isinstance(record, Batch):
            return Said(self._taken(self._known(record)))
        edges = [each for runner in self.runners for each in self._heard(runner, record)]
        return Said(edges, self._closed(record))

    def _taken(self, batch: Batch) -> list[Edges]:
        """Let everyone hear the rows that concern him; who they are is looked up once."""
        edges: list[Edges] = []
        concerns = self._concerns.take(batch.series)
        hearers: list[Runner | Window] = [*self.runners, *self._first]
        for number, each in enumerate(hearers):
            mine = (concerns & concerns.dtype.type(1 << number)) != 0
            if not (many := np.count_nonzero(mine)):
                continue
            part = batch if many == len(mine) else batch.pick(np.flatnonzero(mine))
            if isinstance(each, Runner):
                edges += self._heard(each, part)
            else:
                each.take(part)
        self.latest.take(batch.series, batch.time, batch.value)
        return edges

    def set_aside(self, scene: str, why: str) -> None:
        """Let a scene hear nothing any more, as if it had raised."""
        self.broken[scene] = why

    def code(self, scene: str) -> str:
        """Name the rule of a scene as it is written; empty for one that is not here."""
        return self._code.get(scene, "")

    def _whom(self, series: int) -> Index:
        """Say of each series whom it concerns: a bit for each runner, then for each window."""
        hears = [each.watch.own >= 0 for each in self.runners]
        hears += [each.members.many > 0 for each in self._first]
        bits = np.zeros(series, np.min_scalar_type((1 << len(hears)) - 1))
        for number, mine in enumerate(hears):
            bits |= np.where(mine, bits.dtype.type(1 << number), bits.dtype.type(0))
        return bits

    def _known(self, batch: Batch) -> Batch:
        """Leave out series above all that the registry has: those of things that are gone.

        The numbers are made as wide as an index is, once: every look-up by them then takes two
        thirds of the time.
        """
        batch = replace(batch, series=batch.series.astype(np.intp, copy=False))
        if int(batch.series.max(initial=-1)) < self._series:
            return batch
        return batch.pick(batch.series < self._series)

    def tune(self, change: Change) -> None:
        """Let a scene go by other parameters, and put it back to work if it was set aside."""
        self.tuned = change.number
        for runner in self.runners:
            if runner.scene.id == change.scene:
                runner.tune(change)
                self.broken.pop(change.scene, None)

    def _fed(self, window: Window) -> bool:
        """Say whether a window is fed by another one's results and not by the journal."""
        return any(window.derivation.feeds_on(each.derivation) for each in self.windows)

    def _closed(self, now: Now) -> list[Derived]:
        closed: list[Derived] = []
        for window in self.windows:
            results = list(window.close(now.time, now.last))
            closed += results
            for later in (
                each for each in self.windows if each.derivation.feeds_on(window.derivation)
            ):
                for each in results:
                    later.take(each.batch())
        if not closed:
            return []
        series, time, value = (
            np.concatenate([getattr(each, name) for each in closed])
            for name in ("series", "time", "value")
        )
        order = np.argsort(time, kind="stable")
        together = Derived(now.last, series[order], time[order], value[order])
        self._due.append(together)
        return [together]

    def due(self) -> list[Derived]:
        """Give the results that no record has held yet; after a restart they must be journalled.

        All that one record closed come together, to be journalled together or not at all.
        """
        return self._due

    def _heard(self, runner: Runner, record: Record) -> list[Edges]:
        scene = runner.scene.id
        if scene in self.broken or (isinstance(record, Now) and runner.rests(record)):
            return []
        try:
            if self.guard is None:
                return runner.read(record)
            try:
                self.guard.begin(scene, record.last)
                return runner.read(record)
            finally:
                self.guard.end()
        except (Exception, TurnOver) as error:  # noqa: BLE001 - a scene may be anybody's code; the others go on
            self.broken[scene] = repr(error)
            return []

    @property
    def late(self) -> int:
        """How many rows came too late for a scene that watches them."""
        return sum(runner.late for runner in self.runners)

    @property
    def weight(self) -> int:
        """How many bytes a checkpoint will have, nearly."""
        held = [self.latest.time, self.latest.value]
        held += [each for runner in self.runners for each in (runner.rows, runner.newest)]
        return sum(each.nbytes for each in held)

    def save(self) -> dict[str, NDArray[Any]]:
        """Give what a restart needs, as named arrays that later records do not touch."""
        return {name: array.copy() for name, array in self.state().items()}

    def state(self) -> dict[str, NDArray[Any]]:
        """Give what `save` gives, uncopied: it holds until the next record is read."""
        parts: dict[str, Mapping[str, NDArray[Any]]] = {"latest": self.latest.save()}
        parts |= {f"scene.{each.scene.id}": each.save() for each in self.runners}
        parts |= {named(each): each.save() for each in self.windows}
        kept = {
            f"{part}/{name}": array
            for part, arrays in parts.items()
            for name, array in arrays.items()
        }
        kept["position"], kept["tuned"] = np.array(self.position), np.array(self.tuned)
        kept["broken"] = np.array(
            [(name, self._code.get(name, ""), why) for name, why in self.broken.items()], str
        ).reshape(-1, 3)
        for number, each in enumerate(self._due):
            columns = {"series": each.series, "time": each.time, "value": each.value}
            kept |= {f"due.{number}/{name}": column for name, column in columns.items()}
            kept[f"due.{number}/cause"] = np.array(each.cause)
        return kept

    def load(self, saved: Mapping[str, NDArray[Any]]) -> Self:
        """Go on from where *saved* was; a scene or a derivation that is new starts blank."""
        parts: dict[str, dict[str, NDArray[Any]]] = {}
        for key, array in saved.items():
            part, _, name = key.rpartition("/")
            parts.setdefault(part, {})[name] = array
        self.position, self.tuned = int(saved["position"]), int(saved.get("tuned", self.tuned))
        for name, code, why in saved.get("broken", np.empty((0, 3), str)).tolist():
            if self._code.get(name) == code:
                self.broken[name] = why
        self.latest.load(parts["latest"])
        for runner in self.runners:
            if f"scene.{runner.scene.id}" in parts:
                runner.load(parts[f"scene.{runner.scene.id}"])
            runner.position = self.position
        for window in self.windows:
            if named(window) in parts:
                window.load(parts[named(window)])
        due = [part.removeprefix("due.") for part in parts if part.startswith("due.")]
        self._due = [
            Derived(int(p["cause"]), p["series"], p["time"], p["value"])
            for p in (parts[f"due.{number}"] for number in sorted(due, key=int))
        ]
        return self


def named(window: Window) -> str:
    """Name a derivation for the checkpoint."""
    return f"derive.{window.derivation.kind}.{window.derivation.property}"
