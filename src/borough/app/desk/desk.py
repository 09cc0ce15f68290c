"""What the desk knows and keeps: the one place where cases are written."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine

from borough.app.clocks import wall_ms
from borough.app.desk.answers import shown
from borough.app.desk.dispatch import Rhythm, spot, whom
from borough.app.desk.layout import Layout
from borough.app.desk.parties import finding
from borough.app.district import Ground, ground, man
from borough.app.intake.jobs import Job
from borough.app.outward.outgoing import Outgoing
from borough.app.plans import plans_of
from borough.app.requests.office import Office
from borough.app.settings import Settings
from borough.app.tuning.bench import Bench
from borough.app.warnings.composing import keeper
from borough.core.cases import Case, Event
from borough.core.commands import SELF, Command
from borough.core.district import District
from borough.core.registry import SPEAKS, Kind
from borough.core.standards import Standard
from borough.engine.bands import bands
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.merge import asked
from borough.storage.sql import (
    SqlCases,
    SqlClocks,
    SqlCredentials,
    SqlDesk,
    SqlDetections,
    SqlDispatch,
    SqlErrands,
    SqlGathering,
    SqlPatrols,
    SqlPosts,
    SqlQueue,
    SqlRosters,
    SqlTasks,
    SqlTimers,
    SqlTunings,
    answered_first,
    connect,
    suspensions,
)
from borough.storage.sql.desk import Wish
from borough.storage.sql.tasks import KIND
from borough.storage.sql.warnings import KIND as WARNING

log = logging.getLogger(__name__)


class Desk:
    """The only writer of cases: one worker, so that two people can never both win.

    Detections arrive from the bus and are applied together with their place in the stream in
    one transaction; whatever is handed out again changes nothing.
    """

    def __init__(
        self, settings: Settings, engine: Engine | None = None, district: District | None = None
    ) -> None:
        engine = engine or connect(settings.store)
        self.settings = settings
        self.engine = engine
        self.clock = settings.clock
        self.ground: Ground = ground(settings, district)
        roots = [BUILT_IN, *map(Path, settings.scenes)]
        found = {each.scene.id: each for each in find_sound(*roots)[0]}
        self.found = found
        self.plans = plans_of(roots, found.values(), self.ground.district.work)
        self.scenes = {name: each.scene for name, each in found.items() if name in self.plans}
        zone = self.ground.district.zone
        self.errands = SqlErrands(
            engine, plans=self.plans, aims=self.aims, automatic=self.ground.district.automatic
        )
        if not SqlPosts(engine).areas("district"):  # kept by a release that knew no rosters
            man(engine, self.ground.district, Path(settings.district))
        self.patrols = SqlPatrols(engine, zone=zone)
        self.rosters = SqlRosters(engine, zone=zone, calendar=self.ground.district.work)
        self.dispatch = SqlDispatch(
            engine, rosters=self.rosters, wrote=self.wrote,
            where=lambda case: spot(self.ground, case),
        )  # fmt: skip
        self.rhythm = Rhythm(self.dispatch.handing.batch_s)
        find = whom(finding(self.ground.district), self.dispatch)
        self.tasks = SqlTasks(engine, plans=self.plans, wrote=self.wrote, find=find)
        self.warnings = keeper(settings, engine, lambda: self.ground, found.values(), self.wrote)
        self.outward = Outgoing(settings, engine, self.plans, zone)
        self.cases, self.timers = self._followed()
        self.requests = Office.of(engine, self.cases, self.plans, self.ground.district, settings)
        self.timers.fires |= self.requests.fires(self.wrote)
        self.credentials = SqlCredentials(engine)
        self.gathering = SqlGathering(engine, lay=lambda: Layout(self.ground), now=self.now)
        self.desk = SqlDesk(engine, cases=self.cases, sift=self.gathering.sift)
        self.detections = SqlDetections(engine)
        self.queue = SqlQueue(engine)
        self.imports: SimpleQueue[Job] = SimpleQueue()
        self.bench = Bench(found.values(), lambda: self.ground.registry, SqlTunings(engine))

    def _followed(self) -> tuple[SqlCases, SqlTimers]:
        """Make the cases with all that follows from what happens to them, and their timers."""
        district = self.ground.district
        clocks = SqlClocks(self.plans, bands(district.bands))
        cases = SqlCases(
            self.engine,
            prefix=district.id.upper(),
            zone=district.zone,
            follow=[
                clocks.follow,
                self.dispatch.follow,
                self.errands.follow,
                self.warnings.follow,
                self.tasks.follow,
                answered_first,
                self.outward.follow,
                suspensions.follow,
            ],
            unmoved=[self.dispatch.follow, self.warnings.unmoved, self.outward.follow],
            rows=self.row,
        )
        fires = {**clocks.fires(cases), **suspensions.fires(cases)}
        fires |= {KIND: self.tasks.fire, WARNING: self.warnings.renew}
        return cases, SqlTimers(self.engine, fires)

    def wrote(self, connection: Connection, case: Case, happened: Event) -> Case:
        """Write an event of a case with all that follows from it, in an open transaction."""
        return self.cases.wrote(connection, case, happened)

    def row(self, standard: str, event: str, grid: int) -> tuple[Standard, str]:
        """Give a row of the standards and who is responsible by it in a grid (row)."""
        row = self.ground.district.standards.row(standard, event)
        return row, self.ground.district.agency_of(row.agency, grid)

    def weigh(self, *, complete: bool = True) -> list[tuple[str, Any]]:
        """Every few seconds, tell what was gathered and give what waits to posts.

        While it is not *complete*, for there are detections that have not been taken yet, what
        was gathered is left: half of an outage would be told as so many alarms.  Gives what the
        live stream should say.
        """
        if not self.rhythm.due():
            return []
        cases, edges = (
            self.gathering.turn(self.desk, self.wish, self.now()) if complete else ([], [])
        )
        cases += self.dispatch.turn(self.now())
        self.patrols.turn(self.now())
        news: list[tuple[str, Any]] = [
            ("alarm", {**edge, "key": self._key(edge["thing"])}) for edge in edges
        ]
        return news + [("case", shown(case)) for case in cases]

    def now(self) -> int:
        """The district's time, in ms."""
        return self.clock.now(wall_ms())

    def wish(self, edge: Mapping[str, Any]) -> Wish | None:
        """Say what case a change of level asks for, if any."""
        scene = self.scenes.get(edge["scene"])
        row = self.ground.row(edge["thing"])
        if scene is None or row is None:
            return None
        key, grid = self.ground.registry.key[row], int(self.ground.registry.grid[row])
        ask = asked(scene, edge, key, grid, self.ground.place(row))
        if ask is None:
            return None
        plan = self.plans[ask.plan]
        names = scene.level_names.get(edge["level_name"], {})
        return Wish(
            plan, ask.merge_ms, ask.from_level, ask.grid, ask.title, ask.gather_ms, names,
            event=self.ground.district.events.get(scene.id, ""),
        )  # fmt: skip

    def take(self, edges: Sequence[Mapping[str, Any]], sequence: int) -> list[tuple[str, Any]]:
        """Apply detections and the cases they ask for; give what the live stream should say."""
        taken = self.desk.take(edges, sequence, self.wish)
        news: list[tuple[str, Any]] = [
            ("detection", {**edge, "key": self._key(edge["thing"]), "quiet": place in taken.quiet})
            for place, edge in enumerate(taken.edges)
        ]
        return news + [("case", shown(case)) for case in taken.cases]

    def aims(self, thing: int, command: Command) -> list[tuple[int, str]]:
        """Give the things that a command goes to where the case is about *thing*.

        They are that thing itself, or those tied to it by a relation, whichever end it is; and
        only such as speak for themselves and have the properties, with the value possible.
        """
        registry, row = self.ground.registry, self.ground.row(thing)
        if row is None:
            return []
        rows = [row]
        if command.to != SELF:
            none = np.empty(0, np.int32)
            one, other, _ = registry.relations.get(command.to, (none, none, none))
            rows = sorted({*other[one == row].tolist(), *one[other == row].tolist()})
        return [
            (int(registry.id[each]), registry.key[each])
            for each in rows
            if able(registry.kinds[int(registry.kind[each])], command)
        ]

    def credential(self, key: str) -> str:
        """Name the credential through which a thing hears: its own, or its gateway's.

        It is empty where there is no such thing any more.
        """
        registry = self.ground.registry
        if key not in registry.rows:
            return ""
        via = int(registry.via[registry.rows[key]])
        return key if via < 0 or key in self.credentials.all() else registry.key[via]

    def _key(self, thing: int) -> str:
        row = self.ground.row(thing)
        return "" if row is None else self.ground.registry.key[row]

    def open(self) -> dict[str, int]:
        """Count what is not over yet."""
        return {
            "detections_open": self.detections.open_count(), "cases_open": self.queue.open(),
        }  # fmt: skip


def able(kind: Kind, command: Command) -> bool:
    """Tell whether things of a kind can be told so, and can show that they have done it."""
    has = {each.code: each for each in kind.properties}
    if kind.role not in SPEAKS or not has.keys() >= {command.property, command.proof}:
        return False
    low, high = command.span
    return has[command.property].low <= low and high <= has[command.property].high
