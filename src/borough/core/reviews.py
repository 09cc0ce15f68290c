"""Looking back: what the log of a case says of how it went, before people say what they think."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from borough.core.cases import Event
from borough.core.circles import DONE, HAPPENED
from borough.core.errors import BadRequest
from borough.core.tasks import MILESTONE, SKIPPED, carried

RISES = frozenset({"opened", "joined", "level", "reopened"})
"""Events that tell of a level."""


def measured(case: int, events: Sequence[Event], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Work out of a case's log how it went; times in ms.

    ``first_ms`` is when each level was first reached, ``alarms`` how often the level rose.
    ``lead_ms`` is the time from the first alarm to what happened, or where nothing did, to the
    first moment of the worst level.  ``tasks`` counts them, ``milestones`` says when each was
    first passed, and ``passed_ms`` how long after the worst level began the last one was.
    """
    first: dict[int, int] = {}
    alarms, level = 0, 0
    for event in events:
        if event.verb in RISES:
            now = event.data["level"]
            alarms += now > level
            for each in range(level + 1, now + 1):
                first.setdefault(each, event.at_ms)
            level = now
    worst = max(first, default=0)
    passed: dict[str, int] = {}
    for event in events:
        if event.verb == MILESTONE:
            passed.setdefault(event.data["milestone"], event.at_ms)
    began, peak = first.get(1, events[0].at_ms), first.get(worst, events[0].at_ms)
    over = happened(answers)
    after = [at for at in passed.values() if at >= peak]
    return {
        "worst": worst,
        "alarms": alarms,
        "first_ms": {str(each): at for each, at in first.items()},
        "lead_ms": (peak if over is None else over) - began,
        "happened_ms": over,
        "milestones": passed,
        "passed_ms": max(after) - peak if after else None,
        "tasks": tallied(case, events),
    }


def tallied(case: int, events: Sequence[Event]) -> dict[str, int]:
    """Count the tasks of a case by how they went."""
    tasks = carried(case, events).values()
    return {
        "all": len(tasks),
        DONE: sum(each.state == DONE for each in tasks),
        SKIPPED: sum(each.state == SKIPPED for each in tasks),
        "late": sum(each.late for each in tasks),
        "unanswered": sum(each.unanswered for each in tasks),
        "widened": sum(bool(each.circle) for each in tasks),
    }


def happened(answers: Mapping[str, Any]) -> int | None:
    """Read when it happened; None where nobody says that it did."""
    given = answers.get(HAPPENED)
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(str(given))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        msg = f"answers.{HAPPENED}: {given!r} is not a moment such as 2021-07-18T15:00+08:00"
        raise BadRequest(msg)
    return round(moment.timestamp() * 1000)
