"""`borough demo`: a whole district, live, in one command."""

import json
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from borough.app.demo import Demo, Wanted, make_base
from borough.cli.progress import Progress
from borough.core.errors import BadSetting
from borough.engine.catalog import find_sound

LOOK_S = 0.5
COLUMNS = {
    "expected": "应报 expected",
    "found": "报出 found",
    "found_late": "迟报 late",
    "found_before_due": "未到期 early",
    "false": "误报 false",
}


def say(text: str) -> None:
    """Tell the person who waits; standard output is for results."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def demo(
    district: str = "yubei",
    *,
    data: Path = Path(".borough/demo"),
    speed: float = 30.0,
    share: float = 1.0,
    seed: int = 1,
    days: float = 21.0,
    scenes: tuple[Path, ...] = (),
    exit_after: float | None = None,
    json_: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """演示一个区县。Show a district live, with a simulated fleet that speaks real MQTT.

    Parameters
    ----------
    district
        A district's folder, or the name of a built-in one.
    data
        Where the demo keeps its state; made anew at each start.
    speed
        District seconds in a second.
    share
        Share of the district's devices, above 0 and at most 1.
    seed
        Seed of the fleet and of the planted events.
    days
        Days of history to start from.
    scenes
        Further folders of scenes, or scenes; each is planted, shown and scored like the others.
    exit_after
        Stop after so many seconds of living, and give an account.
    json_
        Print the account as one JSON object, the last line of standard output.
    """
    folders = tuple(str(each.resolve()) for each in scenes)
    for each in scenes:
        if not each.is_dir():
            msg = f"--scenes {each}: there is no such folder"
            raise BadSetting(msg)
    for folder, why in find_sound(*scenes)[1].items():
        say(f"不可用 · left out: {folder}: {why}")
    wanted = Wanted(district, share, seed, speed, days, folders)
    account = lived(data.resolve(), wanted, exit_after)
    if account is not None:
        print(json.dumps(account, ensure_ascii=False) if json_ else told(account))


def lived(folder: Path, wanted: Wanted, exit_after: float | None) -> dict[str, object] | None:
    """Let the district live until it is told to stop; the account, if an end was set."""
    began, stop = time.monotonic(), threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    with Progress() as progress:
        make_base(folder, wanted, progress.tell)
    say("启动中 · starting the district ...")
    running = Demo.begin(folder, wanted, exit_after, say)
    try:
        say(f"合成数据 · synthetic data; live after {time.monotonic() - began:.1f} s")
        say(f"打开 · open {running.url}")
        say("Ctrl-C 停止 · stops everything")
        while running.watch() and not stop.wait(LOOK_S):
            pass
        if running.fleet.poll():
            say(f"模拟设备异常结束 · the fleet failed: {running.log}")
        return running.account() if exit_after is not None else None
    finally:
        running.end()


def told(account: Mapping[str, Any]) -> str:
    """Write an account for a person: the whole, then each scene, then what was missed."""
    lines = [f"{name:<22}{value}" for name, value in account.items() if name != "fleet"]
    fleet = account["fleet"]
    scenes = sorted(fleet.get("scenes", {}).items(), key=lambda each: -each[1]["expected"])
    lines += ["", f"{'场景 scene':<20}" + "".join(f"{word:>18}" for word in COLUMNS.values())]
    lines += [
        f"{scene:<22}" + "".join(f"{score[name]:>20}" for name in COLUMNS)
        for scene, score in scenes
    ]
    lines += [f"漏报 missed: {each}" for each in fleet.get("missed", [])]
    lines += [f"误报 false: {each}" for each in fleet.get("false", [])]
    sent = ", ".join(f"{name} {count}" for name, count in fleet.get("mischief", {}).items())
    return "\n".join(
        [*lines, f"故意发送的坏报文 sent on purpose to be turned away or passed: {sent}"]
    )
