"""The ground a role stands on: its district's tables and its registry, read once."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from borough.app.settings import Settings
from borough.core.district import District
from borough.core.errors import BadFrame
from borough.core.observations import Index
from borough.core.registry import Registry
from borough.core.snapshot import pack, unpack
from borough.engine.district import read
from borough.storage.sql import SqlRegistry, connect


@dataclass(frozen=True, slots=True)
class Ground:
    """A district and everything it knows of, with look-ups from ids to rows and to places."""

    district: District
    registry: Registry

    def row(self, thing: int) -> int | None:
        """Give the row of a thing by its id."""
        row = int(np.searchsorted(self.registry.id, thing))
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


def ground(settings: Settings) -> Ground:
    """Read the district's folder and load its registry."""
    return Ground(read(Path(settings.district)), registry_of(settings))


def registry_of(settings: Settings) -> Registry:
    """Load the registry, from a snapshot of this very version if some role has left one."""
    store = SqlRegistry(connect(settings.store))
    path = snapshot_of(settings, store)
    unusable = contextlib.suppress(OSError, ValueError, EOFError, BadFrame, BadZipFile)
    with unusable, np.load(path, allow_pickle=False) as arrays:
        return unpack(arrays)
    registry = store.load()
    keep_snapshot(path, registry)
    return registry


def snapshot_of(settings: Settings, store: SqlRegistry) -> Path:
    """Say where a snapshot of the registry as it is now lies, or would lie."""
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
    """Lay the posts of a district out as rows, one for each grid that a post looks after."""
    posts, grids = district.posts, district.grids
    wards = {(int(post), grid) for grid, post in enumerate(grids.post.tolist()) if post >= 0}
    wards |= {(post, int(grid)) for post, grid in enumerate(posts.grid.tolist())}
    return [
        {
            "code": posts.code[i],
            "kind": posts.kind[i],
            "grid": grid,
            "shift": shift_text(district, int(posts.shift[i])),
            "agency": named(district.agencies.code, posts.agency, i),
        }
        for i, grid in sorted(wards)
    ]


def named(codes: tuple[str, ...], rows: Index, i: int) -> str:
    """Give the code that row *i* points at, or nothing."""
    return codes[int(rows[i])] if int(rows[i]) >= 0 else ""
