"""What the desk is asked: a field that is missing is the caller's fault, all else is ours."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.contract.test_desk_rosters import desk_in

from borough.app.desk.desk import Desk
from borough.app.desk.verbs import answered
from borough.core.errors import BadRequest, NotFound


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Set up the desk of the smallest district."""
    folder: Path = tmp_path_factory.mktemp("desk")
    return desk_in(folder)


def ask(desk: Desk, verb: str, said: Any) -> dict[str, Any]:
    """Ask, and give the answer as plain data."""
    done: dict[str, Any] = msgspec.to_builtins(answered(desk, verb, msgspec.json.encode(said)).ok)
    return done


@pytest.mark.parametrize(
    ("verb", "said", "field"),
    [
        ("move", {"case": 1, "version": 1, "to": "open"}, "by"),
        ("move", {"version": 1, "to": "open", "by": "one"}, "case"),
        ("finish_nothing", {}, "knows no"),
        ("add_account", {"by": "one"}, "account"),
        ("move", [1, 2], "object"),
    ],
)
def test_a_field_that_is_missing_is_named(desk: Desk, verb: str, said: Any, field: str) -> None:
    """Also where what is asked is no set of fields at all, or nothing that the desk does."""
    with pytest.raises(BadRequest, match=field):
        ask(desk, verb, said)


def test_what_we_have_lost_ourselves_is_not_said_to_be_the_callers_fault(desk: Desk) -> None:
    """A case whose plan is gone: the bell logs what went wrong, and nobody looks for a field."""
    told = ask(desk, "file_request", {"text": "路灯不亮", "key": "web:1", "by": "web"})
    case = desk.cases.one(told["case_id"])
    moved = {"case": case.id, "version": case.version, "to": "open", "by": "one"}
    with pytest.raises(NotFound):
        ask(desk, "move", {**moved, "case": 10**9})
    assert isinstance(desk.plans, dict)
    desk.plans.clear()

    with pytest.raises(KeyError, match=case.plan):
        ask(desk, "move", moved)
