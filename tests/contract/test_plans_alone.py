"""Plans that people open are read folder by folder; a broken one stops no other."""

import logging
from pathlib import Path

import pytest

from borough.app.plans import plans_of

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
