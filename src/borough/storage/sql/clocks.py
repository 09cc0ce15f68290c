"""The clocks of cases in SQL: each deadline becomes a timer in the transaction that sets it."""

from collections.abc import Mapping

from sqlalchemy import Connection

from borough.core import countdowns as core
from borough.core.cases import ARRIVES, ENDS, Case, Event, Plan
from borough.core.deadlines import Bands, Countdown
from borough.storage.sql.caselog import written
from borough.storage.sql.cases import DESK, SqlCases
from borough.storage.sql.timers import Fire, SqlTimers, Timer

STEP, LIMIT = KINDS = ("step", "limit")
"""Kinds of timers: the clock of a step, and the time for the whole matter."""
TICKS = frozenset({"warned", "late"})
SHIFTS = frozenset({"suspended", "resumed"})
RENEWS = ARRIVES | {"standardised"}
CLOCKED = RENEWS | SHIFTS | TICKS | {"extended"}
"""Verbs with which the clock of a case begins, is moved, or has come to the next colour."""


class SqlClocks:
    """Starts, moves and stops the clocks of cases, and says so when one changes its colour.

    It follows the events of cases, and its ``fires`` are what happens when time runs out.
    """

    def __init__(self, plans: Mapping[str, Plan], bands: Bands) -> None:
        self._plans = plans
        self._bands = bands

    def follow(self, connection: Connection, case: Case, event: Event) -> Case:
        """Set the timers of a case as an event of it asks, in the transaction of the event."""
        if event.verb in ENDS:
            for kind in KINDS:
                SqlTimers.drop(connection, case.id, kind)
        elif event.verb in CLOCKED:
            plan = self._plans.get(case.plan)
            countdown = _countdown(connection, case, event, plan)
            self._set(connection, case, plan, countdown)
            clock = plan.clock if plan else None
            if event.verb not in TICKS and core.unsure(case, countdown, clock):
                told = core.warning(case, core.CALENDAR, case.due_ms, at_ms=event.at_ms, by=DESK)
                case = written(connection, case, told)
        return case

    def fires(self, cases: SqlCases) -> dict[str, Fire]:
        """Give what happens when time runs out, by kind of timer; *cases* writes it down."""

        def step(
            connection: Connection, case: Case | None, timer: Timer, now_ms: int
        ) -> Case | None:
            if case is None or case.closed_ms is not None:
                return None
            plan = self._plans.get(case.plan)
            countdown = _kept(timer) or core.begun(case, plan)
            coming = core.coming(case, countdown, self._bands, plan.clock if plan else None)
            if coming is None or coming[0] > now_ms:
                return None
            _, share, band = coming
            event = core.reached(case, share, band, at_ms=now_ms, by=DESK)
            return cases.wrote(connection, case, event)

        def limit(
            connection: Connection, case: Case | None, _timer: Timer, now_ms: int
        ) -> Case | None:
            if case is None or case.closed_ms is not None or case.limit_due_ms is None:
                return None
            event = core.warning(case, core.LIMIT, case.limit_due_ms, at_ms=now_ms, by=DESK)
            return cases.wrote(connection, case, event)

        return {STEP: step, LIMIT: limit}

    def _set(
        self, connection: Connection, case: Case, plan: Plan | None, countdown: Countdown
    ) -> None:
        coming = core.coming(case, countdown, self._bands, plan.clock if plan else None)
        SqlTimers.set(
            connection, case.id, STEP, "", coming[0] if coming else None,
            until_ms=countdown.until_ms, length_ms=countdown.length_ms, at_work=countdown.at_work,
        )  # fmt: skip
        if case.limit_due_ms is None:
            return
        matter = core.matter_due(case, plan)
        if matter is None:
            SqlTimers.drop(connection, case.id, LIMIT)
        else:
            SqlTimers.set(connection, case.id, LIMIT, "", matter + 1)


def _countdown(connection: Connection, case: Case, event: Event, plan: Plan | None) -> Countdown:
    kept = None if event.verb in RENEWS else SqlTimers.one(connection, case.id, STEP, "")
    was = _kept(kept) if kept else None
    if was is None:
        return core.begun(case, plan)
    if event.verb == "extended":
        return was.longer(case.due_ms, plan.clock if plan else None)
    if event.verb in SHIFTS:
        return core.shifted(case, event, was, plan.clock if plan else None)
    return was


def _kept(timer: Timer) -> Countdown | None:
    """Give the countdown behind a timer; None where it was set before there were any."""
    if not timer.length_ms:
        return None
    return Countdown(timer.until_ms, timer.length_ms, timer.at_work)
