"""What a demo tells at its end."""

from borough.cli.demo import told

SCORE = {"expected": 7, "found": 6, "found_late": 1, "found_before_due": 2, "false": 1}
ACCOUNT = {
    "things": 100,
    "fleet": {
        "scenes": {"my_scene": SCORE, "quiet": dict.fromkeys(SCORE, 0)},
        "missed": [{"scene": "my_scene", "thing": "a-1", "what": "loud"}],
        "false": [{"scene": "my_scene", "thing": "a-2"}],
        "mischief": {"malformed": 3},
    },
}


def test_account_names_every_scene_and_what_it_missed() -> None:
    """Whoever wrote a scene sees on the terminal whether it fired, and where it did not."""
    lines = told(ACCOUNT).splitlines()

    (mine,) = [line for line in lines if line.startswith("my_scene")]
    assert mine.split() == ["my_scene", "7", "6", "1", "2", "1"]
    assert any("missed" in line and "a-1" in line for line in lines)
    assert any("误报" in line and "a-2" in line for line in lines)
    assert "malformed 3" in lines[-1]


def test_account_of_a_fleet_that_said_nothing_is_still_one() -> None:
    """A fleet that failed leaves no report; the rest is told all the same."""
    assert "things" in told({"things": 100, "fleet": {}})
