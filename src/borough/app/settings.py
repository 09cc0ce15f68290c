"""Settings: what one running district needs to know, and where each value comes from.

    default  <  settings.json  <  borough.toml  <  BOROUGH_*  <  command line

``settings.json`` of the data folder is what the first start made: ports that were free, the
clock, the operator's token.  Nobody edits it.  ``borough.toml`` is what people write.
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from borough.app import sources
from borough.app.sources import PREFIX, Value
from borough.core.clock import DistrictClock
from borough.core.errors import BadSetting
from borough.core.partitions import WHOLE, Part

__all__ = ["FILE", "PREFIX", "Settings", "from_environment", "told"]

FILE = "settings.json"
FORMAT = 1
"""Of ``settings.json`` and of the data folder as a whole; a higher one is of a later release."""
MADE = {
    "data", "district", "bus_port", "mqtt_port", "http_port",
    "clock_start_ms", "clock_rate", "clock_origin_ms", "operator",
}  # fmt: skip
"""What a first start decides for good; any other value is kept only where it is not the usual."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a district keeps its state, where it listens, and by which clock it lives.

    ``data`` holds everything it writes; ``district`` is the folder of tables; ``scenes`` are
    further folders of scenes beside the built-in ones.  Ports are on ``host``, the loopback by
    default; ``hosts`` are further names by which the page may be addressed.  ``database`` is a
    URL, or empty for SQLite in the data folder.  ``settings.toml`` beside this file gives the
    meaning, unit and limits of each.
    """

    data: str
    district: str
    scenes: tuple[str, ...] = ()
    database: str = ""
    lease_s: float = 4.0
    host: str = "127.0.0.1"
    hosts: tuple[str, ...] = ()
    bus_port: int = 4222
    mqtt_port: int = 1883
    http_port: int = 8080
    shared: str = ""
    history: str = ""
    partitions: int = 1
    bus_servers: tuple[str, ...] = ()
    bus_routes: tuple[str, ...] = ()
    bus_route_port: int = 6222
    bus_name: str = "borough"
    bus_copies: int = 1
    roles: tuple[str, ...] = ("bus", "desk", "stream", "api")
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
    history_kept_mb: int = 4_096
    sparkplug_host: str = "borough"
    outward_inside: tuple[str, ...] = ()
    outward_again_s: float = 5.0
    oidc_issuer: str = ""
    oidc_client: str = ""
    oidc_secret: str = ""
    oidc_back: str = ""
    log_level: str = "info"
    log_mb: int = 16
    log_files: int = 4
    operator: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def __post_init__(self) -> None:
        for each in fields(self):
            sources.check(each.name, getattr(self, each.name))

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

    @property
    def common(self) -> Path:
        """Where history, checkpoints and files are: the data folder, or one that machines share."""
        return Path(self.shared) if self.shared else self.folder

    @property
    def parts(self) -> list[Part]:
        """The partitions of the district; one where it is whole."""
        return [Part(number, self.partitions) for number in range(self.partitions)]

    def checkpoints(self, part: Part = WHOLE) -> Path:
        """Where the checkpoints of a partition are."""
        folder = self.common / "checkpoints"
        return folder if part.single else folder / str(part.number)

    @property
    def instance(self) -> str:
        """A name of this very district that no other has, and that gives nothing away."""
        return hashlib.sha256(f"instance {self.operator}".encode()).hexdigest()[:16]

    def write(self) -> None:
        """Keep the settings where every role of the district finds them; only we may read them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / FILE
        fresh = path.with_suffix(".new")
        fresh.touch(0o600)
        usual = asdict(Settings("", ""))
        kept = {
            name: value
            for name, value in asdict(self).items()
            if name in MADE or value != usual[name]
        }
        fresh.write_text(json.dumps({"format": FORMAT, **kept}, indent=2), "utf-8")
        fresh.replace(path)

    @classmethod
    def read(cls, data: Path, config: Path | None = None) -> Self:
        """Read what `write` kept, with ``borough.toml`` and ``BOROUGH_*`` on top."""
        given = {each.name: each.value for each in told(data, config)}
        return cls(**{**given, "data": str(data)})


def told(data: Path, config: Path | None = None) -> list[Value]:
    """Say of each setting of a data folder what it is, and which source has said so.

    *config* stands in for the ``borough.toml`` of the folder, as ``BOROUGH_CONFIG`` does.
    Raises `BadSetting`, naming file, line and key.
    """
    known = {each.name: each.type for each in fields(Settings)}
    plain = asdict(Settings("", "", operator=""))
    found = {name: Value(name, value, "default") for name, value in plain.items()}
    path = data / FILE
    for name, value in _kept(path).items():
        if name in known:
            found[name] = Value(name, value, str(path))
    for each in (*sources.from_file(sources.config_of(data, config)), *sources.from_environment()):
        found[each.name] = each
    return list(found.values())


def _kept(path: Path) -> dict[str, Any]:
    try:
        given = json.loads(path.read_text("utf-8"))
        lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        made: dict[str, Any] = {**given, **lists}
    except FileNotFoundError as error:
        msg = f"there is no district in {path.parent}: {FILE} is missing; `borough up` makes one"
        if below := sorted(each.parent for each in path.parent.glob(f"*/{FILE}")):
            msg += f"; there is one in {', '.join(map(str, below))}"
        raise BadSetting(msg) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        msg = f"{path} cannot be read: {error}"
        raise BadSetting(msg) from error
    if made.get("format", 1) > FORMAT:
        msg = f"{path}: made by a later release of Borough"
        raise BadSetting(msg)
    return made


def from_environment() -> dict[str, Any]:
    """Take what ``borough.toml`` (named by ``BOROUGH_CONFIG``) and ``BOROUGH_*`` say of a start."""
    said = (*sources.from_file(sources.config_of(None)), *sources.from_environment())
    return {each.name: each.value for each in said}
