"""The logs of the cases of a period, one case after the other, for those who count them."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Engine, func, select

from borough.core.cases import Event
from borough.storage.sql import tables as t
from borough.storage.sql.engines import reading

CHUNK = 10_000
"""Rows that are fetched at once: a month of a district is not held as rows."""
_C, _E, _D = t.cases.c, t.case_events.c, t.detections.c


class SqlLives:
    """Reads whole logs; it writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def logs(self, from_ms: int, to_ms: int) -> Iterator[tuple[int, str, list[Event]]]:
        """Give (id, plan, log) of each case reported from *from_ms* to before *to_ms*, by id."""
        chosen = (
            select(_C.id, _C.plan, _E.seq, _E.at_ms, _E.actor, _E.verb, _E.data)
            .join(t.case_events, _E.case_id == _C.id)
            .where(_C.opened_ms >= from_ms, _C.opened_ms < to_ms)
            .order_by(_C.id, _E.seq)
        )
        with reading(self._engine) as connection:
            rows = connection.execution_options(yield_per=CHUNK).execute(chosen)
            for (case, plan), log in groupby(rows, key=lambda row: (row[0], row[1])):
                yield case, plan, [_event(row) for row in log]

    def count(self, from_ms: int, to_ms: int) -> int:
        """Count the cases reported from *from_ms* to before *to_ms*."""
        chosen = select(func.count()).where(_C.opened_ms >= from_ms, _C.opened_ms < to_ms)
        with reading(self._engine) as connection:
            return int(connection.scalar(chosen) or 0)

    def began(self, from_ms: int, to_ms: int) -> dict[int, int]:
        """Say when the first detection behind each case of a period began, ms, by case id."""
        chosen = (
            select(_D.case_id, func.min(_D.began_ms))
            .join(t.cases, _C.id == _D.case_id)
            .where(_C.opened_ms >= from_ms, _C.opened_ms < to_ms)
            .group_by(_D.case_id)
        )
        with reading(self._engine) as connection:
            return {int(case): int(first) for case, first in connection.execute(chosen)}

    def agencies(self) -> dict[str, str]:
        """Name the agency of each post."""
        with reading(self._engine) as connection:
            chosen = select(t.posts.c.code, t.posts.c.agency)
            return {row.code: row.agency for row in connection.execute(chosen)}


def _event(row: Any) -> Event:
    return Event(row[2], row[3], row[4], row[5], msgspec.json.decode(row[6]))
