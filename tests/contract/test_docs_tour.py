"""The tour of the README and the how-to pages, typed into a shell against a living district."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from borough.cli import app
from borough.testing.living import Living, eventually
from borough.testing.senders import Caller

ROOT = Path(__file__).parents[2]
PREFIX = Path(sys.prefix)
LANE = "yb-firelane_mag-00001"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PUB = """#!{python}
# Does what mosquitto_pub does with QoS 1, for machines that have no such program.
import socket, sys
from borough.core import packets
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


def home_of(living: Living) -> Path:
    """Give the folder in which a reader would type, with what the commands need in it."""
    home = Path(living.settings.data).parents[2]
    tools = home / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "mosquitto_pub").write_text(PUB.format(python=sys.executable), "utf-8")
    (tools / "mosquitto_pub").chmod(0o755)
    (home / "borough").write_text(f'#!/bin/sh\nexec {sys.executable} -m borough "$@"\n', "utf-8")
    (home / "borough").chmod(0o755)
    for name, target in (("docs", ROOT / "docs"), ("src", ROOT / "src"), (".venv", PREFIX)):
        if not (home / name).exists():
            (home / name).symlink_to(target)
    return home


def blocks_of(page: str, *words: str) -> str:
    """Give those blocks of a page that contain one of *words*."""
    text = (ROOT / page).read_text("utf-8")
    blocks = [each for each in BLOCK.findall(text) if any(word in each for word in words)]
    assert blocks
    return "\n".join(blocks)


def typed(living: Living, page: str, *words: str) -> str:
    """Type those blocks of a page that contain one of *words*; give what the shell printed."""
    return shell(home_of(living), blocks_of(page, *words))


def shell(home: Path, text: str) -> str:
    """Have a shell run *text*; give what it printed."""
    tools = home / "bin"
    done = subprocess.run(
        ["/bin/sh", "-eu"],
        input=text,
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


def commanded(living: Living, page: str, *words: str) -> None:
    """Go through blocks of a page: `./borough` here and now, anything else in a shell.

    A process of its own for each command would cost seconds; what it does is the same.
    """
    home, rest = home_of(living), ""
    for line in blocks_of(page, *words).replace("\\\n", " ").splitlines(keepends=True):
        if not line.startswith("./borough "):
            rest += line
            continue
        shell(home, rest)
        rest = ""
        told = shlex.split(line.replace("$data", ".borough/demo/live"))[1:]
        with suppress(SystemExit):
            app(told, exit_on_error=False, print_error=False)


def test_the_tour_parks_a_car_and_gets_a_case(living: Living) -> None:
    """One message over MQTT and one row over HTTP go in; five minutes later there is a case."""
    said = typed(living, "README.md", "$page")

    assert '"accepted":1' in said
    assert '"rejected":{}' in said
    thing = f"{living.url}/api/v1/things/{LANE}"
    eventually(lambda: httpx.get(thing, timeout=60).json()["cases"], "a case")
    latest = {
        each["property"]: each["value"] for each in httpx.get(thing, timeout=60).json()["latest"]
    }
    assert latest["occupied"] == 1.0
    assert latest["battery"] == 80.0
    eventually(lambda: httpx.get(f"{thing}/series/occupied", timeout=60).json()["value"], "history")


def test_batches_are_taken_row_by_row(living: Living) -> None:
    """The page about HTTP sends JSON and CSV; of the CSV the bad row is told."""
    said = typed(living, "docs/howto/batches.md", "page=", "$page")

    assert said.count('"accepted":1') == 2
    assert "wrong-type" in said


def test_the_public_doors_answer_as_their_pages_say(living: Living) -> None:
    """Open311 is asked, one request is filed and one refused; the feed of warnings is there."""
    said = typed(living, "docs/howto/open311.md", "page=", "$page")
    assert '"service_request_id": "YUBEI-R-' in said
    assert "attribute[WHAT]: " in said
    assert "<service_definition>" in said

    said = typed(living, "docs/howto/cap.md", "page=", "$page")
    assert "<feed " in said
    assert '"warnings":[]' in said


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


@pytest.mark.parametrize("page", ["gateway", "facts"])
def test_a_how_to_can_be_followed(
    living: Living, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command of the page ends well, in the order in which it is told."""
    monkeypatch.chdir(home_of(living))
    commanded(living, f"docs/howto/{page}.md", "./borough")


def test_the_first_half_hour_goes_as_it_is_told(
    living: Living, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gauge of one's own floods a road; a value is tried on that, changed and taken back.

    The page about evaluations goes on where it ends: public, run again, written to a file.
    """
    page = "docs/tutorial/first_half_hour.md"
    monkeypatch.chdir(home_of(living))
    assert "my-gauge," in typed(living, page, "port() {", "things add")
    eventually(lambda: gauged(living, page), "a district that knows the gauge")
    eventually(  # the door may know the gauge before the stream does: it says it again
        lambda: gauged(living, page) and "flooded_road" in str(living.edges()), "a flooded road"
    )
    eventually(  # the api may come to know the gauge after the stream
        lambda: "flooded_road" in typed(living, page, "port() {", "things/my-gauge"), "its page"
    )
    assert gauged(living, page, cm=0)  # before half an hour of the district is over
    commanded(living, page, "scene replay", "scene tune", "facts list", "evaluate import")
    commanded(living, "docs/howto/evaluations.md", "evaluate publicise")
    printed = capsys.readouterr().out

    assert "my-gauge" in printed
    assert "gone 不再报 1" in printed
    assert "1 per_mu 2022 draft by huangyan" in printed
    assert "the same by the same formula" in printed
    assert Path("result-2022.csv").exists()


def gauged(living: Living, page: str, cm: int = 20) -> bool:
    """Say what the gauge has to say; whether the bus knows it by now."""
    (token,) = re.findall("^token=.*", blocks_of(page, "things add"), re.MULTILINE)
    says = blocks_of(page, "port() {", "mosquitto_pub").replace('"v": 20', f'"v": {cm}')
    try:
        shell(home_of(living), f"{token}\n{says}")
    except AssertionError as error:
        if "refused" in str(error):
            return False
        raise
    return True
