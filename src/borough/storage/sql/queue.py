"""The page of open cases in SQL: what fits, in order, page by page, and how many of what."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    UnaryExpression,
    func,
    select,
    tuple_,
)
from sqlalchemy.sql.operators import custom_op

from borough.core.errors import BadRequest
from borough.core.observations import Index
from borough.core.queue import Counts, Page, Wanted
from borough.storage.sql import tables as t
from borough.storage.sql.accounts_bounds import inside
from borough.storage.sql.caselog import case_of
from borough.storage.sql.engines import reading
from borough.storage.sql.paging import page
from borough.storage.sql.queue_table import open_counts
from borough.storage.sql.tallies import Tallies, kind, packed, unpacked

_C = t.cases.c
ORDERS: Mapping[str, tuple[ColumnElement[int], bool]] = {
    "deadline": (_C.due_ms, False),
    "opened": (_C.opened_ms, True),
    "level": (_C.level, True),
}
"""By what cases may be sorted, and whether the highest come first."""
_PLUS = custom_op[Any]("+")
_KIND = kind(t.cases)


class SqlQueue:
    """The open cases, as whoever is on duty looks at them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tallies = Tallies()

    def page(
        self, wanted: Wanted, *, sort: str = "deadline", after: str = "", limit: int = 50
    ) -> Page:
        """Give a page of what fits, sorted; go on with ``after`` what the page before gave.

        Raises `BadRequest` where *sort*, *after* or *limit* cannot be.
        """
        if sort not in ORDERS:
            msg = f"sort: must be one of {', '.join(ORDERS)}, not {sort!r}"
            raise BadRequest(msg)
        column, falls = ORDERS[sort]
        mark, most = _mark(after) if after else None, page(limit) + 1
        order = (column.desc(), _C.id.desc()) if falls else (column, _C.id)
        chosen = select(t.cases).order_by(*order)
        with reading(self._engine) as connection:
            if wanted.placed:
                some, total, counts = _picked(
                    connection, self._tallies, wanted, sort=sort, mark=mark, most=most
                )
                chosen = chosen.where(_C.id.in_(some))
            else:
                total, counts = self._tallies.counted(connection, _wishes(wanted))
                chosen = chosen.where(*_fits(wanted, self._engine.dialect.name)).limit(most)
                if mark:
                    place = tuple_(column, _C.id)
                    chosen = chosen.where(place < tuple_(*mark) if falls else place > tuple_(*mark))
            rows = connection.execute(chosen).mappings().all() if total else []
        cases = [case_of(row) for row in rows]
        more = len(cases) > limit
        cases = cases[:limit]
        last = cases[-1] if more else None
        following = f"{getattr(last, column.key)}.{last.id}" if last and column.key else ""
        return Page(cases, following, total, counts)

    def open(self) -> int:
        """Count the open cases."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.sum(open_counts.c.open))) or 0


def _wishes(wanted: Wanted) -> dict[str, Collection[Any]]:
    """Give what is wished of what cases are counted by."""
    steps = {} if wanted.steps is None else {"step": wanted.steps}
    return {**wanted.facets, **steps}


def _picked(
    connection: Connection,
    tallies: Tallies,
    wanted: Wanted,
    *,
    sort: str,
    mark: tuple[int, int] | None,
    most: int,
) -> tuple[list[int], int, Counts]:
    """Look once at the open cases of a place or a code: name those of a page, and count all."""
    column, falls = ORDERS[sort]
    kinds, rows = _looked_at(connection, wanted, column)
    alikes, places = tallies.placed(connection, kinds)
    wishes = _wishes(wanted)
    total, counts = alikes.counted(np.bincount(places, minlength=alikes.kinds), wishes)
    fits = rows[alikes.fits(wishes)[places]]
    fits = fits[np.lexsort((fits[:, 1], fits[:, 0]))]
    if falls:
        fits = fits[::-1]
    if mark:
        first, last = (fits - mark).T
        behind = (first < 0) | ((first == 0) & (last < 0))
        fits = fits[behind if falls else ~behind & (first | last != 0)]
    return fits[:most, 1].tolist(), total, counts


def _looked_at(
    connection: Connection, wanted: Wanted, column: ColumnElement[int]
) -> tuple[Sequence[str], Index]:
    """Give of each case its kind; and what it is sorted by, with its id."""
    name = connection.dialect.name
    if name == "postgresql":
        asked = select(func.string_agg(_KIND, "\n"), packed(column, _C.id))
        kinds, rows = connection.execute(asked.where(*_placed(wanted, name))).one()
        return kinds.split("\n") if kinds else [], unpacked(rows)
    asked = select(_KIND, column, _C.id).where(*_placed(wanted, name))
    columns = list(zip(*connection.execute(asked).cursor.fetchall(), strict=True)) or [()] * 3
    return columns[0], np.array(columns[1:], np.int64).T


def _mark(after: str) -> tuple[int, int]:
    first, _, second = after.partition(".")
    try:
        return int(first), int(second)
    except ValueError:
        msg = f"after: {after!r} is not what a page gave"
        raise BadRequest(msg) from None


def _fits(wanted: Wanted, dialect: str) -> list[ColumnElement[bool]]:
    """Give the conditions that an open case must meet.

    SQLite weighs no numbers and would take the index of scenes, which holds all cases that ever
    were; a plus before a column keeps it to the open ones.
    """
    rules = _placed(wanted, dialect)
    for name, values in wanted.facets.items():
        column: ColumnElement[Any] = _C[name]
        if dialect == "sqlite":
            column = UnaryExpression(column, operator=_PLUS, type_=column.type)
        rules.append(column.in_(list(values)))
    if wanted.steps is not None:
        rules.append(tuple_(_C.plan, _C.step).in_(sorted(wanted.steps)))
    return rules


def _placed(wanted: Wanted, dialect: str) -> list[ColumnElement[bool]]:
    """Give those conditions of which no counts are kept."""
    rules: list[ColumnElement[bool]] = [_C.closed_ms.is_(None), inside(wanted.within)]
    if wanted.grids is not None:
        grids = sorted(wanted.grids)
        side_by_side = grids and grids[-1] - grids[0] == len(set(grids)) - 1
        among = _C.grid.between(grids[0], grids[-1]) if side_by_side else _C.grid.in_(grids)
        rules.append(among)
    if wanted.post:
        rules.append(_C.post == wanted.post)
    if wanted.text:
        if dialect == "postgresql":  # in half the time of LIKE
            rules.append(func.strpos(_C.code, wanted.text) > 0)
        else:
            rules.append(_C.code.contains(wanted.text, autoescape=True))
    return rules
