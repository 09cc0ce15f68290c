"""`borough appraise`: how well cases were handled in a period, counted from their logs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from borough.api.moments import moment
from borough.app.appraisals import AppraisalDoor
from borough.app.clocks import wall_ms
from borough.app.plans import plans_of
from borough.app.settings import Settings
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.district import read
from borough.storage.sql import SqlLives, connect

Data = Annotated[Path, Parameter(name="--data")]
From = Annotated[str, Parameter(name="--from")]
Json = Annotated[bool, Parameter(name="--json", negative="")]
HERE = Path(".borough/data")
SHOWN = ("reported", "filed_share", "on_time_share", "closed_share", "rework_share")
"""The indicators that a table has room for; `--json` gives all."""


def appraise(
    *,
    from_: From,
    to: str,
    as_of: str = "",
    by: str = "agency",
    level: str = "street",
    scene: str = "",
    score: str = "",
    data: Data = HERE,
    as_json: Json = False,
) -> None:
    """综合评价：一段时间内上报的案卷办得怎样。How well the cases of a period were handled.

    Parameters
    ----------
    from_
        The period begins, such as 2024-07-01; local time of the district.
    to
        The period ends before this.
    as_of
        The moment at which everything is looked at; now if none is given.
    by
        area, agency, scene, post or source; empty for the whole district.
    level
        With --by area: street, community or grid.
    scene
        Only this scene.
    score
        Score instead: collector, acceptor, shift_leader, dispatcher or agency.
    data
        The data folder of the district.
    as_json
        Print one JSON object with every indicator, its definition and its counts.
    """
    settings = Settings.read(data.resolve())
    held = door(settings)
    zone = held.district.zone
    until = moment(as_of, "as_of", zone) if as_of else settings.clock.now(wall_ms())
    span = moment(from_, "from", zone), moment(to, "to", zone), until
    if score:
        told: Mapping[str, Any] = held.scores(*span, score=score)
    else:
        told = held.indicators(*span, by=by, level=level, scene=scene)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        Console().print(scores(told) if score else indicators(told))


def door(settings: Settings) -> AppraisalDoor:
    """Join what evaluations read, without a running district."""
    roots = (BUILT_IN, *map(Path, settings.scenes))
    district = read(Path(settings.district))
    plans = plans_of(roots, find_sound(*roots)[0], district.work)
    return AppraisalDoor(SqlLives(connect(settings.store)), plans, district)


def indicators(told: Mapping[str, Any]) -> Table:
    """Lay the chief indicators out as a table."""
    names = {each["id"]: each for each in told["indicators"]}
    table = Table(title=f"综合评价 · {told['cases']} 件 cases")
    table.add_column("")
    for name in SHOWN:
        table.add_column(
            f"{names[name]['name']['zh']}\n{names[name]['name']['en']}", justify="right"
        )
    for row in told["rows"]:
        cells = (figure(row["numbers"][name]["value"], names[name]["unit"]) for name in SHOWN)
        table.add_row(f"{row['name']['zh']} {row['group']}", *cells)
    return table


def scores(told: Mapping[str, Any]) -> Table:
    """Lay scores out as a table."""
    table = Table("", "得分 points", "等级 grade", "缺项 left out", title=told["name"]["zh"])
    for row in told["rows"]:
        table.add_row(
            row["group"], figure(row["points"], ""), row["grade"], " ".join(row["left_out"])
        )
    return table


def figure(value: float | None, unit: str) -> str:
    """Write a number, or a dash where there was nothing to count."""
    return "–" if value is None else f"{value:.6g} {unit}".strip()
