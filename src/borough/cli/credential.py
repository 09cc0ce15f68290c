"""`borough credential`: the tokens under which devices and gateways report."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from borough.app.settings import Settings
from borough.cli.tune import asked

app = App(name="credential", help="Tokens of devices and gateways. 设备凭证。")
Data = Annotated[Path, Parameter(name="--data")]
HERE = Path(".borough/data")


@app.command
def new(key: str, *, data: Data = HERE) -> None:
    """签发凭证。Give a device or gateway a fresh token and print it; an older one ends.

    Parameters
    ----------
    key
        Which thing; it may connect with the token within a few seconds.
    data
        The data folder of the district.
    """
    made = asyncio.run(asked(Settings.read(data.resolve()), "issue_credential", {"key": key}))
    print(f"{made['key']},{made['token']}")


@app.command
def revoke(key: str, *, data: Data = HERE) -> None:
    """吊销凭证。Let a device or gateway speak no more.

    Parameters
    ----------
    key
        Which thing; whoever is connected is put out within the hour.
    data
        The data folder of the district.
    """
    asyncio.run(asked(Settings.read(data.resolve()), "revoke_credential", {"key": key}))
    print(f"{key}: revoked")
