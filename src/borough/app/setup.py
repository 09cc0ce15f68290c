"""Set a district up: its registry from its tables, credentials, and a folder to live in."""

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import borough.districts
from borough.app.district import keep_snapshot, man, snapshot_of
from borough.app.facts.imports import brought
from borough.app.settings import Settings
from borough.core.errors import BadDistrict
from borough.core.registry import Registry
from borough.edge.placement import place
from borough.engine.district import attributes, read
from borough.storage.sql import (
    Attribute,
    SqlCredentials,
    SqlFacts,
    SqlRegistry,
    connect,
    upgrade,
)

DISTRICTS = Path(borough.districts.__file__).parent
CREDENTIALS = "credentials.csv"
SYNTHETIC = {
    "zh": "合成数据：设备、网格、岗位与读数均为模拟，仅行政区划代码与边界为公开数据",
    "en": "Synthetic data: devices, grids, posts and readings are simulated; "
    "only the administrative codes and the outline are published data",
}
Progress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def folder_of(name: str) -> Path:
    """Find a district: a folder, or one that comes with the product by its name."""
    for each in (Path(name), DISTRICTS / name):
        if (each / "district.toml").exists():
            return each.resolve()
    known = ", ".join(sorted(each.parent.name for each in DISTRICTS.glob("*/district.toml")))
    msg = f"{name}: no district.toml there; the built-in districts are {known}"
    raise BadDistrict(msg)


def set_up(settings: Settings, *, seed: int, share: float, progress: Progress = silent) -> Registry:
    """Fill an empty data folder: schema, fleet, posts and credentials of the gateways.

    The fleet is placed with *seed*, at *share* of the district's counts, and is synthetic.
    """
    progress("district", 0, 1)
    district = read(Path(settings.district))
    engine = connect(settings.store)
    upgrade(engine)
    progress("district", 1, 1)
    registry = place(district, seed, share=share)
    store = SqlRegistry(engine)
    traits = attributes.traits(Path(settings.district), [kind.code for kind in registry.kinds])
    store.save_all(
        registry,
        attributes=attributes.given(registry, traits, seed),
        schemas=schemas(traits),
        meta={"district": district.id, "name": dict(district.name), "synthetic": SYNTHETIC},
        progress=lambda done, total: progress("registry", done, total),
    )
    keep_snapshot(snapshot_of(settings, store), replace(registry, edition=store.edition()))
    man(engine, district, Path(settings.district))
    today = datetime.now(ZoneInfo(district.zone)).date()
    brought(SqlFacts(engine), Path(settings.district), at_ms=settings.clock_start_ms, today=today)
    progress("facts", 1, 1)
    gateways = [number for number, kind in enumerate(registry.kinds) if kind.role == "gateway"]
    keys = [registry.key[row] for row, kind in enumerate(registry.kind) if kind in gateways]
    tokens = SqlCredentials(engine).issue(keys, at_ms=settings.clock_start_ms)
    write_credentials(settings.folder / CREDENTIALS, sorted(tokens.items()))
    engine.dispose()
    progress("credentials", 1, 1)
    return registry


def schemas(traits: Sequence[attributes.Trait]) -> dict[str, dict[str, Attribute]]:
    """Say which attributes each class of things may have."""
    made: dict[str, dict[str, Attribute]] = {}
    for each in traits:
        made.setdefault(each.kind, {})[each.name] = Attribute("number", each.unit)
    return made


def write_credentials(path: Path, pairs: Sequence[tuple[str, str]]) -> None:
    """Keep new tokens where whoever installs the gateways finds them; only we may read it."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["key", "token"])
        writer.writerows(pairs)
