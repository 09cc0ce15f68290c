"""Every verb that the desk understands, one module per matter; a request is one of them."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from borough.app.desk import (
    cases,
    commands,
    evaluations,
    facts,
    files,
    intake,
    matters,
    outward,
    people,
    public_requests,
    requests,
    roster_files,
    rosters,
    shares,
    shelves,
    tasks,
    tuning,
    warnings,
)
from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.app.desk.sheltering import sheltered
from borough.core.audit import subject_of
from borough.core.errors import BadRequest
from borough.storage.sql.audit import audited

VERBS: dict[str, Callable[[Desk, Mapping[str, Any]], Answer]] = {
    **cases.VERBS,
    **commands.VERBS,
    **evaluations.VERBS,
    **facts.VERBS,
    **files.VERBS,
    **intake.VERBS,
    **outward.VERBS,
    **people.VERBS,
    **public_requests.VERBS,
    **requests.VERBS,
    **roster_files.VERBS,
    **rosters.VERBS,
    **shares.VERBS,
    **shelves.VERBS,
    **matters.VERBS,
    **tasks.VERBS,
    **tuning.VERBS,
    **warnings.VERBS,
}


class Asked(dict[str, Any]):
    """What a request says; a field that is wanted and missing is `BadRequest`, by its name.

    A key that is missing anywhere else is our own fault, and is logged as one.
    """

    def __missing__(self, name: str) -> Any:
        msg = f"{name} is missing"
        raise BadRequest(msg)


def answered(desk: Desk, verb: str, data: bytes) -> Answer:
    """Do what a request asks, and tell the audit log; `BadRequest` where it makes no sense."""
    if verb not in VERBS:
        msg = f"the desk knows no {verb!r}; it knows {', '.join(VERBS)}"
        raise BadRequest(msg)
    try:
        ask = Asked(msgspec.json.decode(data, type=dict[str, Any]))
        if verb in people.VERBS:  # these tell of themselves
            return VERBS[verb](desk, ask)
        told = audited(desk.engine, str(ask.get("by", "")), verb, subject_of(ask))
        with sheltered(desk.engine, ask) as clean, told:
            return VERBS[verb](desk, Asked(clean))
    except msgspec.DecodeError as error:
        raise BadRequest(str(error)) from error
