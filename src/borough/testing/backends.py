"""What every database must keep to; the same promises for SQLite and PostgreSQL.

A promise takes an empty, up-to-date database and raises `AssertionError` when it is broken.
"""

from dataclasses import fields
from itertools import pairwise

import numpy as np
from sqlalchemy import Engine, MetaData

from borough.core.registry import Kind, Property, Registry
from borough.storage import sql
from borough.storage.sql import Attribute, SqlCredentials, SqlRegistry, SqlThings
from borough.storage.sql.tables import metadata

MAGNETS, GATES, ZONES = 0, 1, 2
SCHEMAS = {"water_zone": {"diameter": Attribute("number", "mm", 10, 3000, required=True)}}


def every_table() -> MetaData:
    """Give all tables of this release; a module declares its own when it is loaded."""
    for name in sql.__all__:
        getattr(sql, name)
    return metadata


def small_registry(things: int = 40) -> Registry:
    """Make a synthetic registry: two gateways, a zone without a place, and magnets behind them."""
    one = Property("occupied", {"zh": "占用", "en": "occupied"}, "{bool}", 0, 1, (0, 1))
    two = Property("battery", {"zh": "电量", "en": "battery"}, "%", 0, 100, (20, 100))
    flow = Property("flow", {"zh": "流量", "en": "flow"}, "m3/h", -np.inf, np.inf, (0, 50))
    kinds = (
        Kind("parking_magnet", {"zh": "地磁", "en": "magnet"}, "device", (one, two), 60, 3600, 5),
        Kind("gateway", {"zh": "网关", "en": "gateway"}, "gateway", (two,), 60, 600, 0),
        Kind("water_zone", {"zh": "水区", "en": "water zone"}, "derived", (flow,), 60, 600, 0),
    )
    kind = np.array([GATES, GATES, ZONES] + [MAGNETS] * (things - 3), np.int16)
    widths = np.array([len(each.properties) for each in kinds])[kind]
    lon = 106.5 + np.arange(things) / 1000
    lon[2] = np.nan
    magnets = np.flatnonzero(kind == MAGNETS)
    return Registry(
        kinds=kinds,
        id=np.arange(1, things + 1),
        key=tuple(f"{kinds[k].code}-{row:04d}" for row, k in enumerate(kind.tolist())),
        kind=kind,
        first=(np.cumsum(widths) - widths).astype(np.int32),
        lon=lon,
        lat=lon - 77,
        grid=500_000_000_000_000 + np.arange(things) // 10,
        via=np.where(kind == MAGNETS, np.arange(things) % 2, -1).astype(np.int32),
        relations={
            "part_of": (magnets, np.full_like(magnets, 2), np.where(magnets % 3, 1, -1)),
            "watches": (np.array([5]), np.array([3]), np.array([1])),
        },
        parameters={("fire_lane", "grace_s"): np.where(np.arange(things) == 5, 120.0, np.nan)},  # noqa: PLR2004 - row 5 is as good as any
    )


def fill(engine: Engine, things: int = 40) -> Registry:
    """Put the small registry into an empty database."""
    made = small_registry(things)
    given = [{"diameter": 300} if k == ZONES else None for k in made.kind.tolist()]
    names = [{"zh": f"对象{i}", "en": f"thing {i}"} for i in range(things)]
    SqlRegistry(engine).save_all(
        made, meta={"id": "testing", "zone": "Asia/Shanghai"}, names=names, attributes=given,
        schemas=SCHEMAS,
    )  # fmt: skip
    return made


def same(one: Registry, other: Registry) -> bool:
    """Tell whether two registries say the same in every column."""
    for field in (each for each in fields(Registry) if each.compare):
        mine, its = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, np.ndarray):
            if not np.array_equal(mine, its, equal_nan=mine.dtype.kind == "f"):
                return False
        elif isinstance(mine, dict):
            if mine.keys() != its.keys():
                return False
            if not all(np.array_equal(mine[k], its[k], equal_nan=True) for k in mine):
                return False
        elif mine != its:
            return False
    return True


