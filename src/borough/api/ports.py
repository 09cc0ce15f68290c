"""What the doors need of the rest of the product, as small promises that others keep.

Ports whose methods are plain functions are called in worker threads, so they may wait for a
file or a database; those with coroutines are awaited on the loop.  Times are int64 ms, UTC,
in the district's time.  A row that people read is a JSON-ready mapping.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from borough.api.appraisal_ports import Appraisals
from borough.api.broadcast import Broadcast
from borough.api.file_ports import Intakes, Tables
from borough.api.limits import LIMITS, Limits
from borough.api.open311_ports import Open311
from borough.api.outward_ports import Outward
from borough.api.people_ports import Audit, People, Provider
from borough.api.queue_ports import Queue
from borough.api.requests_ports import Requests
from borough.api.roster_ports import Alarms, Rosters
from borough.api.series_ports import History, Latest
from borough.api.task_ports import Tasks
from borough.api.warning_ports import Warnings
from borough.core.cases import Case, Event
from borough.core.clock import DistrictClock
from borough.core.district import District
from borough.core.facts import Wanted
from borough.core.observations import Floats, Index
from borough.core.people import Within
from borough.core.plans import Plan
from borough.core.registry import Registry
from borough.core.scenes import Scene

Row = Mapping[str, Any]
Box = tuple[float, float, float, float]
"""West, south, east, north; degrees, WGS 84."""

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Rows:
    """Observations that passed the door, as columns for one frame of the journal.

    ``report`` u4 numbers the reports from 0: neighbours about one thing and one moment share
    a number.  ``series`` i4, ``time`` i8 in ms, ``value`` f8.
    """

    report: Index
    series: Index
    time: Index
    value: Floats


class Things(Protocol):
    """The registry as rows for people: names, attributes, relations."""

    def thing(self, key: str, /) -> Row:
        """Tell everything about one thing; `NotFound` if there is none of that key."""
        ...

    def find(
        self, *, kind: str, grid: int | None, box: Box | None, text: str, after: int, limit: int
    ) -> Sequence[Row]:
        """List things by id, those above *after*; *text* looks in keys and names."""
        ...


class Detections(Protocol):
    """What the scenes saw."""

    def find(
        self,
        *,
        scene: str,
        thing: int | None,
        open_only: bool,
        level_from: int,
        case: int | None,
        since_ms: int | None,
        until_ms: int | None,
        before: str,
        limit: int,
        told_only: bool = False,
    ) -> Sequence[Row]:
        """List detections, newest first; *before* is the last id of the page before.

        With *told_only* those that people are not to hear of now are left out.
        """
        ...

    def one(self, detection: str, /) -> Row:
        """Tell one with its edges and their evidence; `NotFound` if there is none."""
        ...


class Cases(Protocol):
    """What people are following."""

    def find(
        self,
        *,
        scene: str,
        thing: int | None,
        grid: int | None,
        step: str,
        post: str,
        open_only: bool,
        late_at_ms: int | None,
        before: int,
        limit: int,
        within: Within = (),
    ) -> Sequence[Case]:
        """List cases, newest first; *before* is the last id of the page before.

        *within* are the bounds of whoever asks.
        """
        ...

    def one(self, case: int | str, /) -> Case:
        """Give one by id or by code; `NotFound` if there is none."""
        ...

    def events(self, case: int, /) -> Sequence[Event]:
        """Give its log, oldest first."""
        ...


class Facts(Protocol):
    """What was reported, and what the numbers mean."""

    def find(self, wanted: Wanted, /, *, after: int, limit: int) -> Sequence[Row]:
        """List facts by id, those above *after*, each with the revision that counts."""
        ...

    def count(self, wanted: Wanted, /) -> int:
        """Count the facts that fit."""
        ...

    def one(self, number: int, /) -> Row:
        """Tell one fact with every revision and its import; `NotFound` if there is none."""
        ...

    def imports(self, *, before: int, limit: int) -> Sequence[Row]:
        """List imports, newest first."""
        ...

    def indicators(self) -> Sequence[Row]:
        """List every version of every definition."""
        ...

    def regions(self) -> Sequence[Row]:
        """List regions with the days on which they were."""
        ...

    def documents(self) -> Sequence[Row]:
        """List sources."""
        ...

    def subjects(self) -> Sequence[Row]:
        """List what facts are about, by key, with names."""
        ...

    def exported(self, wanted: Wanted, suffix: str, /) -> bytes:
        """Write the facts that fit as a ``.csv`` or ``.xlsx`` file; give its bytes."""
        ...


class Evaluations(Protocol):
    """Periods judged by rule sets: drafts, what is public, and what is frozen."""

    def find(self, scene: str, period: str, state: str) -> Sequence[Row]:
        """List evaluations with their tallies, the newest period first."""
        ...

    def full(self, number: int, /) -> Row:
        """Tell one with its log, its appeals and its rule set; `NotFound` if there is none."""
        ...

    def rows(
        self, number: int, /, *, group: str, name: str, level: str,
        sort: str, down: bool, start: int, limit: int,
    ) -> Sequence[Row]:  # fmt: skip
        """Give a page of a result."""
        ...

    def trace(self, number: int, subject: str, /) -> Row:
        """Take one score apart, down to the rows of the files that its facts came from."""
        ...

    def what_if(self, number: int, rules: str, /) -> Row:
        """Say what another rule set would make of the same facts; nothing is kept."""
        ...

    def schemes(self) -> Sequence[Row]:
        """List the scenes that evaluate: their inputs, classes and rule sets."""
        ...

    def exported(self, number: int, suffix: str, /) -> bytes:
        """Write a result as a ``.csv`` or ``.xlsx`` file; give its bytes."""
        ...


class Bench(Protocol):
    """Where people see what parameters of scenes are set to, and how each scene has done."""

    def all(self) -> Sequence[Row]:
        """Tell every scene with its parameters, as `told` does."""
        ...

    def told(self, scene: str, /) -> Row:
        """Tell one scene with its parameters; `NotFound` if there is none."""
        ...

    def singles(self, scene: str, /) -> Sequence[Row]:
        """List things that have values of their own."""
        ...

    def history(self, scene: str, /) -> Sequence[Row]:
        """List the changes of a scene's parameters, newest first."""
        ...

    def records(self) -> Mapping[str, Row]:
        """Count, by scene, its cases and how they ended."""
        ...


