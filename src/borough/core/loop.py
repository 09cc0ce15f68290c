"""The routine loop: report, accept, verify, open, dispatch, dispose, check, close.

Which steps a case takes is for its plan to say; where a step has a stage of the loop, the guards
here hold for it as well, whatever the plan says.  `objection` is the one place that decides
whether something may be done to a case now; the acts raise `IllegalMove` with what it says, and
pages show what it lets pass.
"""

from collections.abc import Collection, Mapping
from typing import Any

from borough.core.approvals import APPEAL, EXTENSION, SUSPENSION, Approvals
from borough.core.cases import Case, Event, sayable
from borough.core.deadlines import Limit
from borough.core.errors import BadRequest, Forbidden, IllegalMove
from borough.core.plans import (
    CLOSED,
    DECLINED,
    DUPLICATE,
    FALSE,
    OUTCOMES,
    STAGES,
    TRUE,
    Plan,
    Step,
)
from borough.core.standards import Standard

VERBS = (
    "move", "close", "assign", "standard", "extend", "suspend", "resume", "cancel", "appeal",
    "decide",
)  # fmt: skip
"""What people may do to a case, beside remarks, which are always taken."""
ASKED = {EXTENSION: "extension_asked", SUSPENSION: "suspension_asked", APPEAL: "appealed"}
GRANTED = {EXTENSION: "extended", SUSPENSION: "suspended", APPEAL: "appeal_granted"}
REFUSED = {EXTENSION: "extension_refused", SUSPENSION: "suspension_refused",
           APPEAL: "appeal_refused"}  # fmt: skip
"""The verbs of events for asking, granting and refusing each matter."""
ASKING = {EXTENSION: "extend", SUSPENSION: "suspend", APPEAL: "appeal"}
CONFIRMED = "close_condition"
"""The answer by which somebody says that the row's condition for closing is met."""
BEFORE = frozenset(STAGES[: STAGES.index("dispatch")])
"""Stages at which nobody has been told to do anything about the case yet."""


def rank(step: Step) -> int:
    """Place a step in the loop; -1 where it has no stage."""
    return STAGES.index(step.stage) if step.stage else -1


def has(plan: Plan, stage: str) -> bool:
    """Tell whether a plan has a step of a stage."""
    return any(each.stage == stage for each in plan.steps.values())


def disposes(step: Step | None) -> bool:
    """Tell whether the matter itself is worked on at a step: plans without stages always do."""
    return step is not None and step.stage in {"", "dispose"}


def limit_at(case: Case, step: Step) -> Limit:
    """Give the limit that runs at a step: the standard's while it is disposed of, or the plan's."""
    return Limit.read(case.limit) if step.stage == "dispose" and case.limit else step.within


def turn(here: Step, there: Step) -> str:
    """Name the event of a move: ``moved`` on, ``returned``, or ``reworked`` by the same unit."""
    if not here.stage or not there.stage:
        return "moved"
    if there.stage == "dispose" and here.stage in {"check", "close"}:
        return "reworked"
    return "returned" if rank(there) < rank(here) else "moved"


def goes_back(case: Case, here: Step, there: Step) -> bool:
    """Tell whether a move goes back, so that it needs a reason.

    Without stages, any step where the case was before is back; with them, one of an earlier stage.
    """
    if here.stage and there.stage:
        return turn(here, there) != "moved"
    return there.name in case.trail


def objection(case: Case, plan: Plan, verb: str, at_ms: int) -> str:  # noqa: PLR0911 - one line each
    """Say why something may not be done to a case now; empty where it may."""
    if verb == "decide":
        return "" if case.asked else "nothing waits for a decision"
    if case.asked and verb in ASKING.values():
        return f"{case.asked['what']}: one waits for a decision already"
    if verb == "appeal":
        return _no_appeal(case)
    if case.closed_ms is not None:
        return f"case {case.code} is closed"
    still = case.suspended_to_ms is not None and at_ms < case.suspended_to_ms
    if verb == "resume":
        return "" if case.suspended_to_ms is not None else f"case {case.code} is not suspended"
    if still and verb not in {"cancel", "assign"}:
        return f"case {case.code} is suspended; it goes on by itself, or resume it"
    checks = {"extend": _no_extension, "suspend": _no_suspension, "standard": _no_standard}
    return checks[verb](case, plan, at_ms) if verb in checks else ""


