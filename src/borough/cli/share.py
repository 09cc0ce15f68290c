"""`borough share`: what partners may read of ours, and what they have read."""

import json
from dataclasses import asdict

from cyclopts import App

from borough.app.people import ask_desk
from borough.app.settings import Settings
from borough.cli.account import HERE, Data, Json
from borough.storage.sql import SqlShares, connect

app = App(name="share", help="What partners may read. 数据共享。")


@app.command
def grant(share: str, *, data: Data = HERE) -> None:
    """同意共享。Let a partner read what it asked for.

    Parameters
    ----------
    share
        Its id, as `borough share list` gives it.
    data
        The data folder of the district.
    """
    decided(data, share, "granted", "")


@app.command
def refuse(share: str, *, why: str, data: Data = HERE) -> None:
    """不同意共享。Refuse what a partner asked for.

    Parameters
    ----------
    share
        Its id.
    why
        Why; it is written down.
    data
        The data folder of the district.
    """
    decided(data, share, "refused", why)


@app.command
def end(share: str, *, why: str, data: Data = HERE) -> None:
    """终止共享。Let a partner read no more of what was granted.

    Parameters
    ----------
    share
        Its id.
    why
        Why; it is written down.
    data
        The data folder of the district.
    """
    decided(data, share, "ended", why)


@app.command(name="list")
def list_(*, as_json: Json = False, data: Data = HERE) -> None:
    """共享目录。List what is shared, with whom, on which basis.

    Parameters
    ----------
    as_json
        One JSON object for each share and line.
    data
        The data folder of the district.
    """
    for each in SqlShares(connect(Settings.read(data.resolve()).store)).all():
        line = f"{each.id}  {each.state}  {each.partner}  {each.dataset}: {' '.join(each.fields)}"
        said = f"{line}  ({each.basis}; {each.purpose})"
        print(json.dumps(asdict(each), ensure_ascii=False) if as_json else said)


@app.command
def reads(share: str = "", *, limit: int = 100, as_json: Json = False, data: Data = HERE) -> None:
    """读取记录。List who read what, newest first.

    Parameters
    ----------
    share
        Only of this share.
    limit
        How many.
    as_json
        One JSON object for each page that was read.
    data
        The data folder of the district.
    """
    for each in SqlShares(connect(Settings.read(data.resolve()).store)).reads(share, limit=limit):
        line = f"{each['share']}  {each['who']}  {each['at_ms']}  {each['rows']} rows"
        print(json.dumps(each, ensure_ascii=False) if as_json else line)


def decided(data: Data, share: str, state: str, why: str) -> None:
    """Have the desk decide, and say so."""
    asked = {"share": share, "state": state, "note": why}
    ask_desk(Settings.read(data.resolve()), "decide_share", asked)
    print(f"{share}: {state}")
