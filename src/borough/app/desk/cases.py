"""What people may ask of the desk about a case."""

from collections.abc import Mapping
from typing import Any

from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk


def move(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take a case to its next step, or close it where an outcome is given."""
    case = desk.cases.one(ask["case"])
    told = {
        "plan": desk.plans[case.plan],
        "by": ask["by"],
        "at_ms": desk.now(),
        "expected_version": ask["version"],
        "note": ask.get("note", ""),
        "answers": ask.get("answers", {}),
    }
    return Answer.of_case(
        desk.cases.move(case.id, ask["to"], outcome=ask.get("outcome", ""), **told)
    )


def close(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Close a case with its outcome."""
    case = desk.cases.one(ask["case"])
    return Answer.of_case(
        desk.cases.close(
            case.id,
            ask["outcome"],
            plan=desk.plans[case.plan],
            by=ask["by"],
            at_ms=desk.now(),
            expected_version=ask["version"],
            note=ask.get("note", ""),
            answers=ask.get("answers", {}),
        )
    )


def assign(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Give a case to a post."""
    case = desk.cases.one(ask["case"])
    version = ask["version"]
    return Answer.of_case(
        desk.cases.assign(
            case.id, ask["post"], by=ask["by"], at_ms=desk.now(), expected_version=version
        )
    )


def note(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Write a remark into a case's log."""
    case = desk.cases.one(ask["case"])
    return Answer.of_case(desk.cases.note(case.id, ask["note"], by=ask["by"], at_ms=desk.now()))


VERBS = {"move": move, "close": close, "assign": assign, "note": note}
