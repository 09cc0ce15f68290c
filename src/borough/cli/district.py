"""`borough district`: look at a district's tables."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from borough.app.setup import folder_of
from borough.engine.district import check as check_folder

app = App(name="district", help="Look at a district's tables. 检查区县数据。")


@app.command
def check(
    folder: str, *, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False
) -> None:
    """逐行检查数据表。Say exactly what is wrong in which row of a district's folder.

    Parameters
    ----------
    folder
        The folder, or the name of a built-in district.
    as_json
        Print one JSON list instead of lines.
    """
    path = Path(folder)
    found = check_folder(path if path.is_dir() else folder_of(folder))
    if as_json:
        rows = [
            {"file": f.file, "row": f.row, "field": f.field, "says": dict(f.says)} for f in found
        ]
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for each in found:
            print(f"{each.file}:{each.row} {each.field}: {each.says['zh']} · {each.says['en']}")
        print("没有发现问题 · no findings" if not found else f"{len(found)} 个问题 · findings")
    if found:
        raise SystemExit(1)
