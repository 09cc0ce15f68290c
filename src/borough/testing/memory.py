"""Stores that keep nothing: small, in memory, and true to the ports of the API."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from borough.api.broadcast import Broadcast
from borough.api.ports import Box, Counted, Row, Rows
from borough.core import moves
from borough.core.cases import Case, Event, fold
from borough.core.errors import BadRequest, NotFound, Stale
from borough.core.facts import Wanted
from borough.core.observations import Floats, Index
from borough.core.people import Within
from borough.core.plans import Plan
from borough.core.registry import Registry
from borough.testing import orders

PAGE = 1_000


class MemoryThings:
    """Rows about things, made from the registry's columns."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def thing(self, key: str, /) -> Row:
        """Tell about one thing."""
        if key not in self.registry.rows:
            msg = f"there is no thing {key!r}"
            raise NotFound(msg)
        return self._row(self.registry.rows[key])

    def find(
        self, *, kind: str, grid: int | None, box: Box | None, text: str, after: int, limit: int
    ) -> Sequence[Row]:
        """List things by id."""
        rows = map(self._row, range(len(self.registry.id)))
        wanted = (
            row for row in rows
            if row["id"] > after
            and kind in {"", row["kind"]}
            and grid in {None, row["grid"]}
            and (box is None or inside(row, box))
            and text.lower() in row["key"].lower()
        )  # fmt: skip
        return list(itertools.islice(wanted, page(limit)))

    def _row(self, row: int) -> dict[str, Any]:
        registry, via = self.registry, int(self.registry.via[row])
        return {
            "id": int(registry.id[row]),
            "key": registry.key[row],
            "kind": registry.kinds[int(registry.kind[row])].code,
            "lon": float(registry.lon[row]),
            "lat": float(registry.lat[row]),
            "grid": int(registry.grid[row]),
            "via": registry.key[via] if via >= 0 else "",
            "name": {},
            "attributes": {},
            "relations": [],
        }


def page(limit: int) -> int:
    """Give *limit* back, or raise `BadRequest` where it is no length for a page."""
    if not 1 <= limit <= PAGE:
        msg = f"limit: must be 1 to {PAGE}, not {limit}"
        raise BadRequest(msg)
    return limit


def inside(row: Row, box: Box) -> bool:
    """Say whether a thing stands in a box."""
    west, south, east, north = box
    return bool(west <= row["lon"] <= east and south <= row["lat"] <= north)


