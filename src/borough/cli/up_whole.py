"""A whole district from the command line: opened or made, its roles kept running, told of."""

import contextlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from borough.app.clocks import wall_ms
from borough.app.district_run import begun, supervisor, with_free_ports
from borough.app.logs import keep
from borough.app.settings import FILE, Settings, from_environment
from borough.app.systemd import WATCHED, notify
from borough.app.upgrading import lacking, upgraded
from borough.core.errors import BadSetting, BoroughError

if TYPE_CHECKING:
    from borough.cli.progress import Progress

LOOK_S = 0.2
SUPERVISOR = "supervisor"
log = logging.getLogger("borough.supervisor")


def kept_running(settings: Settings, *, fresh: bool) -> None:
    """Start every role and watch over them until told to stop; a new district may move ports."""
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    keep(settings, SUPERVISOR)
    settings, watch = begun(settings, say) if fresh else (settings, supervisor(settings, say))
    try:
        if not fresh:
            watch.start()
        welcome(settings)
        notify("READY=1")
        while not stop.wait(LOOK_S):
            watch.watch()
            notify("WATCHDOG=1")
    finally:
        notify("STOPPING=1")
        watch.stop()


def say(text: str) -> None:
    """Tell what happens to the roles: to whoever waits, and to the log."""
    print(text)
    log.warning("%s", text)


def welcome(settings: Settings) -> None:
    """Say where to look, and how the first administrator signs in; a log is not told that."""
    # What asks the desk takes long to load; by now the roles serve, and nobody waits for it.
    from borough.app.people import led  # noqa: PLC0415 - see above

    url = f"http://{settings.host}:{settings.http_port}/"
    if led(settings):
        print(url, flush=True)
    else:
        print(first_way_in(settings, url), flush=True)
    if settings.host not in {"127.0.0.1", "localhost", "::1"}:
        sys.stderr.write(
            f"!! {settings.host}: 其他机器可直接访问，且未加密，请在前面架 TLS 代理 · "
            "other machines can reach this, and nothing is encrypted: put a TLS proxy before it\n"
        )


def first_way_in(settings: Settings, url: str) -> str:
    """Say how the first administrator signs in; by a link of a moment only where somebody reads.

    A desk that does not answer in time is no reason to end what runs.
    """
    from borough.app.people import invited  # noqa: PLC0415 - see `welcome`

    if WATCHED not in os.environ:
        with contextlib.suppress(BoroughError):
            return f"首次登录 · to sign in first, once: {invited(settings)}"
    return f"{url} (首次登录 · to sign in first: borough account link --data {settings.data})"


def opened(district: str, data: Path, seed: int, share: float, *, upgrade: bool) -> Settings:
    """Open a data folder, or make it from a district's tables if it is new.

    Raises `BadSetting` for the data of an earlier release, unless *upgrade* says to go ahead.
    """
    if (data / FILE).exists():
        settings = Settings.read(data)
        if steps := lacking(settings):
            if not upgrade:
                msg = (
                    f"{data} is of an earlier release ({len(steps)} steps behind): stop, then "
                    f"`borough upgrade --data {data}`, or start with --upgrade"
                )
                raise BadSetting(msg)
            with shown() as progress:
                upgraded(data, None, progress.tell)
        return settings
    return made(district, data, seed, share)


def shown() -> "Progress":
    """Show how far long work is; a start that has none of it need not load the bars."""
    from borough.cli.progress import Progress  # noqa: PLC0415 - see above

    return Progress()


def made(district: str, data: Path, seed: int, share: float) -> Settings:
    """Make a data folder from a district's tables."""
    # Placing a fleet needs much that a district which is there already does not.
    from borough.app.setup import folder_of, set_up  # noqa: PLC0415 - see above

    now = wall_ms()
    given: dict[str, Any] = {"clock_start_ms": now, "clock_origin_ms": now, **from_environment()}
    given["district"] = str(folder_of(given.get("district", district)))
    settings = with_free_ports(Settings(**{**given, "data": str(data)}))
    data.mkdir(parents=True, exist_ok=True)
    with shown() as progress:
        set_up(settings, seed=seed, share=share, progress=progress.tell)
    settings.write()
    return settings
