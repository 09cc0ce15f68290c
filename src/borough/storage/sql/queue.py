"""The page of open cases in SQL: what fits, in order, page by page, and how many of what."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Engine, func, select, tuple_

from borough.core.errors import BadRequest
from borough.core.queue import Counts, Page, Wanted
from borough.storage.sql import tables as t
from borough.storage.sql.accounts_bounds import inside
from borough.storage.sql.caselog import case_of
from borough.storage.sql.engines import reading
from borough.storage.sql.paging import page
from borough.storage.sql.queue_table import FACETS, open_counts
from borough.storage.sql.tallies import Alikes, Tallies

_C = t.cases.c
ORDERS: Mapping[str, tuple[ColumnElement[int], bool]] = {
    "deadline": (_C.due_ms, False),
    "opened": (_C.opened_ms, True),
    "level": (_C.level, True),
}
"""By what cases may be sorted, and whether the highest come first."""


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
        chosen = select(t.cases).where(*_fits(wanted))
        if after:
            place, mark = tuple_(column, _C.id), tuple_(*_mark(after))
            chosen = chosen.where(place < mark if falls else place > mark)
        order = (column.desc(), _C.id.desc()) if falls else (column, _C.id)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.order_by(*order).limit(page(limit) + 1)).mappings()
            cases = [case_of(row) for row in rows]
            total, counts = self._counted(connection, wanted)
        more = len(cases) > limit
        cases = cases[:limit]
        last = cases[-1] if more else None
        following = f"{getattr(last, column.key)}.{last.id}" if last and column.key else ""
        return Page(cases, following, total, counts)

    def _counted(self, connection: Connection, wanted: Wanted) -> tuple[int, Counts]:
        """Count from what is kept, or where a place or a code is asked for, what is found there."""
        wishes: dict[str, Collection[Any]] = dict(wanted.facets)
        if wanted.steps is not None:
            wishes["step"] = wanted.steps
        if not wanted.placed:
            return self._tallies.counted(connection, wishes)
        rows = connection.execute(select(*(_C[name] for name in FACETS)).where(*_placed(wanted)))
        alikes = Alikes.of(rows.all())
        return alikes.counted(np.ones(len(alikes.codes["step"]), np.int64), wishes)

    def open(self) -> int:
        """Count the open cases."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.sum(open_counts.c.open))) or 0


def _mark(after: str) -> tuple[int, int]:
    first, _, second = after.partition(".")
    try:
        return int(first), int(second)
    except ValueError:
        msg = f"after: {after!r} is not what a page gave"
        raise BadRequest(msg) from None


def _fits(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Give the conditions that an open case must meet."""
    rules = _placed(wanted)
    rules += [_C[name].in_(list(values)) for name, values in wanted.facets.items()]
    if wanted.steps is not None:
        rules.append(tuple_(_C.plan, _C.step).in_(sorted(wanted.steps)))
    return rules


def _placed(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Give those conditions of which no counts are kept."""
    rules: list[ColumnElement[bool]] = [_C.closed_ms.is_(None), inside(wanted.within)]
    if wanted.grids is not None:
        rules.append(_C.grid.in_(list(wanted.grids)))
    if wanted.post:
        rules.append(_C.post == wanted.post)
    if wanted.text:
        rules.append(_C.code.contains(wanted.text, autoescape=True))
    return rules