class MemoryLatest:
    """Two columns to write into."""

    def __init__(self, registry: Registry) -> None:
        self.time: Index = np.zeros(len(registry.numbers), np.int64)
        self.value: Floats = np.full(len(registry.numbers), np.nan)


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings, or sums of them, as columns."""

    series: Index
    time: Index
    start: Index
    value: Floats
    count: Index


class MemoryHistory:
    """Readings in a list; it sums up by the hour, whatever it is asked."""

    def __init__(self) -> None:
        self.readings: list[tuple[int, int, float]] = []

    def many(self, series: Index, start_ms: int, end_ms: int, limit: int | None, /) -> Columns:
        """Give what each series said."""
        wanted = set(series.tolist())
        rows = sorted(r for r in self.readings if r[0] in wanted and start_ms <= r[1] < end_ms)
        by_series = itertools.groupby(rows, key=lambda row: row[0])
        kept = [row for _, each in by_series for row in list(each)[-(limit or len(rows)) :]]
        return columns(kept, [1] * len(kept))

    def buckets(
        self, series: Index, start_ms: int, end_ms: int, _bucket: str, _how: str, /
    ) -> Columns:
        """Give the mean of each hour."""
        found = self.many(series, start_ms, end_ms, None)
        sums: dict[tuple[int, int], list[float]] = {}
        rows = zip(found.series.tolist(), found.time.tolist(), found.value.tolist(), strict=True)
        for number, time, value in rows:
            sums.setdefault((number, time // HOUR_MS * HOUR_MS), []).append(value)
        means = [(*each, sum(values) / len(values)) for each, values in sums.items()]
        return columns(means, [len(values) for values in sums.values()])


HOUR_MS = 3_600_000


def columns(rows: Sequence[tuple[int, int, float]], counts: Sequence[int]) -> Columns:
    """Lay rows out as columns."""
    time = np.array([row[1] for row in rows], np.int64)
    return Columns(
        series=np.array([row[0] for row in rows], np.int32),
        time=time,
        start=time,
        value=np.array([row[2] for row in rows], np.float64),
        count=np.array(counts, np.int64),
    )


class MemoryDetections:
    """Detections by id, each with its edges."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def hear(self, edge: Mapping[str, Any], case: int | None = None) -> None:
        """Take in a change of level."""
        row = self.rows.setdefault(
            edge["id"],
            {"id": edge["id"], "scene": edge["scene"], "thing": edge["thing"],
             "began_ms": edge["time"], "worst": 0, "ended_ms": None, "case_id": case, "edges": []},
        )  # fmt: skip
        row |= {"level": edge["level"], "level_name": edge["level_name"],
                "changed_ms": edge["time"], "version": edge["version"],
                "worst": max(row["worst"], edge["level"])}  # fmt: skip
        row["ended_ms"] = None if edge["level"] else edge["time"]
        row["edges"].append({**edge, "time_ms": edge["time"], "now_ms": edge["now"]})

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
        """List detections, newest first."""
        newest = sorted(self.rows.values(), key=lambda row: (-row["began_ms"], row["id"]))
        ids = [row["id"] for row in newest]
        rest = newest[ids.index(before) + 1 :] if before in ids else newest
        wanted = (
            {key: row[key] for key in row if key != "edges"} for row in rest
            if scene in {"", row["scene"]}
            and not (told_only and row.get("suppressed_by"))
            and thing in {None, row["thing"]}
            and (row["ended_ms"] is None or not open_only)
            and row["worst"] >= level_from
            and case in {None, row["case_id"]}
            and (since_ms is None or row["began_ms"] >= since_ms)
            and (until_ms is None or row["began_ms"] < until_ms)
        )  # fmt: skip
        return list(itertools.islice(wanted, page(limit)))

    def one(self, detection: str, /) -> Row:
        """Tell one with its edges."""
        if detection not in self.rows:
            msg = f"there is no detection {detection!r}"
            raise NotFound(msg)
        return self.rows[detection]


class MemoryCases:
    """Cases as the fold of their logs."""

    def __init__(self) -> None:
        self.logs: dict[int, list[Event]] = {}

    def write(self, case: int, event: Event) -> None:
        """Add an entry to a log."""
        self.logs.setdefault(case, []).append(event)

    def one(self, case: int | str, /) -> Case:
        """Give one by id or by code."""
        for found in map(self._fold, self.logs):
            if case in {found.id, found.code}:
                return found
        msg = f"there is no case {case!r}"
        raise NotFound(msg)

    def _fold(self, case: int) -> Case:
        return fold(case, self.logs[case])

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
        """List cases, newest first."""
        newest = (self._fold(each) for each in sorted(self.logs, reverse=True))
        wanted = (
            case for case in newest
            if scene in {"", case.scene}
            and thing in {None, case.thing}
            and grid in {None, case.grid}
            and step in {"", case.step}
            and post in {"", case.post}
            and not (open_only and case.closed_ms is not None)
            and (late_at_ms is None or case.is_late(late_at_ms))
            and (not before or case.id < before)
            and (not within or any(case.agency in agencies for agencies, _ in within if agencies))
        )  # fmt: skip
        return list(itertools.islice(wanted, page(limit)))

    def events(self, case: int, /) -> Sequence[Event]:
        """Give its log."""
        return self.logs[case]


