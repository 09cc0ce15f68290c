"""`borough up`: start a district and keep it running."""

import importlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from borough.app.role import work
from borough.app.settings import FILE
from borough.app.sources import by_hand

WHOLE = "borough.cli.up_whole"
"""What starts all of them; a role need not load it."""


def up(
    district: str = "yubei",
    *,
    data: Path = Path(".borough/data"),
    role: Annotated[str, Parameter(help="run only this role: stream, desk or api")] = "",
    seed: int = 1,
    share: float = 1.0,
    config: Path | None = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative="")] = (),
    upgrade: bool = False,
) -> None:
    """启动一个区县。Start a district and keep it running until Ctrl-C.

    Parameters
    ----------
    district
        A district's folder, or the name of a built-in one; used when DATA is new.
    data
        Where the district keeps everything it writes.
    seed
        Seed of the synthetic fleet that a new district gets.
    share
        Share of the district's device counts to place, above 0 and at most 1.
    config
        A file of settings in place of `borough.toml` in DATA.
    set_
        A setting for this start only, as name=value; may be given several times.
    upgrade
        Upgrade the data of an earlier release first, after a backup.
    """
    by_hand(set_, config)
    if role:
        work(role, data)
        return
    fresh = not (data / FILE).exists()
    whole = importlib.import_module(WHOLE)
    settings = whole.opened(district, data.resolve(), seed, share, upgrade=upgrade)
    whole.kept_running(settings, fresh=fresh)
