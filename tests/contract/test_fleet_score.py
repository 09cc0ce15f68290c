"""The score counts what was noticed in time, what was missed, and what was invented."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from borough.core.clock import DistrictClock
from borough.core.happenings import told as declared
from borough.core.registry import Kind, Property, Registry
from borough.edge.fleet.listen import events
from borough.edge.fleet.plan import Planted
from borough.edge.fleet.score import Score
from borough.edge.fleet.workers import answers, decision
from borough.engine.catalog import BUILT_IN, find_all, happenings_of

START, ORIGIN, RATE = 1_720_569_600_000, 1_800_000_000_000, 30.0
CLOCK = DistrictClock(START, RATE, ORIGIN)
MAG, CAM, LOST, GATEWAY, SLOPE = range(5)
HAPPENINGS = declared(happenings_of(find_all(BUILT_IN)))
OCCUPATION, STOP, SILENCE, DARKNESS, SLIDE = "occupation", "stop", "silence", "darkness", "slide"


def small() -> Registry:
    """Two lane devices, a camera that may fall silent, their gateway, and a slope."""
    word = {"zh": "字", "en": "word"}
    occupied = (Property("occupied", word, "{bool}", 0, 1, (0, 0)),)
    kinds = (
        Kind("firelane_mag", word, "device", occupied, 14_400, 14_400, 60),
        Kind("firelane_cam", word, "device", occupied, 60, 60, 60),
        Kind("gateway", word, "gateway", (), 60, 300, 60),
        Kind("slope", word, "derived", (), 3600, 86_400, 60),
    )
    five, zero = np.arange(5), np.zeros(5)
    kind, via = np.array([0, 1, 1, 2, 3]), np.array([3, 3, 3, -1, -1])
    keys = ("mag", "cam", "lost", "gw", "slope")
    return Registry(kinds, five + 1, keys, kind, five, zero, zero, five, via)


def never(_row: int, _since_ms: float) -> bool:
    """No device was cut off."""
    return False


def told(scene: str, row: int, level: int = 1, name: str = "") -> dict[str, object]:
    """An edge as the live stream tells it."""
    return {"id": name or f"{scene}-{row}", "scene": scene, "thing": row + 1, "level": level}


def at(seconds: float) -> float:
    """Wall time (ms) at which the district's clock shows so many seconds after its start."""
    return ORIGIN + seconds * 1000 / RATE


def planted(what: str, row: int, since: float, until: float, plain_ms: int = 0) -> Planted:
    """Plant something, in seconds of the district."""
    begins, ends = START + round(since * 1000), START + round(until * 1000)
    happening = next(each for each in HAPPENINGS if each.name == what)
    return Planted(happening, row, begins, ends, plain_ms=plain_ms)


def test_an_alarm_in_time_is_found_and_its_latency_leaves_the_rule_out() -> None:
    """Five minutes of grace are no latency; what comes on top of them is."""
    stop = planted(OCCUPATION, MAG, 100, 1000)
    score = Score.of(small(), CLOCK, HAPPENINGS, [stop], never)
    score.decided(stop, at(100), stop.since_ms)
    score.seen(told("fire_lane", MAG), at(400) + 120)
    said = score.result(at(600))

    assert (said["detections_expected"], said["detections_found"]) == (1, 1)
    assert said["detections_false"] == 0
    assert said["latency_p50_ms"] == pytest.approx(120, abs=1)


def test_an_alarm_after_the_deadline_is_missed_but_not_false() -> None:
    """Too late is too late; it is told apart from silence."""
    stop = planted(OCCUPATION, MAG, 100, 2000)
    score = Score.of(small(), CLOCK, HAPPENINGS, [stop], never)
    score.decided(stop, at(100), stop.since_ms)
    score.seen(told("fire_lane", MAG), at(900))
    said = score.result(at(1000))

    assert (said["detections_expected"], said["detections_found"]) == (1, 0)
    assert said["detections_false"] == 0
    assert (said["scenes"]["fire_lane"]["found_late"], said["missed"][0]["late"]) == (1, True)


