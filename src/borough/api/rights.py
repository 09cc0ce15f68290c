"""The one table of who may do what: a line for each endpoint, and the rights of each role."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from borough.core.errors import BadSetting
from borough.core.people import RIGHT, Role, Roles

TABLE = Path(__file__).with_name("rights.toml")
OPEN, DEVICE, SELF = "open", "device", "self"
"""In place of a right: asks for nobody, for a device's credential, for whoever is signed in."""
UNLISTED = "unlisted.path"
"""The right that a path without a line needs; only who has every right has it."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Which right each endpoint needs, and the roles."""

    endpoints: Mapping[str, str]
    roles: Roles

    def needed(self, method: str, path: str) -> str:
        """Give the right that a request needs, by its method and the template of its path."""
        return self.endpoints.get(f"{'GET' if method == 'HEAD' else method} {path}", UNLISTED)

    def known(self) -> frozenset[str]:
        """Give every right that some endpoint needs."""
        return frozenset(self.endpoints.values()) - {OPEN, DEVICE, SELF}


@cache
def rights() -> Rights:
    """Read the table; `BadSetting` names the line that is wrong."""
    told = tomllib.loads(TABLE.read_text("utf-8"))
    roles = {
        code: Role(
            {"zh": role["zh"], "en": role["en"]},
            frozenset(role["rights"]),
            frozenset(role.get("without", ())),
        )
        for code, role in told["roles"].items()
    }
    said = [(code, right) for code, role in roles.items() for right in role.rights | role.without]
    said += [(path, right) for path, right in told["endpoints"].items()]
    for where, right in said:
        if right not in {OPEN, DEVICE, SELF} and not RIGHT.fullmatch(right):
            msg = f"{TABLE.name}: {where}: {right!r} is no right"
            raise BadSetting(msg)
    return Rights(told["endpoints"], Roles(roles))
