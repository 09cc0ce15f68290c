"""Every verb that the desk understands, one module per matter; a request is one of them."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from borough.app.desk import cases, commands, evaluations, facts, intake, tasks, tuning, warnings
from borough.app.desk.answers import Answer
from borough.app.desk.desk import Desk
from borough.core.errors import BadRequest

VERBS: dict[str, Callable[[Desk, Mapping[str, Any]], Answer]] = {
    **cases.VERBS,
    **commands.VERBS,
    **evaluations.VERBS,
    **facts.VERBS,
    **intake.VERBS,
    **tasks.VERBS,
    **tuning.VERBS,
    **warnings.VERBS,
}


def answered(desk: Desk, verb: str, data: bytes) -> Answer:
    """Do what a request asks; `BadRequest` where it cannot be understood."""
    if verb not in VERBS:
        msg = f"the desk knows no {verb!r}; it knows {', '.join(VERBS)}"
        raise BadRequest(msg)
    try:
        return VERBS[verb](desk, msgspec.json.decode(data))
    except msgspec.DecodeError as error:
        raise BadRequest(str(error)) from error
    except KeyError as error:
        msg = f"{verb}: {error.args[0]} is missing"
        raise BadRequest(msg) from error
