"""`borough hook`: programs elsewhere that are told of cases."""

import json
from typing import Annotated

from cyclopts import App, Parameter

from borough.app.outward.door import HooksDoor
from borough.app.people import ask_desk
from borough.app.settings import Settings
from borough.cli.account import HERE, Data, Json
from borough.storage.sql import connect

app = App(name="hook", help="Programs elsewhere that are told of cases. 事件推送。")
Many = Annotated[tuple[str, ...], Parameter(negative="")]
Flag = Annotated[bool, Parameter(negative="")]


@app.command
def add(
    url: str,
    *,
    event: Many = (),
    scene: Many = (),
    agency: Many = (),
    remarks: Flag = False,
    data: Data = HERE,
) -> None:
    """新增推送。Tell a program of events of cases; its id and secret are printed, this once.

    Parameters
    ----------
    url
        Where it listens.
    event
        Only events of this verb, such as `moved`; may be given several times.
    scene
        Only cases of this scene; may be given several times.
    agency
        Only cases of this agency; may be given several times.
    remarks
        Tell also what people wrote in their own words.
    data
        The data folder of the district.
    """
    ask = {"url": url, "events": event, "scenes": scene, "agencies": agency, "remarks": remarks}
    made = ask_desk(Settings.read(data.resolve()), "add_hook", ask)
    print(f"{made['id']}  {made['secret']}")


@app.command
def remove(hook: str, *, data: Data = HERE) -> None:
    """取消推送。Tell a program nothing more.

    Parameters
    ----------
    hook
        Its id, as `borough hook list` gives it.
    data
        The data folder of the district.
    """
    ask_desk(Settings.read(data.resolve()), "remove_hook", {"hook": hook})
    print(f"{hook}: removed")


@app.command
def rotate(hook: str, *, at_once: Flag = False, data: Data = HERE) -> None:
    """更换密钥。Print another secret, this once; the one before it signs for a day yet.

    Parameters
    ----------
    hook
        Its id, as `borough hook list` gives it.
    at_once
        The one before it ends now, since others may know it.
    data
        The data folder of the district.
    """
    ask = {"hook": hook, "at_once": at_once}
    made = ask_desk(Settings.read(data.resolve()), "rotate_hook", ask)
    print(f"{made['id']}  {made['secret']}")


@app.command(name="test")
def try_(hook: str, *, data: Data = HERE) -> None:
    """测试推送。Send a message that says nothing; `borough hook log` tells what became of it.

    Parameters
    ----------
    hook
        Its id.
    data
        The data folder of the district.
    """
    print(ask_desk(Settings.read(data.resolve()), "try_hook", {"hook": hook})["id"])


@app.command
def resend(message: str, *, data: Data = HERE) -> None:
    """重发。Send a message that is dead, or went, once more under its id.

    Parameters
    ----------
    message
        Its id, as `borough hook log` gives it.
    data
        The data folder of the district.
    """
    ask_desk(Settings.read(data.resolve()), "resend_message", {"message": message})
    print(f"{message}: waiting")


@app.command(name="list")
def list_(*, as_json: Json = False, data: Data = HERE) -> None:
    """推送列表。List hooks, without their secrets.

    Parameters
    ----------
    as_json
        One JSON object for each hook and line.
    data
        The data folder of the district.
    """
    for each in HooksDoor(connect(Settings.read(data.resolve()).store)).all():
        state = "" if each["active"] else f"rests: {each['says']}"
        line = f"{each['id']}  {each['url']}  {' '.join(each['events']) or '*'}  {state}"
        print(json.dumps(each, ensure_ascii=False) if as_json else line.rstrip())


@app.command
def log(*, state: str = "", limit: int = 100, as_json: Json = False, data: Data = HERE) -> None:
    """外发记录。List messages to hooks, newest first, with what became of them.

    Parameters
    ----------
    state
        Only those that are `waiting`, `sent` or `dead`.
    limit
        How many.
    as_json
        One JSON object for each message and line.
    data
        The data folder of the district.
    """
    door = HooksDoor(connect(Settings.read(data.resolve()).store))
    wanted = {"courier": "hook", "target": "", "case": None}
    for each in door.messages(state=state, limit=limit, **wanted):
        line = f"{each['id']}  {each['state']}  {each['tries']} tries  {each['says']}"
        print(json.dumps(each, ensure_ascii=False) if as_json else line.rstrip())
