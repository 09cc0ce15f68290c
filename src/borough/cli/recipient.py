"""`borough recipient`: who is told by notices, and through which channels."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from borough.app.outward.door import NoticesDoor
from borough.app.people import ask_desk
from borough.app.settings import Settings
from borough.cli.account import HERE, Data, Json
from borough.storage.sql import connect

app = App(name="recipient", help="Who is told by notices. 通知接收人。")
Many = Annotated[tuple[str, ...], Parameter(negative="")]
Flag = Annotated[bool, Parameter(negative="")]


@app.command
def put(
    recipient: str,
    *,
    name: str = "",
    language: str = "zh",
    post: Many = (),
    agency: Many = (),
    role: Many = (),
    quiet: str = "",
    channels: Flag = False,
    data: Data = HERE,
) -> None:
    """登记接收人。Enter somebody who is told, or change them; what is left out is emptied.

    Parameters
    ----------
    recipient
        A short code.
    name
        A name for people.
    language
        Of what they are told: `zh` or `en`.
    post
        Told what is told to this post; may be given several times.
    agency
        Told what is told to this agency; may be given several times.
    role
        Told what is told to this role; may be given several times.
    quiet
        Hours in which only what is urgent comes, such as `22:00-07:00`.
    channels
        Read the addresses of their channels from standard input, one in a line: so they stand in
        no list of processes and no history. Without it, the channels stay as they are.
    data
        The data folder of the district.
    """
    ask = {
        "recipient": recipient, "name": name, "language": language, "posts": post,
        "agencies": agency, "roles": role, "quiet": quiet,
    }  # fmt: skip
    if channels:
        lines = [line.strip() for line in sys.stdin]
        ask["channels"] = [line for line in lines if line]
    made = ask_desk(Settings.read(data.resolve()), "put_recipient", ask)
    print(f"{made['code']}  {' '.join(made['channels'])}")


@app.command
def remove(recipient: str, *, data: Data = HERE) -> None:
    """删除接收人。Tell somebody nothing more.

    Parameters
    ----------
    recipient
        Their code.
    data
        The data folder of the district.
    """
    ask_desk(Settings.read(data.resolve()), "remove_recipient", {"recipient": recipient})
    print(f"{recipient}: removed")


@app.command(name="test")
def try_(recipient: str, *, data: Data = HERE) -> None:
    """测试通知。Send a word through each of somebody's channels, now.

    Parameters
    ----------
    recipient
        Their code.
    data
        The data folder of the district.
    """
    asked = {"recipient": recipient}
    done = ask_desk(Settings.read(data.resolve()), "try_recipient", asked)
    print("sent" if done["good"] else f"not sent: {done['says']}")
    raise SystemExit(0 if done["good"] else 1)


@app.command(name="list")
def list_(*, as_json: Json = False, data: Data = HERE) -> None:
    """接收人列表。List who is told, with the kinds of their channels and never the addresses.

    Parameters
    ----------
    as_json
        One JSON object for each and line.
    data
        The data folder of the district.
    """
    settings = Settings.read(data.resolve())
    door = NoticesDoor(connect(settings.store), Path(settings.district), "UTC")
    for each in door.recipients():
        told = [*each["posts"], *each["agencies"], *each["roles"]]
        line = f"{each['code']}  {' '.join(told)}  {' '.join(each['channels'])}  {each['quiet']}"
        print(json.dumps(each, ensure_ascii=False) if as_json else line.rstrip())
