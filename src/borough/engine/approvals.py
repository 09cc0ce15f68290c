"""Who decides what is asked for on a case; `approvals.toml` has each rule with its source."""

import tomllib
from functools import cache
from pathlib import Path

from borough.core.approvals import Approvals

SHIPPED = Path(__file__).with_suffix(".toml")


@cache
def approvals() -> Approvals:
    """Read the rules that come with Borough."""
    return Approvals.declared(tomllib.loads(SHIPPED.read_text("utf-8")))
