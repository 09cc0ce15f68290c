"""Plans that people open are read folder by folder; a broken one stops no other."""

import logging
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from borough.api.application import create
from borough.app.plans import plans_of
from borough.app.setup import folder_of
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.district import read
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, town

WAIT_S = 60.0

GOOD = """
[[step]]
name = "look"
holder = "duty_desk"
within = "1 h"
then = ["closed"]
"""


def test_a_plan_that_cannot_be_read_or_followed_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One is no TOML, one leads nowhere, one counts hours that nobody has; each is told."""
    plans = {
        "good": GOOD,
        "torn": "[[step",
        "lost": GOOD.replace("closed", "nowhere"),
        "office": GOOD.replace("1 h", "4工作时"),
    }
    for name, text in plans.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.toml").write_text(text, "utf-8")
    with caplog.at_level(logging.WARNING):
        found = plans_of([tmp_path], [], None)
    assert list(found) == ["good"]
    told = {each.__dict__["fields"]["scene"] for each in caplog.records}
    assert told == {"torn", "lost", "office"}


def test_the_plans_of_a_district_with_working_hours_are_listed() -> None:
    """Its calendar counts their limits and is no part of the answer."""
    roots = [BUILT_IN]
    district = read(folder_of("yubei"))
    plans = plans_of(roots, find_sound(*roots)[0], district.work)
    assert any(plan.clock is not None for plan in plans.values())
    ports = replace(town(5), plans=plans)
    with serving(create(ports), ports.live) as server:
        signed = {"authorization": f"Bearer {OPERATOR}"}
        answer = httpx.get(f"{server.url}/api/v1/plans", headers=signed, timeout=WAIT_S)
    assert answer.status_code == 200
    assert answer.json()["plans"].keys() == plans.keys()
