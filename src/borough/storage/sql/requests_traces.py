"""Words about somebody in the requests of others: found, shown, and struck out when they go.

How people with the same name are told apart stands in `core.forgetting.Telling`.  What may hold
somebody is first looked for by the database, letter by letter with anything between; the rest
looks at those few as a reader would.  Words stand in `requests` and `request_acts` and nowhere
else: lists are searched there, no other table and no log has a copy.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, or_, select, union

from borough.core.forgetting import (
    SHORTEST,
    Telling,
    blotted,
    blotted_all,
    excerpts,
    values_of,
    widened,
)
from borough.storage.sql.requests_table import request_acts, requests

WORDS = ("title", "text", "place", "answer")
AROUND = 16
"""Characters that are shown on either side of what was found."""
LETTERS = 24
"""Of a value, by how many of its first characters the database looks for it."""
AT_ONCE = 500
_R, _A = requests.c, request_acts.c


@dataclass(frozen=True, slots=True)
class Trace:
    """A request of somebody else that speaks of a person.

    ``why`` names the fields of their record that stand in it, ``sure`` says whether it is surely
    them; ``says`` are pairs of where it stands and the words around it.
    """

    request: int
    code: str
    person: int
    case: int
    why: Sequence[str]
    sure: bool
    says: Sequence[tuple[str, str]]


def newest(connection: Connection) -> int:
    """Give the last number of a request: later ones were not looked at."""
    return int(connection.scalar(select(func.max(_R.id))) or 0)


def traces(
    connection: Connection,
    person: int,
    fields: Mapping[str, str],
    telling: Telling,
    *,
    among: Sequence[int] | None = None,
    after: int = 0,
) -> Iterator[Trace]:
    """Find the requests of others that speak of a person, by number.

    *fields* is their record.  With *among*, only those are looked at, and what came in *after*
    a number.
    """
    values = [each for field, told in fields.items() for each in values_of(field, told)]
    wanted = _candidates([each for each in values if len(each.strip()) >= SHORTEST], person)
    if wanted is None:
        return
    ids = set(connection.scalars(wanted if among is None else wanted.where(_R.id > after)))
    numbers = sorted(ids | set(among or ()))
    cases = set(connection.scalars(select(_R.case_id).where(_R.person == person)))
    for at in range(0, len(numbers), AT_ONCE):
        part = numbers[at : at + AT_ONCE]
        chosen = select(requests).where(_R.id.in_(part), _R.person != person).order_by(_R.id)
        notes: dict[int, list[str]] = {}
        acts = select(_A.request, _A.note).where(_A.request.in_(part), _A.note != "")
        for row in connection.execute(acts.order_by(_A.request, _A.number)):
            notes.setdefault(row.request, []).append(row.note)
        for each in connection.execute(chosen).mappings().all():
            words = [(name, str(each[name])) for name in WORDS]
            words += [("note", note) for note in notes.get(each["id"], ())]
            if trace := _judged(each, words, telling, same_matter=each["case_id"] in cases):
                yield trace


def struck(connection: Connection, ids: Iterable[int], telling: Telling) -> None:
    """Take a person out of the words of these requests and of what was done about them."""
    found = telling.values
    for number in ids:
        one = _R.id == number
        row = connection.execute(select(requests).where(one)).mappings().one()
        kept: dict[str, Any] = {name: blotted(row[name], found) for name in WORDS}
        kept["suggestion"] = blotted_all(row["suggestion"], found)
        connection.execute(requests.update().where(one).values(**kept))
        its = _A.request == number
        for act in connection.execute(select(request_acts).where(its)).mappings().all():
            told = {"note": blotted(act["note"], found), "data": blotted_all(act["data"], found)}
            connection.execute(
                request_acts.update().where(its, _A.number == act["number"]).values(**told)
            )


def _judged(
    row: RowMapping, words: Sequence[tuple[str, str]], telling: Telling, *, same_matter: bool
) -> Trace | None:
    why, sure = telling.why((text for _, text in words), same_matter=same_matter)
    if not why:
        return None
    said = [
        (where, each) for where, text in words for each in excerpts(text, telling.values, AROUND)
    ]
    return Trace(row["id"], row["code"], row["person"], row["case_id"], why, sure, said)


def _candidates(values: Sequence[str], person: int) -> Select[tuple[int]] | None:
    """Choose the requests of others in whose words the letters of a value stand in their order."""
    likes = [like for each in values for like in _likes(each)]
    if not likes:
        return None
    fits = [_R[name].ilike(like, escape="/") for name in WORDS for like in likes]
    noted = select(_A.request).where(or_(*(_A.note.ilike(each, escape="/") for each in likes)))
    found = union(select(_R.id).where(or_(*fits)), noted).subquery()
    return select(_R.id).where(_R.id.in_(select(found.c[0])), _R.person != person)


def _likes(value: str) -> Iterator[str]:
    """Write a value as LIKE takes it, with anything between its letters, narrow and wide."""
    even = "".join(unicodedata.normalize("NFKC", value).split())[:LETTERS]
    for letters in dict.fromkeys((even, "".join(map(widened, even)))):
        spelt = ("/" + each if each in "/%_" else each for each in letters)
        yield f"%{'%'.join(spelt)}%"


def as_json(trace: Trace) -> Mapping[str, Any]:
    """Give a trace as plain data."""
    return {
        "request": trace.request, "code": trace.code, "case": trace.case, "why": list(trace.why),
        "sure": trace.sure, "says": [{"in": where, "says": text} for where, text in trace.says],
    }  # fmt: skip
