"""Citizens' requests in SQL: taken in once, tied to a case, and every act in the case's log."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, func, select

from borough.core import requests as core
from borough.core.cases import Case, Event, Plan
from borough.core.errors import NotFound
from borough.core.moves import joining, moving
from borough.core.requests import Filing, Request, Spot
from borough.storage.sql.caselog import found
from borough.storage.sql.cases import DESK, SqlCases
from borough.storage.sql.counting import raised
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.paging import page
from borough.storage.sql.requests_reach import Reached, reached
from borough.storage.sql.requests_table import request_acts, requests
from borough.storage.sql.timers import Fire

FIELDS = tuple(field.name for field in fields(Request))
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Of receipts: none that can be taken for another."""
LENGTH = 12
"""Letters of a receipt: 59 bits that nobody guesses."""
SORTED_AT = ("accept", "dispatch")
"""Stages that a case is past once it is known who answers."""
_C = requests.c
Wrote = Callable[[Connection, Case, Event], Case]
SORTED = "随诉求分派 · sorted by its request"
"""What the log of a case says where a request brought it to whoever deals with it."""


class Persons(Protocol):
    """Where personal data lie; here only their numbers are known."""

    def keep(self, connection: Connection, told: Mapping[str, str], /) -> int:
        """Keep what is told of a person; give their number."""
        ...


class Clocks(Protocol):
    """What watches over the limits of requests."""

    def wind(self, connection: Connection, request: Request, /) -> None:
        """Have its limits run as it stands now."""
        ...

    def wind_all(self, engine: Engine, /) -> None:
        """Have those run that nobody watched over until now."""
        ...

    def fires(self, wrote: Wrote, /) -> dict[str, Fire]:
        """Give what happens when a limit comes to the next colour."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What was worked out about a draft before it is written down.

    ``agency`` is empty where it waits for the acceptor; ``join`` is the case that it belongs to,
    or 0 for one of its own; ``dues`` are the times for contact and answer, ms.
    """

    spot: Spot
    kind: str
    category: str
    urgent: bool
    agency: str
    title: Mapping[str, str]
    dues: tuple[int, int]
    join: int = 0
    suggestion: Mapping[str, Any]


