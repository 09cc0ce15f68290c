"""Walks through the routine loop: anybody tries anything, and the log never leaves the model.

`attempt` makes an event from a draw of what somebody might try; `astray` reads a whole log and
says where it broke a rule of the loop, without asking the code that wrote it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from borough.core import loop, moves
from borough.core.approvals import APPEAL, EXTENSION, MATTERS, SUSPENSION
from borough.core.cases import CLOSED, DUPLICATE, OUTCOMES, Case, Event, Plan
from borough.core.deadlines import DAY_MS, HOUR_MS, Limit, WorkCalendar, Worktime
from borough.core.plans import CANCELLED, DECLINED
from borough.core.standards import Standard
from borough.engine.approvals import approvals
from borough.engine.catalog import BUILT_IN, find_sound, plans_alone

MORNING = 1_720_569_600_000
"""2024-07-10 08:00 at UTC+8, a Wednesday."""
WEEK = ((480, 720), (840, 1080))
CLOCK = Worktime.of(
    WorkCalendar(
        zone="Asia/Shanghai", week=(WEEK,) * 5 + ((),) * 2, days={}, years=frozenset({2024}),
        work_day_h=8,
    )
)  # fmt: skip
ROW = Standard(
    "E0110-1", "own-1:E0110", {"zh": "未倒入容器", "en": "outside the container"},
    {"zh": "清理", "en": "cleared"}, Limit(4, "work_hour"), "works", "", urgent=False,
    basis="made for tests",
)  # fmt: skip
PAUSES = (HOUR_MS, DAY_MS, 30 * DAY_MS, 400 * DAY_MS)
ANSWERS = {"finding": "so it is", "result": "done", loop.CONFIRMED: True}
LIKELY = 0.7
NAMES = ("ann", "bob", "cai")


def routine() -> Plan:
    """Give the routine loop as a district follows it."""
    return Plan.declared("routine", plans_alone(BUILT_IN)[0]["routine"]).by(CLOCK, approvals())


def all_plans() -> list[Plan]:
    """Give every plan that ships, as a district follows it."""
    scenes = find_sound(BUILT_IN)[0]
    told = plans_alone(BUILT_IN)[0] | {each.scene.id: each.plan for each in scenes}
    return [Plan.declared(name, text).by(CLOCK, approvals()) for name, text in told.items()]


@dataclass(frozen=True)
class Try:
    """What somebody might try; ``pick`` chooses among what there is."""

    verb: str
    pick: int
    note: str
    yes: bool


WEIGHTS = {
    "move": 20, "standard": 4, "extend": 4, "decide": 6, "suspend": 3, "resume": 2, "appeal": 4,
    "assign": 3, "close": 1.5, "cancel": 0.2, "note": 1, "hear": 1,
}  # fmt: skip
"""How often each is tried; what ends a case is tried seldom, so that walks are long."""


def tried(dice: Random) -> Try:
    """Draw something to try."""
    verb = dice.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
    return Try(verb, dice.randrange(1000), dice.choice(["", "why", "why"]), dice.random() < LIKELY)


def attempt(case: Case, plan: Plan, what: Try, at_ms: int) -> Event:
    """Make the event of a try, or raise what the loop has against it."""
    by = NAMES[what.pick % len(NAMES)]
    how: dict[str, Any] = {"at_ms": at_ms, "by": by}
    said = {**how, "note": what.note}
    ends, answers = (*OUTCOMES, DECLINED)[what.pick % 4], _answers(case, plan, what)
    acts = {
        "move": lambda: _move(case, plan, what, said),
        "close": lambda: moves.closing(case, plan, ends, **said, answers=answers),
        "assign": lambda: moves.assigning(case, "P1" if what.yes else "", **how),
        "standard": lambda: loop.standardising(case, plan, ROW, ROW.agency, **how),
        "extend": lambda: loop.asking(case, plan, EXTENSION, **said),
        "suspend": lambda: loop.asking(
            case, plan, SUSPENSION, **said, to_ms=at_ms + PAUSES[what.pick % len(PAUSES)]
        ),
        "appeal": lambda: loop.asking(case, plan, APPEAL, **said),
        "decide": lambda: loop.deciding(case, plan, **said, granted=what.yes),
        "resume": lambda: loop.resuming(case, plan, **how),
        "cancel": lambda: loop.cancelling(case, plan, **said),
        "note": lambda: moves.noting(case, what.note, **how),
        "hear": lambda: moves.hearing(case, "d-1", what.pick % 3, **how),
    }
    return acts[what.verb]()


def _move(case: Case, plan: Plan, what: Try, said: Mapping[str, Any]) -> Event:
    then = plan.steps[case.step].then if case.step in plan.steps else ()
    names = [*then * 4, *plan.steps]
    to = names[what.pick % len(names)]
    agency = ("", "works", "west")[what.pick % 3]
    return moves.moving(
        case, plan, to, **said, answers=_answers(case, plan, what), agency=agency, outcome="true"
    )


def _answers(case: Case, plan: Plan, what: Try) -> dict[str, object]:
    asks = plan.steps[case.step].asks if case.step in plan.steps else ()
    return {**dict.fromkeys(asks, "said"), **(ANSWERS if what.yes else {})}


def astray(log: Sequence[Event], plan: Plan, case: Case) -> list[str]:
    """Say where a log breaks a rule of the loop; read from the events alone."""
    return [*_off_the_plan(plan, case), *_ledger(log, plan), *_counted(log, case)]


def _off_the_plan(plan: Plan, case: Case) -> list[str]:
    wrong = []
    if case.step not in {*plan.steps, CLOSED} or (case.step == CLOSED) != bool(case.outcome):
        wrong.append(f"it is at {case.step} with outcome {case.outcome!r}")
    for here, there in pairwise(case.trail):
        anywhere = there == CLOSED and case.outcome in {DUPLICATE, CANCELLED}
        if here != CLOSED and there not in plan.steps[here].then and not anywhere:
            wrong.append(f"{here} does not lead to {there}")
    return wrong


def _ledger(log: Sequence[Event], plan: Plan) -> list[str]:
    """Follow what the log says of standards, suspensions, limits and approvals."""
    wrong: list[str] = []
    stage, standard, until, agency, asked = "", False, 0, "", ""
    for event in log:
        data, verb = event.data, event.verb
        if until and event.at_ms < until and verb in {"moved", "returned", "reworked", "closed"}:
            wrong.append(f"{verb} while it is suspended")
        if verb in {"moved", "returned", "reworked"}:
            was, stage = stage, plan.steps[data["to"]].stage
            if stage == "dispose" and loop.has(plan, "open") and not standard:
                wrong.append("disposed of without a standard")
            same = was in {"check", "close"} and data.get("agency", "") == agency
            if verb == "reworked" and not same:
                wrong.append(f"rework from {was} to {data.get('agency')}, not {agency}")
            if verb != "moved" and not data["note"].strip():
                wrong.append(f"{verb} without a reason")
            agency = data.get("agency", agency)
        judged = verb == "closed" and data["outcome"] == "true" and loop.has(plan, "open")
        confirmed = judged and data["answers"].get(loop.CONFIRMED) is True
        if judged and not (standard and confirmed and stage == "close"):
            wrong.append(f"closed from {stage}, standard {standard}")
        if verb == "standardised":
            standard, agency = True, agency or data["agency"]
        until = data["to_ms"] if verb == "suspended" else 0 if verb == "resumed" else until
        asked = _question(verb, data, asked, wrong)
    return wrong


def _question(verb: str, data: Mapping[str, object], asked: str, wrong: list[str]) -> str:
    """Follow what was asked: nothing is granted or refused that nobody asked for."""
    if verb in loop.ASKED.values():
        if asked:
            wrong.append(f"{verb} while {asked} waits")
        return str(data["what"])
    for what in MATTERS:
        if verb in {loop.GRANTED[what], loop.REFUSED[what]}:
            if asked != what:
                wrong.append(f"{verb} though {asked or 'nothing'} waits")
            return ""
    return "" if verb in {"moved", "returned", "reworked", "closed", "cancelled"} else asked


def _counted(log: Sequence[Event], case: Case) -> list[str]:
    """Hold the counters of the row against a count of the log."""
    count = {verb: sum(each.verb == verb for each in log) for verb in {each.verb for each in log}}
    told = {
        "extended": (case.extended, count.get("extended", 0)),
        "rework": (case.rework, count.get("reworked", 0)),
        "exempt": (case.exempt, bool(count.get("appeal_granted"))),
        "appealed": (case.appealed, bool(count.get("appealed"))),
    }
    wrong = [
        f"{name} is {row}, and the log says {said}"
        for name, (row, said) in told.items()
        if row != said
    ]
    if count.get("extended", 0) > 2 or count.get("appealed", 0) > 1:  # noqa: PLR2004 - as the rules that ship say
        wrong.append("more often than is allowed")
    return wrong
