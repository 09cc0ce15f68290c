"""One role of a district in a process of its own: ``python -m borough.app.role --role R --data D``.

`borough up` starts its roles so: they need none of its commands, which take longer to load than
some roles do.
"""

import argparse
import gc
import importlib
from pathlib import Path

from borough.app import memory
from borough.app.logs import keep
from borough.app.settings import Settings

ROLES = {"stream": "borough.app.streaming", "desk": "borough.app.desk", "api": "borough.app.web"}
"""The module of each role; a process loads only its own."""

ANSWERING, GIVE_BACK_S = {"desk", "api"}, 60.0
"""Roles that answer much that is small and now and then something large, and how often what they
have freed goes back; the stream takes and frees the same again and again."""


def work(role: str, data: Path) -> None:
    """Run a role of the district in a data folder until it is told to stop."""
    settings = Settings.read(data)
    keep(settings, role)
    # What a role loads stays until it ends: to look for garbage in it takes time, and finds none.
    gc.disable()
    module = importlib.import_module(ROLES[role])
    gc.freeze()
    gc.enable()
    if role in ANSWERING:
        memory.give_back_each(GIVE_BACK_S)
    module.run(settings)


def main() -> None:
    """Read the arguments, and work."""
    parser = argparse.ArgumentParser(prog="borough.app.role", description=__doc__)
    parser.add_argument("--role", choices=ROLES, required=True)
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    work(asked.role, asked.data)


if __name__ == "__main__":
    main()
