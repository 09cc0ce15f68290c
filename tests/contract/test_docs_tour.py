"""The tour of the README and the how-to pages, typed into a shell against a living district."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from borough.testing.living import Living, eventually
from borough.testing.senders import Caller

ROOT = Path(__file__).parents[2]
LANE = "yb-firelane_mag-00001"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PUB = """#!{python}
# Does what mosquitto_pub does with QoS 1, for machines that have no such program.
import socket, sys
from borough.edge.load import packets
said = dict(zip(sys.argv[1::2], sys.argv[2::2]))
line = socket.create_connection((said["-h"], int(said["-p"])), 10)
line.sendall(packets.connect("tour", said["-u"], said["-P"]))
assert line.recv(4) == packets.GOOD_CONNACK, "refused"
line.sendall(packets.publish(said["-t"].encode(), said["-m"].encode(), 1))
assert packets.acknowledged(line.recv(64))[0] == [1], "not acknowledged"
"""


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a small district where the documents say that the demo's is."""
    assert shutil.which("curl"), "the tour needs curl: apt-get install curl"
    made = Living.made(tmp_path_factory.mktemp("tour") / ".borough" / "demo" / "live")
    try:
        made.start()
        yield made
    finally:
        made.stop()


def typed(living: Living, page: str, *words: str) -> str:
    """Type those blocks of a page that contain one of *words*; give what the shell printed."""
    home = Path(living.settings.data).parents[2]
    tools = home / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "mosquitto_pub").write_text(PUB.format(python=sys.executable), "utf-8")
    (tools / "mosquitto_pub").chmod(0o755)
    for name, target in (("docs", ROOT / "docs"), (".venv", Path(sys.prefix))):
        if not (home / name).exists():
            (home / name).symlink_to(target)
    text = (ROOT / page).read_text("utf-8")
    blocks = [each for each in BLOCK.findall(text) if any(word in each for word in words)]
    assert blocks
    done = subprocess.run(
        ["/bin/sh", "-eu"],
        input="\n".join(blocks),
        cwd=home,
        env={
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_tour_parks_a_car_and_gets_a_case(living: Living) -> None:
    """One message over MQTT and one row over HTTP go in; five minutes later there is a case."""
    said = typed(living, "README.md", "$page")

    assert '"accepted":1' in said
    assert '"rejected":{}' in said
    thing = f"{living.url}/api/v1/things/{LANE}"
    eventually(lambda: httpx.get(thing).json()["cases"], "a case")
    latest = {each["property"]: each["value"] for each in httpx.get(thing).json()["latest"]}
    assert latest["occupied"] == 1.0
    assert latest["battery"] == 80.0
    eventually(lambda: httpx.get(f"{thing}/series/occupied").json()["value"], "history")


def test_batches_are_taken_row_by_row(living: Living) -> None:
    """The page about HTTP sends JSON and CSV; of the CSV the bad row is told."""
    said = typed(living, "docs/howto/batches.md", "page=", "$page")

    assert said.count('"accepted":1') == 2
    assert "wrong-type" in said


def test_a_dead_letter_can_be_looked_at(living: Living) -> None:
    """What a device says wrongly is shown with its reason by the script of the page."""
    topic = f"d/gw-0001/{LANE}/occupied"
    with Caller(living, "gw-0001", living.token) as device:
        assert device.say(topic, b"maybe")
    eventually(living.letters, "a dead letter")

    said = typed(living, "docs/howto/devices.md", "dead_letters.py")
    assert "unreadable" in said
    assert topic in said
    assert "maybe" in said
