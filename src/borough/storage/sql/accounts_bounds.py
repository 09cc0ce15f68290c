"""Which cases somebody's bounds let them see: the same question for one case and for a list."""

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true

from borough.core.cases import Case
from borough.core.people import Within
from borough.storage.sql import tables as t
from borough.storage.sql.tasks_table import case_tasks

_C, _P, _T = t.cases.c, t.posts.c, case_tasks.c


def inside(within: Within) -> ColumnElement[bool]:
    """Give the condition for rows of ``cases``; one that is always true where nothing bounds.

    A case belongs to the agency that is responsible, to that of its post, and to those that
    have a task in it.
    """
    if not within:
        return true()
    return or_(*(_one(sorted(agencies), ranges) for agencies, ranges in within))


def _one(agencies: list[str], ranges: tuple[tuple[int, int], ...]) -> ColumnElement[bool]:
    belongs = or_(
        _C.agency.in_(agencies),
        _C.post.in_(select(_P.code).where(_P.agency.in_(agencies))),
        _C.id.in_(select(_T.case_id).where(_T.agency.in_(agencies))),
    )
    lies = or_(false(), *(_C.grid.between(first, last) for first, last in ranges))
    return and_(belongs if agencies else true(), lies if ranges else true())


def involved(connection: Connection, case: Case) -> frozenset[str]:
    """Name the agencies that a case belongs to."""
    posts = select(_P.agency).where(_P.code == case.post)
    tasks = select(_T.agency).where(_T.case_id == case.id)
    found = {case.agency, *connection.scalars(posts), *connection.scalars(tasks)}
    return frozenset(found - {""})
