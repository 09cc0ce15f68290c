"""What people may ask of the desk about a matter that no device tells of: begin it, level it."""

from collections.abc import Mapping
from typing import Any

from borough.app.desk.answers import Answer
from borough.app.desk.cases import placed
from borough.app.desk.desk import Desk
from borough.core import moves
from borough.core.errors import BadRequest, IllegalMove, Stale
from borough.storage.sql.caselog import found
from borough.storage.sql.engines import writing


def begin(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Open a case by a plan that no scene comes with, at a thing or a point."""
    plan = desk.plans.get(ask["plan"])
    if plan is None or ask["plan"] in desk.scenes:
        ours = ", ".join(sorted(desk.plans.keys() - desk.scenes.keys()))
        msg = f"plan: people begin one of {ours}, not {ask['plan']!r}"
        raise BadRequest(msg)
    place = placed(desk, ask)
    stands, name = desk.ground.place_of(place["grid"]), ask.get("title") or plan.id
    title = {language: f"{stands[language]} {name}" for language in ("zh", "en")}
    told = {"text": ask["note"]} if ask.get("note") else {}
    case = desk.cases.report(
        plan, title=title, level=ask.get("level", 0), source="leader", at_ms=desk.now(),
        by=ask["by"], **place, **told,
    )  # fmt: skip
    return Answer.of_case(case)


def level(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Say how grave a matter is now, where people and no device say so."""
    with writing(desk.engine) as connection:
        case = found(connection, ask["case"])
        if case.plan in desk.scenes:
            msg = f"the level of case {case.code} is what its devices say"
            raise IllegalMove(msg)
        if case.closed_ms is not None:
            msg = f"case {case.code} is closed"
            raise IllegalMove(msg)
        if case.version != ask["version"]:
            msg = f"case {case.code} is at version {case.version}, and you saw {ask['version']}"
            raise Stale(msg)
        event = moves.hearing(case, "", ask["level"], at_ms=desk.now(), by=ask["by"])
        return Answer.of_case(desk.wrote(connection, case, event))


VERBS = {"matter_begin": begin, "matter_level": level}
