"""How large a file of rows may be, as ``limits.toml`` beside this file declares it."""

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Self


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read of one file; see ``limits.toml`` for unit and reason."""

    file_bytes: int
    unpacked_bytes: int
    rows: int
    columns: int
    cells: int
    parts: int

    @classmethod
    def declared(cls) -> Self:
        """Read them from the table."""
        table = tomllib.loads((files("borough.adapters.sheets") / "limits.toml").read_text("utf-8"))
        return cls(**{field.name: table[field.name]["value"] for field in fields(cls)})


LIMITS = Limits.declared()
