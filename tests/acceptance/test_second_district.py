"""A district of one's own: the template copied, its tables edited, and it lives; no code."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import borough.districts
from borough.engine.district import read

ROOT = Path(__file__).parents[2]
GRIDS, DEVICES = 10, 100
CLASSES = (
    ["waterlog", "积水监测", "Water-depth gauge", "device", "weather", "50", "ex-waterlog-###",
     "grid", "300", "60", "3600", "600", "periodic+event", "4G", "works", "yes", "invented"],
    ["firelane_mag", "消防车道地磁", "Fire-lane magnet", "device", "fire_safety", "40",
     "ex-mag-###", "grid", "14400", "1", "14400", "600", "event", "NB-IoT", "works", "yes",
     "invented"],
)  # fmt: skip
PROPERTIES = (
    ["waterlog", "depth", "积水深度", "Water depth", "cm", "0", "300", "0", "2"],
    ["waterlog", "immersed", "水浸开关", "Immersion switch", "{bool}", "0", "1", "0", "0"],
    ["firelane_mag", "occupied", "占用", "Occupied", "{bool}", "0", "1", "0", "0"],
)


def typed(*words: str, at: Path) -> str:
    """Type a command; give what it printed."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", *words],
        cwd=at,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def add(path: Path, rows: tuple[list[str], ...]) -> None:
    """Add rows to a table, as a person does in an editor."""
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def test_a_district_from_the_template_sees_what_happens_in_it(tmp_path: Path) -> None:
    """Ten grids and a hundred devices: blocked lanes become cases, and requests come in."""
    home = tmp_path / "my-district"
    template = Path(borough.districts.__file__).parent / "template"
    for path in template.iterdir():
        if path.is_file():
            home.mkdir(exist_ok=True)
            (home / path.name).write_bytes(path.read_bytes())
    tables = home / "district.toml"
    said = re.sub(
        r"^count +=.*$", f"count = {GRIDS}", tables.read_text("utf-8"), flags=re.MULTILINE
    )
    tables.write_text(said, "utf-8")
    add(home / "classes.csv", CLASSES)
    add(home / "properties.csv", PROPERTIES)

    typed("borough.edge.placement", "my-district", at=tmp_path)
    typed("borough", "district", "check", "my-district", at=tmp_path)
    district = read(home)
    # A scene has three minutes of the district to speak: so fast that these are six of our seconds.
    words = "demo my-district --data live --days 1 --speed 30 --exit-after 20 --json"
    account = json.loads(typed("borough", *words.split(), at=tmp_path).splitlines()[-1])

    roles = [kind.role for kind in district.kinds]
    many = [
        count for count, role in zip(district.fleet.count, roles, strict=True) if role == "device"
    ]
    assert (len(district.grids.code), sum(many)) == (GRIDS, DEVICES)
    assert account["detections_expected"] > 0
    assert account["detections_found"] == account["detections_expected"]
    assert account["detections_false"] == 0
    assert account["cases_opened"] > 0
    assert account["lost"] == 0
    assert account["requests"]["filed"] > 0
    assert account["requests"]["refused"] == 0
