"""The bus as the roles see it: where it is, and how to enter it."""

import logging
import shutil
import time
from functools import cache, partial
from typing import Any

from borough.adapters.bus.config import Bus, Cluster, config_path, is_ready, prepare, secrets_of
from borough.adapters.bus.link import Address, Link
from borough.adapters.limits import Limits
from borough.app.anew import behind_all
from borough.app.logs import event
from borough.app.settings import Settings
from borough.core.errors import BadSetting, BusDown
from borough.storage.journal.streams import make_streams

log = logging.getLogger(__name__)
AGAIN_S = 0.5
LOOK_S = 0.1
"""How soon who has just begun looks again for a bus that begins beside it."""


def bus_of(settings: Settings) -> Bus:
    """Say where the bus of a district is."""
    folder = settings.folder / "bus"
    ports = settings.bus_port, settings.mqtt_port
    where = (settings.host, *ports, folder.resolve(), secrets_of(folder))
    bus = Bus(*where, cluster_of(settings), settings.partitions)
    return bus if config_path(bus).exists() else prepared(settings)


def prepared(settings: Settings) -> Bus:
    """Write the configuration of the bus for the ports that the settings name now."""
    where = (settings.folder / "bus", settings.host, settings.bus_port, settings.mqtt_port)
    cluster = cluster_of(settings)
    return prepare(*where, Limits.load(), cluster=cluster, partitions=settings.partitions)


def cluster_of(settings: Settings) -> Cluster | None:
    """Say which servers make the bus together; None where it is one."""
    if not settings.bus_servers:
        return None
    return Cluster(
        settings.bus_name,
        tuple(at("bus_servers", each) for each in settings.bus_servers),
        tuple(at("bus_routes", each) for each in settings.bus_routes),
        Address(settings.host, settings.bus_route_port),
        settings.bus_copies,
    )


def has_room(bus: Bus) -> bool:
    """Say whether the disk where the bus stores can take more; of other machines we say yes.

    What the bus has refused for want of room it refuses until it is started anew.
    """
    store = bus.folder / "store"
    if not store.exists():
        return True
    return shutil.disk_usage(store).free >= least_room()


@cache
def least_room() -> int:
    """Give with how many bytes left a disk counts as full."""
    return Limits.load().room_bytes


def at(name: str, text: str) -> Address:
    """Read ``host:port``; `BadSetting` naming the setting where it is not that."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        msg = f"{name}: {text!r} is not host:port"
        raise BadSetting(msg)
    return Address(host, int(port))


def address(settings: Settings) -> dict[str, Any]:
    """Give what the asyncio client needs to enter the bus as one of our own."""
    bus = bus_of(settings)
    return {
        "servers": [f"nats://{each}" for each in bus.servers],
        "dont_randomize": True,  # our own server first, as everybody of ours
        "user": "borough",
        "password": bus.secrets.borough,
        "connect_timeout": 5,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": AGAIN_S,
        "error_cb": complain,
    }


async def complain(error: Exception) -> None:
    """Write one line where the client would write a page each time that the bus is away."""
    log.warning("the bus: %r", error, extra=event("bus-down"))


def serves(settings: Settings) -> bool:
    """Say whether the bus answers; its streams are then there, whichever role comes first."""
    bus = bus_of(settings)
    if bus.cluster is None and not is_ready(bus):
        return False
    try:
        with Link(bus.login("borough"), "streams") as link:
            lay_streams(settings, link)
    except BusDown:
        return False
    return True


def await_bus(settings: Settings) -> None:
    """Wait until the bus serves; who waits is started by somebody who will not wait for ever."""
    while not serves(settings):
        time.sleep(LOOK_S)


def lay_streams(settings: Settings, link: Link) -> None:
    """Have the streams that a district needs; how long the journal is kept sees to its writer."""
    most = {"max_bytes": settings.journal_mb << 20}
    make_streams(link, journal=most, begin=partial(behind_all, settings))
