"""Settings: what one running district needs to know, kept in one file of its data folder."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from borough.core.clock import DistrictClock
from borough.core.errors import BadSetting

FILE = "settings.json"
PREFIX = "BOROUGH_"
TOP_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a district keeps its state, where it listens, and by which clock it lives.

    ``data`` holds everything it writes; ``district`` is the folder of tables; ``scenes`` are
    further folders of scenes beside the built-in ones.  Ports are on ``host``, the loopback by
    default.  ``database`` is a URL, or empty for SQLite in the data folder.  ``tick_ms`` is
    how often, in wall time, the journal notes what time it is; ``checkpoint_s`` and
    ``archive_s`` how often the stream keeps its rows and commits history.
    """

    data: str
    district: str
    scenes: tuple[str, ...] = ()
    database: str = ""
    host: str = "127.0.0.1"
    bus_port: int = 4222
    mqtt_port: int = 1883
    http_port: int = 8080
    clock_start_ms: int = 0
    clock_rate: float = 1.0
    clock_origin_ms: int = 0
    tick_ms: int = 250
    checkpoint_s: float = 20.0
    archive_s: float = 5.0
    archive_rows: int = 1_000_000
    journal_days: float = 3.0
    journal_mb: int = 8_000
    history_days: float = 400.0
    history_mb: int = 50_000
    operator: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def __post_init__(self) -> None:
        for name in ("bus_port", "mqtt_port", "http_port"):
            if not 0 < getattr(self, name) <= TOP_PORT:
                msg = f"{name} must be a port between 1 and 65535, not {getattr(self, name)}"
                raise BadSetting(msg)
        for name in ("tick_ms", "checkpoint_s", "archive_s", "archive_rows"):
            if getattr(self, name) <= 0:
                msg = f"{name} must be above 0, not {getattr(self, name)}"
                raise BadSetting(msg)

    @property
    def folder(self) -> Path:
        """The data folder as a path."""
        return Path(self.data)

    @property
    def clock(self) -> DistrictClock:
        """The clock by which the whole process tree lives."""
        return DistrictClock(self.clock_start_ms, self.clock_rate, self.clock_origin_ms)

    @property
    def store(self) -> Path | str:
        """What to connect to for registry, detections and cases."""
        return self.database or self.folder / "registry.db"

    def write(self) -> None:
        """Keep the settings where every role of the district finds them; only we may read them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / FILE
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=2), "utf-8")
        fresh.chmod(0o600)
        fresh.replace(path)

    @classmethod
    def read(cls, data: Path) -> Self:
        """Read what `write` kept, with ``BOROUGH_*`` variables on top."""
        try:
            given = json.loads((data / FILE).read_text("utf-8"))
            made = cls(**{**given, "data": str(data), "scenes": tuple(given["scenes"])})
        except FileNotFoundError as error:
            msg = f"there is no district in {data}: {FILE} is missing; start one with `borough up`"
            raise BadSetting(msg) from error
        except (ValueError, TypeError, KeyError) as error:
            msg = f"{data / FILE} cannot be read: {error}"
            raise BadSetting(msg) from error
        return replace(made, **from_environment())


def from_environment() -> dict[str, Any]:
    """Take what ``BOROUGH_HTTP_PORT=9000`` and its like say, each turned into its own type."""
    kinds = {"str": str, "int": int, "float": float}
    found: dict[str, Any] = {}
    for name, each in Settings.__dataclass_fields__.items():
        text = os.environ.get(PREFIX + name.upper())
        if text is None or str(each.type) not in map(str, (str, int, float)):
            continue
        kind = kinds[each.type.__name__ if isinstance(each.type, type) else str(each.type)]
        try:
            found[name] = kind(text)
        except ValueError as error:
            msg = f"{PREFIX}{name.upper()} must be of type {kind.__name__}, not {text!r}"
            raise BadSetting(msg) from error
    return found
