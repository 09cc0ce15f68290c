"""`borough up`: start a district and keep it running."""

import importlib
import signal
import threading
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from borough.app.clocks import wall_ms
from borough.app.district_run import supervisor, with_free_ports
from borough.app.settings import FILE, Settings, from_environment
from borough.app.setup import folder_of, set_up
from borough.cli.progress import Progress
from borough.storage.sql import connect, upgrade

ROLES = {"stream": "borough.app.stream", "desk": "borough.app.desk", "api": "borough.app.web"}
"""The module of each role; a process loads only its own."""
LOOK_S = 0.5


def up(
    district: str = "yubei",
    *,
    data: Path = Path(".borough/data"),
    role: Annotated[str, Parameter(help="run only this role: stream, desk or api")] = "",
    seed: int = 1,
    share: float = 1.0,
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
    """
    if role:
        importlib.import_module(ROLES[role]).run(Settings.read(data))
        return
    settings = opened(district, data.resolve(), seed, share)
    watch = supervisor(settings, print)
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    try:
        watch.start()
        print(f"http://{settings.host}:{settings.http_port}/#operator={settings.operator}")
        while not stop.wait(LOOK_S):
            watch.watch()
    finally:
        watch.stop()


def opened(district: str, data: Path, seed: int, share: float) -> Settings:
    """Open a data folder, or make it from a district's tables if it is new."""
    if (data / FILE).exists():
        settings = Settings.read(data)
        upgrade(connect(settings.store))
        return settings
    now = wall_ms()
    settings = with_free_ports(
        Settings(
            data=str(data),
            district=str(folder_of(district)),
            clock_start_ms=now,
            clock_origin_ms=now,
            **from_environment(),
        )
    )
    data.mkdir(parents=True, exist_ok=True)
    with Progress() as progress:
        set_up(settings, seed=seed, share=share, progress=progress.tell)
    settings.write()
    return settings
