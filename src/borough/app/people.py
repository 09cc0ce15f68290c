"""People as seen from the machine itself: whoever may read its data folder may invite others."""

import asyncio
import getpass
from collections.abc import Mapping
from typing import Any

import nats

from borough.adapters.bus.config import is_ready
from borough.app.bus import address, bus_of
from borough.app.desk_line import DeskLine
from borough.app.settings import Settings
from borough.core.errors import BusDown
from borough.storage.sql import SqlAccounts, connect
from borough.storage.sql.accounts import ADMINISTRATOR, ENTER, FIRST, RESET

DEMO = "demo"
"""The administrator of a demonstration."""


def shell_user() -> str:
    """Name who types, as a log writes it."""
    return f"shell:{getpass.getuser()}"


def ask_desk(settings: Settings, verb: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask the desk of a district that runs; `BusDown` if it does not."""

    async def asked() -> Mapping[str, Any]:
        bus = await nats.connect(**address(settings))
        try:
            return await DeskLine(bus).ask(verb, {"by": shell_user(), **body})
        finally:
            await bus.close()

    if not is_ready(bus_of(settings)):
        msg = "the district does not run; start it with `borough up` first"
        raise BusDown(msg)
    return asyncio.run(asked())


def address_of(settings: Settings, link: str) -> str:
    """Write where to open a one-time link."""
    return f"http://{settings.host}:{settings.http_port}/#link={link}"


def led(settings: Settings) -> bool:
    """Say whether some administrator can sign in."""
    engine = connect(settings.store)
    try:
        return SqlAccounts(engine).led()
    finally:
        engine.dispose()


def invited(settings: Settings, account: str = "") -> str:
    """Make a one-time link and say where to open it.

    With an *account* its holder sets a password; without, it makes the first administrator.
    """
    ask = {"account": account, "purpose": RESET if account else FIRST}
    return address_of(settings, ask_desk(settings, "make_link", ask)["link"])


def shown_round(settings: Settings) -> str:
    """Make the administrator of a demonstration; give the link that signs in as it."""
    grants = [{"role": ADMINISTRATOR}, {"role": "duty_officer"}, {"role": "auditor"}]
    told = {"account": DEMO, "title": "演示管理员 · demo", "grants": grants}
    ask_desk(settings, "add_account", told)
    made = ask_desk(settings, "make_link", {"account": DEMO, "purpose": ENTER})
    return address_of(settings, made["link"])
