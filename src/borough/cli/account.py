"""`borough account`: who may sign in; works where the district lives and runs."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from borough.app.people import ask_desk, invited
from borough.app.settings import Settings
from borough.core.errors import BadRequest, NotFound
from borough.storage.sql import SqlAccounts, connect

app = App(name="account", help="Accounts of people. 账号。")
Data = Annotated[Path, Parameter(name="--data")]
Json = Annotated[bool, Parameter(name="--json", negative="")]
Roles = Annotated[tuple[str, ...], Parameter(name="--role", negative="")]
HERE = Path(".borough/data")


@app.command
def add(
    name: str,
    *,
    roles: Roles,
    title: str = "",
    outside: str = "",
    post: str = "",
    data: Data = HERE,
) -> None:
    """新建账号。Make an account and print a one-time link with which its holder sets a password.

    Parameters
    ----------
    name
        Under which they sign in.
    roles
        ROLE, or ROLE@AGENCY,AGENCY@AREA,AREA to hold it there only; may be given several times.
    title
        How people call them.
    outside
        Their subject at the OpenID provider, where one is set up.
    post
        The code of the post where they work; it gives no right.
    data
        The data folder of the district.
    """
    settings = Settings.read(data.resolve())
    told = {"account": name, "title": title, "outside": outside, "post": post}
    made = ask_desk(settings, "add_account", {**told, "grants": [*map(grant, roles)]})
    print(invited(settings, made["account"]))


@app.command
def grants(name: str, *, roles: Roles, data: Data = HERE) -> None:
    """调整角色。Give an account other roles in place of those it has.

    Parameters
    ----------
    name
        Which account.
    roles
        As for `borough account add`.
    data
        The data folder of the district.
    """
    changed(Settings.read(data.resolve()), name, {"grants": [*map(grant, roles)]})


@app.command
def post(name: str, code: str = "", *, data: Data = HERE) -> None:
    """定岗。Set the post where somebody works, which gives no right.

    Parameters
    ----------
    name
        Which account.
    code
        The code of the post; without it they have none any more.
    data
        The data folder of the district.
    """
    changed(Settings.read(data.resolve()), name, {"post": code})


@app.command
def disable(name: str, *, data: Data = HERE) -> None:
    """停用账号。Let somebody sign in no more; every session ends at once.

    Parameters
    ----------
    name
        Which account.
    data
        The data folder of the district.
    """
    changed(Settings.read(data.resolve()), name, {"disabled": True})


@app.command
def enable(name: str, *, data: Data = HERE) -> None:
    """启用账号。Let somebody sign in again.

    Parameters
    ----------
    name
        Which account.
    data
        The data folder of the district.
    """
    changed(Settings.read(data.resolve()), name, {"disabled": False})


@app.command
def link(name: str = "", *, data: Data = HERE) -> None:
    """一次性链接。Print a link with which somebody sets a password.

    Parameters
    ----------
    name
        Which account; without it, the link makes the first administrator.
    data
        The data folder of the district.
    """
    print(invited(Settings.read(data.resolve()), name))


@app.command(name="list")
def list_(*, as_json: Json = False, data: Data = HERE) -> None:
    """账号列表。List accounts with their roles and posts; works while the district is stopped, too.

    Parameters
    ----------
    as_json
        One JSON object for each account and line.
    data
        The data folder of the district.
    """
    for each in SqlAccounts(connect(Settings.read(data.resolve()).store)).all():
        if as_json:
            print(json.dumps(each, ensure_ascii=False))
            continue
        state = "disabled" if each["disabled_ms"] else "" if each["set"] else "no password yet"
        roles = " ".join(map(written, each["grants"]))
        print(f"{each['name']:<24}{roles:<48}{each['post']:<12}{state}".rstrip())


def changed(settings: Settings, name: str, change: dict[str, object]) -> None:
    """Have an account changed as it is now."""
    known = {each["name"]: each for each in SqlAccounts(connect(settings.store)).all()}
    if name not in known:
        msg = f"account: there is no {name!r}"
        raise NotFound(msg)
    ask = {"account": name, "version": known[name]["version"], "change": change}
    ask_desk(settings, "change_account", ask)
    print(f"{name}: changed")


def grant(text: str) -> dict[str, object]:
    """Read a role with where it is held.

    >>> grant("handler@water,drain@500112001")
    {'role': 'handler', 'agencies': ['water', 'drain'], 'areas': ['500112001']}
    """
    role, *where = text.split("@")
    if len(where) > 2:  # noqa: PLR2004 - agencies, and areas
        msg = f"role: ROLE@AGENCIES@AREAS, not {text!r}"
        raise BadRequest(msg)
    lists = [[each for each in part.split(",") if each] for part in (*where, "", "")]
    return {"role": role, "agencies": lists[0], "areas": lists[1]}


def written(held: dict[str, list[str]]) -> str:
    """Write a role as `grant` reads it."""
    parts = [held["role"], ",".join(held["agencies"]), ",".join(held["areas"])]
    return "@".join(map(str, parts)).rstrip("@")