def test_what_nobody_says_is_missed_once_its_time_is_up() -> None:
    """Before the deadline nothing is expected; after it, it is missed by name."""
    stop = planted(OCCUPATION, MAG, 100, 1000)
    score = Score.of(small(), CLOCK, HAPPENINGS, [stop], never)
    score.decided(stop, at(100), stop.since_ms)

    assert score.result(at(570))["detections_expected"] == 0
    assert [each["thing"] for each in score.result(at(590))["missed"]] == ["mag"]


@pytest.mark.parametrize(
    ("scene", "row", "when"),
    [
        ("fire_lane", MAG, 200),  # long before the five minutes are over
        ("fire_lane", CAM, 400),  # only a short stop
        ("slope", SLOPE, 400),  # nothing at all
        ("lost_device", MAG, 400),  # occupied is not silent
    ],
)
def test_an_alarm_without_a_cause_is_false(scene: str, row: int, when: float) -> None:
    """Too early, on a decoy, out of the blue, or of the wrong kind."""
    stop, decoy = planted(OCCUPATION, MAG, 100, 1000), planted(STOP, CAM, 100, 200)
    score = Score.of(small(), CLOCK, HAPPENINGS, [stop, decoy], never)
    for each in (stop, decoy):
        score.decided(each, at(100), each.since_ms)
    score.seen(told(scene, row), at(when))
    score.seen(told(scene, row), at(when + 1))

    assert score.result(at(450))["detections_false"] == 1


def test_a_dark_gateway_is_one_event() -> None:
    """The gateway is expected; its devices are not, and an alarm on one is an echo."""
    dark = planted(DARKNESS, GATEWAY, 100, 4000)
    score = Score.of(small(), CLOCK, HAPPENINGS, [dark], never)
    score.decided(dark, at(95), START + 95_000)
    score.seen(told("lost_device", LOST), at(300))
    score.seen(told("lost_device", GATEWAY), at(95 + 900) + 50)
    said = score.result(at(1300))

    assert (said["detections_expected"], said["detections_found"]) == (1, 1)
    assert (said["detections_false"], said["echoes"]) == (0, 1)
    assert said["latency_p50_ms"] == pytest.approx(50, abs=1)


def test_a_silence_counts_from_the_last_word_that_arrived() -> None:
    """Three heartbeats after it the device is lost; one that never spoke is not expected."""
    silence, mute = planted(SILENCE, LOST, 100, 4000), planted(SILENCE, CAM, 100, 4000)
    score = Score.of(small(), CLOCK, HAPPENINGS, [silence, mute], never)
    score.decided(silence, at(90), START + 85_000)
    score.decided(mute, float("nan"), 0)
    score.seen(told("lost_device", LOST), at(90 + 180) + 40)
    said = score.result(at(500))

    assert (said["detections_expected"], said["detections_found"]) == (1, 1)
    assert said["latency_p50_ms"] == pytest.approx(40, abs=1)


def test_what_was_plain_before_the_start_may_be_known_already() -> None:
    """A slide of yesterday counts as found if it stands in the list, but proves no latency."""
    slide = planted(SLIDE, SLOPE, -180_000, 90_000, plain_ms=START - 90_000_000)
    score = Score.of(small(), CLOCK, HAPPENINGS, [slide], never)
    score.decided(slide, at(0), slide.since_ms)
    began = {"began_ms": START - 60_000}
    score.seen(told("slope", SLOPE, level=1) | began, at(800), live=False)
    low = score.result(at(700))
    score.seen(told("slope", SLOPE, level=3), at(750))
    late = score.result(at(760))
    score.seen(told("slope", SLOPE, level=3) | began, at(800), live=False)
    said = score.result(at(700))

    assert (low["detections_expected"], low["detections_found"]) == (1, 0)
    assert late["scenes"]["slope"]["found_late"] == 1
    assert (said["detections_found"], said["latency_p50_ms"]) == (1, None)