class SqlRequests:
    """The requests of a district; the acts on them are in `requests_acts`."""

    def __init__(
        self,
        engine: Engine,
        *,
        cases: SqlCases,
        persons: Persons | None = None,
        clocks: Clocks | None = None,
        prefix: str = "CASE",
        zone: str = "UTC",
    ) -> None:
        self.engine = engine
        self.clocks = clocks
        self.cases = cases
        self._persons = persons
        self._prefix = prefix
        self._zone = ZoneInfo(zone)

    def known(self, key: str) -> Request | None:
        """Give the request that came in under a sender's key, if one did."""
        with reading(self.engine) as connection:
            row = connection.execute(select(requests).where(_C.key == key)).mappings().first()
            return request_of(row) if row else None

    def file(self, draft: Filing, entry: Entry, plan: Plan, *, at_ms: int, by: str) -> Request:
        """Take a request in, with its case and its person, in one transaction.

        What comes again under a key that is known changes nothing.
        """
        with writing(self.engine) as connection:
            row = connection.execute(select(requests).where(_C.key == draft.key)).mappings().first()
            if row:
                return request_of(row)
            number = raised(connection, "request")
            case = self.tied(connection, number, entry, plan, draft, at_ms=at_ms, by=by)
            person = 0
            if draft.contact and self._persons:
                person = self._persons.keep(connection, draft.contact)
            made = self._made(
                connection, draft, entry, number, case=case, person=person, at_ms=at_ms
            )
            connection.execute(requests.insert(), row_of(made))
            version = found(connection, case).version
            told = {"channel": draft.channel, "suggestion": dict(entry.suggestion)}
            noted(connection, made, "filed", seq=version, at_ms=at_ms, by=by, data=told)
            if self.clocks:
                self.clocks.wind(connection, made)
            return made

    def tied(
        self, connection: Connection, number: int, entry: Entry, plan: Plan, draft: Filing, *,
        at_ms: int, by: str,
    ) -> int:  # fmt: skip
        """Have a request join a case, or open one of its own; give the id of the case."""
        level, sign = core.LEVELS[entry.urgent], f"request-{number}"
        if entry.join:
            case = found(connection, entry.join)
            event = joining(case, plan, sign, level, at_ms=at_ms, by=by)
            case = self.cases.wrote(connection, case, event)
            return self.sent_on(connection, case, plan, entry.agency, at_ms=at_ms, by=by).id
        source = "hotline" if draft.channel == "hotline" else "citizen"
        case = self.cases.opened(
            connection, plan, scene=core.SCENE, thing=0, grid=entry.spot.grid, title=entry.title,
            level=level, detection=sign, at_ms=at_ms, by=by, source=source, lon=draft.lon,
            lat=draft.lat, urgent=entry.urgent, agency=entry.agency,
        )  # fmt: skip
        return self.sent_on(connection, case, plan, entry.agency, at_ms=at_ms, by=by).id

    def sent_on(
        self, connection: Connection, case: Case, plan: Plan, agency: str, *, at_ms: int, by: str
    ) -> Case:
        """Take a case that is sorted on to whoever deals with it."""
        while agency and case.closed_ms is None and plan.step(case.step).stage in SORTED_AT:
            to = plan.step(case.step).then[0]
            event = moving(case, plan, to, at_ms=at_ms, by=by, agency=agency, note=SORTED)
            case = self.cases.wrote(connection, case, event)
        return case

    def _made(
        self, connection: Connection, draft: Filing, entry: Entry, number: int, *, case: int,
        person: int, at_ms: int,
    ) -> Request:  # fmt: skip
        day = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self._zone)
        of_day = raised(connection, f"request-{day:%Y%m%d}")
        routed = bool(entry.agency)
        return Request(
            id=number, code=f"{self._prefix}-R-{day:%Y%m%d}-{of_day:06d}", receipt=receipt(),
            key=draft.key, channel=draft.channel, kind=entry.kind, title=draft.title,
            text=draft.text, person=person, place=draft.place, lon=draft.lon, lat=draft.lat,
            street=entry.spot.street, community=entry.spot.community, grid=entry.spot.grid,
            category=entry.category, urgent=entry.urgent, agency=entry.agency,
            first_agency=entry.agency, state=core.ACCEPTED if routed else core.WAITING,
            case_id=case, secret=draft.secret, received_ms=at_ms,
            accepted_ms=at_ms if routed else None, contact_due_ms=entry.dues[0],
            answer_due_ms=entry.dues[1], contacted_ms=None, answered_ms=None, answer="",
            revisited_ms=None, revisits=0, resolved=None, satisfaction=0, reopened=0, excluded="",
            sorted_by=DESK if routed else "", suggestion=dict(entry.suggestion),
        )  # fmt: skip

    def one(self, request: int | str) -> Request:
        """Give a request by id, by code or by receipt; or `NotFound`."""
        with reading(self.engine) as connection:
            return held(connection, request)

    def acts(self, request: int) -> list[dict[str, Any]]:
        """Give what was done about a request, in order."""
        chosen = select(request_acts).where(request_acts.c.request == request)
        with reading(self.engine) as connection:
            rows = connection.execute(chosen.order_by(request_acts.c.number)).mappings()
            return [dict(row) for row in rows]

    def find(
        self, *, ids: Sequence[int] | None = None, state: Sequence[str] = (), agency: str = "",
        street: str = "", category: Sequence[str] = (), case: int = 0, late_at_ms: int = 0,
        since_ms: int | None = None, until_ms: int | None = None, before: int = 0,
        limit: int = 100, within: Reached = (),
    ) -> list[Request]:  # fmt: skip
        """Give the requests that fit, newest first; *before* is the last id of the page before.

        *within* keeps those that somebody reaches (`requests_reach`); empty is everywhere.
        *since_ms* and *until_ms* (not included) are about when they came in; *late_at_ms* keeps
        those that should have been answered by then and were not.
        """
        chosen = select(requests).order_by(_C.id.desc()).limit(page(limit))
        for column, words in ((_C.state, state), (_C.category, category)):
            chosen = chosen.where(column.in_(words)) if words else chosen
        for column, word in ((_C.agency, agency), (_C.street, street), (_C.case_id, case)):
            chosen = chosen.where(column == word) if word else chosen
        if ids is not None:
            chosen = chosen.where(_C.id.in_(ids))
        if late_at_ms:
            chosen = chosen.where(*_late(late_at_ms))
        if since_ms is not None:
            chosen = chosen.where(_C.received_ms >= since_ms)
        if until_ms is not None:
            chosen = chosen.where(_C.received_ms < until_ms)
        if before:
            chosen = chosen.where(_C.id < before)
        if within:
            chosen = chosen.where(_C.id.in_(select(reached(within, state).c.id)))
        with reading(self.engine) as connection:
            return [request_of(row) for row in connection.execute(chosen).mappings()]

    def counts(self, late_at_ms: int, within: Reached = ()) -> dict[str, int]:
        """Count requests by state, and as ``late`` those without an answer that is due by then.

        Only those *within* somebody's reach are counted; empty is everywhere.
        """
        late = select(func.count()).select_from(requests).where(*_late(late_at_ms))
        by_states = select(_C.state, func.count()).group_by(_C.state)
        if within:
            mine = reached(within).c.state
            by_states = select(mine, func.count()).group_by(mine)
            open_ = reached(within, (core.WAITING, core.ACCEPTED))
            late = late.where(_C.id.in_(select(open_.c.id)))
        with reading(self.engine) as connection:
            told = connection.execute(by_states)
            by_state = {row[0]: int(row[1]) for row in told}
            by_state["late"] = int(connection.scalar(late) or 0)
            return dict.fromkeys(core.STATES, 0) | by_state


