"""The registry, detections and cases in SQL: SQLite and PostgreSQL, one code.

``__init__.pyi`` says which name is of which module; a module is loaded when a name of it is
first used, for a role needs few of them and loading them all takes a second.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

_SAID = re.findall(
    r"^from (\S+) import (.+)$", Path(__file__).with_suffix(".pyi").read_text("utf-8"), re.MULTILINE
)
_WHERE = {name: module for module, names in _SAID for name in names.split(", ")}

__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    globals()[name] = found = getattr(import_module(_WHERE[name]), name)
    return found
