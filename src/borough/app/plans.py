"""The plans that cases of a district follow: those of its scenes, and those that people open."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from borough.app.logs import event
from borough.core.deadlines import WorkCalendar, Worktime
from borough.core.errors import BadScene
from borough.core.plans import Plan
from borough.engine.approvals import approvals
from borough.engine.catalog import Found, plans_alone

log = logging.getLogger(__name__)


def plans_of(
    roots: Sequence[Path], found: Iterable[Found], work: WorkCalendar | None
) -> dict[str, Plan]:
    """Read the plans that a district with such working hours can follow, by name.

    One that cannot be read or followed is told in the log, and the others go on without it.
    """
    alone, wrong = plans_alone(*roots)
    for folder, says in wrong.items():
        log.warning("%s", says, extra=event(BadScene.code, scene=Path(folder).name))
    clock, rules, made = Worktime.of(work) if work else None, approvals(), {}
    for name, text in {**alone, **{each.scene.id: each.plan for each in found}}.items():
        try:
            made[name] = Plan.declared(name, text).by(clock, rules)
        except BadScene as error:
            log.warning("%s", error, extra=event(error.code, scene=name))
    return made
