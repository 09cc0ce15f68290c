"""Definitions in SQL: what indicators mean, which regions there were, who said it and of whom."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Table, select

from borough.core.errors import BadFact
from borough.core.facts import Indicator, Region
from borough.storage.sql import facts_tables as f
from borough.storage.sql.counting import upsert
from borough.storage.sql.engines import reading, writing

FIXED = ("unit", "polarity", "text", "formula")
"""What a definition consists of: another value of any of these is another definition."""
Row = Mapping[str, Any]


class SqlDefinitions:
    """The words in which facts are told; they grow, and what facts stand on does not change."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(
        self,
        *,
        indicators: Sequence[Indicator] = (),
        regions: Sequence[Region] = (),
        documents: Sequence[Row] = (),
        subjects: Sequence[Row] = (),
    ) -> None:
        """Add what is not known yet and correct names and dates of what is; all or nothing.

        *documents* have code, title, publisher, published and note, *subjects* key, name and
        kind.  Raises `BadFact` where a definition that is known would come to mean something else.
        """
        with writing(self._engine) as connection:
            self._keep(connection, indicators)
            _merge(connection, f.regions, [_region_row(each) for each in regions])
            _merge(connection, f.fact_documents, documents)
            _merge(connection, f.fact_subjects, subjects)

    def _keep(self, connection: Connection, given: Sequence[Indicator]) -> None:
        known = {each.ref: each for each in _indicators(connection)}
        for each in given:
            before = known.get(each.ref)
            if before and any(getattr(before, name) != getattr(each, name) for name in FIXED):
                msg = f"indicator: {each.ref} is defined already; give the change a new version"
                raise BadFact(msg)
        _merge(connection, f.indicators, [_indicator_row(each) for each in given])

    def indicators(self) -> list[Indicator]:
        """List every version of every definition, by code."""
        with reading(self._engine) as connection:
            return _indicators(connection)

    def regions(self) -> list[Region]:
        """List every region that there is or was, by code."""
        with reading(self._engine) as connection:
            found = connection.execute(select(f.regions).order_by(f.regions.c.code)).mappings()
            return [_region(dict(row)) for row in found]

    def documents(self) -> list[dict[str, Any]]:
        """List the sources, by code."""
        return self._all(f.fact_documents)

    def subjects(self) -> list[dict[str, Any]]:
        """List what has a name of its own here, by key."""
        return self._all(f.fact_subjects)

    def _all(self, table: Table) -> list[dict[str, Any]]:
        with reading(self._engine) as connection:
            chosen = select(table).order_by(*table.primary_key.columns)
            return [dict(row) for row in connection.execute(chosen).mappings()]


def _merge(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, or bring up to date those whose key is there already."""
    if not rows:
        return
    adding = upsert(connection, table)
    keys = [column.name for column in table.primary_key.columns]
    changed = {c.name: adding.excluded[c.name] for c in table.columns if c.name not in keys}
    whole = [{c.name: row[c.name] for c in table.columns} for row in rows]
    connection.execute(adding.on_conflict_do_update(index_elements=keys, set_=changed), whole)


def _indicators(connection: Connection) -> list[Indicator]:
    chosen = select(f.indicators).order_by(f.indicators.c.code, f.indicators.c.version)
    found = connection.execute(chosen).mappings()
    return [Indicator(**{**row, **_in_force(dict(row))}) for row in found]


def _indicator_row(each: Indicator) -> dict[str, Any]:
    row = {c.name: getattr(each, c.name) for c in f.indicators.columns}
    return row | {"name": dict(each.name), "text": dict(each.text)} | _days(each)


def _region(row: Row) -> Region:
    return Region(**{**row, **_in_force(row), "successors": tuple(row["successors"])})


def _region_row(each: Region) -> dict[str, Any]:
    row = {c.name: getattr(each, c.name) for c in f.regions.columns}
    return row | {"name": dict(each.name), "successors": list(each.successors)} | _days(each)


def _in_force(row: Row) -> dict[str, date | None]:
    return {
        name: date.fromisoformat(row[name]) if row[name] else None
        for name in ("valid_from", "valid_to")
    }


def _days(each: Indicator | Region) -> dict[str, str | None]:
    ends = {"valid_from": each.valid_from, "valid_to": each.valid_to}
    return {name: day.isoformat() if day else None for name, day in ends.items()}