def legal(case: Case, plan: Plan, at_ms: int) -> list[str]:
    """Give the verbs that may be used on a case now."""
    return [verb for verb in VERBS if not objection(case, plan, verb, at_ms)]


def permit(case: Case, plan: Plan, verb: str, at_ms: int) -> None:
    """Raise `IllegalMove` where something may not be done."""
    says = objection(case, plan, verb, at_ms)
    if says:
        raise IllegalMove(says)


def _no_appeal(case: Case) -> str:
    if case.closed_ms is None:
        return "a lateness is appealed after closing, not before"
    if case.appealed:
        return "its lateness was appealed already"
    return "" if case.late else "it was never late"


def _no_extension(case: Case, plan: Plan, at_ms: int) -> str:
    rules = plan.rules
    if rules is None or not disposes(plan.steps.get(case.step)):
        return "only the time for disposal is extended"
    if case.extended >= rules.extensions:
        return f"it was extended {case.extended} times, and not more is allowed"
    late = case.overdue or at_ms > case.due_ms
    return "it is late already; an extension is asked for before" if late else ""


def _no_suspension(case: Case, plan: Plan, _at_ms: int) -> str:
    if plan.rules is None or not disposes(plan.steps.get(case.step)):
        return "only a case that is being disposed of is suspended"
    return ""


def _no_standard(case: Case, plan: Plan, _at_ms: int) -> str:
    step = plan.steps.get(case.step)
    fresh = case.version == 1 or (step is not None and not step.stage and not case.standard)
    if not fresh and (step is None or step.stage not in BEFORE):
        return "the standard is chosen once, and before a case is dispatched"
    return ""


def no_way(case: Case, plan: Plan, there: Step) -> str:
    """Say why a case may not go to a step of its plan now; empty where it may."""
    here = plan.step(case.step)
    if not here.stage or not there.stage:
        return ""
    at, to, opens = rank(here), rank(there), STAGES.index("open")
    if here.stage == "dispose" and to < at and case.post:
        return f"{case.post} has it in hand; take that back before it is returned"
    if here.stage == "dispatch" and to > at and there.stage != "dispose" and _sent_back(case, plan):
        return "a department returned it: dispatch it again, or return it"
    if at <= opens < to and has(plan, "open") and not case.standard:
        return "standard: choose the row by which it is opened"
    if at < STAGES.index("verify") < to and _unverified(case, plan):
        return f"what comes from a {case.source} is verified before it is opened"
    return ""


def _sent_back(case: Case, plan: Plan) -> bool:
    before = plan.steps.get(case.trail[-2]) if len(case.trail) > 1 else None
    return before is not None and before.stage == "dispose"


def _unverified(case: Case, plan: Plan) -> bool:
    rules = plan.rules
    asks = rules is not None and case.source in rules.verified and has(plan, "verify")
    return asks and "verify" not in _stages(case, plan)


def _stages(case: Case, plan: Plan) -> list[str]:
    return [plan.steps[name].stage for name in case.trail if name in plan.steps]


def endings(case: Case, plan: Plan) -> tuple[str, ...]:
    """Give the outcomes with which a case may be closed from where it is."""
    step = plan.steps.get(case.step)
    if step is None or case.closed_ms is not None:
        return ()
    if CLOSED not in step.then:
        return (DUPLICATE,)
    if step.outcome:
        return (step.outcome, DUPLICATE)
    return (FALSE, DECLINED, DUPLICATE) if step.stage in BEFORE else OUTCOMES


