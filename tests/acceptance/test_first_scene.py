"""CONTRIBUTING is followed word by word, and the new scene is seen to fire in the demo."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LAUNCHER = """#!/bin/sh
# Does what the launcher does, once it has made its environment.
if [ "$1" = test ]; then shift; exec {python} -m pytest -q -p no:cacheprovider "$@"; fi
exec {python} -m borough "$@"
"""
SMALL = "--share 0.1 --days 1 --speed 60 --exit-after 15 --json"
"""A fiftieth of the district with one day of past, for as long as the first alarms take."""


def typed(home: Path, text: str) -> str:
    """Type lines into a shell; give what it printed."""
    done = subprocess.run(
        ["/bin/sh", "-eu"],
        input=text,
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_first_scene_fires_in_the_demo(tmp_path: Path) -> None:
    """Made, checked, planted, found, scored and tested by the commands of the page alone."""
    launcher = tmp_path / "borough"
    launcher.write_text(LAUNCHER.format(python=shlex.quote(sys.executable)), "utf-8")
    launcher.chmod(0o755)
    begin, demo, end = BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))

    checked = typed(tmp_path, begin)
    told = typed(tmp_path, re.sub(r"--share \S+(.*) --exit-after \d+", rf"{SMALL}\1", demo))
    tested = typed(tmp_path, end)

    account = json.loads(told.splitlines()[-1])
    score = account["fleet"]["scenes"]["loud_street"]
    assert "ok  loud_street" in checked
    assert score["expected"] + score["found_before_due"] > 0
    assert score["found"] == score["expected"]
    assert score["false"] == 0
    assert "loud_street" in tested
    assert re.search(r"\d+ passed", tested)
