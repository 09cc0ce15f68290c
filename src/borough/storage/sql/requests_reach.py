"""Which requests somebody reaches who is bounded to agencies and areas, from indexes alone.

Whoever has the request now and whoever had it first reach it; it is where its grid is, or in its
street where no grid is known.  Each way of reaching one is a stretch of an index of its own, and
their union counts nothing twice: what is read is their own requests, however many others there
are.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Select, Subquery, and_, or_, select, true, union

from borough.storage.sql.requests_table import requests

Reached = Sequence[tuple[frozenset[str], tuple[tuple[int, int], ...], frozenset[str]]]
"""Agencies, rows of grids as first and last, and first digits of a street's code; several of
these are joined by "or".  No agencies are all of them, no digits all areas."""
_C = requests.c


def reached(within: Reached, state: Sequence[str] = ()) -> Subquery:
    """Give ``id`` and ``state`` of the requests within, of some states or of all."""
    ways = [each for bounds in within for each in _ways(*bounds)]
    if state:
        ways = [each.where(_C.state.in_(state)) for each in ways]
    return union(*ways).subquery()


def _ways(
    agencies: frozenset[str], rows: tuple[tuple[int, int], ...], areas: frozenset[str]
) -> Iterator[Select[tuple[int, str]]]:
    """Give a query for each stretch of an index where requests are found."""
    chosen = select(_C.id, _C.state)
    where = _where(rows, areas)
    for column in (_C.agency, _C.first_agency) if agencies else ():
        yield chosen.where(column.in_(sorted(agencies)), or_(*where) if where else true())
    for each in () if agencies else where:
        yield chosen.where(each)


def _where(rows: tuple[tuple[int, int], ...], areas: frozenset[str]) -> list[ColumnElement[bool]]:
    """Give the ways to lie in areas: in each stretch of grids, or in a street without a grid."""
    if not areas:
        return []
    streets = or_(*(_C.street.startswith(each, autoescape=True) for each in sorted(areas)))
    return [*(_C.grid.between(*each) for each in rows), and_(_C.grid < 0, streets)]