def unfit(case: Case, plan: Plan, outcome: str, answers: Mapping[str, Any]) -> str:
    """Say what is missing for closing a case with an outcome; empty where nothing is."""
    if outcome != TRUE:
        return ""
    stages = _stages(case, plan)
    if has(plan, "open") and not case.standard:
        return "standard: a case is closed by the row by which it was opened, and it has none"
    if has(plan, "check") and "dispose" in stages:
        last = len(stages) - 1 - stages[::-1].index("dispose")
        if "check" not in stages[last:]:
            return "it must be checked on the spot before it is closed"
    if case.standard and answers.get(CONFIRMED) is not True:
        return f"answers.{CONFIRMED}: confirm that the condition for closing is met"
    return ""


def arriving(case: Case, plan: Plan, there: Step, at_ms: int, agency: str) -> dict[str, Any]:
    """Say what a case gets on coming to a step: holder, agency and deadlines.

    The time for the whole matter begins with the first disposal and goes on through reworks.
    """
    due = plan.ends(limit_at(case, there), at_ms)
    back = goes_back(case, plan.step(case.step), there)
    data: dict[str, Any] = {
        "to": there.name, "holder": there.holder, "due_ms": due, "back": back,
    }  # fmt: skip
    if there.stage != "dispose":
        return data
    reworked = turn(plan.step(case.step), there) == "reworked"
    if reworked and agency and agency != case.agency:
        msg = f"agency: rework goes back to {case.agency}, not to {agency}"
        raise IllegalMove(msg)
    if agency or case.agency:
        data["agency"] = agency or case.agency
    elif plan.step(case.step).stage == "dispatch":
        msg = "agency: say to whom it is dispatched"
        raise BadRequest(msg)
    if case.limit and case.limit_due_ms is None:
        data["limit_due_ms"] = due
    return data


def standardising(
    case: Case, plan: Plan, row: Standard, agency: str, *, at_ms: int, by: str
) -> Event:
    """Choose the row of the standards by which a case is opened; the log keeps the row as it is."""
    permit(case, plan, "standard", at_ms)
    data: dict[str, Any] = {
        "standard": row.id, "event": row.event, "limit": str(row.limit),
        "limit_ms": plan.lasts(row.limit), "urgent": case.urgent or row.urgent,
        "agency": agency, "row": row.snapshot(),
    }  # fmt: skip
    step = plan.step(case.step)
    if disposes(step):
        data["limit_due_ms"] = plan.ends(row.limit, case.opened_ms)
    if step.stage == "dispose":
        data["due_ms"] = plan.ends(row.limit, case.since_ms)
    return sayable(Event(case.version + 1, at_ms, by, "standardised", data))


def asking(
    case: Case, plan: Plan, what: str, *, at_ms: int, by: str, note: str, to_ms: int | None = None
) -> Event:
    """Ask for more time, for standing still until *to_ms*, or for leaving a lateness out."""
    permit(case, plan, ASKING[what], at_ms)
    data: dict[str, Any] = {"what": what, "note": _reason(note)}
    if what == SUSPENSION:
        data["to_ms"] = _until(_rules(plan), at_ms, to_ms)
    return sayable(Event(case.version + 1, at_ms, by, ASKED[what], data))


def deciding(
    case: Case, plan: Plan, *, granted: bool, at_ms: int, by: str, note: str = "",
    roles: Collection[str] | None = None,
) -> Event:  # fmt: skip
    """Decide on what was asked for, at the level that it has come to.

    The last level grants; a refusal at any level ends it and says why.  With *roles*, those that
    the person has, the level's role must be among them, and nobody decides on what they asked
    for or approved themselves; `Forbidden` otherwise.
    """
    permit(case, plan, "decide", at_ms)
    what, level = case.asked["what"], case.asked["level"]
    order = _rules(plan).by[what]
    _may_decide(case, order[level], by, roles)
    if not granted:
        data = {"what": what, "note": _reason(note)}
        return sayable(Event(case.version + 1, at_ms, by, REFUSED[what], data))
    data = {"what": what, "level": level, "role": order[level], "note": note}
    if level + 1 < len(order):
        return sayable(Event(case.version + 1, at_ms, by, "approved", data))
    data |= _gains(case, plan, what, at_ms)
    return sayable(Event(case.version + 1, at_ms, by, GRANTED[what], data))


