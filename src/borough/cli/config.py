"""`borough config`: which settings a district has, and who has said so."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from borough.app.settings import Settings, told
from borough.app.sources import config_of, table

app = App(
    name="config", help="配置。Show each setting with its source, and check a file of settings."
)
MASK = "***"


@app.command
def show(
    *,
    data: Path = Path(".borough/data"),
    config: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """列出配置及其来源。Show every setting with who has said so; secrets are not shown.

    Parameters
    ----------
    data
        The data folder of the district.
    config
        A file of settings in place of the folder's own `borough.toml`.
    as_json
        Print one JSON list instead of lines.
    """
    rows = [
        {
            "name": each.name,
            "value": MASK if table()[each.name].get("secret") and each.value else each.value,
            "source": each.source,
        }
        for each in told(data.resolve(), config)
        if each.name != "data"
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['name']:<16} {row['value']!s:<36} {row['source']}")


@app.command
def check(*, data: Path = Path(".borough/data"), config: Path | None = None) -> None:
    """检查配置。Say whether the settings of a district can work; ends with 1 if not.

    Parameters
    ----------
    data
        The data folder of the district.
    config
        A file of settings in place of the folder's own `borough.toml`.
    """
    Settings.read(data.resolve(), config)
    used = config_of(data.resolve(), config)
    print(f"配置可用 · the settings can work ({used or 'no borough.toml 无'})")
