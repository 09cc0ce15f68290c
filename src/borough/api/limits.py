"""What the doors allow, as ``limits.toml`` beside this file declares it."""

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Self


@dataclass(frozen=True, slots=True)
class Limits:
    """How much passes at once, and how long we wait; see ``limits.toml`` for unit and reason."""

    body_bytes: int
    upload_bytes: int
    errors_told: int
    export_rows: int
    ahead_ms: int
    kept_events: int
    lag_events: int
    heartbeat_s: float
    ask_again_s: float
    replays_running: int
    replays_kept: int

    @classmethod
    def declared(cls) -> Self:
        """Read them from the table."""
        table = tomllib.loads((files("borough.api") / "limits.toml").read_text("utf-8"))
        return cls(**{field.name: table[field.name]["value"] for field in fields(cls)})


LIMITS = Limits.declared()
