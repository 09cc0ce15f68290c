"""The limits of the doors, read from ``doors.toml``."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from borough.core.errors import BadSetting


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of anything the doors take in; units are in the names and in the table."""

    frame_bytes: int
    payload_bytes: int
    pending_bytes: int
    memory_bytes: int
    store_bytes: int
    room_bytes: int
    backlog_bytes: int
    side_bytes: int
    connections: int
    bus_growth_pct: int
    bus_heap_bytes: int
    bus_heap_pct: int
    bus_slack_us: int
    subscriptions: int
    session_s: int
    future_ms: int
    device_messages: int
    device_ms: int
    batch_messages: int
    batch_bytes: int
    letters_a_take: int
    letter_bytes: int
    reorder_ms: int
    rebirth_ms: int
    rebirths_at_once: int

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a table of limits, ours if none is given; ``BadSetting`` says what is wrong."""
        path = path or Path(__file__).with_name("doors.toml")
        try:
            table = tomllib.loads(path.read_text("utf-8"))
            values = {field.name: table[field.name]["value"] for field in fields(cls)}
        except (OSError, ValueError, KeyError, TypeError) as problem:
            msg = f"{path.name}: {problem!r}"
            raise BadSetting(msg) from problem
        wrong = [name for name, value in values.items() if type(value) is not int or value < 1]
        if wrong:
            msg = f"{path.name}: {', '.join(wrong)} must be whole numbers above 0"
            raise BadSetting(msg)
        return cls(**values)
