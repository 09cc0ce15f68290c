"""`borough audit`: whether the audit log is what was written."""

from typing import Annotated

from cyclopts import App, Parameter

from borough.app.settings import Settings
from borough.cli.account import HERE, Data
from borough.core.audit import Anchor
from borough.core.errors import BadRequest
from borough.storage.sql import SqlAudit, connect

app = App(name="audit", help="The audit log. 审计日志。")
Anchors = Annotated[tuple[str, ...], Parameter(name="--anchor", negative="")]


@app.command
def verify(*, anchor: Anchors = (), data: Data = HERE) -> None:
    """核验审计日志。Follow the log from its first entry, and name the first that is broken.

    Parameters
    ----------
    anchor
        What `borough audit anchor` once printed; the log must contain it. May be given again.
    data
        The data folder of the district.
    """
    try:
        anchors = [*map(Anchor.read, anchor)]
    except ValueError as error:
        msg = f"anchor: NUMBER:HASH, not {error}"
        raise BadRequest(msg) from error
    log = SqlAudit(connect(Settings.read(data.resolve()).store))
    broken = next(log.faults(anchors), None)
    if broken:
        print(f"断裂 · broken at entry {broken[0]}: {broken[1]}")
        raise SystemExit(1)
    print(f"完好 · whole; {log.anchor()}")


@app.command
def anchor(*, data: Data = HERE) -> None:
    """打印锚点。Print how far the log goes, to be kept elsewhere; a cut tail is known by it.

    Parameters
    ----------
    data
        The data folder of the district.
    """
    print(SqlAudit(connect(Settings.read(data.resolve()).store)).anchor())