def what_is_saved_is_loaded(engine: Engine) -> None:
    """The registry comes back as it went in: columns, relations, parameters, infinities."""
    made = fill(engine)

    assert same(SqlRegistry(engine).load(), made)
    assert SqlRegistry(engine).meta() == {"id": "testing", "zone": "Asia/Shanghai"}


def numbers_are_never_reused(engine: Engine) -> None:
    """A retired thing keeps its id, key and series; the next thing gets fresh ones."""
    made, things = fill(engine), SqlThings(engine)
    first = things.add(key="late-1", kind="parking_magnet", lon=106.6, lat=29.7, grid=7, at_ms=1)
    things.retire("late-1", at_ms=2)
    second = things.add(key="late-2", kind="gateway", lon=106.6, lat=29.7, grid=7, at_ms=3)
    after = SqlRegistry(engine)

    assert first["first_series"] == int((made.first + made.widths).max())
    assert second["id"] > first["id"]
    assert second["first_series"] == first["first_series"] + 2
    assert "late-1" not in after.load().rows
    assert after.load(retired=True).series_of("late-1", "battery") == first["first_series"] + 1


def every_change_is_noticed(engine: Engine) -> None:
    """The version rises with each change, so that a process knows when to load again."""
    registry, things = SqlRegistry(engine), SqlThings(engine)
    seen = [registry.version()]
    fill(engine)
    seen.append(registry.version())
    things.edit("gateway-0000", lat=29.8)
    seen.append(registry.version())
    things.relate("watches", "gateway-0000", "gateway-0001", at_ms=4)
    seen.append(registry.version())
    things.set_parameter("fire_lane", "grace_s", "gateway-0000", 60, who="test", at_ms=5)
    seen.append(registry.version())
    things.retire("gateway-0001", at_ms=6)
    seen.append(registry.version())

    assert seen == sorted(set(seen)), seen


def tokens_are_not_kept(engine: Engine) -> None:
    """Of a credential only the digest is kept; a new token or a revocation ends the old one."""
    credentials = SqlCredentials(engine)
    first = credentials.issue(["gw-1", "gw-2"], at_ms=1)
    known = credentials.all()
    credentials.issue(["gw-1"], at_ms=2)
    credentials.revoke("gw-2", at_ms=3)

    assert len(set(first.values())) == len(known)
    assert not set(first.values()) & set(known.values())
    assert credentials.all().keys() == {"gw-1"}
    assert credentials.all()["gw-1"] != known["gw-1"]


def every_change_of_credentials_is_noticed(engine: Engine) -> None:
    """The version rises with each, in the same millisecond and on a clock that was put back too."""
    credentials = SqlCredentials(engine)
    seen = [(credentials.version(), credentials.all())]
    for change in (
        lambda: credentials.issue(["gw-1", "gw-2"], at_ms=9),
        lambda: credentials.issue(["gw-1"], at_ms=9),
        lambda: credentials.revoke("gw-1", at_ms=9),
        lambda: credentials.issue(["gw-1"], at_ms=9),
        lambda: credentials.revoke("gw-2", at_ms=1),
    ):
        change()
        seen.append((credentials.version(), credentials.all()))
    credentials.revoke("gw-2", at_ms=10)
    credentials.revoke("gw-3", at_ms=10)
    versions = [version for version, _ in seen]

    assert all(one != other for (_, one), (_, other) in pairwise(seen))
    assert versions == sorted(set(versions))
    assert credentials.version() == versions[-1], "nothing happened"


REGISTRY_PROMISES = (
    what_is_saved_is_loaded,
    numbers_are_never_reused,
    every_change_is_noticed,
    tokens_are_not_kept,
    every_change_of_credentials_is_noticed,
)
