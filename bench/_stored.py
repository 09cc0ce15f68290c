"""Cases in bulk, marked as synthetic, with logs that hold: what a district has after years."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Engine, select, text

from borough.core.cases import Case, Event, canonical, fold
from borough.core.errors import BoroughError
from borough.core.moves import moving, opening
from borough.core.plans import CLOSED, Plan
from borough.storage.sql import SqlCases, tables as t
from borough.storage.sql.bulk import fill
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
JSON = ("title", "trail", "asked")
CHUNK = 20_000
TITLE = {"zh": "合成案卷", "en": "Synthetic case"}
EVENTS = ("case_id", "seq", "at_ms", "actor", "verb", "data", "before", "hash")
TIMERS = ("case_id", "kind", "ref", "due_ms", "until_ms", "length_ms", "at_work", "fired_ms")


def store(
    engine: Engine, plans: Mapping[str, Plan], grids: int, many: int, *, until_ms: int
) -> None:
    """Store *many* cases that were opened up to a moment; one in ten is open still."""
    dice = random.Random(1)  # noqa: S311 - nothing secret
    with reading(engine) as connection:
        posts = list(connection.scalars(select(t.posts.c.code).order_by(t.posts.c.code)))
        agencies = sorted(set(connection.scalars(select(t.posts.c.agency))))
    first = until_ms - many * EVERY_MS
    names = sorted(plans)
    for start in range(0, many, CHUNK):
        cases: list[Case] = []
        events: list[tuple[Any, ...]] = []
        for number in range(start + 1, min(start + CHUNK, many) + 1):
            plan, at_ms = plans[dice.choice(names)], first + number * EVERY_MS
            place = {"grid": dice.randrange(grids), "agency": dice.choice(agencies)}
            log = _log(number, plan, at_ms, dice, post=dice.choice(posts), **place)
            cases.append(fold(number, log))
            events += _rows(number, log)
        with writing(engine) as connection:
            fill(connection, t.cases, _columns(cases))
            fill(
                connection, t.case_events, dict(zip(EVENTS, zip(*events, strict=True), strict=True))
            )
            still = [each for each in cases if each.closed_ms is None]
            rows = [
                (each.id, "step", "", max(each.due_ms, until_ms) + 10**9, each.due_ms, 1, False,
                 None)
                for each in still
            ]  # fmt: skip
            if rows:
                fill(connection, timers, dict(zip(TIMERS, zip(*rows, strict=True), strict=True)))
            recounted(connection, [(None, each) for each in still])
    with writing(engine) as connection:
        at_least(connection, "case", many)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("VACUUM ANALYZE"))


def _log(
    number: int, plan: Plan, at_ms: int, dice: random.Random, *, post: str, **place: Any
) -> list[Event]:
    """Let a case be opened and given to a post, and be closed or come near its end."""
    first = opening(
        plan, code=f"SYNTHETIC-{number:07d}", title=TITLE, at_ms=at_ms, by="bench", scene=plan.id,
        level=dice.randrange(1, 3), source=dice.choice(SOURCES), urgent=number % 20 == 0, **place,
    )  # fmt: skip
    log = [first, Event(2, at_ms, "bench", "assigned", {"post": post})]
    if number % OPEN_OF:
        data = {"from": plan.first.name, "outcome": "true", "note": "", "answers": {}}
        log.append(Event(3, at_ms + 3_600_000, "bench", "closed", data))
    elif band := dice.choice(BANDS):
        data = {"step": plan.first.name, "due_ms": first.data["due_ms"], "band": band}
        log.append(Event(3, at_ms + 1000, "bench", "warned", data))
    return log


def _rows(case: int, log: list[Event]) -> Iterator[tuple[Any, ...]]:
    """Write a log as rows, each sealed to the one before."""
    before = ""
    for each in log:
        seal = each.seal(case, before)
        told = (case, each.seq, each.at_ms, each.actor, each.verb, canonical(each.data))
        yield (*told, before, seal)
        before = seal


def _columns(cases: list[Case]) -> dict[str, Iterator[Any]]:
    def column(name: str) -> Iterator[Any]:
        values = (getattr(each, name) for each in cases)
        return (canonical(each) for each in values) if name in JSON else values

    return {name: column(name) for name in FIELDS}


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
