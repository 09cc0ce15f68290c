"""What is planted: the same for a seed, consistent in itself, and really felt by the devices."""

from pathlib import Path

import numpy as np
import pytest

import borough.districts
from borough.core.happenings import Happening, declared, told
from borough.core.registry import Registry
from borough.edge.fleet.changes import Changes
from borough.edge.fleet.devices import Devices
from borough.edge.fleet.ground import Slide
from borough.edge.fleet.plan import Plan, Planner, Planted, course, other_ends
from borough.edge.fleet.values import HOUR_MS
from borough.edge.placement.fleet import place
from borough.edge.twin import truth
from borough.engine.catalog import BUILT_IN, find, happenings_of
from borough.engine.district import read

START = 1_720_569_600_000
MODELS = ("fire_lane", "lost_device", "pipe_leak", "slope")
HAPPENINGS = told(happenings_of(find(BUILT_IN / each) for each in MODELS))
OCCUPATION, STOP, SILENCE, DARKNESS, SLIDE, LEAK = (
    "occupation", "stop", "silence", "darkness", "slide", "leak",
)  # fmt: skip


@pytest.fixture(scope="module")
def registry() -> Registry:
    """A tenth of the built-in district."""
    folder = Path(borough.districts.__file__).parent / "yubei"
    return place(read(folder), 1, 0.1)


@pytest.fixture(scope="module")
def devices(registry: Registry) -> Devices:
    """Its devices."""
    return Devices.of(registry, 1)


def drawn(registry: Registry, devices: Devices, seed: int = 1) -> Plan:
    """Plan a day."""
    planner = Planner.of(registry, HAPPENINGS, seed, START)
    return planner.draw(devices.water, devices.ground, truth("demo"))


@pytest.fixture(scope="module")
def plan(registry: Registry, devices: Devices) -> Plan:
    """The plan of seed 1."""
    return drawn(registry, devices)


def test_the_same_seed_plants_the_same(registry: Registry, devices: Devices, plan: Plan) -> None:
    """A plan is a matter of the seed and of nothing else."""
    assert drawn(registry, devices) == plan
    assert drawn(registry, devices, 2).planted != plan.planted


def test_everything_planted_ends_after_it_begins(plan: Plan) -> None:
    """Every kind occurs, in order of time, each with an end after its beginning."""
    begins = [each.since_ms for each in plan.planted]

    assert {each.happening.name for each in plan.planted} == {
        OCCUPATION, STOP, SILENCE, DARKNESS, SLIDE, LEAK,
    }  # fmt: skip
    assert begins == sorted(begins)
    for each in plan.planted:
        assert each.since_ms <= max(each.plain_ms, each.since_ms) < each.until_ms
        if each.gap:
            assert each.since_ms < each.gap[0] < each.gap[1] < each.until_ms


def test_no_event_blurs_another(registry: Registry, plan: Plan) -> None:
    """One event a lane, one a device, and none behind a gateway that goes dark."""
    dark = {each.row for each in plan.planted if each.happening.name == DARKNESS}
    lane = other_ends(registry, "part_of")
    on_lanes = [int(lane[e.row]) for e in plan.planted if e.happening.name in {OCCUPATION, STOP}]
    rows = [each.row for each in plan.planted if each.happening.name != LEAK]

    assert len(set(on_lanes)) == len(on_lanes)
    assert len(set(rows)) == len(rows)
    for each in plan.planted:
        if each.happening.name != DARKNESS:
            assert int(registry.via[each.row]) not in dark
        if each.happening.name in {SLIDE, LEAK}:
            for one, other, _ in registry.relations.values():
                assert not dark & set(registry.via[one[other == each.row]].tolist())


def test_decoys_are_shorter_than_any_rule(plan: Plan) -> None:
    """A stop is over before three minutes are; an occupation lasts longer than five."""
    for each in plan.planted:
        lasts = (each.until_ms - each.since_ms) / 1000
        assert each.happening.name != STOP or lasts < 180
        assert each.happening.name != OCCUPATION or lasts > 300


def test_a_leak_is_felt_by_its_zone_and_no_other(devices: Devices, plan: Plan) -> None:
    """A burst adds its size to its zone's balance while it lasts, and nothing elsewhere."""
    calm, water = devices.water, devices.water.bursting(plan.bursts)
    burst = plan.bursts[0]
    zones = np.arange(len(water.zone_row))
    when = np.full(len(zones), burst.start_ms + HOUR_MS)
    gain = np.subtract(*water.through(zones, when)) - np.subtract(*calm.through(zones, when))

    assert gain[burst.zone] == pytest.approx(burst.size)
    running = {each.zone for each in plan.bursts if each.start_ms <= when[0] < each.until_ms}
    assert set(np.flatnonzero(gain).tolist()) == running
    before = np.full(len(zones), burst.start_ms - HOUR_MS)
    assert water.through(zones, before)[0][burst.zone] == calm.through(zones, before)[0][burst.zone]


def test_a_slide_moves_as_fast_as_it_says(plan: Plan) -> None:
    """The displacement of a slide is the integral of its pace, and its peak is what was planned."""
    slow = Slide(0, START, START + 9 * HOUR_MS, START + 30 * HOUR_MS, 3.0, 4.0)
    for slide in (*plan.slides, slow):
        time = np.arange(slide.start_ms - HOUR_MS, slide.until_ms + 12 * HOUR_MS, 60_000)
        ratio, days = slide.ratio(time), slide.days(time)
        summed = np.cumsum((ratio - 1) / 1440)

        assert ratio[0] == 1
        assert ratio.max() == pytest.approx(slide.times)
        assert days[-1] == pytest.approx(summed[-1], rel=0.01)
        assert (np.diff(days) >= -1e-9).all()
    size = {each.row: each.size for each in plan.planted if each.happening.name == SLIDE}
    assert all(size[slide.slope] > 0 for slide in plan.slides)