class MemoryFacts:
    """A fact store in which nobody has reported anything."""

    def find(self, _wanted: Wanted, /, *, after: int, limit: int) -> Sequence[Row]:
        """List nothing, in pages that are pages all the same."""
        return [][after : page(limit)]

    def count(self, _wanted: Wanted, /) -> int:
        """Count nothing."""
        return 0

    def one(self, number: int, /) -> Row:
        """Say that there is none."""
        msg = f"fact: there is no {number}"
        raise NotFound(msg)

    def imports(self, *, before: int, limit: int) -> Sequence[Row]:
        """List nothing."""
        return [][before : page(limit)]

    def indicators(self) -> Sequence[Row]:
        """List nothing."""
        return []

    def regions(self) -> Sequence[Row]:
        """List nothing."""
        return []

    def documents(self) -> Sequence[Row]:
        """List nothing."""
        return []

    def subjects(self) -> Sequence[Row]:
        """List nothing."""
        return []

    def exported(self, _wanted: Wanted, _suffix: str, /) -> bytes:
        """Write an empty file."""
        return b""


class MemoryDesk:
    """A desk that decides at once."""

    def __init__(self, cases: MemoryCases, plans: Mapping[str, Plan], live: Broadcast) -> None:
        self.cases = cases
        self.plans = plans
        self.live = live

    async def ask(self, verb: str, body: Row, /) -> Row:
        """Write the event that a verb stands for, if its plan allows it."""
        case = self.cases.one(body["case"])
        if verb != "note" and body["version"] != case.version:
            msg = f"case {case.code} is at version {case.version}, not {body['version']}"
            raise Stale(msg)
        plan, how = self.plans[case.plan], {"at_ms": body["at_ms"], "by": body["by"]}
        said = {"note": body["note"], "answers": body.get("answers", {})}
        if verb in orders.VERBS:
            log, registry = self.cases.events(case.id), self.live.registry
            for event in orders.commanded(case, plan, verb, body, log=log, registry=registry):
                self.cases.write(case.id, event)
            return self._told(case.id)
        acts: dict[str, Callable[[], Event]] = {
            "move": lambda: moves.moving(case, plan, body["to"], **how, **said),
            "close": lambda: moves.closing(case, plan, body["outcome"], **how, **said),
            "assign": lambda: moves.assigning(case, body["post"], **how),
            "note": lambda: moves.noting(case, body["note"], **how),
        }
        if verb not in acts:
            msg = f"the desk does not know {verb!r}"
            raise BadRequest(msg)
        self.cases.write(case.id, acts[verb]())
        return self._told(case.id)

    def _told(self, case: int) -> Row:
        changed = self.cases.one(case)
        self.live.publish("case", msgspec.to_builtins(changed))
        return {"id": changed.id, "version": changed.version}


class MemoryDoors:
    """A journal in a list."""

    def __init__(self) -> None:
        self.taken: list[Rows] = []
        self.keys: set[str] = set()

    async def take(self, rows: Rows, key: str | None, /) -> bool:
        """Keep the rows, unless their key was here before."""
        if key is not None and key in self.keys:
            return False
        if key is not None:
            self.keys.add(key)
        self.taken.append(rows)
        return True


class MemoryHealth:
    """Numbers to set by hand."""

    def __init__(self) -> None:
        self.backlog = 0.0
        self.numbers: dict[str, int] = {"received": 0, "stored": 0}
        self.refused: dict[str, int] = {}
        self.aside: dict[str, str] = {}
        self.answering: dict[str, bool] = {"bus": True, "desk": True}

    def has_room(self) -> bool:
        """Say that there is room."""
        return True

    def backlog_s(self) -> float:
        """Say how far we lag."""
        return self.backlog

    def counted(self) -> Counted:
        """Give what is counted, and what was refused."""
        return Counted(self.numbers, self.refused)

    def broken(self) -> Mapping[str, str]:
        """Give what was set aside."""
        return self.aside

    def tuned(self) -> int:
        """Say that every change is in the journal."""
        return 1 << 31

    def parts(self) -> Mapping[str, bool]:
        """Say which parts answer."""
        return self.answering