class Trials(Protocol):
    """Replays with other values of parameters, each in a process of its own."""

    def start(self, scene: str, ask: Row, /) -> Row:
        """Begin one; `Busy` if as many run as may."""
        ...

    def one(self, scene: str, trial: str, /) -> Row:
        """Tell how far one is and what it found; `NotFound` if it is not known."""
        ...

    def all(self, scene: str, /) -> Sequence[Row]:
        """List those of a scene, newest first, without what they found."""
        ...


class Desk(Protocol):
    """Where people's decisions are taken in, one at a time."""

    async def ask(self, verb: str, body: Row, /) -> Row:
        """Ask for *verb* and give the answer; raise what the desk objects to."""
        ...


class Doors(Protocol):
    """Where observations enter the journal."""

    async def take(self, rows: Rows, key: str | None, /) -> bool:
        """Keep the rows so that a power cut cannot lose them, then return.

        False means that rows with this *key* were taken before, and these were not.
        """
        ...


class Counted(NamedTuple):
    """What was counted up to one moment, so that it adds up.

    ``numbers`` are by name: ``received``, ``stored``, ``detections_open``...; ``rejected`` is how
    many readings were turned away, by reason.
    """

    numbers: Mapping[str, int]
    rejected: Mapping[str, int]


class Health(Protocol):
    """How the product is doing; every call is quick and never waits."""

    def backlog_s(self) -> float:
        """Say how old the oldest reading is that waits to be looked at, in seconds."""
        ...

    def counted(self) -> Counted:
        """Give what is counted."""
        ...

    def broken(self) -> Mapping[str, str]:
        """Give the scenes that were set aside or cannot be used, each with the reason."""
        ...

    def tuned(self) -> int:
        """Give the number of the last change of parameters that the journal holds."""
        ...

    def has_room(self) -> bool:
        """Say whether there is room on the disk to keep what comes in."""
        ...

    def parts(self) -> Mapping[str, bool]:
        """Say of each part we cannot do without whether it answers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything that ``create`` joins into one application.

    ``synthetic`` says in both languages (``zh``, ``en``) what of the data is made up; it is
    empty where nothing is.  ``operator`` is this machine's own token; ``hosts``
    are the names under which the server may be addressed, without port; ``uploads`` is the
    folder where files lie until the desk has read them; ``instance`` is a public name of this
    very district, by which its own supervisor knows it.  ``credentials``
    holds the SHA-256, in lower-case hex, of the token of each device and gateway by its key;
    the mapping may change while the server runs.
    """

    district: District
    synthetic: Mapping[str, str]
    clock: DistrictClock
    registry: Registry
    things: Things
    intakes: Intakes
    latest: Latest
    history: History
    detections: Detections
    cases: Cases
    queue: Queue
    tables: Tables
    tasks: Tasks
    bench: Bench
    trials: Trials
    facts: Facts
    evaluations: Evaluations
    appraisals: Appraisals
    warnings: Warnings
    requests: Requests
    rosters: Rosters
    alarms: Alarms
    outward: Outward
    desk: Desk
    doors: Doors
    credentials: Mapping[str, str]
    health: Health
    live: Broadcast
    people: People
    audit: Audit
    operator: str
    uploads: Path
    provider: Provider | None = None
    plans: Mapping[str, Plan] = field(default_factory=dict)
    scenes: Sequence[Scene] = ()
    warns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The names of the levels of which the public is told, by scene."""
    hosts: Sequence[str] = LOOPBACK
    instance: str = ""
    open311: Open311 | None = None
    limits: Limits = LIMITS