def _late(at_ms: int) -> tuple[ColumnElement[bool], ...]:
    """Keep what should have been answered by a moment and was not."""
    open_ = _C.state.in_((core.WAITING, core.ACCEPTED))
    return (_C.answered_ms.is_(None), _C.answer_due_ms < at_ms, open_)


def receipt() -> str:
    """Draw the number under which a caller asks what became of their request."""
    drawn = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    return "-".join(drawn[at : at + 4] for at in range(0, LENGTH, 4))


def request_of(row: RowMapping) -> Request:
    """Read a row of the table of requests."""
    return Request(**{name: row[name] for name in FIELDS})


def row_of(request: Request) -> dict[str, Any]:
    """Lay a request out as a row."""
    row = {name: getattr(request, name) for name in FIELDS}
    return row | {"suggestion": dict(request.suggestion)}


def held(connection: Connection, request: int | str) -> Request:
    """Give a request by id, by code or by receipt; or `NotFound`."""
    of = _C.id == request if isinstance(request, int) else None
    if of is None:
        of = (_C.code == request) | (_C.receipt == str(request).strip().upper())
    row = connection.execute(select(requests).where(of)).mappings().one_or_none()
    if row is None:
        msg = f"request: there is no {request!r}"
        raise NotFound(msg)
    return request_of(row)


def noted(
    connection: Connection, request: Request, verb: str, *, seq: int, at_ms: int, by: str,
    note: str = "", data: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write down what was done about a request, in words."""
    a = request_acts.c
    last = connection.scalar(select(func.max(a.number)).where(a.request == request.id))
    told = {"request": request.id, "number": (last or 0) + 1, "case_id": request.case_id}
    said = {"seq": seq, "at_ms": at_ms, "by": by, "verb": verb, "note": note}
    connection.execute(request_acts.insert(), told | said | {"data": dict(data or {})})