def test_what_was_known_all_along_counts_though_it_is_over_by_now() -> None:
    """A slide found before the start and mended since was found; one before it proves nothing."""
    slide = planted(SLIDE, SLOPE, -180_000, 90_000, plain_ms=START - 90_000_000)
    score = Score.of(small(), CLOCK, HAPPENINGS, [slide], never)
    score.decided(slide, at(0), slide.since_ms)
    over = {**told("slope", SLOPE, level=0), "worst": 3, "ended_ms": START + 50_000_000}
    score.listed({**over, "began_ms": slide.since_ms - 1, "id": "of last year"}, at(800))
    before = score.result(at(700))
    score.listed({**over, "began_ms": START - 60_000}, at(800))
    said = score.result(at(700))

    assert (before["detections_found"], before["detections_false"]) == (0, 0)
    assert (said["detections_found"], said["detections_false"]) == (1, 0)


def test_a_lower_level_on_the_way_up_is_not_false() -> None:
    """Blue while the water rises is right and not yet enough; orange in time is found."""
    flood = planted("flood", MAG, 100, 4000, plain_ms=START + 700_000)
    score = Score.of(small(), CLOCK, HAPPENINGS, [flood], never)
    score.decided(flood, at(100), flood.since_ms)
    score.seen(told("flooded_road", MAG, level=1), at(300))
    early = score.result(at(1000))
    score.seen(told("flooded_road", MAG, level=3), at(800))
    said = score.result(at(1000))

    assert (early["detections_found"], early["detections_false"]) == (0, 0)
    assert (said["detections_found"], said["detections_false"]) == (1, 0)


def test_a_device_that_was_cut_off_was_rightly_missed() -> None:
    """Where the simulator itself lost the broker, an alarm about silence is not false."""
    score = Score.of(small(), CLOCK, HAPPENINGS, [], lambda row, _since: row == LOST)
    score.seen(told("lost_device", LOST), at(400))
    score.seen(told("fire_lane", MAG), at(400))
    said = score.result(at(500))

    assert (said["cut_off"], said["detections_false"]) == (1, 1)


def test_a_worker_says_what_is_true() -> None:
    """A true case goes forward and is closed as true; a false one goes to its register."""
    check = {"outcomes": ["duplicate"], "moves": [{"to": "clear"}, {"to": "false_alarm"}]}
    last = {"outcomes": ["true", "false", "duplicate"], "moves": [{"to": "clear", "back": True}]}
    register = {"outcomes": ["false", "duplicate"], "moves": []}

    assert decision(check, true=True)[1]["to"] == "clear"
    assert decision(check, true=False)[1]["to"] == "false_alarm"
    assert decision(last, true=True) == (
        "close",
        {**decision(last, true=True)[1], "outcome": "true"},
    )
    assert decision(register, true=False)[1]["outcome"] == "false"
    assert decision({"outcomes": [], "moves": [{"to": "x", "back": True}]}, true=True) == ("", {})
    again = {"outcomes": [], "moves": [{"to": "check", "back": True}, {"to": "dig", "back": True}]}
    again["trail"] = ["check", "dig", "closed", "check"]
    assert decision(again, true=True)[1]["to"] == "dig"
    assert answers({"asks": ["photo"]})["photo"].startswith("synthetic")


WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=20)


@given(st.lists(st.tuples(WORD.filter(bool), st.lists(WORD, min_size=1, max_size=3), WORD)))
def test_an_event_stream_is_read_as_it_was_written(said: list[tuple[str, list[str], str]]) -> None:
    """Names, data of several lines and ids come back; comments are skipped."""
    lines = [b": a comment\n", b"\n"]
    for name, data, mark in said:
        lines += [f"event: {name}\n".encode(), f"id: {mark}\r\n".encode()]
        lines += [f"data: {each}\n".encode() for each in data] + [b"\n"]

    assert [each[:2] for each in events(lines)] == [
        (name, "\n".join(data)) for name, data, _ in said
    ]
