"""`borough token`: what programs show at the doors."""

import json
from typing import Annotated

from cyclopts import App, Parameter

from borough.app.people import ask_desk
from borough.app.settings import Settings
from borough.cli.account import HERE, Data, Json
from borough.storage.sql import SqlSessions, connect

app = App(name="token", help="Tokens of programs. 程序令牌。")
Many = Annotated[tuple[str, ...], Parameter(negative="")]


@app.command
def new(
    name: str,
    *,
    right: Many,
    agency: Many = (),
    area: Many = (),
    days: int = 90,
    data: Data = HERE,
) -> None:
    """签发令牌。Make a token for a program and print it, this once.

    Parameters
    ----------
    name
        What it is for; logs name it.
    right
        A right such as `cases.read`; may be given several times.
    agency
        Only matters of this agency; may be given several times.
    area
        Only grids whose codes begin so; may be given several times.
    days
        For how many days it holds.
    data
        The data folder of the district.
    """
    where = {"agencies": list(agency), "areas": list(area)}
    ask = {"name": name, "rights": list(right), "days": days, **where}
    print(ask_desk(Settings.read(data.resolve()), "make_token", ask)["token"])


@app.command
def revoke(number: int, *, data: Data = HERE) -> None:
    """吊销令牌。Let a token open nothing more.

    Parameters
    ----------
    number
        Which, as `borough token list` numbers it.
    data
        The data folder of the district.
    """
    ask_desk(Settings.read(data.resolve()), "revoke_token", {"number": number})
    print(f"{number}: revoked")


@app.command(name="list")
def list_(*, as_json: Json = False, data: Data = HERE) -> None:
    """令牌列表。List tokens with what they may; never what they are.

    Parameters
    ----------
    as_json
        One JSON object for each token and line.
    data
        The data folder of the district.
    """
    for each in SqlSessions(connect(Settings.read(data.resolve()).store)).tokens():
        state = "revoked" if each["revoked_ms"] else ""
        line = f"{each['number']:>5}  {each['name']:<24}{' '.join(each['rights'])}  {state}"
        print(json.dumps(each, ensure_ascii=False) if as_json else line.rstrip())
