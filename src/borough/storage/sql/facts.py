"""Facts in SQL: what was reported, every revision of it, and what was known at any moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, Select, and_, exists, func, or_, select

from borough.core.errors import IllegalMove, NotFound
from borough.core.facts import ACTUAL, Column, Fact, FactColumns, Indicator, Wanted, defined
from borough.core.periods import Period
from borough.core.units import EQUAL
from borough.storage.sql import facts_tables as f
from borough.storage.sql.counting import raised
from borough.storage.sql.definitions import SqlDefinitions
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.facts_writing import Kept, chunks, foreseen, kept, taken_back
from borough.storage.sql.paging import page

Row = Mapping[str, Any]
F, R, M, LOADS = f.facts.c, f.fact_revisions.c, f.fact_marks.c, f.fact_imports.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import says of itself: its file by name and digest, how long, and what it refused."""

    name: str
    sha256: str
    rows: int
    refused: int = 0


class SqlFacts:
    """The fact store: adds and revises, never overwrites."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.definitions = SqlDefinitions(engine)

    def add(
        self, given: Sequence[Fact], about: Import, *, by: str, at_ms: int
    ) -> tuple[int, list[Kept]]:
        """Keep facts, all or nothing; give the number of the import and what became of each.

        An import in which nothing was news leaves no trace and has the number 0.  Definitions,
        regions and documents must be known; `BadRequest` where one is not.  Raises `BadFact`
        where two of *given* contradict each other.
        """
        with writing(self._engine) as connection:
            number = raised(connection, "fact-import")
            row = {
                "id": number, "name": about.name, "sha256": about.sha256, "rows": about.rows,
                "refused": about.refused, "by": by, "at_ms": at_ms, "added": 0, "revised": 0,
                "same": 0, "withdrawn_ms": None, "withdrawn_by": "", "why": "",
            }  # fmt: skip
            connection.execute(f.fact_imports.insert(), row)
            done = kept(connection, given, import_id=number, by=by, at_ms=at_ms)
            counts = {
                name: sum(each.outcome == name for each in done)
                for name in ("added", "revised", "same")
            }
            mine = f.fact_imports.c.id == number
            if counts["same"] == len(done):
                connection.execute(f.fact_imports.delete().where(mine))
                return 0, done
            connection.execute(f.fact_imports.update().where(mine).values(counts))
            return number, done

    def foresee(self, given: Sequence[Fact]) -> list[Kept]:
        """Say what `add` would do, and do nothing."""
        with reading(self._engine) as connection:
            return foreseen(connection, given)

    def withdraw(self, number: int, *, by: str, why: str, at_ms: int) -> dict[str, Any]:
        """Take an import back: what it said no longer counts, and what it replaced does again.

        Facts of which a later import spoke are left as they are.  Gives the import, with
        ``set_back``, ``left`` and the ``indicators`` that it spoke of.  Raises `NotFound`, and
        `IllegalMove` if it was done before.
        """
        with writing(self._engine) as connection:
            row = _import(connection, number)
            if row["withdrawn_ms"] is not None:
                msg = f"import {number} was withdrawn already by {row['withdrawn_by']}"
                raise IllegalMove(msg)
            back, left = taken_back(connection, number, by=by, at_ms=at_ms)
            noted = {"withdrawn_ms": at_ms, "withdrawn_by": by, "why": why}
            connection.execute(f.fact_imports.update().where(LOADS.id == number).values(noted))
            spoken = select(F.indicator).join(f.fact_revisions).where(R.import_id == number)
            codes = sorted(set(connection.scalars(spoken)))
            return {**row, **noted, "set_back": back, "left": left, "indicators": codes}

    def imports(self, *, before: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """List imports, newest first; go on with ``before`` the last id given."""
        chosen = select(f.fact_imports).order_by(LOADS.id.desc()).limit(page(limit))
        if before:
            chosen = chosen.where(LOADS.id < before)
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]

    def count(self, wanted: Wanted | None = None) -> int:
        """Count the facts that fit."""
        chosen = _chosen(wanted or Wanted()).with_only_columns(
            func.count(), maintain_column_froms=True
        )
        with reading(self._engine) as connection:
            return connection.scalar(chosen) or 0

    def find(
        self, wanted: Wanted | None = None, *, after: int = 0, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Give the facts that fit, by id; go on with ``after`` the last id given.

        Each row has the fact, the revision that counts (or counted as of that moment), and
        ``marks``: what checks have to say of it now.
        """
        chosen = _chosen(wanted or Wanted()).where(F.id > after).order_by(F.id)
        with reading(self._engine) as connection:
            found = connection.execute(chosen.limit(page(limit))).mappings()
            rows = [dict(row) for row in found]
            marks = _marks(connection, [row["id"] for row in rows])
        return [{**row, "marks": marks.get(row["id"], [])} for row in rows]

    def one(self, number: int) -> dict[str, Any]:
        """Tell one fact with its revisions, oldest first, each with its import; or `NotFound`."""
        shown = select(f.fact_revisions, LOADS.name.label("import_name"), LOADS.sha256).join(
            f.fact_imports, LOADS.id == R.import_id
        )
        with reading(self._engine) as connection:
            row = connection.execute(select(f.facts).where(F.id == number)).mappings().one_or_none()
            if row is None:
                msg = f"fact: there is no {number}"
                raise NotFound(msg)
            chosen = shown.where(R.fact == number).order_by(R.revision)
            revisions = [dict(each) for each in connection.execute(chosen).mappings()]
            marks = _marks(connection, [number]).get(number, [])
        return {**revisions[-1], **row, "marks": marks, "revisions": revisions}

    def values(
        self,
        indicators: Sequence[str],
        subjects: Sequence[str] | None,
        period: Period,
        *,
        as_of_ms: int | None = None,
        region: str = "",
        status: str = ACTUAL,
        document: str = "",
    ) -> FactColumns:
        """Lay facts of one period out as columns for formulas, one row for each subject.

        *indicators* are codes or ``CODE@version``; a bare code means the definition in force at
        the end of the period.  Without *subjects* every subject of which anything is known gets
        a row, by key.  Where several sources say something, the one that says it exactly counts,
        then the one recorded last.  Raises `BadFact` for a definition that there is none of.
        """
        known = self.definitions.indicators()
        meant = {each: defined(known, each, period.end) for each in indicators}
        wanted = Wanted(
            region=region, period=period.code, period_kind=period.kind, status=status,
            document=document, as_of_ms=as_of_ms,
        )  # fmt: skip
        chosen = _chosen(wanted).where(or_(*(_is(each) for each in meant.values())))
        chosen = chosen.where(F.subject != "") if subjects is None else chosen
        with reading(self._engine) as connection:
            rows = [dict(row) for row in connection.execute(chosen).mappings()]
            marked = _marked(connection, [row["id"] for row in rows])
        if subjects is None:
            subjects = sorted({row["subject"] for row in rows})
        return _laid_out(meant, tuple(subjects), rows, marked)

    def standing(
        self, *, indicators: Sequence[str] = (), statements: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """Give every fact of some indicators, or of some statements, as it counts now, by id."""
        column, values = (F.indicator, indicators) if indicators else (F.statement, statements)
        rows: list[dict[str, Any]] = []
        with reading(self._engine) as connection:
            for some in chunks(values):
                chosen = _chosen(Wanted()).where(column.in_(some))
                rows += [dict(row) for row in connection.execute(chosen).mappings()]
        return sorted(rows, key=lambda row: int(row["id"]))

    def put_marks(
        self,
        rules: Sequence[str],
        found: Sequence[Row],
        *,
        at_ms: int,
        indicators: Sequence[str] | None = None,
    ) -> None:
        """Keep what *rules* find now: new marks are added, those that no longer hold are cleared.

        Each of *found* has fact, rule, verdict, said (zh, en) and others (ids of other facts).
        Where only the facts of some *indicators* were looked at, only their marks are cleared.
        """
        with writing(self._engine) as connection:
            still = select(f.fact_marks).where(M.cleared_ms.is_(None), M.rule.in_(rules))
            if indicators is not None:
                still = still.join(f.facts).where(F.indicator.in_(indicators))
            standing = {_mark_key(dict(row)): row for row in connection.execute(still).mappings()}
            given = {_mark_key(row): row for row in found}
            gone = [row["id"] for key, row in standing.items() if key not in given]
            for some in chunks(gone):
                ending = f.fact_marks.update().where(M.id.in_(some))
                connection.execute(ending.values(cleared_ms=at_ms))
            fresh = [row for key, row in given.items() if key not in standing]
            if fresh:
                first = raised(connection, "fact-mark", len(fresh)) - len(fresh) + 1
                lines = [
                    {**row, "id": first + i, "at_ms": at_ms, "cleared_ms": None}
                    for i, row in enumerate(fresh)
                ]
                connection.execute(f.fact_marks.insert(), lines)


def stated(row: Row) -> Fact:
    """Give a row of `SqlFacts.find` as the fact that it is."""
    return Fact(
        period=Period.read(row["period"], row["period_kind"]),
        value=Decimal(row["value"]),
        **{name: row[name] for name in _SAME},
    )


_SAME = (
    "indicator", "definition", "region", "scope", "subject", "prices", "status", "document",
    "statement", "unit", "comparator", "stated", "stated_unit", "attributes", "note", "line", "row",
)  # fmt: skip


def _chosen(wanted: Wanted) -> Select[Any]:
    """Choose the facts that fit, each with the revision that counts."""
    revision = [c for c in R if c.name not in {"fact", "superseded_ms", "withdrawn", "said"}]
    chosen = select(f.facts, *revision).join_from(f.facts, f.fact_revisions)
    chosen = chosen.where(R.withdrawn.is_(False), *_counting(wanted.as_of_ms))
    code, _, version = wanted.indicator.partition("@")
    given: dict[Any, Any] = {
        F.indicator: code, F.region: wanted.region, F.period: wanted.period,
        F.period_kind: wanted.period_kind, F.status: wanted.status, F.document: wanted.document,
    }  # fmt: skip
    chosen = chosen.where(*(column == value for column, value in given.items() if value))
    if version:
        chosen = chosen.where(F.definition == (int(version) if version.isdecimal() else 0))
    if wanted.subject is not None:
        chosen = chosen.where(F.subject == wanted.subject)
    if wanted.import_id is not None:
        chosen = chosen.where(R.import_id == wanted.import_id)
    if wanted.marked:
        chosen = chosen.where(exists().where(M.fact == F.id, M.cleared_ms.is_(None)))
    return chosen


def _counting(as_of_ms: int | None) -> tuple[Any, ...]:
    """Say which revision counts: the last one, or the one that did at a moment."""
    if as_of_ms is None:
        return (R.superseded_ms.is_(None),)
    until = or_(R.superseded_ms.is_(None), R.superseded_ms > as_of_ms)
    return (R.recorded_ms <= as_of_ms, until)


def _is(indicator: Indicator) -> Any:
    """Choose one definition."""
    return and_(F.indicator == indicator.code, F.definition == indicator.version)


def _import(connection: Connection, number: int) -> dict[str, Any]:
    chosen = select(f.fact_imports).where(LOADS.id == number)
    row = connection.execute(chosen).mappings().one_or_none()
    if row is None:
        msg = f"import: there is no {number}"
        raise NotFound(msg)
    return dict(row)


def _marks(connection: Connection, ids: Sequence[int]) -> dict[int, list[Row]]:
    """Give what checks say now of some facts."""
    columns = (M.fact, M.rule, M.verdict, M.said, M.others, M.at_ms)
    found: dict[int, list[Row]] = {}
    for some in chunks(ids):
        chosen = select(*columns).where(M.fact.in_(some), M.cleared_ms.is_(None)).order_by(M.id)
        for row in connection.execute(chosen).mappings():
            told = {name: row[name] for name in ("rule", "verdict", "said", "others", "at_ms")}
            found.setdefault(row["fact"], []).append(told)
    return found


def _marked(connection: Connection, ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for some in chunks(ids):
        chosen = select(M.fact).where(M.fact.in_(some), M.cleared_ms.is_(None))
        found |= set(connection.scalars(chosen))
    return found


def _mark_key(row: Row) -> tuple[Any, ...]:
    return row["fact"], row["rule"], row["verdict"], row["said"]["en"], tuple(row["others"])


def _laid_out(
    meant: Mapping[str, Indicator],
    subjects: tuple[str, ...],
    rows: Sequence[Row],
    marked: set[int],
) -> FactColumns:
    """Put rows into columns; of several for one place the best counts."""
    place = {key: i for i, key in enumerate(subjects)}
    best: dict[tuple[str, int, int], Row] = {}
    for row in sorted(rows, key=_weight):
        if row["subject"] in place:
            best[row["indicator"], row["definition"], place[row["subject"]]] = row
    columns = {}
    for asked, indicator in meant.items():
        size = len(subjects)
        value, fact = np.full(size, np.nan), np.zeros(size, np.int64)
        revision, doubted = np.zeros(size, np.int64), np.zeros(size, bool)
        for (code, version, i), row in best.items():
            if (code, version) == (indicator.code, indicator.version):
                value[i], fact[i], revision[i] = row["number"], row["id"], row["revision"]
                doubted[i] = row["id"] in marked
        columns[asked] = Column(value, np.isnan(value), fact, revision, doubted)
    return FactColumns(subjects, columns, {asked: each.ref for asked, each in meant.items()})


def _weight(row: Row) -> tuple[bool, int, int]:
    """Order what several sources say; the last of the order counts."""
    return row["comparator"] == EQUAL, row["recorded_ms"], row["id"]
