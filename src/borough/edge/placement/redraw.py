"""Draw the governance grids of a district folder and staff them.

Reads ``district.toml``, ``outline.geojson``, ``streets.csv``, ``communities.csv`` and
``agencies.csv``; writes ``grids.csv``, ``grids.geojson`` and ``posts.csv``.  The same tables
and the same seed give the same bytes.
"""

import csv
import json
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from borough.core.errors import BadDistrict
from borough.edge.placement.ground import Plot, cut

RADIUS_M = 6_371_008.8
PLACES = ("street", "community", "lon", "lat", "area_m2")
GRID_COLUMNS = ("code", *PLACES, "valid_from", "valid_to", "synthetic")
POST_COLUMNS = (
    "code", "kind", "grid", "agency", "shift", "covers", "serves", "skills", "synthetic",
)  # fmt: skip


def redraw(folder: Path) -> int:
    """Write the grids and the posts of the district in *folder*; give the number of grids.

    Raises `BadDistrict` where the tables it reads do not say what it needs.
    """
    try:
        return drawn(folder)
    except KeyError as error:
        msg = f"{folder}: {error} is missing or unknown"
        raise BadDistrict(msg) from error
    except (OSError, ValueError, TypeError) as error:
        msg = f"{folder}: {error}"
        raise BadDistrict(msg) from error


def drawn(folder: Path) -> int:
    """Draw and write, trusting the tables."""
    declared = tomllib.loads((folder / "district.toml").read_text("utf-8"))
    document = json.loads((folder / "outline.geojson").read_text("utf-8"))
    shapes = [shapely.geometry.shape(each["geometry"]) for each in document["features"]]
    streets, communities = table(folder / "streets.csv"), table(folder / "communities.csv")
    rows = {street["code"]: row for row, street in enumerate(streets)}
    plots = cut(
        shapely.union_all(shapes),
        np.array([[float(street["lon"]), float(street["lat"])] for street in streets]),
        np.array([rows[community["street"]] for community in communities]),
        declared["grids"]["count"],
        declared["grids"]["seed"],
    )
    codes = [f"{communities[plot.community]['code']}{plot.number:03}" for plot in plots]
    write_grids(folder, declared, communities, plots, codes)
    write_posts(folder, declared["posts"], communities, plots, codes)
    return len(plots)


def write_grids(
    folder: Path,
    declared: dict[str, Any],
    communities: list[dict[str, str]],
    plots: list[Plot],
    codes: list[str],
) -> None:
    """Write one row and one polygon for each grid."""
    rows, features = [], []
    for plot, code in zip(plots, codes, strict=True):
        inside = plot.polygon.centroid
        if not plot.polygon.contains(inside):
            inside = plot.polygon.representative_point()
        where = [f"{inside.x:.6f}", f"{inside.y:.6f}", f"{area_m2(plot.polygon):.0f}"]
        community = communities[plot.community]
        days = [str(declared["valid_from"]), str(declared.get("valid_to", ""))]
        rows.append([code, community["street"], community["code"], *where, *days, "yes"])
        ring = [[round(x, 6), round(y, 6)] for x, y in plot.polygon.exterior.coords]
        shape = {"type": "Polygon", "coordinates": [ring]}
        properties = {"code": code, "synthetic": True}
        features.append({"type": "Feature", "properties": properties, "geometry": shape})
    write(folder / "grids.csv", GRID_COLUMNS, rows)
    lines = ",\n".join(json.dumps(feature, separators=(",", ":")) for feature in features)
    text = f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'
    (folder / "grids.geojson").write_text(text, "utf-8", newline="\n")


def write_posts(
    folder: Path,
    declared: dict[str, Any],
    communities: list[dict[str, str]],
    plots: list[Plot],
    codes: list[str],
) -> None:
    """Deal the posts out over the communities; grid workers share the community's grids."""
    office = {row["street"]: row["code"] for row in table(folder / "agencies.csv") if row["street"]}
    grids: list[list[str]] = [[] for _ in communities]
    for plot, code in zip(plots, codes, strict=True):
        grids[plot.community].append(code)
    rows: list[list[str]] = []
    for kind, letter in (("grid_worker", "G"), ("community_worker", "C")):
        number = 0
        shifts = declared["grid_shifts" if kind == "grid_worker" else "community_shifts"]
        share = np.bincount(
            np.arange(declared[kind]) % len(communities), minlength=len(communities)
        )
        for community, size in enumerate(share.tolist()):
            parts = np.array_split(grids[community], size) if size else []
            for turn, part in enumerate(parts):
                number += 1
                code = f"{letter}{number:04}"
                covers = " ".join(part) if kind == "grid_worker" else ""
                home = str(part[0]) if len(part) else grids[community][0]
                agency = office[communities[community]["street"]]
                serves = "grid" if kind == "grid_worker" else "community"
                shift = shifts[turn % len(shifts)]
                can = skills(declared, kind, number)
                rows.append([code, kind, home, agency, shift, covers, serves, can, "yes"])
    rows += staff(declared, office, codes)
    write(folder / "posts.csv", POST_COLUMNS, rows)


def staff(
    declared: dict[str, Any], office: dict[str, str], codes: Sequence[str]
) -> list[list[str]]:
    """Man the other kinds of posts: so many in each shift, for the district or each street.

    Those for the whole district have their homes spread evenly over it.
    """
    rows: list[list[str]] = []
    for each in declared.get("staff", ()):
        street_wide = each.get("each", "district") == "street"
        homes = [next(code for code in codes if code.startswith(street)) for street in office]
        many = len(homes) if street_wide else each["per_shift"]
        for shift in each["shifts"]:
            for turn in range(many):
                spread = codes[(2 * turn + 1) * len(codes) // (2 * many)]
                home = homes[turn] if street_wide else spread
                agency = list(office.values())[turn] if street_wide else each["agency"]
                number = len(rows) + 1
                can = skills(declared, each["kind"], number)
                serves = "street" if street_wide else "district"
                code = f"S{number:04}"
                rows.append([code, each["kind"], home, agency, shift, "", serves, can, "yes"])
    return rows


def skills(declared: dict[str, Any], kind: str, number: int) -> str:
    """Deal skills out: every so-manieth post of a kind has one."""
    dealt = declared.get("skills", {}).get(kind, {})
    return " ".join(skill for skill, every in dealt.items() if number % every == 0)


def area_m2(polygon: shapely.Polygon) -> float:
    """Measure a small polygon in degrees as square metres on a sphere."""
    lat = np.radians(polygon.centroid.y)
    return float(polygon.area * np.radians(1) ** 2 * RADIUS_M**2 * np.cos(lat))


def table(path: Path) -> list[dict[str, str]]:
    """Read a table as one dictionary for each row."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table with plain line ends."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
