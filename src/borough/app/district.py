"""The ground a role stands on: its district's tables and its registry, read once."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from sqlalchemy import Engine

from borough.adapters import sheets
from borough.app.settings import Settings
from borough.core.district import District
from borough.core.errors import BadFrame
from borough.core.observations import Index
from borough.core.registry import Registry
from borough.core.snapshot import pack, unpack
from borough.engine.district import read
from borough.storage.sql import SqlPatrols, SqlPosts, SqlRegistry, connect

PATROL = ("code", "name_zh", "name_en", "kind", "area", "rhythm", "within_h", "synthetic")


@dataclass(frozen=True, slots=True)
class Ground:
    """A district and everything it knows of, with look-ups from ids to rows and to places."""

    district: District
    registry: Registry

    def row(self, thing: int) -> int | None:
        """Give the row of a thing by its id."""
        row = int(self.registry.id.searchsorted(thing))
        known = row < len(self.registry.id) and int(self.registry.id[row]) == thing
        return row if known else None

    def place(self, row: int) -> dict[str, str]:
        """Name where a thing stands: its community and street, in each language."""
        return self.place_of(int(self.registry.grid[row]))

    def place_of(self, grid: int) -> dict[str, str]:
        """Name the ground of a grid, by its row; the whole district where it is -1."""
        if grid < 0:
            return {"zh": self.district.name["zh"], "en": self.district.name["en"]}
        grids, streets = self.district.grids, self.district.streets
        street = int(grids.street[grid])
        code = grids.code[grid]
        return {
            "zh": f"{streets.name_zh[street]}{code}网格",
            "en": f"{streets.name_en[street] or streets.name_zh[street]}, grid {code}",
        }


def ground(settings: Settings, district: District | None = None) -> Ground:
    """Read the district's folder, unless somebody has already, and load its registry."""
    return Ground(district or read(Path(settings.district)), registry_of(settings))


def registry_of(settings: Settings, held: Registry | None = None) -> Registry:
    """Load the registry: of one that is *held*, or that some role has left, only what changed."""
    engine = connect(settings.store)
    try:
        store = SqlRegistry(engine)
        return _loaded(settings, store) if held is None else store.renewed(held) or store.load()
    finally:
        engine.dispose()


def _loaded(settings: Settings, store: SqlRegistry) -> Registry:
    left = _left(settings)
    registry = store.renewed(left) if left else None
    if left is None or registry is not left:
        registry = registry or store.load()
        keep_snapshot(snapshot_of(settings, store), registry)
    return registry


def _left(settings: Settings) -> Registry | None:
    unusable = (OSError, ValueError, EOFError, BadFrame, BadZipFile)
    for path in (settings.folder / "run").glob("registry-*.npz"):
        with contextlib.suppress(*unusable), np.load(path, allow_pickle=False) as arrays:
            return unpack(arrays)
    return None


def snapshot_of(settings: Settings, store: SqlRegistry) -> Path:
    """Say where a snapshot of the registry as it is now would lie."""
    return settings.folder / "run" / f"registry-{store.version()}.npz"


