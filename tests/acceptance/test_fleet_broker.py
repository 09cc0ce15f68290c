"""The fleet on a real broker: what it says it sent is what a plain subscriber hears."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import borough.districts
from borough.core import packets
from borough.core.registry import Registry
from borough.core.snapshot import pack
from borough.edge.fleet.line import UP
from borough.edge.fleet.lines import Lines
from borough.edge.placement.fleet import place
from borough.engine.district import read
from borough.testing.living import free_ports

START = 1_720_569_600_000
WAIT_S = 60.0


class Broker:
    """A plain nats-server with its MQTT door open to anyone, that can be killed and come back."""

    def __init__(self, folder: Path) -> None:
        self.port, plain = free_ports(2)
        self.config = folder / "broker.conf"
        self.config.write_text(
            f"server_name: fleet\nlisten: 127.0.0.1:{plain}\n"
            f'jetstream {{ store_dir: "{folder / "store"}" }}\n'
            f"mqtt {{ listen: 127.0.0.1:{self.port} }}\n",
            "utf-8",
        )
        self.log = folder / "broker.log"
        self.start()

    def start(self) -> None:
        """Start it and wait until the MQTT port answers."""
        found = shutil.which("nats-server", path=Path(sys.executable).parent.as_posix())
        assert found or shutil.which("nats-server")
        binary = found or "nats-server"
        words = [binary, "-c", str(self.config), "-l", str(self.log)]
        self.server = subprocess.Popen(words)  # noqa: S603 - our own command
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        pytest.fail("the broker did not open its MQTT port")

    def kill(self) -> None:
        """End it as a power cut would."""
        self.server.kill()
        self.server.wait()


class Listener:
    """A subscriber that keeps all it hears."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), WAIT_S)
        self.buffer = bytearray()
        self.heard: list[tuple[str, bytes]] = []
        self.told = False
        self.socket.sendall(packets.connect("listener", "any", "any", keepalive_s=0))
        self.socket.sendall(packets.subscribe("d/#", 1))
        self.socket.settimeout(0.2)
        until = time.monotonic() + WAIT_S
        while packets.SUBACK not in self.kinds() and time.monotonic() < until:
            pass

    def kinds(self) -> list[int]:
        """Read until a packet is whole, or nothing comes; give the types of those that came."""
        came: list[packets.Packet] = []
        while not came:
            try:
                data = self.socket.recv(1 << 20)
            except TimeoutError:
                return []
            if not data:
                return []
            self.buffer += data
            came = packets.split(self.buffer)
        self.heard += [packets.message(p)[:2] for p in came if p.type == packets.PUBLISH]
        return [packet.type for packet in came]

    def shut(self, gateway: str, valve: str) -> None:
        """Tell a valve to shut, as the district would."""
        order = {"id": "e1", "value": 0, "until": START * 2}
        topic, self.told = f"c/{gateway}/{valve}/valve_open", True
        self.socket.sendall(packets.publish(topic, json.dumps(order).encode()))

    def spoke(self, gateway: str) -> bool:
        """Say whether a gateway has spoken: by then it listens, too."""
        return any(topic.startswith(f"d/{gateway}/") for topic, _ in self.heard)

    def rest(self, enough: Callable[[], bool]) -> list[tuple[str, bytes]]:
        """Read on until it is enough, and then until nothing has come for a second; hang up."""
        self.socket.settimeout(1.0)
        until = time.monotonic() + WAIT_S
        while self.kinds() or (not enough() and time.monotonic() < until):
            pass
        self.socket.close()
        return self.heard


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of one's own."""
    made = Broker(tmp_path)
    yield made
    made.kill()


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A hundredth of the built-in district."""
    return place(read(Path(borough.districts.__file__).parent / "yubei"), 1, 0.02)


def home(registry: Registry) -> tuple[str, str]:
    """Give a home that can be told to shut its valve, behind the gateway that it has."""
    codes = [registry.kinds[kind].code for kind in registry.kind.tolist()]
    row = codes.index("gas_home")
    return registry.key[registry.via[row]], registry.key[row]


def test_a_subscriber_hears_what_the_fleet_says_it_sent(
    broker: Broker, registry: Registry, tmp_path: Path
) -> None:
    """A run of its own process: the messages it reports are those that arrive, none besides.

    Its answer to a command is not a reading, and not counted among them.
    """
    gateway, valve = home(registry)
    gateways = [
        key
        for key, kind in zip(registry.key, registry.kind.tolist(), strict=True)
        if registry.kinds[kind].role == "gateway"
    ]
    snapshot, tokens = tmp_path / "registry.npz", tmp_path / "tokens.csv"
    np.savez(snapshot, allow_pickle=False, **pack(registry))
    tokens.write_text("key,token\n" + "".join(f"{key},any\n" for key in gateways), "utf-8")
    listener = Listener(broker.port)
    words = [
        sys.executable, "-m", "borough.edge.fleet", "--registry", str(snapshot),
        "--credentials", str(tokens), "--mqtt", f"127.0.0.1:{broker.port}",
        "--clock", f"{START},60,{round(time.time() * 1000)}", "--exit-after", "4",
        "--truth", str(tmp_path / "truth.json"), "--report", str(tmp_path / "report.json"),
    ]  # fmt: skip
    fleet = subprocess.Popen(words, stdout=subprocess.PIPE)  # noqa: S603 - our own program
    while fleet.poll() is None:
        listener.kinds()
        if not listener.told and listener.spoke(gateway):
            listener.shut(gateway, valve)
    said, _ = fleet.communicate()
    report = json.loads(said)
    nonsense = report["mischief"]
    heard = listener.rest(lambda: len(listener.heard) >= report["messages"] + nonsense["foreign"])

    assert fleet.returncode == 0
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == report
    assert report["messages"] > 1000
    assert len(heard) == report["messages"] + nonsense["foreign"]
    assert report["acked"] > 0
    assert report["qos1"] == report["acked"] + report["unacknowledged"]
    assert report["unsent"] == 0
    assert report["commands"]["heard"] == 1
    spoke = {topic.split("/")[2] for topic, _ in heard}
    codes = {registry.kinds[registry.kind[registry.rows[key]]].code for key in spoke}
    assert {"firelane_cam", "ai_cam", "muck_truck", "gateway"} <= codes
    truth = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert len(truth) == report["planted"]
    assert {each["thing"] for each in truth} <= set(registry.key)


def turned(lines: Lines, until: str) -> None:
    """Let the lines work until all are up, or nothing is left unacknowledged."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        lines.turn(time.time(), 0.05)
        if until == "up" and lines.up == len(lines.by_row):
            return
        if until == "acked" and not lines.waiting:
            return
    pytest.fail(f"the lines were not {until} in {WAIT_S} s: {lines.tally}")