def test_stations_feel_the_slide_of_their_slope(
    registry: Registry, devices: Devices, plan: Plan
) -> None:
    """At full pace a station's own rate is that of the slide; others creep on."""
    moving = devices.moved_by(plan.slides, plan.bursts)
    kind = next(n for n, each in enumerate(registry.kinds) if each.code == "gnss")
    rows = np.flatnonzero(registry.kind == kind)
    rate = np.empty(0)
    for slide in plan.slides[:2]:
        when = np.full(len(rows), slide.full_ms + HOUR_MS)
        rate = moving.say(kind, rows, when)["rate"]
        mine = moving.ground.slope[rows] == slide.slope
        usual = moving.ground.creep[rows] * slide.times

        assert mine.any()
        assert rate[mine] == pytest.approx(usual[mine], rel=0.02, abs=0.5)
    assert np.median(rate) < 2


def test_the_background_leaves_the_planted_alone(registry: Registry, plan: Plan) -> None:
    """In the background nothing happens to a device with a planted event, and all in order."""
    happenings = Changes.of(registry, plan.planted, 1, START)
    ours = {each.row for each in plan.planted}
    seen = list(happenings.until(START + 2 * HOUR_MS))
    background = [each for each in seen if each.planted is None]

    assert [each.at for each in seen] == sorted(each.at for each in seen)
    assert len(background) > 100
    assert not ours & {each.row for each in background}
    begun = [each for each in background if each.begins and each.at < START]
    assert begun


def test_background_speaks_as_often_as_its_table_says(registry: Registry, plan: Plan) -> None:
    """Parking magnets send their ten messages a day, within what chance allows."""
    happenings = Changes.of(registry, plan.planted, 1, START)
    kind = next(n for n, each in enumerate(registry.kinds) if each.code == "parking_mag")
    hours = 12
    list(happenings.until(START))
    told = [e for e in happenings.until(START + hours * HOUR_MS) if registry.kind[e.row] == kind]
    wanted = np.count_nonzero(registry.kind == kind) * 10 * hours / 24

    assert abs(len(told) - wanted) < 5 * wanted**0.5


def test_enough_happens_early_for_a_short_demo(plan: Plan) -> None:
    """Within the first quarter of an hour at least twenty things deserve notice."""
    first = {each.name: each.orders["first"] for each in HAPPENINGS}
    early = [
        each
        for each in plan.planted
        if each.happening.name in {OCCUPATION, SILENCE} and each.since_ms < START + 480_000
    ]

    assert len(early) >= first[OCCUPATION] + first[SILENCE] - 1


def elsewhere(kind: str, values: dict[str, object]) -> Happening:
    """Declare a happening as a scene that lies anywhere does."""
    happens = {
        "name": "excess", "how": "values", "values": values, "first": 3, "between": [10, 60],
        "every_s": 600, "lasts_s": [600, 900], "reports_s": 30,
    }  # fmt: skip
    (made,) = declared("of_mine", ("quiet", "high"), (kind,), {"happens": [happens]})
    return made


def test_another_scene_changes_nothing_for_the_others(
    registry: Registry, devices: Devices, plan: Plan
) -> None:
    """Each happening has dice of its own; only a device that is taken is passed over."""
    mine = elsewhere("waterlog", {"depth": 90})
    planner = Planner.of(registry, [mine, *HAPPENINGS], 1, START)
    both = planner.draw(devices.water, devices.ground, truth("demo")).planted
    ours = [each for each in both if each.happening.scene == "of_mine"]

    assert [each for each in both if each.happening.scene != "of_mine"] == list(plan.planted)
    assert len(ours) >= 3
    assert {registry.kinds[registry.kind[each.row]].code for each in ours} == {"waterlog"}


def test_a_scene_that_watches_what_is_not_there_plants_nothing(
    registry: Registry, devices: Devices
) -> None:
    """A district without such devices, or such a property, lives on without it."""
    mine = [elsewhere("submarine", {"depth": 90}), elsewhere("noise", {"depth": 90})]
    planner = Planner.of(registry, mine, 1, START)

    assert planner.draw(devices.water, devices.ground, truth("demo")).planted == ()


def test_a_device_goes_along_the_course_of_its_happening(registry: Registry) -> None:
    """Half-way up it says half of it, then all, then what is usual; others say nothing new."""
    devices = Devices.of(registry, 1)
    kind = next(n for n, each in enumerate(registry.kinds) if each.code == "waterlog")
    row, other = np.flatnonzero(registry.kind == kind)[:2]
    mine = elsewhere("waterlog", {"depth": [[0, 0], [0.2, 40], [1, 40]], "immersed": 1})
    event = Planted(mine, int(row), START, START + 1_000_000)
    devices.marks.begin(event.row, START, (("immersed", 1.0),), course(event))
    when = START + np.array([100_000, 500_000])

    said = devices.say(kind, np.array([row, row]), when)
    assert said["depth"] == pytest.approx([20, 40])
    assert said["immersed"].tolist() == [1, 1]
    assert devices.say(kind, np.array([other]), when[:1])["depth"].tolist() == [0]
    devices.marks.end(event.row)
    assert devices.say(kind, np.array([row]), when[1:])["depth"].tolist() == [0]
