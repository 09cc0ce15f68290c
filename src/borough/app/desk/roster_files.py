"""Files of changes in the roster, and of leave: tried or taken in, with a result for each row."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from borough.adapters import sheets
from borough.api.moments import milliseconds
from borough.app.desk.answers import Answer, shown
from borough.app.desk.desk import Desk
from borough.app.desk.facts import uploaded
from borough.app.desk.rosters import ON_LEAVE
from borough.core.errors import BadRequest, BoroughError
from borough.storage.sql.engines import writing

COLUMNS = {
    "roster": ("day", "post", "shift", "worker", "why"),
    "leave": ("post", "from", "to", "stand_in", "why"),
}
NEEDED = {"roster": {"day", "post"}, "leave": {"post", "from", "to", "why"}}
REFUSED, SAME = "refused", "same"
Row = Mapping[str, str]
Work = Callable[[Connection, Row], Mapping[str, Any]]


class Taken(NamedTuple):
    """What became of a file: one result for each row, and whether it was kept."""

    results: Sequence[Mapping[str, Any]]
    written: bool


def import_roster(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take a file of changes in; all of it or nothing, unless it says ``partial``."""
    now = desk.now()

    def one(connection: Connection, row: Row) -> Mapping[str, Any]:
        fresh = desk.rosters.put(connection, row, by=ask["by"], at_ms=now)
        return {"outcome": "changed" if fresh else SAME}

    taken = _taken(desk, ask, "roster", one)
    said = _told(taken, ask, ("changed",))
    news = (("roster", {"changed": said["changed"]}),) if taken.written else ()
    return Answer(said, news)


def import_leave(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take a file of leave in; what those who are away by now have goes to others at once."""
    now, handed = desk.now(), {}
    zone = desk.ground.district.zone

    def one(connection: Connection, row: Row) -> Mapping[str, Any]:
        begins, ends = (_moment(row, name, zone) for name in ("from", "to"))
        told = {"why": row.get("why", ""), "stand_in": row.get("stand_in", "")}
        if known := desk.rosters.same_leave(connection, row["post"], begins, ends):
            return {"outcome": SAME, "leave": known}
        number = desk.rosters.leave(
            connection, row["post"], begins, ends, by=ask["by"], at_ms=now, **told
        )
        if begins <= now < ends and not ask.get("dry_run"):
            away = desk.dispatch.left(connection, row["post"], now, ON_LEAVE)
            handed.update({each.code: each for each in away})
        return {"outcome": "added", "leave": number}

    taken = _taken(desk, ask, "leave", one)
    said = _told(taken, ask, ("added",)) | {"handed_on": [*handed] if taken.written else []}
    if not taken.written:
        return Answer(said)
    news = tuple(("case", shown(case)) for case in handed.values())
    return Answer(said, (*news, ("roster", {"leave": said["added"]})))


def _taken(desk: Desk, ask: Mapping[str, Any], kind: str, work: Work) -> Taken:
    """Do the work of each row; a trial, and a file with bad rows, leaves nothing behind."""
    sheet = sheets.read(uploaded(desk, ask["file"]))
    columns = COLUMNS[kind]
    for name in sheet.header:
        if name not in columns:
            msg = f"{name}: unknown column; it may be one of {', '.join(columns)}"
            raise BadRequest(msg)
    for name in sorted(NEEDED[kind] - {*sheet.header}):
        msg = f"{name}: the file has no such column"
        raise BadRequest(msg)
    with writing(desk.engine) as connection:
        trial = connection.begin_nested()
        results = [
            {"row": number, **_done(connection, work, dict(zip(sheet.header, row, strict=True)))}
            for number, row in zip(sheet.numbers, sheet.rows, strict=True)
        ]
        bad = any(each["outcome"] == REFUSED for each in results)
        written = not ask.get("dry_run") and (not bad or bool(ask.get("partial")))
        if written:
            trial.commit()
        else:
            trial.rollback()
    return Taken(results, written)


def _done(connection: Connection, work: Work, row: Row) -> Mapping[str, Any]:
    try:
        return work(connection, {name: text.strip() for name, text in row.items()})
    except BoroughError as error:
        field, _, _ = str(error).partition(":")
        return {"outcome": REFUSED, "code": error.code, "field": field, "detail": str(error)}


def _told(taken: Taken, ask: Mapping[str, Any], good: Sequence[str]) -> dict[str, Any]:
    """Count outcomes; of more rows than are wanted, tell those that were refused."""
    results = taken.results
    outcomes = (*good, SAME, REFUSED)
    counts = {name: sum(each["outcome"] == name for each in results) for name in outcomes}
    notable = [each for each in results if each["outcome"] == REFUSED] or results
    most = int(ask["most"])
    return {
        "rows": len(results), "written": taken.written, "dry_run": bool(ask.get("dry_run")),
        **counts, "results": results if len(results) <= most else notable[:most],
    }  # fmt: skip


def _moment(row: Row, name: str, zone: str) -> int:
    try:
        return milliseconds(row[name], zone)
    except ValueError as error:
        msg = f"{name}: {row[name]!r} is neither ms since 1970 nor an ISO 8601 time"
        raise BadRequest(msg) from error


VERBS = {"import_roster": import_roster, "import_leave": import_leave}