def test_sure_messages_survive_a_broker_that_is_killed(broker: Broker) -> None:
    """What was insisted on while the broker was gone arrives after it is back, and is acked."""
    lines = Lines.to(("127.0.0.1", broker.port), {1: ("gw-1", "any"), 2: ("gw-2", "any")})
    turned(lines, "up")
    lines.insist(1, "d/gw-1/a", b"1", time.time())
    lines.flush(time.time())
    turned(lines, "acked")
    broker.kill()
    lines.insist(1, "d/gw-1/a", b"2", time.time())
    lines.insist(2, "d/gw-2/b", b"3", time.time())
    lines.flush(time.time())
    deadline = time.monotonic() + WAIT_S
    while lines.up and time.monotonic() < deadline:
        lines.turn(time.time(), 0.05)
    lines.say(1, packets.publish("d/gw-1/a", b"lost"), 1)

    assert lines.up == 0
    assert lines.waiting == 2
    assert lines.tally.dropped == 1
    broker.start()
    listener = Listener(broker.port)
    turned(lines, "acked")
    heard = listener.rest(lambda: {body for _, body in listener.heard} >= {b"2", b"3"})
    lines.close()

    assert {body for _, body in heard} >= {b"2", b"3"}
    assert lines.tally.sure == lines.tally.acked == 3
    assert lines.tally.losses >= 2


def test_a_dark_gateway_stays_dark_until_it_is_switched_on(broker: Broker) -> None:
    """Cut off on purpose it does not come back by itself; what it insists on waits."""
    lines = Lines.to(("127.0.0.1", broker.port), {1: ("gw-1", "any")})
    turned(lines, "up")
    lines.darken(1, time.time())
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        lines.turn(time.time(), 0.05)

    assert lines.by_row[1].state != UP
    lines.light(1)
    turned(lines, "up")
    lines.close()
    assert lines.tally.losses == 0


def test_a_refused_gateway_tries_again_ever_more_slowly(broker: Broker) -> None:
    """Where nobody answers, the waits between calls grow up to their limit."""
    broker.kill()
    lines = Lines.to(("127.0.0.1", broker.port), {1: ("gw-1", "any")})
    now = time.time()
    for second in range(60):
        lines.turn(now + second, 0.01)
        lines.turn(now + second, 0.01)
    lines.close()

    assert 3 <= lines.tally.losses <= 12
    assert lines.by_row[1].wait_s > 4
