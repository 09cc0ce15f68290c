"""What the rows of a district must be to one another."""

import math
from typing import Any

from borough.engine.district.folder import SHAPES, Folder
from borough.engine.district.standards import standards

LONGEST_KEY = 64


def mismatches(folder: Folder) -> None:
    """Add to the notes of *folder* whatever does not go together."""
    classes(folder)
    properties(folder)
    grids(folder)
    posts(folder)
    shifts(folder)
    relations(folder)
    parameters(folder)
    standards(folder)


def rows(folder: Folder, file: str, *names: str) -> list[tuple[Any, ...]]:
    """Give line and cells of those rows that have all the cells *names*."""
    sheet = folder.sheets[file]
    return [
        (line, *(values[name] for name in names))
        for line, values in zip(sheet.line, sheet.cells, strict=True)
        if all(name in values for name in names)
    ]


def classes(folder: Folder) -> None:
    """Keys must be wide enough and belong to one class; what reports must do so some time."""
    file, notes = "classes.csv", folder.notes
    seen: dict[str, int] = {}
    properties = {cells.get("class") for cells in folder.sheets["properties.csv"].cells}
    for line, pattern, count in rows(folder, file, "key", "count"):
        digits = pattern.count("#")
        if count >= 10**digits:
            zh, en = f"{digits} 位编号不够 {count} 个", f"{digits} digits cannot number {count}"
            notes.add(file, line, "key", zh, en)
        if len(pattern) > LONGEST_KEY:
            notes.add(file, line, "key", "超过 64 个字符", "it is longer than 64 characters")
        if pattern in seen:
            zh, en = f"与第 {seen[pattern]} 行相同", f"line {seen[pattern]} has the same"
            notes.add(file, line, "key", zh, en)
        seen[pattern] = line
    for line, code, role in rows(folder, file, "code", "role"):
        if role not in {"place", "party"} and properties and code not in properties:
            zh, en = "在 properties.csv 中没有属性", "properties.csv has no property of it"
            notes.add(file, line, "code", zh, en)
    for line, role, every, beat in rows(folder, file, "role", "interval_s", "heartbeat_s"):
        if role in {"device", "gateway"} and not every > 0:
            notes.add(file, line, "interval_s", "应大于 0", "it must be more than 0")
        if role in {"device", "gateway"} and beat < every:
            zh, en = "小于上报间隔 interval_s", "it is shorter than interval_s"
            notes.add(file, line, "heartbeat_s", zh, en)


def properties(folder: Folder) -> None:
    """A range must not be upside down, and what is normal must be possible."""
    file, notes = "properties.csv", folder.notes
    for line, low, high in rows(folder, file, "low", "high"):
        if low >= high:
            zh, en = f"下限 {low:g} 不低于上限 {high:g}", f"{low:g} is not below high, {high:g}"
            notes.add(file, line, "low", zh, en)
    for line, low, high in rows(folder, file, "normal_low", "normal_high"):
        if low > high:
            zh = f"正常下限 {low:g} 高于正常上限 {high:g}"
            notes.add(file, line, "normal_low", zh, f"{low:g} is above normal_high, {high:g}")
    for line, low, high, one, other in rows(
        folder, file, "low", "high", "normal_low", "normal_high"
    ):
        if low < high and one <= other and not low <= one <= other <= high:
            zh, en = "正常范围超出有效范围", "the normal range leaves the range that can be true"
            notes.add(file, line, "normal_low", zh, en)


def grids(folder: Folder) -> None:
    """A grid lies in the street of its community and has one polygon."""
    file, notes = "grids.csv", folder.notes
    sheet = folder.sheets[file]
    if sheet.there and not sheet.cells:
        notes.add(file, 0, "", "没有任何网格", "there are no grids")
    street = {code: of for _, code, of in rows(folder, "communities.csv", "code", "street")}
    for line, said, community in rows(folder, file, "street", "community"):
        right = street.get(community, said)
        if right != said:
            zh, en = f"社区 {community} 属于 {right}", f"community {community} belongs to {right}"
            notes.add(file, line, "street", zh, en)
    for line, code in rows(folder, file, "code"):
        if folder.shapes and code not in folder.shapes:
            zh, en = f"{SHAPES} 中没有 {code}", f"{SHAPES} has no {code}"
            notes.add(file, line, "code", zh, en)
    known = sheet.rows()
    for code in folder.shapes:
        if sheet.there and code not in known:
            zh, en = f"{file} 中没有 {code}", f"{file} has no {code}"
            notes.add(SHAPES, 0, "code", zh, en)


def posts(folder: Folder) -> None:
    """Where posts cover grids, each grid is in the charge of one post."""
    file, notes = "posts.csv", folder.notes
    charge: dict[str, int] = {}
    for line, covers in rows(folder, file, "covers"):
        for grid in covers:
            if grid in charge:
                zh = f"{grid} 已由第 {charge[grid]} 行负责"
                en = f"{grid} is already in the charge of line {charge[grid]}"
                notes.add(file, line, "covers", zh, en)
            charge.setdefault(grid, line)
    for line, code in rows(folder, "grids.csv", "code"):
        if charge and code not in charge:
            zh, en = f"{file} 中没有岗位负责 {code}", f"no post of {file} covers {code}"
            notes.add("grids.csv", line, "code", zh, en)


def shifts(folder: Folder) -> None:
    """A shift lasts some time."""
    for line, start, end in rows(folder, "shifts.csv", "start", "end"):
        if start == end:
            zh, en = "班次起止时刻相同", "the shift starts and ends at the same time"
            folder.notes.add("shifts.csv", line, "end", zh, en)


def relations(folder: Folder) -> None:
    """A thing is not tied to its own kind, and nothing is dealt that is dealt out itself."""
    file, notes = "relations.csv", folder.notes
    moved = {source for _, source, pick in rows(folder, file, "from", "pick") if pick == "dealt"}
    for line, source, target, pick in rows(folder, file, "from", "to", "pick"):
        if source == target:
            notes.add(file, line, "to", "与 from 相同", "it is the same as from")
        elif pick == "dealt" and target in moved:
            zh, en = f"{target} 自身也被分派", f"{target} is itself dealt out"
            notes.add(file, line, "to", zh, en)


def parameters(folder: Folder) -> None:
    """A range to draw from goes up, and a logarithm wants more than 0."""
    file, notes = "parameters.csv", folder.notes
    for line, rule, low, high in rows(folder, file, "rule", "low", "high"):
        if low > high:
            zh, en = f"{low:g} 高于 high {high:g}", f"{low:g} is above high, {high:g}"
            notes.add(file, line, "low", zh, en)
        if rule == "log_uniform" and not (low > 0 and math.isfinite(high)):
            notes.add(file, line, "low", "应大于 0", "it must be more than 0")
