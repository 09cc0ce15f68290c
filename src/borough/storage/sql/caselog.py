"""The log of cases: append-only, each entry tied to the one before by its hash.

The row that says what a case is now changes in the transaction of the entry, so the two can
only ever agree; `faults` checks that they do.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, RowMapping, Update, bindparam, func, select

from borough.core.cases import Case, Event, born, canonical, fold
from borough.core.errors import BoroughError, NotFound, Stale
from borough.storage.sql import tables as t
from borough.storage.sql.bulk import added
from borough.storage.sql.bundles import APART, bundle_of, one_or_all
from borough.storage.sql.counting import raised
from borough.storage.sql.open_counts import recounted
from borough.storage.sql.postgres_lines import UNASKED, is_ahead
from borough.storage.sql.queue_table import open_counts

FIELDS = tuple(field.name for field in fields(Case))
_VALUES = attrgetter(*FIELDS)
MANY = 500
"""Things in one query."""

_BEGIN, _APPEND = t.cases.insert(), t.case_events.insert()
_AT = (t.cases.c.id == bindparam("was_id"), t.cases.c.version == bindparam("was_version"))
_LAST = select(t.case_events.c.hash).where(
    t.case_events.c.case_id == bindparam("was_id"), t.case_events.c.seq == bindparam("was_version")
)
_LOG = (
    select(t.case_events)
    .where(t.case_events.c.case_id == bindparam("wanted"))
    .order_by(t.case_events.c.seq)
)
_SEALED = select(t.cases, t.case_events.c.hash).join(
    t.case_events,
    (t.case_events.c.case_id == t.cases.c.id) & (t.case_events.c.seq == t.cases.c.version),
    isouter=True,
)
_BY_ID = _SEALED.where(t.cases.c.id == bindparam("wanted"))
_BY_CODE = _SEALED.where(t.cases.c.code == bindparam("wanted"))
_THESE = _SEALED.where(t.cases.c.id.in_(bindparam("these", expanding=True)))
_ABOUT = _SEALED.where(
    t.cases.c.id.in_(
        select(func.max(t.cases.c.id))
        .where(
            t.cases.c.scene == bindparam("scene"),
            t.cases.c.thing.in_(bindparam("things", expanding=True)),
        )
        .group_by(t.cases.c.thing)
    )
)
"""Made once: building a statement costs more than running it."""


@cache
def _change(names: tuple[str, ...]) -> Update:
    """Change some columns of a case; those that stay as they are cost nothing in their indexes."""
    return t.cases.update().where(*_AT).values({name: bindparam(name) for name in names})


class _Pages:
    """What a bundle knows of cases: each as it is now, its last seal, and what is to be written."""

    tables = frozenset({t.cases.name, t.case_events.name, open_counts.name})

    def __init__(self) -> None:
        self.cases: dict[int, Case] = {}
        self.seals: dict[int, str] = {}
        self.logs: dict[int, list[Event]] = {}
        self.newest: dict[tuple[str, int], int] = {}
        self.was: dict[int, Case | None] = {}
        self.entries: list[dict[str, Any]] = []
        self.waiting: dict[int, list[Event]] = {}

    def know(self, case: Case) -> Case:
        """Give a case as it is now; as it was read, where nothing became of it since."""
        return self.cases.setdefault(case.id, case)

    def learn(self, row: RowMapping) -> Case:
        """Know a case that was read with its last seal."""
        self.seals.setdefault(row["id"], row["hash"] or "")
        return self.know(case_of(row))

    def take(self, before: Case | None, after: Case, event: Event, seal: str) -> None:
        """Keep what a case came to by an entry in its log."""
        self.was.setdefault(after.id, before)
        self.cases[after.id] = after
        entry = _entry(after.id, event, seal)
        self.seals[after.id] = entry["hash"]
        self.entries.append(entry)
        self.waiting.setdefault(after.id, []).append(event)
        if before is None:
            self.newest[after.scene, after.thing] = after.id
            self.logs[after.id] = [event]
        elif after.id in self.logs:
            self.logs[after.id].append(event)

    def waits(self) -> bool:
        """Tell whether an entry has still to be written."""
        return bool(self.entries)

    def settle(self, connection: Connection) -> None:
        """Write the cases as they are now, and the entries that made them so."""
        pairs = [(before, self.cases[each]) for each, before in self.was.items()]
        fresh = [_row(after, FIELDS) for before, after in pairs if before is None]
        if fresh:
            connection.execute(_BEGIN, fresh)
        alike: dict[tuple[str, ...], list[tuple[Case, Case]]] = {}
        for before, after in pairs:
            if before is not None:
                alike.setdefault(_changed(before, after), []).append((before, after))
        for names, some in alike.items():
            _rewrite(connection, names, some)
        recounted(connection, pairs)
        added(connection, t.case_events, self.entries)
        self.was, self.entries, self.waiting = {}, [], {}

    def forget(self) -> None:
        """Read everything again."""
        for each in (self.cases, self.seals, self.logs, self.newest):
            each.clear()


def _pages(connection: Connection) -> _Pages | None:
    bundle = bundle_of(connection)
    return bundle.part(_Pages) if bundle else None


def case_of(row: RowMapping) -> Case:
    """Read a row of the table of cases."""
    given = {name: row[name] for name in FIELDS}
    return Case(**{**given, "trail": tuple(given["trail"])})


def found(connection: Connection, case: int | str) -> Case:
    """Give a case by id or by code; or `NotFound`."""
    pages = _pages(connection)
    if pages and case in pages.cases:
        return pages.cases[int(case)]
    by_code = isinstance(case, str)
    options = {} if by_code else APART
    chosen = _BY_CODE if by_code else _BY_ID
    asked = connection.execute(chosen, {"wanted": case}, execution_options=options)
    row = asked.mappings().one_or_none()
    if row is None:
        msg = f"case: there is no {case!r}"
        raise NotFound(msg)
    return pages.learn(row) if pages else case_of(row)


def looked_up(connection: Connection, cases: Iterable[int]) -> None:
    """Read at once some cases that a bundle will be asked for; without one, nothing."""
    pages = _pages(connection)
    if pages is None:
        return
    asked = sorted(set(cases) - pages.cases.keys())
    for start in range(0, len(asked), MANY):
        some = {"these": asked[start : start + MANY]}
        for row in connection.execute(_THESE, some, execution_options=APART).mappings():
            pages.learn(row)


def newest(connection: Connection, scene: str, things: Sequence[int]) -> dict[int, Case]:
    """Give the newest case of a scene about each of some things that has any."""
    pages = _pages(connection)
    known = pages.newest if pages else {}
    if pages and len(things) == 1 and (scene, things[0]) in known:
        number = known[scene, things[0]]
        return {things[0]: pages.cases[number]} if number else {}
    made: dict[int, Case] = {}
    asked = [each for each in things if (scene, each) not in known]
    for start in range(0, len(asked), MANY):
        some = {"scene": scene, "things": asked[start : start + MANY]}
        for row in connection.execute(_ABOUT, some, execution_options=APART).mappings():
            made[row["thing"]] = pages.learn(row) if pages else case_of(row)
    if pages is None:
        return made
    for each in asked:
        known[scene, each] = made[each].id if each in made else 0
    return {each: pages.cases[known[scene, each]] for each in things if known[scene, each]}


def begun(connection: Connection, event: Event) -> Case:
    """Write the first entry of a fresh case."""
    case = born(raised(connection, "case"), event)
    if pages := _pages(connection):
        pages.take(None, case, event, "")
        return case
    connection.execute(_BEGIN, _row(case, FIELDS))
    recounted(connection, [(None, case)])
    connection.execute(_APPEND, _entry(case.id, event, ""))
    return case


def written(connection: Connection, case: Case, event: Event) -> Case:
    """Write the next entry of a case; `Stale` where another was written meanwhile."""
    after, pages = case.then(event), _pages(connection)
    if pages is None:
        _rewrite(connection, _changed(case, after), [(case, after)])
        recounted(connection, [(case, after)])
        connection.execute(_APPEND, _entry(case.id, event, _sealed(connection, case)))
        return after
    if pages.know(case).version != case.version:
        raise _stale(case)
    before = pages.seals.get(case.id) or _sealed(connection, case)
    pages.take(case, after, event, before)
    return after


def _sealed(connection: Connection, case: Case) -> str:
    was = {"was_id": case.id, "was_version": case.version}
    seal = connection.scalars(_LAST, was, execution_options=APART).one_or_none()
    if seal is None:
        raise _stale(case)
    return str(seal)


def _stale(case: Case) -> Stale:
    return Stale(f"case {case.code} was changed by somebody else; read it again")


def _changed(before: Case, after: Case) -> tuple[str, ...]:
    pairs = zip(FIELDS, _VALUES(before), _VALUES(after), strict=True)
    return tuple(name for name, was, now in pairs if was != now)


def _rewrite(
    connection: Connection, names: tuple[str, ...], pairs: Sequence[tuple[Case, Case]]
) -> None:
    """Change rows in the same columns; `Stale` where one is no more what it was.

    Where it is sent ahead, the key of the log says so: whoever was faster has this entry too.
    """
    rows = [
        _row(after, names) | {"was_id": before.id, "was_version": before.version}
        for before, after in pairs
    ]
    told = one_or_all(rows)
    done = connection.execute(_change(names), told, execution_options=UNASKED)
    if done.rowcount != len(rows) and not is_ahead(connection):
        raise _stale(pairs[0][0])


def _row(case: Case, names: Iterable[str]) -> dict[str, Any]:
    return {
        name: _KEPT_AS[name](getattr(case, name)) if name in _KEPT_AS else getattr(case, name)
        for name in names
    }


_KEPT_AS: Mapping[str, Callable[[Any], Any]] = {"trail": list, "title": dict, "asked": dict}


def _entry(case: int, event: Event, before: str) -> dict[str, Any]:
    return {
        "case_id": case,
        "seq": event.seq,
        "at_ms": event.at_ms,
        "actor": event.actor,
        "verb": event.verb,
        "data": canonical(event.data),
        "before": before,
        "hash": event.seal(case, before),
    }


def entries(connection: Connection, case: int) -> list[tuple[Event, str, str]]:
    """Give the log of a case, oldest first: each event, the hash before it, and its own."""
    rows = connection.execute(_LOG, {"wanted": case})
    return [(_event(row), row.before, row.hash) for row in rows]


def _event(row: Any) -> Event:
    return Event(row.seq, row.at_ms, row.actor, row.verb, json.loads(row.data))


def log_of(connection: Connection, case: int) -> Sequence[Event]:
    """Give the log of a case, oldest first; of a bundle, with what waits to be written."""
    pages = _pages(connection)
    if pages and case in pages.logs:
        return pages.logs[case]
    options = APART if pages else {}
    rows = connection.execute(_LOG, {"wanted": case}, execution_options=options)
    log = [_event(row) for row in rows]
    if pages:
        log += pages.waiting.get(case, ())
        pages.logs[case] = log
    return log


def faults(connection: Connection, case: int) -> list[str]:
    """Say where a case's chain is broken, or where its row is not what its log says."""
    wrong, last = [], ""
    log = entries(connection, case)
    for place, (event, before, own) in enumerate(log, start=1):
        if event.seq != place:
            wrong.append(f"entry {place} is missing")
            break
        if before != last:
            wrong.append(f"entry {place} does not follow the one before")
        if own != event.seal(case, before):
            wrong.append(f"entry {place} was changed after it was written")
        last = own
    try:
        told = fold(case, (event for event, _, _ in log))
    except (BoroughError, KeyError, TypeError) as error:
        return [*wrong, f"the log cannot be followed: {error}"]
    kept = found(connection, case)
    differ = [name for name in FIELDS if getattr(kept, name) != getattr(told, name)]
    return wrong + [f"{name} is not what the log says" for name in differ]
