"""Who gets a case: where it is, whom a holder means, and when what waits is weighed."""

import math
import time

from sqlalchemy import Connection

from borough.app.district import Ground
from borough.core.cases import Case
from borough.storage.sql import SqlDispatch
from borough.storage.sql.tasks import Find, Party

Spot = tuple[float, float]


def spot(ground: Ground, case: Case) -> Spot | None:
    """Say where a case is, in degrees: its own place, that of its thing, or its grid's middle."""
    if case.lon is not None and case.lat is not None:
        return case.lon, case.lat
    row = ground.row(case.thing) if case.thing else None
    if row is not None and not math.isnan(ground.registry.lon[row]):
        return float(ground.registry.lon[row]), float(ground.registry.lat[row])
    grids = ground.district.grids
    if 0 <= case.grid < len(grids.code):
        return float(grids.lon[case.grid]), float(grids.lat[case.grid])
    return None


def whom(find: Find, dispatch: SqlDispatch) -> Find:
    """Name the post of a holder that is nearest, or least busy, and its agency.

    Where nobody of it is on duty, it is the agency alone that *find* names.
    """

    def found(connection: Connection, case: Case, holder: str, at_ms: int) -> Party:
        agency, post = dispatch.find(connection, case, holder, at_ms)
        return (agency, post) if post else (find(connection, case, holder, at_ms)[0], "")

    return found


class Rhythm:
    """Tells every few seconds of the wall clock that it is time to weigh what waits."""

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self.last = -math.inf

    def due(self) -> bool:
        """Say whether it is time, once for each time that it is."""
        if time.monotonic() - self.last < self.every_s:
            return False
        self.last = time.monotonic()
        return True
