"""A district as its folder declares it: who and what is where, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from borough.core.deadlines import WorkCalendar
from borough.core.observations import Floats, Index, Mask
from borough.core.registry import Kind
from borough.core.standards import Standards

Words = tuple[str, ...]
Ring = Floats
"""A closed ring of ``(lon, lat)`` rows in WGS-84 degrees; the last row repeats the first."""
DEGREE_M = 111_195.0
"""Metres of a degree of latitude, on a sphere of 6371 km."""


@dataclass(frozen=True, slots=True)
class Streets:
    """Streets and towns; ``real`` is false where the centre is only a guess."""

    code: Words
    name_zh: Words
    name_en: Words
    kind: Words
    lon: Floats
    lat: Floats
    real: Mask


@dataclass(frozen=True, slots=True)
class Communities:
    """Communities and villages; ``street`` is the row of the street that each belongs to."""

    code: Words
    name_zh: Words
    name_en: Words
    street: Index


@dataclass(frozen=True, slots=True)
class Grids:
    """Governance grids: a centre, an area in m² and one ring of ground for each.

    ``street`` and ``community`` are rows; ``post`` is the row of the post in charge, or -1.
    """

    code: Words
    street: Index
    community: Index
    lon: Floats
    lat: Floats
    area_m2: Floats
    post: Index
    ring: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class Agencies:
    """Who can be given work; ``street`` is the row of the street it serves, or -1 for all."""

    code: Words
    name_zh: Words
    name_en: Words
    kind: Words
    street: Index


@dataclass(frozen=True, slots=True)
class Posts:
    """Numbered posts that people fill; ``grid``, ``agency`` and ``shift`` are rows.

    ``serves`` says how far around its home a post is there, beside the grids that it covers:
    its ``grid``, ``community``, ``street``, or the whole ``district``; empty is the grid.
    ``skills`` is what it can do.  No names of persons are held here.
    """

    code: Words
    kind: Words
    grid: Index
    agency: Index
    shift: Index
    serves: Words = ()
    skills: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Shifts:
    """When posts work: minutes of the local day, and days as a (shift, weekday) mask.

    Monday is column 0.  A shift whose end is not after its start runs past midnight.
    """

    code: Words
    name_zh: Words
    name_en: Words
    start_min: Index
    end_min: Index
    days: Mask


@dataclass(frozen=True, slots=True)
class Fleet:
    """How much of each kind there is and how it behaves; row *i* is ``District.kinds[i]``.

    ``key`` is the pattern of the things' keys, ``#`` standing for a digit of their number;
    ``spread`` is ``grid`` (every grid alike) or ``area`` (by ground); ``sample_s`` is the time
    between two samples, which may be shorter than between two reports; ``owner`` is an agency's
    row.  ``mode``, ``access``, ``domain`` are words of the classes table.
    """

    count: Index
    key: Words
    spread: Words
    sample_s: Floats
    mode: Words
    access: Words
    domain: Words
    owner: Index


@dataclass(frozen=True, slots=True)
class Tie:
    """A rule for relating things: how many of kind *source* go to each thing of kind *target*.

    ``pick`` is ``dealt`` (in turn, each placed within ``within_m`` metres of its target) or
    ``nearest`` (those closest to the target, none further than ``within_m``).  Kinds are rows.
    """

    relation: str
    source: int
    target: int
    pick: str
    each: int
    sign: int
    within_m: float


@dataclass(frozen=True, slots=True)
class Setting:
    """A rule for a parameter that differs from thing to thing.

    ``kind`` is the row of the kind it is for, or -1 for all devices and gateways.  ``rule`` is
    ``heartbeats`` (``low`` times the heartbeat of the kind), ``fixed`` (``low``) or
    ``log_uniform`` (drawn between ``low`` and ``high``).
    """

    scene: str
    parameter: str
    kind: int
    rule: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class District:
    """One place that runs Borough.

    ``name`` is by language (``zh``, ``en``).  ``zone`` is an IANA time zone.  ``start_ms`` is
    where a demonstration's clock starts, ms UTC.  ``valid_from`` and ``valid_to`` are ISO dates
    between which the place existed in this shape; ``valid_to`` is empty while it does.
    ``outline`` holds the outer rings of its ground.  ``work`` says when its offices are open.
    ``automatic`` names the commands, as ``plan.command``, that may go out without a person where
    their plan says so too.  ``bands`` are the shares of a limit at which clocks here change their
    colour, where they are other than usual.  ``events`` are the codes of what scenes see, by
    scene; cases that they open carry them.  ``standards`` are its codes of parts and events
    and the rows by which cases of them are opened and closed.
    """

    id: str
    name: Mapping[str, str]
    adcode: str
    zone: str
    start_ms: int
    valid_from: str
    valid_to: str
    outline: tuple[Ring, ...]
    streets: Streets
    communities: Communities
    grids: Grids
    agencies: Agencies
    posts: Posts
    shifts: Shifts
    kinds: tuple[Kind, ...]
    fleet: Fleet
    ties: tuple[Tie, ...]
    settings: tuple[Setting, ...]
    work: WorkCalendar | None = None
    automatic: tuple[str, ...] = ()
    bands: Mapping[str, float] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    standards: Standards = field(default_factory=Standards)

    def agency_of(self, holder: str, grid: int) -> str:
        """Name the agency that a holder is, or the one of its kind for a grid (row); or nothing."""
        agencies = self.agencies
        if holder in agencies.code:
            return holder
        same = [row for row, kind in enumerate(agencies.kind) if kind == holder]
        street = int(self.grids.street[grid]) if grid >= 0 else -1
        near = [row for row in same if street >= 0 and int(agencies.street[row]) == street]
        found = near or same
        return agencies.code[found[0]] if len(found) == 1 else ""

    @property
    def given(self) -> dict[str, dict[tuple[str, str], float]]:
        """What parameters a thing has from the start, by the code of its class and by name.

        What a rule draws at random belongs to those who place a demonstration.
        """
        found: dict[str, dict[tuple[str, str], float]] = {}
        for each in self.settings:
            kinds = [self.kinds[each.kind]] if each.kind >= 0 else self.kinds
            for kind in kinds if each.rule != "log_uniform" else ():
                if each.kind >= 0 or kind.role in {"device", "gateway"}:
                    times = kind.heartbeat_s if each.rule == "heartbeats" else 1.0
                    mine = found.setdefault(kind.code, {})
                    mine[each.scene, each.parameter] = each.low * times
        return found

    @property
    def counts(self) -> dict[str, int]:
        """How many things of each kind the district has, by code."""
        return {kind.code: int(n) for kind, n in zip(self.kinds, self.fleet.count, strict=True)}
