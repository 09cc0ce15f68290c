"""Who is meant by a holder: an agency of the district, or a post that is on shift."""

from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from borough.core.cases import Case
from borough.core.district import District
from borough.storage.sql.posts import choose
from borough.storage.sql.tables import post_grids, posts
from borough.storage.sql.tasks import Find, Party

_HOME = (
    select(posts.c.agency)
    .join(post_grids, post_grids.c.post == posts.c.code)
    .where(posts.c.kind == bindparam("kind"), post_grids.c.grid == bindparam("grid"))
    .order_by(posts.c.code)
    .limit(1)
)
"""Made once: building a statement costs more than running it."""


def finding(district: District) -> Find:
    """Make the look-up from a holder to an agency and a post, for a case at a moment (ms).

    A holder is the code of an agency; or a kind of agency, of which the one is meant that serves
    the street of the case, or the only one; or a kind of post.  Where no such post is on duty, it
    is the agency of those who look after the grid otherwise.
    """
    zone = ZoneInfo(district.zone)

    def find(connection: Connection, case: Case, holder: str, at_ms: int) -> Party:
        if agency := district.agency_of(holder, case.grid):
            return agency, ""
        post = choose(connection, holder, case.grid, at_ms, zone)
        if post is None:
            home = {"kind": holder, "grid": case.grid}
            return connection.scalar(_HOME, home) or "", ""
        return connection.scalar(select(posts.c.agency).where(posts.c.code == post)) or "", post

    return find


def knows(district: District, holder: str) -> bool:
    """Tell whether a district has such an agency, kind of agency or kind of post."""
    agencies, kinds = district.agencies, district.posts.kind
    return holder in agencies.code or holder in agencies.kind or holder in kinds