def _gains(case: Case, plan: Plan, what: str, at_ms: int) -> dict[str, Any]:
    if what == APPEAL:
        return {}
    limit = limit_at(case, plan.step(case.step))
    if what == EXTENSION:
        return _dues(case, lambda due: plan.ends(limit, due))
    to = _until(_rules(plan), at_ms, case.asked["to_ms"])
    shifted = _dues(case, lambda due: plan.shifted(due, (at_ms, to), at_work=limit.at_work))
    return {"to_ms": to, "paused_ms": to - at_ms, **shifted}


def _dues(case: Case, later: Any) -> dict[str, Any]:
    whole = case.limit_due_ms
    return {"due_ms": later(case.due_ms), "limit_due_ms": None if whole is None else later(whole)}


def resuming(case: Case, plan: Plan | None, *, at_ms: int, by: str) -> Event:
    """End a suspension; before its day the rest of it is taken off again."""
    to = case.suspended_to_ms
    if to is None or case.closed_ms is not None:
        msg = f"case {case.code} is not suspended"
        raise IllegalMove(msg)
    data: dict[str, Any] = {"paused_ms": min(at_ms - to, 0)}
    if at_ms >= to or plan is None:
        data |= {"due_ms": case.due_ms, "limit_due_ms": case.limit_due_ms}
    else:
        limit = limit_at(case, plan.step(case.step))
        data |= _dues(case, lambda due: plan.shifted(due, (to, at_ms), at_work=limit.at_work))
    return Event(case.version + 1, at_ms, by, "resumed", data)


def pause(event: Event) -> tuple[int, int]:
    """Give the pause that a suspension begins, or that its end takes back: from and to, ms."""
    paused = event.data["paused_ms"]
    begins = event.at_ms if event.verb == "suspended" else event.at_ms - paused
    return begins, begins + paused


def cancelling(case: Case, plan: Plan, *, at_ms: int, by: str, note: str) -> Event:
    """Take a case back as void; it says nothing of the matter, and its log stays."""
    permit(case, plan, "cancel", at_ms)
    rest = min(at_ms - case.suspended_to_ms, 0) if case.suspended_to_ms is not None else 0
    data = {"from": case.step, "note": _reason(note), "paused_ms": rest}
    return sayable(Event(case.version + 1, at_ms, by, "cancelled", data))


def _rules(plan: Plan) -> Approvals:
    if plan.rules is None:
        msg = f"plan {plan.id} has no rules for approvals"
        raise IllegalMove(msg)
    return plan.rules


def _may_decide(case: Case, role: str, by: str, roles: Collection[str] | None) -> None:
    if roles is None:
        return
    if role not in roles:
        msg = f"this is for a {role} to decide"
        raise Forbidden(msg)
    if by in {case.asked["by"], *case.asked.get("approved_by", ())}:
        msg = f"{by} asked for it or approved it already; somebody else decides"
        raise Forbidden(msg)


def _reason(note: str) -> str:
    if not note.strip():
        msg = "note: say why"
        raise BadRequest(msg)
    return note


def _until(rules: Approvals, at_ms: int, to_ms: int | None) -> int:
    if to_ms is None or not at_ms < to_ms <= at_ms + rules.suspension_ms:
        msg = f"to: a moment after now, within {rules.suspension_ms // 86_400_000} days"
        raise BadRequest(msg)
    return to_ms
