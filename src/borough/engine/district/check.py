"""Say everything that is wrong with a district folder, in one pass."""

from pathlib import Path

from borough.core.errors import BadDistrict
from borough.engine.district import ground
from borough.engine.district.findings import Finding
from borough.engine.district.folder import SHAPES, Folder, load
from borough.engine.district.issuer import read_issuer
from borough.engine.district.requests import read_requests
from borough.engine.district.rules import mismatches
from borough.engine.district.services import read_services
from borough.engine.district.sheets import Notes


def check(folder: Path) -> list[Finding]:
    """Find all problems of a district folder, in the order of its files and their rows.

    An empty list means that `read` will take it and that its grids tile its outline.
    """
    if not folder.is_dir():
        missing = Notes()
        missing.add(folder.name, 0, "", "不是文件夹", "it is not a folder")
        return missing
    loaded = load(folder)
    mismatches(loaded)
    lie(loaded)
    if not loaded.notes:
        facing(folder, loaded)
    return sorted(loaded.notes, key=lambda found: (found.file, found.row))


def facing(path: Path, folder: Folder) -> None:
    """See that what the district offers and says to the public can be read."""
    agencies = folder.sheets["agencies.csv"].column("code")
    try:
        read_issuer(path)
        read_services(path, read_requests(path, agencies).categories)
    except BadDistrict as error:
        said = str(error)
        folder.notes.add(said.partition(":")[0], 0, "", said, said)


def lie(folder: Folder) -> None:
    """See that the grids lie inside the outline, apart from each other, and cover it."""
    sheet, notes = folder.sheets["grids.csv"], folder.notes
    known = [
        (line, values)
        for line, values in zip(sheet.line, sheet.cells, strict=True)
        if values.get("code") in folder.shapes
    ]
    if not known:
        return
    shapes = [folder.shapes[values["code"]] for _, values in known]
    name = [values["code"] for _, values in known]
    if folder.outline:
        for row in ground.outside(shapes, folder.outline):
            zh, en = f"{name[row]} 超出区县边界", f"{name[row]} lies outside the outline"
            notes.add("grids.csv", known[row][0], "code", zh, en)
        share = ground.bare(shapes, folder.outline)
        if share:
            zh, en = (
                f"边界内有 {share:.1%} 未被网格覆盖",
                f"no grid covers {share:.1%} of the outline",
            )
            notes.add(SHAPES, 0, "geometry", zh, en)
    for one, other in ground.overlaps(shapes):
        zh, en = f"{name[other]} 与 {name[one]} 重叠", f"{name[other]} overlaps {name[one]}"
        notes.add("grids.csv", known[other][0], "code", zh, en)
    placed = [row for row, (_, values) in enumerate(known) if {"lon", "lat"} <= values.keys()]
    lon, lat = ([known[row][1][axis] for row in placed] for axis in ("lon", "lat"))
    for at in ground.strays([shapes[row] for row in placed], lon, lat):
        row = placed[at]
        zh, en = f"中心点不在 {name[row]} 内", f"the centre is not inside {name[row]}"
        notes.add("grids.csv", known[row][0], "lon", zh, en)