def keep_snapshot(path: Path, registry: Registry) -> None:
    """Leave a snapshot for the other roles, whole or not at all; older versions go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    with fresh.open("wb") as file:
        np.savez(file, allow_pickle=False, **pack(registry))
    for old in path.parent.glob("registry-*.npz"):
        old.unlink(missing_ok=True)
    fresh.replace(path)


def shift_text(district: District, shift: int) -> str:
    """Write a shift as ``08:00-20:00``; empty where there is none."""
    if shift < 0:
        return ""
    start, end = int(district.shifts.start_min[shift]), int(district.shifts.end_min[shift])
    return f"{start // 60:02d}:{start % 60:02d}-{end // 60 % 24:02d}:{end % 60:02d}"


def post_rows(district: District) -> list[dict[str, Any]]:
    """Lay the posts of a district out as rows, one for each grid that a post looks after.

    One that serves the whole district has -1 for a grid.
    """
    posts, grids = district.posts, district.grids
    wards = {(int(post), grid) for grid, post in enumerate(grids.post.tolist()) if post >= 0}
    wards |= {
        (post, grid) for post in range(len(posts.code)) for grid in around(district, post).tolist()
    }
    return [
        {
            "code": posts.code[i],
            "kind": posts.kind[i],
            "grid": grid,
            "shift": shift_text(district, int(posts.shift[i])),
            "pattern": named(district.shifts.code, posts.shift, i),
            "agency": named(district.agencies.code, posts.agency, i),
            "skills": posts.skills[i] if posts.skills else (),
            "lon": float(grids.lon[posts.grid[i]]),
            "lat": float(grids.lat[posts.grid[i]]),
        }
        for i, grid in sorted(wards)
    ]


def around(district: District, post: int) -> Index:
    """Give the grids around the home of a post that it serves: rows, or -1 for all of them."""
    grids, home = district.grids, int(district.posts.grid[post])
    serves = district.posts.serves[post] if district.posts.serves else ""
    if serves == "district":
        return np.array([-1])
    near = {"community": grids.community, "street": grids.street}.get(serves)
    return np.array([home]) if near is None else np.flatnonzero(near == near[home])


def shift_rows(district: District) -> list[dict[str, Any]]:
    """Lay the shifts of a district out as rows."""
    shifts = district.shifts
    return [
        {
            "code": code,
            "name": {"zh": shifts.name_zh[i], "en": shifts.name_en[i]},
            "start_min": int(shifts.start_min[i]),
            "end_min": int(shifts.end_min[i]),
            "days": "".join("1" if day else "0" for day in shifts.days[i].tolist()),
        }
        for i, code in enumerate(shifts.code)
    ]


def man(engine: Engine, district: District, folder: Path) -> None:
    """Write the posts of a district with their shifts, its tree of grids and its patrols."""
    posts = SqlPosts(engine)
    posts.save_shifts(shift_rows(district))
    posts.save_all(post_rows(district))
    posts.save_areas(area_rows(district))
    SqlPatrols(engine, zone=district.zone).save_all(patrol_rows(folder))


def area_rows(district: District) -> list[dict[str, Any]]:
    """Lay the tree of grids out: district, streets, communities, grids; each with its grids.

    A responsibility grid is the unit grids of one community, shared by those who walk it.
    """
    grids, streets, places = district.grids, district.streets, district.communities
    every = np.arange(len(grids.code))

    def area(
        code: str, kind: str, parent: str, names: tuple[str, str], rows: Index
    ) -> dict[str, Any]:
        named = {"zh": names[0], "en": names[1] or names[0]}
        return {"code": code, "kind": kind, "parent": parent, "name": named, "grids": rows.tolist()}

    top = area(district.id, "district", "", (district.name["zh"], district.name["en"]), every)
    made = [top]
    for i, code in enumerate(streets.code):
        mine = np.flatnonzero(grids.street == i)
        name = streets.name_zh[i], streets.name_en[i]
        made.append(area(code, "street", top["code"], name, mine))
    for i, code in enumerate(places.code):
        mine, name = np.flatnonzero(grids.community == i), (places.name_zh[i], places.name_en[i])
        made.append(area(code, "community", streets.code[int(places.street[i])], name, mine))
        made.append(area(f"{code}-R", "responsibility", code, name, mine))
    for i, code in enumerate(grids.code):
        parent = places.code[int(grids.community[i])]
        made.append(area(code, "grid", parent, (code, code), every[i : i + 1]))
    return made


def patrol_rows(folder: Path) -> list[dict[str, Any]]:
    """Read the patrols of a district folder, where it has any."""
    path = folder / "patrols.csv"
    if not path.exists():
        return []
    sheet = sheets.read(path)
    return [
        {
            "code": code, "kind": kind, "area": area, "rhythm": rhythm, "points": [],
            "name": {"zh": zh, "en": en}, "within_h": int(within), "synthetic": made == "yes",
        }
        for code, zh, en, kind, area, rhythm, within, made in zip(
            *(sheet.columns[name] for name in PATROL), strict=True
        )
    ]  # fmt: skip


def named(codes: tuple[str, ...], rows: Index, i: int) -> str:
    """Give the code that row *i* points at, or nothing."""
    return codes[int(rows[i])] if int(rows[i]) >= 0 else ""
