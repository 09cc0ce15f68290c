"""The generator of load sends what it says, and its account is true."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from borough.adapters.mqtt import Decoder
from borough.adapters.reader import Marks, Reader
from borough.core.errors import BadSetting
from borough.core.packets import acknowledged
from borough.core.registry import Registry
from borough.edge.load.targets import Ring, Target, read_targets


def table(folder: Path, *rows: str) -> Path:
    """Write a table of targets."""
    path = folder / "targets.csv"
    path.write_text("\n".join(["credential,token,device,property,value", *rows]) + "\n")
    return path


@pytest.mark.parametrize("qos", [0, 1])
def test_what_was_sent_is_what_arrives(
    ground: Any, registry: Registry, tmp_path: Path, qos: int
) -> None:
    """Every message is a good reading, stamped with its time of sending, and accounted for."""
    targets = table(tmp_path, "gw-1,one,m-1,flow,1.5", "gw-1,one,m-1,p,1", "gw-2,two,m-2,flow,3")
    decoder = Decoder(registry, ground.limits)
    taken: list[int] = []
    given = ["--port", str(ground.bus.mqtt_port), "--rate", "3000", "--seconds", "1"]
    with Reader(ground.bus, Marks(), ground.limits) as reader:
        ground.device()
        generator = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "borough.edge.load", "--targets", str(targets),
             "--qos", str(qos), "--clock", "1720569600000", "1", "0", *given],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        while len(taken) < 3000 and (chunk := reader.take(60)):
            readings = decoder.decode(chunk.subjects, chunk.payloads, 2**52)
            assert not readings.letters
            taken += readings.time.tolist()
            reader.ack(chunk)
        said = json.loads(generator.communicate()[0])

    assert (said["sent"], said["acked"]) == (3000, 3000 * qos)
    assert len(taken) == 3000
    assert min(taken) > 1_720_569_600_000


def test_a_wrong_token_is_said_and_not_waited_for(ground: Any, tmp_path: Path) -> None:
    """The generator ends with an error when a gateway is turned away."""
    targets = table(tmp_path, "gw-1,wrong,m-1,flow,1.5")
    with Reader(ground.bus, Marks(), ground.limits):
        ground.device()
        ended = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "borough.edge.load", "--targets", str(targets), "--rate", "1",
             "--seconds", "1", "--port", str(ground.bus.mqtt_port)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert ended.returncode != 0
    assert "does not let gw-1 in" in ended.stderr


def test_a_ring_goes_round_and_stamps_every_packet() -> None:
    """The same packets come again, each with the time at which it was asked for."""
    ring = Ring([Target("gw", "t", f"m-{n}", "flow", n) for n in range(3)], qos=1)
    first = b"".join(ring.next(4, 1_720_569_600_000))
    second = b"".join(ring.next(2, 1_720_569_600_001))

    assert first.count(b'"t":1720569600000}') == 4
    assert second.count(b'"t":1720569600001}') == 2
    assert [first.count(b"m-%d" % n) for n in range(3)] == [2, 1, 1]


def test_a_report_of_several_properties_is_sent_as_it_is_written() -> None:
    """What a device says besides the time is passed on; a shorter packet is filled with spaces."""
    several = Target("gw", "t", "m-1", "", 0, '"flow":1.5,"pressure":0.25')
    sent = b"".join(Ring([several, Target("gw", "t", "m-2", "flow", 2)], 0).next(2, 1720569600000))

    assert b'd/gw/m-1{"flow":1.5,"pressure":0.25,"t":1720569600000}' in sent
    assert re.search(rb'd/gw/m-2/flow\{ +"v":2,"t":1720569600000\}', sent)


def test_a_table_that_is_none_is_named(tmp_path: Path) -> None:
    """It says which table and why."""
    with pytest.raises(BadSetting, match=r"targets\.csv"):
        read_targets(table(tmp_path, "gw-1,one,m-1,flow,much"))


def test_acknowledgements_are_read_across_cuts() -> None:
    """Other packets are passed over, and a cut packet is kept for later."""
    data = b"\x40\x02\x00\x07" + b"\xd0\x00" + b"\x40\x02\x01\x00"
    numbers, rest = acknowledged(data[:9])

    assert (numbers, rest) == ([7], b"\x40\x02\x01")
    assert acknowledged(rest + data[9:]) == ([256], b"")
