"""Cases in bulk, marked as synthetic, with logs that hold: what a district has after years.

A million of them are written in the way of a press: a case of each kind is folded once, and the
others of its kind are its columns and texts with their own values in place.  What must come of
it is what `log_of` and `fold` say of each case.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from sqlalchemy import Engine, select, text

from borough.core.cases import Case, Event, canonical, fold
from borough.core.errors import BoroughError
from borough.core.moves import moving, opening
from borough.core.observations import Index
from borough.core.plans import CLOSED, Plan
from borough.storage.sql import SqlCases, tables as t
from borough.storage.sql.bulk import fill, unwatched
from borough.storage.sql.caselog import FIELDS
from borough.storage.sql.counting import at_least
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.open_counts import recounted
from borough.storage.sql.timer_table import timers

EVERY_MS = 30_000
"""Between two cases: a million of them are a year."""
OPEN_OF = 10
"""One case of so many is open still."""
BANDS = ("", "", "", "", "blue", "blue", "yellow", "orange")
"""Of open cases that have come to a colour, if any."""
SOURCES = ("sensor", "sensor", "sensor", "citizen", "collector", "hotline")
LEVELS = (1, 2)
JSON = ("title", "trail", "asked")
CHUNK = 20_000
HOUR_MS = 3_600_000
TITLE = {"zh": "合成案卷", "en": "Synthetic case"}
EVENTS = ("case_id", "seq", "at_ms", "actor", "verb", "data", "before", "hash")
TIMERS = ("case_id", "kind", "ref", "due_ms", "until_ms", "length_ms", "at_work", "fired_ms")
WORDS = ("code", "source", "agency", "post")
TOLD = (*WORDS, "grid", "level", "urgent", "due_ms")
"""What of the log differs between cases of one kind."""
One = dict[str, Any]
"""What was drawn of a case: its plan, how it ended or which colour it has, and all of `TOLD`."""


def store(
    engine: Engine, plans: Mapping[str, Plan], grids: int, many: int, *, until_ms: int
) -> None:
    """Store *many* cases that were opened up to a moment; one in ten is open still."""
    with reading(engine) as connection:
        posts = list(connection.scalars(select(t.posts.c.code).order_by(t.posts.c.code)))
        agencies = sorted(set(connection.scalars(select(t.posts.c.agency))))
    places = {"grid": range(grids), "agency": agencies, "post": posts}
    press = Press()
    with writing(engine) as connection, unwatched(connection, [t.cases, t.case_events, timers]):
        for first in range(1, many + 1, CHUNK):
            numbers = np.arange(first, min(first + CHUNK, many + 1))
            at_ms = until_ms - (many - numbers) * EVERY_MS
            lot = drawn(numbers, at_ms, list(plans.values()), places)
            rows = [press.case(one) for one in lot]
            fill(connection, t.cases, _columns(FIELDS, [tuple(row.values()) for row in rows]))
            events = itertools.chain.from_iterable(map(press.log, lot))
            fill(connection, t.case_events, _columns(EVENTS, list(events)))
            still = [Case(**row) for row in rows if row["closed_ms"] is None]
            clocks = [
                (each.id, "step", "", max(each.due_ms, until_ms) + 10**9, each.due_ms, 1, False,
                 None)
                for each in still
            ]  # fmt: skip
            fill(connection, timers, _columns(TIMERS, clocks))
            recounted(connection, [(None, each) for each in still])
        at_least(connection, "case", many)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))


def drawn(
    numbers: Index, at_ms: Index, plans: Sequence[Plan], places: Mapping[str, Sequence[Any]]
) -> list[One]:
    """Draw cases with these numbers, opened at these moments (ms), each somewhere in *places*.

    Those have what there is of ``grid``, ``agency`` and ``post``.
    """
    dice = np.random.default_rng(int(numbers[0]))

    def some(things: Sequence[Any]) -> list[Any]:
        return [things[each] for each in dice.integers(len(things), size=len(numbers)).tolist()]

    which = dice.integers(len(plans), size=len(numbers))
    due_ms = np.zeros(len(numbers), np.int64)
    for place, plan in enumerate(plans):
        mine, limit = which == place, plan.first.within
        due_ms[mine] = at_ms[mine] + plan.lasts(limit)
        if limit.at_work and plan.clock is not None:
            due_ms[mine] = plan.clock.dues(plan.lasts(limit), at_ms[mine], at_work=True)
    columns = {
        "number": numbers.tolist(), "at_ms": at_ms.tolist(),
        "plan": [plans[each] for each in which.tolist()],
        "level": some(LEVELS), "source": some(SOURCES), "band": some(BANDS),
        "due_ms": due_ms.tolist(), **{name: some(each) for name, each in places.items()},
    }  # fmt: skip
    lot = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for one in lot:
        number = one["number"]
        one |= {"code": f"SYNTHETIC-{number:07d}", "urgent": number % 20 == 0}
        if number % OPEN_OF:
            one["band"] = CLOSED
    return lot


def log_of(one: One) -> list[Event]:
    """Let a case be opened and given to a post, and be closed or come near its end."""
    plan, at_ms = one["plan"], one["at_ms"]
    place = {name: one[name] for name in ("code", "grid", "agency", "level", "source", "urgent")}
    first = opening(plan, title=TITLE, at_ms=at_ms, by="bench", scene=plan.id, **place)
    log = [first, Event(2, at_ms, "bench", "assigned", {"post": one["post"]})]
    if one["band"] == CLOSED:
        data = {"from": plan.first.name, "outcome": "true", "note": "", "answers": {}}
        log.append(Event(3, at_ms + HOUR_MS, "bench", "closed", data))
    elif band := one["band"]:
        data = {"step": plan.first.name, "due_ms": first.data["due_ms"], "band": band}
        log.append(Event(3, at_ms + 1000, "bench", "warned", data))
    return log


@dataclass(frozen=True, slots=True)
class Pattern:
    """Cases of one kind: a row, and of each entry when (ms after the first), verb and data."""

    row: One
    entries: Sequence[tuple[int, str, str]]

    @classmethod
    def of(cls, one: One) -> "Pattern":
        """Take the pattern of a case."""
        log = log_of(one)
        case = fold(one["number"], log)
        row = {name: getattr(case, name) for name in FIELDS}
        row |= {name: canonical(row[name]) for name in JSON}
        entries = [(each.at_ms - one["at_ms"], each.verb, _marked(each.data)) for each in log]
        return cls(row, entries)


def _marked(data: Mapping[str, Any]) -> str:
    """Write the data of an entry with places for what differs."""
    told = {name: f"@{name}" if name in TOLD else each for name, each in data.items()}
    made = canonical(told).replace("%", "%%")
    for name in TOLD:
        made = made.replace(f'"@{name}"', f'"%({name})s"' if name in WORDS else f"%({name})s")
    return made


class Press:
    """Writes cases of which one of a kind was folded."""

    def __init__(self) -> None:
        self._patterns: dict[tuple[str, str], Pattern] = {}

    def _pattern(self, one: One) -> Pattern:
        kind = one["plan"].id, one["band"]
        if kind not in self._patterns:
            self._patterns[kind] = Pattern.of(one)
        return self._patterns[kind]

    def case(self, one: One) -> One:
        """Give the row of a case."""
        at_ms, due_ms = one["at_ms"], one["due_ms"]
        row = self._pattern(one).row | {
            "id": one["number"], "opened_ms": at_ms, "since_ms": at_ms, "heard_ms": at_ms,
            "worst": one["level"], **{name: one[name] for name in TOLD},
        }  # fmt: skip
        if one["band"] == CLOSED:
            ends = at_ms + HOUR_MS
            row |= {"closed_ms": ends, "late": int(ends > due_ms)}
        return row

    def log(self, one: One) -> Iterator[tuple[Any, ...]]:
        """Write the log of a case as rows, each sealed to the one before."""
        number, before = one["number"], ""
        said = {**one, "urgent": "true" if one["urgent"] else "false"}
        for seq, (after_ms, verb, marked) in enumerate(self._pattern(one).entries, start=1):
            at_ms, data = one["at_ms"] + after_ms, marked % said
            told = f'["{before}",{number},{seq},{at_ms},"bench","{verb}",{data}]'
            seal = sha256(told.encode()).hexdigest()
            yield (number, seq, at_ms, "bench", verb, data, before, seal)
            before = seal


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> One:
    return dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))


def _newest_first(cases: SqlCases) -> Iterator[Case]:
    """Give all open cases; those of a burst come before those that were stored."""
    some = cases.find(open_only=True, limit=1000)
    while some:
        yield from some
        some = cases.find(open_only=True, limit=1000, before=some[-1].id)


def movable(engine: Engine, plans: Mapping[str, Plan], many: int) -> list[tuple[Case, str, Any]]:
    """Give open cases that were stored, each with a step that it may go to and the answers."""
    found: list[tuple[Case, str, Any]] = []
    for case in _newest_first(SqlCases(engine)):
        plan = plans.get(case.plan)
        if plan is None or not case.code.startswith("SYNTHETIC"):
            continue
        step = plan.step(case.step)
        answers = dict.fromkeys(step.asks, "bench")
        for to in step.then:
            try:
                moving(case, plan, to, at_ms=case.since_ms + 1, by="b", note="b", answers=answers)
            except BoroughError:  # a way that is barred now is not measured
                continue
            if to != CLOSED:
                found.append((case, to, answers))
                break
        if len(found) == many:
            break
    return found
