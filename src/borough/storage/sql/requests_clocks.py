"""The limits of requests in SQL: until when a caller is contacted and answered, with warnings.

Each limit is a timer of its own, by the number of the request: it stays with the request when
that joins another case.  What a limit has come to is an event of the case at that moment.
"""

from sqlalchemy import Connection, Engine, select

from borough.core import requests as core
from borough.core.cases import Case, Event
from borough.core.countdowns import END
from borough.core.deadlines import Bands, Countdown, Worktime
from borough.core.requests import Request, RequestRules
from borough.storage.sql.caselog import found
from borough.storage.sql.cases import DESK
from borough.storage.sql.engines import writing
from borough.storage.sql.requests import Wrote, held, noted, request_of
from borough.storage.sql.requests_table import request_acts, requests
from borough.storage.sql.timer_table import timers
from borough.storage.sql.timers import Fire, SqlTimers, Timer

NO_CASE = 0
KINDS = {f"request_{name}": name for name in core.LIMITED}
"""Kinds of timers, and the limit that each is of."""


class RequestClocks:
    """Winds the limits of requests up, and says so in the log when one changes its colour."""

    def __init__(self, rules: RequestRules, clock: Worktime | None, bands: Bands) -> None:
        self._rules = rules
        self._clock = clock
        shares = {share: name for share, name in bands.steps if share > 0}
        self._shares = sorted({END: bands.of(END), **shares}.items())

    def wind(self, connection: Connection, request: Request) -> None:
        """Have the limits of a request run as it stands now, in the transaction that changed it."""
        limits = self._rules.limits(request.kind, request.category, urgent=request.urgent)
        for (kind, name), limit in zip(KINDS.items(), limits, strict=True):
            span = core.running(request, name)
            if span is None:
                SqlTimers.drop(connection, NO_CASE, kind, str(request.id))
                continue
            countdown = Countdown.since(*span, at_work=limit.at_work, clock=self._clock)
            self._set(connection, request, kind, countdown)

    def wind_all(self, engine: Engine) -> None:
        """Wind up what a release that knew no such timers left open."""
        known = select(timers.c.ref).where(timers.c.case_id == NO_CASE, timers.c.kind.in_(KINDS))
        still = requests.c.state.in_((core.WAITING, core.ACCEPTED))
        with writing(engine) as connection:
            wound = set(connection.scalars(known))
            for row in connection.execute(select(requests).where(still)).mappings():
                if str(row["id"]) not in wound:
                    self.wind(connection, request_of(row))

    def fires(self, wrote: Wrote) -> dict[str, Fire]:
        """Give what happens when a limit comes to the next colour; *wrote* writes it down."""

        def fire(
            connection: Connection, _case: Case | None, timer: Timer, now_ms: int
        ) -> Case | None:
            request, name = held(connection, int(timer.ref)), KINDS[timer.kind]
            if core.running(request, name) is None:
                return None
            countdown = Countdown(timer.until_ms, timer.length_ms, timer.at_work)
            coming = self._coming(connection, request, name, countdown)
            if coming is None or coming[0] > now_ms:
                return None
            _, share, band = coming
            verb = core.OVERDUE if share == END else core.WARNED
            told = {"limit": name, "share": share, "band": band, "due_ms": timer.until_ms}
            case = found(connection, request.case_id)
            data = {"request": request.id, "code": request.code, **told}
            case = wrote(connection, case, Event(case.version + 1, now_ms, DESK, verb, data))
            noted(connection, request, verb, seq=case.version, at_ms=now_ms, by=DESK, data=told)
            self._set(connection, request, timer.kind, countdown)
            return case

        return dict.fromkeys(KINDS, fire)

    def _set(
        self, connection: Connection, request: Request, kind: str, countdown: Countdown
    ) -> None:
        coming = self._coming(connection, request, KINDS[kind], countdown)
        SqlTimers.set(
            connection, NO_CASE, kind, str(request.id), coming[0] if coming else None,
            until_ms=countdown.until_ms, length_ms=countdown.length_ms, at_work=countdown.at_work,
        )  # fmt: skip

    def _coming(
        self, connection: Connection, request: Request, name: str, countdown: Countdown
    ) -> tuple[int, float, str] | None:
        """Say when the next colour comes that was not told yet of this very limit, and which."""
        a = request_acts.c
        acts = select(a.data).where(a.request == request.id, a.verb.in_(core.TICKS))
        told = {
            each["share"]
            for each in connection.scalars(acts)
            if (each["limit"], each["due_ms"]) == (name, countdown.until_ms)
        }
        for share, band in self._shares:
            at_ms = countdown.at(share, self._clock)
            if share not in told and at_ms is not None:
                return at_ms + (share == END), share, band
        return None
