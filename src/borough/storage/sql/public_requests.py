"""Requests in SQL as the public reads them, and what the public adds to them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, select

from borough.core.cases import Event
from borough.core.errors import NotFound
from borough.core.offers import CLOSED_, OVER, STATUSES, PublicRequest, Update
from borough.storage.sql.caselog import found
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.requests import held, noted, request_of
from borough.storage.sql.requests_table import request_acts, requests
from borough.storage.sql.tables import cases
from borough.storage.sql.warnings import Wrote

_C, _A = requests.c, request_acts.c
UPDATED = "updated"
"""The verb under which words of the public are kept with a request."""
PUBLIC = ("filed", "triaged", "contacted", "answered", "revisited", UPDATED)
"""What was done that the public may know of."""
_EVERY = (
    select(requests, cases.c.closed_ms.label("ended_ms"), cases.c.suspended_to_ms)
    .join(cases, cases.c.id == _C.case_id)
    .where(_C.secret.is_(False))
)


class SqlPublicRequests:
    """Reads requests that are not secret, with what their cases say."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def one(self, code: str, /) -> PublicRequest:
        """Give one by its code; or `NotFound`, also where it is secret."""
        found_ones = self.named([code])
        if not found_ones:
            msg = f"service_request_id: there is no {code[:80]!r}"
            raise NotFound(msg)
        return found_ones[0]

    def named(self, codes: Sequence[str], /) -> list[PublicRequest]:
        """Give those of some codes, newest first; unknown codes are passed over."""
        return self._rows(_EVERY.where(_C.code.in_(codes)))

    def by_token(self, token: str, /) -> PublicRequest:
        """Give the one whose caller holds this receipt; or `NotFound`."""
        rows = self._rows(_EVERY.where(_C.receipt == token.strip().upper()))
        if not rows:
            msg = "token: there is none such"
            raise NotFound(msg)
        return rows[0]

    def find(
        self, *, services: Sequence[str], statuses: Sequence[str], since_ms: int, until_ms: int,
        skip: int, limit: int,
    ) -> list[PublicRequest]:  # fmt: skip
        """Give those that came in from *since_ms* to *until_ms*, both included, newest first."""
        chosen = _EVERY.where(_C.received_ms >= since_ms, _C.received_ms <= until_ms)
        if services:
            chosen = chosen.where(_C.category.in_(services))
        if set(statuses) not in (set(), set(STATUSES)):
            over = _C.state.in_(OVER) | cases.c.closed_ms.is_not(None)
            chosen = chosen.where(over if CLOSED_ in statuses else ~over)
        return self._rows(chosen.offset(skip).limit(limit))

    def updates(
        self, *, since_ms: int, until_ms: int, skip: int, limit: int
    ) -> list[tuple[PublicRequest, Update]]:
        """Give what was done in a time, oldest first, each with the request it was done about."""
        acts = (
            select(request_acts, _C.code)
            .join(requests, _C.id == _A.request)
            .where(_C.secret.is_(False), _A.verb.in_(PUBLIC))
            .where(_A.at_ms >= since_ms, _A.at_ms <= until_ms)
            .order_by(_A.at_ms, _A.request, _A.number)
            .offset(skip)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            done = [_update(row) for row in connection.execute(acts).mappings()]
        about = {
            each.request.code: each for each in self.named(sorted({each.code for each in done}))
        }
        return [(about[each.code], each) for each in done if each.code in about]

    def update(
        self, code: str, *, key: str, text: str, at_ms: int, by: str, wrote: Wrote
    ) -> Update:
        """Keep words of the public with a request; the same *key* again changes nothing.

        The case's log says that there was something, and holds no word of it.
        """
        with writing(self._engine) as connection:
            request = held(connection, code)
            known = _known(connection, request.id, key)
            if known:
                return known
            case = found(connection, request.case_id)
            fact = {"note": "市民补充 the caller added something", "request": request.id}
            event = Event(case.version + 1, at_ms, by, "noted", fact)
            case = wrote(connection, case, event)
            told: dict[str, Any] = {"seq": case.version, "at_ms": at_ms, "by": by, "note": text}
            noted(connection, request, UPDATED, data={"key": key}, **told)
            made = _known(connection, request.id, key)
            assert made is not None  # noqa: S101 - it was written just now
            return made

    def _rows(self, chosen: Any) -> list[PublicRequest]:
        with reading(self._engine) as connection:
            ordered = chosen.order_by(_C.received_ms.desc(), _C.id.desc())
            return [_report(row) for row in connection.execute(ordered).mappings()]


def _report(row: RowMapping) -> PublicRequest:
    return PublicRequest(request_of(row), row["ended_ms"], row["suspended_to_ms"])


def _update(row: RowMapping) -> Update:
    text = row["note"] if row["verb"] in {"answered", UPDATED} else ""
    return Update(row["number"], row["code"], row["verb"], row["at_ms"], text)


def _known(connection: Connection, request: int, key: str) -> Update | None:
    rows = connection.execute(
        select(request_acts, _C.code)
        .join(requests, _C.id == _A.request)
        .where(_A.request == request, _A.verb == UPDATED)
    ).mappings()
    return next((_update(row) for row in rows if row["data"]["key"] == key), None)
