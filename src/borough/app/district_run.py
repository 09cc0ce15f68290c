"""A running district: the roles in their order, and what to ask each to know that it is well."""

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil

from borough.adapters.bus.config import Bus, command, environment, is_ready
from borough.adapters.limits import Limits
from borough.app import memory, pulse
from borough.app.bus import bus_of, has_room, prepared, serves
from borough.app.bus_log import BusLog
from borough.app.settings import Settings
from borough.app.supervisor import Role, Supervisor
from borough.core.errors import BadSetting, BusDown

PORTS = ("bus_port", "mqtt_port", "http_port")
TRIED = 200
MB = 1 << 20
PORT_TRIES = 4
THRIFT = {"MALLOC_ARENA_MAX": "2"}
"""The C library would keep a store for each of many threads, and in each what was freed: where one
thread works and others help, two are enough, and a role holds tens of MB less for good."""


def with_free_ports(settings: Settings) -> Settings:
    """Move each port that is taken to the next free one above it."""
    chosen: dict[str, Any] = {}
    for name in PORTS:
        wanted = getattr(settings, name)
        taken = set(chosen.values())
        free = (
            p for p in range(wanted, wanted + TRIED) if p not in taken and is_free(settings.host, p)
        )
        chosen[name] = next(free, wanted)
    return replace(settings, **chosen)


def is_free(host: str, port: int) -> bool:
    """Say whether nobody listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def roles(settings: Settings) -> list[Role]:
    """List the roles that this machine runs, by default all; the last is stopped first.

    So nothing comes in any more when the stream stops, and the desk has heard all it said.
    """
    prepared(settings)
    bus = bus_of(settings)
    # One of several servers waits for none of the others: they may be started after it.
    ready = partial(is_ready, bus) if bus.cluster else partial(serves, settings)
    made = [Role("bus", command(bus), ready, pulsing=False)]
    limits = Limits.load()
    made[0].environment = environment(limits, memory.there_is()) | os.environ
    made[0].slack_us = limits.bus_slack_us
    made[0].tend = partial(tended, made[0], bus, BusLog(settings))
    made += [
        Role(name, role_command(settings, name), breathes(settings, name))
        for name in ("desk", "stream")
    ]
    made.append(Role("api", role_command(settings, "api"), lambda: answers(settings)))
    for each in made[1:]:
        each.environment = THRIFT | os.environ
    if unknown := set(settings.roles) - {each.name for each in made}:
        msg = f"roles: there is none called {', '.join(sorted(unknown))}"
        raise BadSetting(msg)
    return [each for each in made if each.name in settings.roles]


def tended(role: Role, bus: Bus, log: BusLog) -> bool:
    """Read on in the bus's log, and say whether the bus is well.

    A bus that once had no room to write refuses to store until it is started anew, which is of
    use only when there is room again; until then it is left alone.
    """
    log.look()
    if not has_room(bus):
        log.full = time.monotonic()
        return True
    return log.full <= role.since and is_ready(bus)


def role_command(settings: Settings, name: str) -> list[str]:
    """Give the command that runs one role."""
    return [sys.executable, "-m", "borough.app.role", "--role", name, "--data", settings.data]


def breathes(settings: Settings, name: str) -> Callable[[], bool]:
    """Make the question whether a role has begun its work."""
    return lambda: bool(pulse.read(settings.folder, name))


def answers(settings: Settings) -> bool:
    """Say whether our api is ready to serve; a stranger on its port is not ours."""
    url = f"http://{near(settings.host)}:{settings.http_port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=1.0) as reply:
            return bool(json.load(reply).get("instance") == settings.instance)
    except (urllib.error.URLError, HTTPException, OSError, ValueError, AttributeError):
        return False


def near(host: str) -> str:
    """Say by which address we reach our own server; one that listens everywhere is here, too."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound


def begun(settings: Settings, say: Callable[[str], None]) -> tuple[Settings, Supervisor]:
    """Start a district that is new; where others took a port meanwhile, on other ports.

    `BusDown` where that does not help, or where no port was the reason.
    """
    for _ in range(PORT_TRIES):
        keeper = supervisor(settings, say)
        try:
            keeper.start()
        except BusDown:
            keeper.stop()
            moved = with_free_ports(settings)
            if moved == settings:
                raise
            say("a port was taken meanwhile; trying others")
            settings = moved
            settings.write()
        except BaseException:
            keeper.stop()
            raise
        else:
            return settings, keeper
    msg = f"{PORT_TRIES} times in a row others were faster to take a port"
    raise BusDown(msg)


def supervisor(settings: Settings, say: Callable[[str], None]) -> Supervisor:
    """Make the supervisor of a district; nothing is started yet."""
    return Supervisor(settings.folder, roles(settings), say)


def pss_mb(pids: list[int]) -> float:
    """Add up the memory of processes, what they share counted once (PSS), in MB."""
    total = 0
    for pid in pids:
        try:
            total += psutil.Process(pid).memory_full_info().pss
        except (psutil.Error, AttributeError):
            continue
    return round(total / MB, 1)


def log_of(data: Path, role: str) -> Path:
    """Say where what happens to a role is kept, and to the fleet of a demo."""
    return data / "logs" / f"{role}.log"
