"""What people may ask of the desk about rosters: changes, leave, and taking a case up."""

from collections.abc import Mapping
from typing import Any

from borough.app.desk.answers import Answer, shown
from borough.app.desk.desk import Desk
from borough.storage.sql.engines import writing

TAKEN_UP = "已接单 taken up"
ON_LEAVE = "leave"
"""The rule by which a case goes to others when whoever had it is away."""


def change_roster(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Say for days and posts what is otherwise: another shift, none, or somebody else."""
    made = desk.rosters.change(ask["rows"], by=ask["by"], at_ms=desk.now())
    return Answer({"changed": len(made)}, (("roster", {"changed": len(made)}),))


def leave(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Give a post leave; what it has goes to others at once if the leave has begun."""
    now = desk.now()
    begins, ends = int(ask.get("from_ms") or now), int(ask["to_ms"])
    told = {"why": ask["why"], "by": ask["by"], "at_ms": now, "stand_in": ask.get("stand_in", "")}
    with writing(desk.engine) as connection:
        number = desk.rosters.leave(connection, ask["post"], begins, ends, **told)
        cases = (
            desk.dispatch.left(connection, ask["post"], now, ON_LEAVE)
            if begins <= now < ends
            else []
        )
    news = tuple(("case", shown(case)) for case in cases)
    said = {"leave": number, "handed_on": [case.code for case in cases]}
    return Answer(said, (*news, ("roster", {"leave": number})))


def end_leave(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take leave back from now on."""
    ended = desk.rosters.end_leave(int(ask["leave"]), at_ms=desk.now())
    return Answer({"leave": ended["id"]}, (("roster", {"leave": ended["id"]}),))


def take_up(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Note that a post has a case in hand, so that it goes to nobody else."""
    case = desk.cases.one(ask["case"])
    note = " ".join(filter(None, (TAKEN_UP, ask.get("post", ""), ask.get("note", ""))))
    return Answer.of_case(desk.cases.note(case.id, note, by=ask["by"], at_ms=desk.now()))


def begin_patrol(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Have the rounds of a patrol made now."""
    return Answer({"rounds": desk.patrols.begin(ask["patrol"], at_ms=desk.now())})


def end_round(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Note that a round was made."""
    told = {"by": ask["by"], "note": ask.get("note", ""), "at_ms": desk.now()}
    return Answer(desk.patrols.end(ask["round"], **told))


VERBS = {
    "change_roster": change_roster,
    "leave": leave,
    "end_leave": end_leave,
    "take_up": take_up,
    "begin_patrol": begin_patrol,
    "end_round": end_round,
}
