"""The matters of several agencies that ship, each played through the desk on a placed district."""

from collections.abc import Iterator

import numpy as np
import pytest

from borough.app.desk.desk import Desk
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.core.errors import BadDistrict
from borough.engine.district.attributes import FILE, traits
from borough.storage.sql import SqlThings
from borough.testing.living import laid_out
from borough.testing.played import Played

START = 1_720_569_600_000
MINUTE, DAY = 60_000, 86_400_000
WIDE = {"guide_traffic", "protect_lines", "emergency_water"}
ANY = {"stop_water", "tell_residents", "verify_by_video"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Set up a small part of Yubei."""
    folder = tmp_path_factory.mktemp("joint")
    settings = Settings(data=str(folder), district=str(folder_of("yubei")))
    laid_out(settings, share=0.01)
    made = Desk(settings)
    yield made
    made.engine.dispose()


def things(desk: Desk, kind: str) -> list[int]:
    """Give the rows of all things of a class."""
    registry = desk.ground.registry
    codes = [each.code for each in registry.kinds]
    return np.flatnonzero(registry.kind == codes.index(kind)).tolist()


def begun(desk: Desk, scene: str, row: int, level: int, at_ms: int) -> Played:
    """Let a thing come to a level, and give the play of it."""
    levels = desk.scenes[scene].levels
    made = Played(desk, scene, int(desk.ground.registry.id[row]), levels)
    made.position = desk.detections.offset()
    made.hears(levels[level], at_ms)
    return made


def running(desk: Desk) -> dict[str, str]:
    """Name the tasks of the newest case that run, with the agency of each."""
    case = desk.cases.find(limit=1)[0].id
    return {each.name: each.agency for each in desk.tasks.find(case=case)}


def test_the_bore_of_the_main_decides_who_acts(desk: Desk) -> None:
    """Narrow: three; from 300 mm on six, and from 500 mm on the bureau leads; unknown as wide."""
    rows = things(desk, "zone_balance")
    keep, store = SqlThings(desk.engine), desk.ground.registry
    assert keep.thing(store.key[rows[0]])["attributes"]["main_mm"] > 0
    wanted = [
        ({"main_mm": 200.0}, ANY), ({"main_mm": 300.0}, ANY | WIDE), ({}, ANY | WIDE),
        ({"main_mm": 800.0}, ANY | WIDE | {"command_post"}),
    ]  # fmt: skip
    for day, (attributes, names) in enumerate(wanted):
        row = rows[day % len(rows)]
        keep.edit(store.key[row], attributes=attributes)
        begun(desk, "pipe_leak", row, 2, START + day * 30 * DAY)
        assert set(running(desk)) == names, attributes
        case = desk.cases.find(limit=1)[0]
        desk.cases.close(
            case.id, "duplicate", plan=desk.plans["pipe_leak"], by="ann", note="next",
            at_ms=desk.now(), expected_version=case.version,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("scene", "kind", "level", "agencies"),
    [
        ("slope", "slope", 4, 8), ("gas", "gas_space", 3, 5), ("flooded_road", "waterlog", 4, 4),
        ("littering", "throw_cam", 2, 3), ("fire_lane", "firelane_mag", 1, 1),
    ],
)  # fmt: skip
def test_at_the_worst_level_so_many_agencies_act_at_once(
    desk: Desk, scene: str, kind: str, level: int, agencies: int
) -> None:
    """Each task finds an agency or a post of the district; none is left to nobody."""
    begun(desk, scene, things(desk, kind)[0], level, START)
    found = running(desk)
    assert all(found.values()), found
    assert len(set(found.values())) >= agencies


def test_what_a_scene_sees_is_a_case_of_the_standards(desk: Desk) -> None:
    """It carries the code that the district gives the scene, and one of its rows is chosen."""
    played = begun(desk, "gas", things(desk, "gas_space")[-1], 3, START)
    case = desk.cases.find(scene="gas", limit=1)[0]
    assert case.event == "yuncheng-2024:E0502"
    row = desk.ground.district.standards.of(case.event)[0]
    played.asks("standard", case=case.id, version=case.version, standard=row.id)
    after = desk.cases.one(case.id)
    assert (after.standard, after.limit) == (row.id, str(row.limit))
    begun(desk, "slope", things(desk, "slope")[0], 1, START + DAY)
    assert desk.cases.find(scene="slope", limit=1)[0].event == ""


def test_on_red_the_loudspeakers_near_the_slope_wait_for_a_yes(desk: Desk) -> None:
    """The command stands with the task and is proposed, not sent."""
    begun(desk, "slope", things(desk, "slope")[1], 4, START)
    case = desk.cases.find(limit=1)[0].id
    sirens = desk.errands.of_case(case)
    assert {(each.command, each.step, each.state) for each in sirens} == {
        ("siren", "sound_sirens", "proposed")
    }


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("moon,main_mm,mm,100,yes,x", "class"), ("zone,main_mm,mm,wide,yes,x", "values"),
        ("zone,,mm,100,yes,x", "attribute"), ("zone,main_mm,mm,,yes,x", "values"),
    ],
)  # fmt: skip
def test_a_faulty_table_of_attributes_is_told_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, row: str, says: str
) -> None:
    """File, line and column, as for the other tables of a district."""
    folder = tmp_path_factory.mktemp("district")
    head = "class,attribute,unit,values,synthetic,source\n"
    (folder / FILE).write_text(f"{head}{row}\n", "utf-8")
    with pytest.raises(BadDistrict, match=f"{FILE}:2: {says}"):
        traits(folder, ["zone"])
