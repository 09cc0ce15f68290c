"""How somebody may be spoken of: forms of address, from the table beside this file."""

import tomllib
from functools import cache
from pathlib import Path

from borough.core.forgetting import Forms

FORMS = Path(__file__).with_name("forms_of_address.toml")


@cache
def forms() -> Forms:
    """Read them."""
    table = tomllib.loads(FORMS.read_text("utf-8"))
    return Forms(**{name: tuple(each["value"]) for name, each in table.items()})
