"""A file of figures goes into the fact store: read, checked row by row, and kept whole or not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Any

from borough.adapters import sheets
from borough.app.facts.checks import checked
from borough.core.errors import BadFact
from borough.engine.facts import Content, Reader, Taken, content, units
from borough.storage.sql import Import, SqlFacts
from borough.storage.sql.facts_writing import ADDED, REVISED, SAME, Kept

UPLOADS = "uploads"
"""The folder, in that of the data, where files lie until the desk has read them."""
REFUSED = "refused"
WEIGHT = {SAME: 0, ADDED: 1, REVISED: 2}
"""A row of several facts is told by what weighs most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a file is to be taken in.

    ``district`` is the folder that has the district's own checks.  ``given`` fills what the rows
    leave empty; ``dry_run`` only says what would happen; with ``partial`` the good rows go in
    where others are refused.  ``find`` gives the key of a subject by what the file calls it;
    ``declared`` are sources that will be known by then.
    """

    by: str
    at_ms: int
    today: date
    district: Path
    name: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    partial: bool = False
    find: Callable[[str], str] = str
    declared: tuple[str, ...] = ()


def imported(store: SqlFacts, path: Path, order: Order) -> dict[str, Any]:
    """Take a file of figures in; say what became of each row.

    Raises `BadSheet` where the file cannot be read, `BadFact` where its heading tells nothing.
    """
    sheet = sheets.read(path)
    known = store.definitions
    reader = Reader(
        units=units(),
        indicators=known.indicators(),
        regions=known.regions(),
        documents=[*(each["code"] for each in known.documents()), *order.declared],
        today=order.today,
        given=order.given,
        find=order.find,
    )
    taken = reader.read(sheet.header, sheet.rows, sheet.numbers)
    writes = not order.dry_run and (order.partial or not taken.refused)
    number, marks = 0, list[Mapping[str, Any]]()
    kept: list[Kept] = []
    if writes and taken.facts:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        about = Import(
            name=order.name or path.name,
            sha256=digest,
            rows=len(sheet.rows),
            refused=len({each.row for each in taken.refused}),
        )
        number, kept = store.add(taken.facts, about, by=order.by, at_ms=order.at_ms)
        touched = {each.indicator for each in taken.facts} if number else set()
        marks = checked(store, order.district, touched, at_ms=order.at_ms)
    elif taken.facts:
        kept = store.foresee(taken.facts)
    results = told(taken, kept, known_ids=writes)
    marked(results, marks)
    return {
        "import": number,
        "written": writes,
        "dry_run": order.dry_run,
        "rows": len(sheet.rows),
        **{
            outcome: sum(each["outcome"] == outcome for each in results)
            for outcome in (ADDED, REVISED, SAME, REFUSED)
        },
        "marked": sum("marks" in each for each in results),
        "passed_over": list(taken.passed_over),
        "results": results,
    }


def told(taken: Taken, kept: Sequence[Kept], *, known_ids: bool) -> list[dict[str, Any]]:
    """Say of each row, in their order, what became of it."""
    rows: dict[int, dict[str, Any]] = {}
    for fact, each in zip(taken.facts, kept, strict=True):
        row = rows.setdefault(fact.row, {"row": fact.row, "outcome": SAME, "facts": []})
        row["outcome"] = max(row["outcome"], each.outcome, key=WEIGHT.__getitem__)
        if known_ids or each.outcome != ADDED:
            row["facts"].append(each.fact)
    for refusal in taken.refused:
        rows[refusal.row] = {
            "row": refusal.row, "outcome": REFUSED, "code": BadFact.code,
            "field": refusal.field, "detail": refusal.detail,
        }  # fmt: skip
    return [rows[number] for number in sorted(rows)]


def marked(results: Sequence[dict[str, Any]], marks: Sequence[Mapping[str, Any]]) -> None:
    """Say beside each row what checks find of its facts."""
    by_fact: dict[int, list[Mapping[str, Any]]] = {}
    for each in marks:
        told_of = {name: each[name] for name in ("rule", "verdict", "said")}
        by_fact.setdefault(each["fact"], []).append(told_of)
    for row in results:
        said = [mark for fact in row.get("facts", ()) for mark in by_fact.get(fact, ())]
        if said:
            row["marks"] = said


def brought(store: SqlFacts, district: Path, *, at_ms: int, today: date) -> int:
    """Bring in the facts of a district's folder; give how many figures are in it.

    Raises `BadFact`, naming the row, where one of them is refused: then none is kept.
    """
    found: Content = content(district)
    store.definitions.put(
        indicators=found.indicators,
        regions=found.regions,
        documents=found.documents,
        subjects=found.subjects,
    )
    if found.figures is None:
        return 0
    order = Order(by="setup", at_ms=at_ms, today=today, district=district, name=found.figures.name)
    done = imported(store, found.figures, order)
    for each in done["results"]:
        if each["outcome"] == REFUSED:
            msg = f"{each['field']}: {found.figures.name}, row {each['row']}: {each['detail']}"
            raise BadFact(msg)
    return len(done["results"])
