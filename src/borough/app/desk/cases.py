"""What people may ask of the desk about a case."""

from collections.abc import Callable, Mapping
from typing import Any

from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.app.desk.parties import knows
from borough.core import loop, moves
from borough.core.approvals import APPEAL, EXTENSION, SUSPENSION
from borough.core.cases import Case, Event, Plan
from borough.core.errors import BadRequest, OutsideDistrict

ROUTINE = "routine"
"""The plan of what people report."""
Ask = Mapping[str, Any]
Told = Mapping[str, Any]
Decide = Callable[[Case, Plan, Told], Event]
"""Makes the event of an act; told are ``at_ms``, ``by`` and ``note``."""


def report(desk: Desk, ask: Ask) -> Answer:
    """Open a case that somebody reports: what it is, where, and what was said of it."""
    standards = desk.ground.district.standards
    code = standards.code(ask["event"])
    place = placed(desk, ask)
    if ask.get("agency"):
        known(desk, ask["agency"])
    stands = desk.ground.place_of(place["grid"])
    title = {
        "zh": f"{stands['zh']}{code.name['zh']}",
        "en": f"{code.name['en']} in {stands['en']}",
    }
    wants = ("source", "standard", "agency", "urgent")
    told = {name: ask[name] for name in wants if ask.get(name)}
    told |= {"text": ask["note"]} if ask.get("note") else {}
    case = desk.cases.report(
        desk.plans[ROUTINE], title=title, event=code.code, at_ms=desk.now(), by=ask["by"],
        **place, **told,
    )  # fmt: skip
    return Answer.of_case(case)


def placed(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Find where something is: at a thing, by its key, or at a point in the district."""
    registry = desk.ground.registry
    if key := ask.get("thing"):
        if key not in registry.rows:
            msg = f"thing: there is no {key!r}"
            raise BadRequest(msg)
        row = registry.rows[key]
        return {"thing": int(registry.id[row]), "grid": int(registry.grid[row])}
    lon, lat = ask.get("lon"), ask.get("lat")
    if lon is None or lat is None:
        msg = "lon: say where it is, by lon and lat or by the key of a thing"
        raise BadRequest(msg)
    spot = desk.requests.gazetteer.at(lon, lat)
    if not spot.precision:
        msg = f"lon, lat: {lon}, {lat} lies outside the district"
        raise OutsideDistrict(msg)
    return {"lon": lon, "lat": lat, "grid": spot.grid}


def known(desk: Desk, agency: str) -> None:
    """Refuse an agency that the district does not have."""
    if agency and not knows(desk.ground.district, agency):
        msg = f"agency: there is no {agency!r}"
        raise BadRequest(msg)


def act(desk: Desk, ask: Ask, decide: Decide) -> Answer:
    """Do to a case what is asked, at the version that was looked at."""
    at_ms = desk.now()
    told = {"at_ms": at_ms, "by": ask["by"], "note": ask.get("note", "")}

    def make(now: Case) -> Event:
        return decide(now, desk.plans[now.plan], told)

    made = desk.cases.act(ask["case"], make, at_ms=at_ms, expected_version=ask["version"])
    return Answer.of_case(made)


def move(desk: Desk, ask: Ask) -> Answer:
    """Take a case to its next step, or close it where an outcome is given."""
    said = {name: ask[name] for name in ("answers", "outcome", "agency") if ask.get(name)}
    known(desk, ask.get("agency", ""))
    return act(
        desk, ask, lambda case, plan, told: moves.moving(case, plan, ask["to"], **told, **said)
    )


def close(desk: Desk, ask: Ask) -> Answer:
    """Close a case with its outcome."""
    answers = ask.get("answers", {})
    return act(
        desk,
        ask,
        lambda case, plan, told: moves.closing(case, plan, ask["outcome"], **told, answers=answers),
    )


def assign(desk: Desk, ask: Ask) -> Answer:
    """Give a case to a post that is on duty."""
    case = desk.cases.one(ask["case"])
    version = ask["version"]
    if ask["post"]:
        desk.dispatch.may_take(ask["post"], desk.now())
    return Answer.of_case(
        desk.cases.assign(
            case.id, ask["post"], by=ask["by"], at_ms=desk.now(), expected_version=version
        )
    )


def note(desk: Desk, ask: Ask) -> Answer:
    """Write a remark into a case's log."""
    case = desk.cases.one(ask["case"])
    return Answer.of_case(desk.cases.note(case.id, ask["note"], by=ask["by"], at_ms=desk.now()))


def standard(desk: Desk, ask: Ask) -> Answer:
    """Choose the row of the standards by which a case is opened."""

    def decide(case: Case, plan: Plan, told: Told) -> Event:
        row, agency = desk.row(ask["standard"], case.event, case.grid)
        how = {"at_ms": told["at_ms"], "by": told["by"]}
        return loop.standardising(case, plan, row, agency, **how)

    return act(desk, ask, decide)


def extend(desk: Desk, ask: Ask) -> Answer:
    """Ask for more time."""
    return act(desk, ask, lambda case, plan, told: loop.asking(case, plan, EXTENSION, **told))


def suspend(desk: Desk, ask: Ask) -> Answer:
    """Ask that a case stand still until a day."""
    to_ms = ask["to_ms"]
    return act(
        desk,
        ask,
        lambda case, plan, told: loop.asking(case, plan, SUSPENSION, to_ms=to_ms, **told),
    )


def appeal(desk: Desk, ask: Ask) -> Answer:
    """Ask that a lateness be left out of statistics."""
    return act(desk, ask, lambda case, plan, told: loop.asking(case, plan, APPEAL, **told))


def decide(desk: Desk, ask: Ask) -> Answer:
    """Decide on what was asked for; ``roles`` are those of who decides, None for all."""
    said = {"granted": ask["granted"], "roles": ask.get("roles")}
    what = ask.get("what", "")

    def deciding(case: Case, plan: Plan, told: Told) -> Event:
        if what and case.asked and case.asked["what"] != what:
            msg = f"what: {case.asked['what']} waits for a decision, not {what}"
            raise BadRequest(msg)
        return loop.deciding(case, plan, **told, **said)

    return act(desk, ask, deciding)


def resume(desk: Desk, ask: Ask) -> Answer:
    """Let a suspended case go on before its day."""
    return act(
        desk,
        ask,
        lambda case, plan, told: loop.resuming(case, plan, at_ms=told["at_ms"], by=told["by"]),
    )


def cancel(desk: Desk, ask: Ask) -> Answer:
    """Take a case back as void."""
    return act(desk, ask, lambda case, plan, told: loop.cancelling(case, plan, **told))


VERBS = {
    "report_case": report,
    "move": move,
    "close": close,
    "assign": assign,
    "note": note,
    "standard": standard,
    "extend": extend,
    "suspend": suspend,
    "appeal": appeal,
    "decide": decide,
    "resume_case": resume,
    "cancel": cancel,
}
