"""Forget somebody in the words of their requests and of others': the logs never held them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from borough.core.forgetting import Forms, Telling, blotted, blotted_all, finders
from borough.storage.sql.people_tables import persons
from borough.storage.sql.requests_table import request_acts, requests
from borough.storage.sql.requests_traces import WORDS, struck, traces

NONE = Forms()
_CALLERS = (
    select(persons.c.id, persons.c.fields)
    .join(requests, requests.c.person == persons.c.id)
    .where(requests.c.case_id == bindparam("of_case"), persons.c.erased_ms.is_(None))
    .order_by(persons.c.id)
)
"""Made once, for each act on a case asks it: building it costs more than running it."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which requests of others are looked at: *among* those that a dry run showed, and later ones.

    None is all of them.  Of those where it is not sure that they speak of the person, the
    *chosen* are struck out too.
    """

    among: Sequence[int] | None = None
    after: int = 0
    chosen: frozenset[int] = frozenset()


EVERYWHERE = Search()


def forgotten(
    connection: Connection,
    person: int,
    fields: Mapping[str, str],
    patterns: Iterable[re.Pattern[str]] = (),
    *,
    forms: Forms = NONE,
    search: Search = EVERYWHERE,
) -> dict[str, list[int]]:
    """Take what was known of a person out of requests; name their own and those of others.

    *fields* is their record; *patterns* find what looks like personal data, in their own requests
    only; *forms* say how they may be spoken of.  The transaction is open already; logs and their
    chains are not touched, since no word of a request is in them.
    """
    found = finders(known(fields, forms), patterns)
    chosen = select(requests).where(requests.c.person == person)
    rows = connection.execute(chosen).mappings().all()
    for row in rows:
        kept = {name: blotted(row[name], found) for name in WORDS}
        kept["suggestion"] = blotted_all(row["suggestion"], found)
        connection.execute(requests.update().where(requests.c.id == row["id"]).values(**kept))
        _acts(connection, row["id"], found)
    telling = Telling.of(fields, forms)
    seen = traces(connection, person, fields, telling, among=search.among, after=search.after)
    others = [each.request for each in seen if each.sure or each.request in search.chosen]
    struck(connection, others, telling)
    return {"requests": [row["id"] for row in rows], "others": others}


def known(fields: Mapping[str, str], forms: Forms) -> list[str]:
    """Give what somebody of a record may be told by."""
    return [*fields.values(), *forms.of(fields.get("name", ""))]


def of_case(connection: Connection, case: int) -> dict[int, dict[str, str]]:
    """Give the records of those whose requests are about a case, by number; not the erased."""
    rows = connection.execute(_CALLERS, {"of_case": case})
    return {row.id: dict(row.fields or {}) for row in rows}


def _acts(connection: Connection, request: int, found: Iterable[re.Pattern[str]]) -> None:
    a, told = request_acts.c, list(found)
    for act in connection.execute(select(request_acts).where(a.request == request)).mappings():
        kept = {"note": blotted(act["note"], told), "data": blotted_all(act["data"], told)}
        one = (a.request == request) & (a.number == act["number"])
        connection.execute(request_acts.update().where(one).values(**kept))
