"""What is done about requests: sorting, calling back, answering, revisiting, merging, parting.

Each act changes the request's row and appends an event to its case, in one transaction.  The
event names the request and the fact; the words that were said are kept beside the request.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from borough.core import requests as core
from borough.core.cases import Case, Event, Plan
from borough.core.errors import BadRequest, IllegalMove, Stale
from borough.core.loop import cancelling
from borough.core.moves import closing, joining
from borough.core.plans import CLOSED, DECLINED, DUPLICATE, TRUE
from borough.core.requests import Filing, Request, RequestRules
from borough.storage.sql.caselog import found
from borough.storage.sql.engines import writing
from borough.storage.sql.requests import Entry, SqlRequests, held, noted, request_of, row_of
from borough.storage.sql.requests_table import requests

RESOLVED = "resolved"


class RequestActs:
    """Acts on requests; each raises `IllegalMove`, `BadRequest` or `NotFound` and then did nothing.

    *plans* are those that cases of requests follow.
    """

    def __init__(self, store: SqlRequests, plans: Mapping[str, Plan], rules: RequestRules) -> None:
        self._store = store
        self._plans = plans
        self._rules = rules

    def triage(
        self, request: int, changes: Mapping[str, Any], *, agency: str, dues: tuple[int, int],
        at_ms: int, by: str, note: str = "",
    ) -> Request:  # fmt: skip
        """Sort a request: give it to an agency; one that has it already says why in *note*.

        *changes* are fields (kind, category, urgent, street, community, grid, place).
        """
        with writing(self._store.engine) as connection:
            now = self._for(connection, request, "triaged")
            if now.agency and now.agency != agency and not note.strip():
                msg = "note: say why it goes to another agency"
                raise BadRequest(msg)
            fresh = {} if now.agency else {"accepted_ms": at_ms, "first_agency": agency}
            told = {
                **changes, **fresh, "agency": agency, "state": core.ACCEPTED, "sorted_by": by,
                "contact_due_ms": dues[0], "answer_due_ms": dues[1],
            }  # fmt: skip
            said = {"agency": agency, "category": told.get("category", now.category)}
            after = self._done(
                connection, now, "triaged", told, said, at_ms=at_ms, by=by, note=note
            )
            case = found(connection, after.case_id)
            plan = self._plans[case.plan]
            self._store.sent_on(connection, case, plan, agency, at_ms=at_ms, by=by)
            return after

    def refuse(self, request: int, reason: str, *, at_ms: int, by: str, note: str) -> Request:
        """Do not accept a request, or count it nowhere, for one of the district's reasons.

        One that was not answered yet is refused; one that was stays as it is, excluded.
        """
        if reason not in self._rules.exclusions:
            msg = f"reason: it is one of {', '.join(self._rules.exclusions)}"
            raise BadRequest(msg)
        if not note.strip():
            msg = "note: say why"
            raise BadRequest(msg)
        with writing(self._store.engine) as connection:
            now = held(connection, request)
            told: dict[str, Any] = {"excluded": reason}
            if now.state in core.WAYS["refused"]:
                told["state"] = core.REFUSED
            after = self._done(
                connection, now, "triaged", told, told, at_ms=at_ms, by=by, note=note
            )
            if after.state == core.REFUSED:
                self._given_up(connection, after, reason, at_ms=at_ms, by=by)
            return after

    def contact(self, request: int, *, at_ms: int, by: str, note: str = "") -> Request:
        """Note that the caller was spoken to; the first time counts."""
        with writing(self._store.engine) as connection:
            now = self._for(connection, request, "contacted")
            told = {"contacted_ms": at_ms if now.contacted_ms is None else now.contacted_ms}
            return self._done(connection, now, "contacted", told, {}, at_ms=at_ms, by=by, note=note)

    def answer(self, request: int, text: str, *, at_ms: int, by: str) -> Request:
        """Answer a request; whoever answers has been in contact as well."""
        if not text.strip():
            msg = "text: the answer is empty"
            raise BadRequest(msg)
        with writing(self._store.engine) as connection:
            now = self._for(connection, request, "answered")
            told = {
                "state": core.ANSWERED, "answer": text, "answered_ms": at_ms,
                "contacted_ms": at_ms if now.contacted_ms is None else now.contacted_ms,
            }  # fmt: skip
            said = {"late": at_ms > now.answer_due_ms}
            return self._done(
                connection, now, "answered", told, said, at_ms=at_ms, by=by, note=text
            )

    def revisit(
        self, request: int, *, resolved: bool, satisfaction: int, at_ms: int, by: str,
        dues: tuple[int, int], note: str = "",
    ) -> Request:  # fmt: skip
        """Note what the caller says of the answer: is it resolved, and how content are they.

        Where it is not resolved the request is open again, with fresh limits *dues*; its case
        comes back too if it was closed.
        """
        if not 0 <= satisfaction <= len(self._rules.satisfaction):
            msg = f"satisfaction: from 1 to {len(self._rules.satisfaction)}, or 0 for unknown"
            raise BadRequest(msg)
        with writing(self._store.engine) as connection:
            now = self._for(connection, request, "revisited")
            told: dict[str, Any] = {
                "state": core.CLOSED, "revisited_ms": at_ms, "revisits": now.revisits + 1,
                RESOLVED: resolved, "satisfaction": satisfaction or now.satisfaction,
            }  # fmt: skip
            said = {RESOLVED: resolved, "satisfaction": satisfaction}
            if resolved:
                return self._done(
                    connection, now, "revisited", told, said, at_ms=at_ms, by=by, note=note
                )
            told |= {
                "state": core.ACCEPTED, "answered_ms": None, "answer_due_ms": dues[1],
                "reopened": now.reopened + 1,
            }  # fmt: skip
            after = self._done(
                connection, now, "revisited", told, said, at_ms=at_ms, by=by, note=note
            )
            case = found(connection, now.case_id)
            if case.closed_ms is not None and case.outcome == TRUE:
                level = core.LEVELS[now.urgent]
                sign = f"request-{now.id}"
                plan = self._plans[case.plan]
                event = joining(case, plan, sign, level, at_ms=at_ms, by=by)
                case = self._store.cases.wrote(connection, case, event)
                self._store.sent_on(connection, case, plan, now.agency, at_ms=at_ms, by=by)
            return after

    def merge(self, request: int, into: int, *, at_ms: int, by: str) -> Request:
        """Have a request join another case; its own, left empty, closes as a duplicate."""
        with writing(self._store.engine) as connection:
            return self._merged(connection, held(connection, request), into, at_ms=at_ms, by=by)

    def merge_case(self, case: int, into: int, *, version: int, at_ms: int, by: str) -> Case:
        """Join a case with another, with all its requests; it closes as a duplicate."""
        with writing(self._store.engine) as connection:
            now, target = found(connection, case), found(connection, into)
            if now.version != version:
                msg = f"case {now.code}: version {version} was acted on already; read it again"
                raise Stale(msg)
            self._fit(now.code, now.id, target)
            if now.closed_ms is not None:
                msg = f"case: {now.code} is closed as {now.outcome}"
                raise IllegalMove(msg)
            mine = select(requests).where(requests.c.case_id == now.id).order_by(requests.c.id)
            rows = connection.execute(mine).mappings().all()
            for row in rows:
                self._merged(connection, request_of(row), into, at_ms=at_ms, by=by)
            if not rows:
                sign, plan = f"case-{now.id}", self._plans[target.plan]
                event = joining(target, plan, sign, now.level, at_ms=at_ms, by=by)
                self._store.cases.wrote(connection, target, event)
                self._left(connection, now.id, target.code, at_ms=at_ms, by=by)
            return found(connection, now.id)

    def _fit(self, code: str, case: int, target: Case) -> None:
        """Refuse a case that nothing can join, or that is this very one."""
        if case == target.id:
            msg = f"into: {code} belongs to {target.code} already"
            raise IllegalMove(msg)
        if target.closed_ms is not None or target.plan not in self._plans:
            msg = f"into: {target.code} is closed and takes no more"
            raise IllegalMove(msg)

    def _merged(
        self, connection: Connection, now: Request, into: int, *, at_ms: int, by: str
    ) -> Request:
        target = found(connection, into)
        self._fit(now.code, now.case_id, target)
        level, sign = core.LEVELS[now.urgent], f"request-{now.id}"
        event = joining(target, self._plans[target.plan], sign, level, at_ms=at_ms, by=by)
        self._store.cases.wrote(connection, target, event)
        before = now.case_id
        moved = replace(now, case_id=target.id)
        said = {"from": before, "to": target.id}
        after = self._done(connection, moved, "merged", {}, said, at_ms=at_ms, by=by)
        self._left(connection, before, target.code, at_ms=at_ms, by=by)
        return after

    def split(
        self, request: int, entry: Entry, *, plan: Plan, at_ms: int, by: str, note: str
    ) -> Request:
        """Take a request out of its case again; it gets one of its own."""
        if not note.strip():
            msg = "note: say why it is another matter"
            raise BadRequest(msg)
        with writing(self._store.engine) as connection:
            now = held(connection, request)
            others = select(requests.c.id).where(
                requests.c.case_id == now.case_id, requests.c.id != now.id
            )
            if connection.execute(others).first() is None:
                msg = f"request {now.code} is the only one of its case"
                raise IllegalMove(msg)
            case = found(connection, now.case_id)
            event = Event(case.version + 1, at_ms, by, "split", {"request": now.id})
            self._store.cases.wrote(connection, case, event)
            draft = Filing(
                now.text, now.key, title=now.title, lon=now.lon, lat=now.lat, channel=now.channel
            )
            own = self._store.tied(connection, now.id, entry, plan, draft, at_ms=at_ms, by=by)
            said = {"from": now.case_id, "to": own}
            parted = replace(now, case_id=own)
            return self._done(connection, parted, "split", {}, said, at_ms=at_ms, by=by, note=note)

    def _for(self, connection: Connection, request: int, act: str) -> Request:
        now = held(connection, request)
        core.allowed(now, act)
        return now

    def _done(
        self, connection: Connection, request: Request, verb: str, told: Mapping[str, Any],
        said: Mapping[str, Any], *, at_ms: int, by: str, note: str = "",
    ) -> Request:  # fmt: skip
        """Change the row and write the event; a merging is in the log of both cases already."""
        after = replace(request, **told)
        connection.execute(requests.update().where(requests.c.id == after.id), row_of(after))
        case = found(connection, after.case_id)
        if verb not in {"merged", "split"}:
            fact = {"request": after.id, "code": after.code, **said}
            event = Event(case.version + 1, at_ms, by, verb, fact)
            case = self._store.cases.wrote(connection, case, event)
        noted(connection, after, verb, seq=case.version, at_ms=at_ms, by=by, note=note, data=said)
        if self._store.clocks:
            self._store.clocks.wind(connection, after)
        return after

    def _given_up(
        self, connection: Connection, request: Request, reason: str, *, at_ms: int, by: str
    ) -> None:
        """End a case all of whose requests were refused: declined, or void once it was sent on."""
        taken = requests.c.state != core.REFUSED
        some = select(requests.c.id).where(requests.c.case_id == request.case_id, taken)
        case = found(connection, request.case_id)
        plan = self._plans.get(case.plan)
        if plan is None or case.closed_ms is not None or connection.execute(some).first():
            return
        note = f"{request.code}: {reason}"
        if plan.step(case.step).stage == "accept":
            event = closing(case, plan, DECLINED, at_ms=at_ms, by=by, note=note)
        else:
            event = cancelling(case, plan, at_ms=at_ms, by=by, note=note)
        self._store.cases.wrote(connection, case, event)

    def _left(self, connection: Connection, case: int, into: str, *, at_ms: int, by: str) -> None:
        """Close a case that has no request any more."""
        some = select(requests.c.id).where(requests.c.case_id == case)
        now = found(connection, case)
        if connection.execute(some).first() is not None:
            event = Event(now.version + 1, at_ms, by, "split", {"to": into})
            self._store.cases.wrote(connection, now, event)
        elif now.closed_ms is None:
            event = closing(
                now, self._plans[now.plan], DUPLICATE, at_ms=at_ms, by=by, note=f"→ {into}"
            )
            self._store.cases.wrote(connection, now, event)


def answered_first(connection: Connection, case: Case, event: Event) -> Case:
    """Let no case be closed as done while one of its requests has no answer; a follower."""
    if event.verb == CLOSED and case.outcome == TRUE:
        open_still = requests.c.state.in_((core.WAITING, core.ACCEPTED))
        chosen = select(requests.c.code).where(requests.c.case_id == case.id, open_still)
        codes = connection.scalars(chosen.limit(5)).all()
        if codes:
            msg = f"case {case.code}: {', '.join(codes)} must be answered or refused first"
            raise IllegalMove(msg)
    return case
