"""What people may ask of the desk about warnings to the public: let them out, take them back."""

from collections.abc import Mapping
from typing import Any

from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk


def confirm(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Let the warnings of a case out, at the level of its readings or at one that people chose."""
    case = desk.cases.one(ask["case"])
    told = {"by": ask["by"], "at_ms": desk.now(), "expected_version": ask["version"]}
    words = {"level": ask.get("level", ""), "note": ask.get("note", "")}
    return Answer.of_case(desk.warnings.confirm(case.id, **words, **told))


def withdraw(desk: Desk, ask: Mapping[str, Any]) -> Answer:
    """Take the warning of a case back, for a reason."""
    case = desk.cases.one(ask["case"])
    told = {"by": ask["by"], "at_ms": desk.now(), "expected_version": ask["version"]}
    note = ask.get("note", "")
    return Answer.of_case(desk.warnings.withdraw(case.id, note=note, **told))


VERBS = {"confirm_warning": confirm, "withdraw_warning": withdraw}
