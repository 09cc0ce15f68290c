"""The first district: complete, consistent, and drawn again byte for byte."""

import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
import shapely

import borough
from borough.core.district import District, Ring
from borough.edge.placement.redraw import redraw
from borough.engine.district import check, read

DISTRICTS = Path(borough.__file__).parent / "districts"
SCENES = Path(borough.__file__).parent / "scenes"
YUBEI = DISTRICTS / "yubei"
CENTIMETRES = 2e-6
"""Twenty centimetres in degrees: what rounding two coordinates can do."""


@pytest.fixture(scope="module")
def yubei() -> District:
    """The district as it ships."""
    return read(YUBEI)


def shapes(rings: tuple[Ring, ...]) -> list[shapely.Polygon]:
    """Polygons of rings."""
    return [shapely.Polygon(ring) for ring in rings]


@pytest.mark.parametrize("name", ["yubei", "template"])
def test_districts_that_ship_have_nothing_to_put_right(name: str) -> None:
    """Every district in the package passes the check that operators run."""
    assert [finding.line() for finding in check(DISTRICTS / name)] == []


def test_yubei_has_what_was_published_of_it(yubei: District) -> None:
    """The numbers that the district itself names are met exactly."""
    kinds = [kind.code for kind in yubei.kinds if kind.role == "device"]
    posts = yubei.posts.kind

    assert len(yubei.streets.code) == 30
    assert yubei.streets.kind.count("town") == 11
    assert len(yubei.communities.code) == 412
    assert len(yubei.grids.code) == 2500
    assert (posts.count("grid_worker"), posts.count("community_worker")) == (1000, 1000)
    assert len(kinds) == 44
    assert sum(yubei.counts[code] for code in kinds) == 356_000
    assert (yubei.zone, yubei.start_ms) == ("Asia/Shanghai", 1_720_569_600_000)
    assert yubei.valid_to == "2025-11-06"


def test_grids_tile_the_outline(yubei: District) -> None:
    """No grid sticks out, no two share ground, and nothing is left without one."""
    grids, outline = shapes(yubei.grids.ring), shapely.union_all(shapes(yubei.outline))

    assert all(outline.buffer(CENTIMETRES).contains(grid) for grid in grids)
    assert shapely.coverage_is_valid(grids)
    assert sum(grid.area for grid in grids) == pytest.approx(outline.area, rel=1e-5)


def test_grids_bear_the_code_of_their_community_and_a_number(yubei: District) -> None:
    """Codes are 6+3+3+3 digits: district, street, community, number from 001 on."""
    grids = yubei.grids
    assert len(set(grids.code)) == len(grids.code)
    for code, community, street in zip(grids.code, grids.community, grids.street, strict=True):
        assert code[:12] == yubei.communities.code[community]
        assert code[:9] == yubei.streets.code[street]
        assert code.isdigit()
        assert len(code) == 15
        assert 1 <= int(code[12:]) <= 7


def test_every_grid_is_in_the_charge_of_a_grid_worker_nearby(yubei: District) -> None:
    """A case can always be given to somebody of the same community."""
    grids, posts = yubei.grids, yubei.posts
    assert (grids.post >= 0).all()
    assert {posts.kind[row] for row in grids.post} == {"grid_worker"}
    assert (grids.community[posts.grid[grids.post]] == grids.community).all()
    assert np.bincount(grids.post).max() <= 4


def test_no_table_names_a_person() -> None:
    """Posts are numbers; whoever fills them is no part of the district's tables."""
    header = (YUBEI / "posts.csv").read_text("utf-8").splitlines()[0].split(",")
    columns = ["code", "kind", "grid", "agency", "shift", "covers", "serves", "skills", "synthetic"]
    assert header == columns


def test_whoever_a_plan_names_has_somebody_in_every_grid_at_every_hour(yubei: District) -> None:
    """Each holder of each plan that ships is a kind of post, manned in all three shifts.

    ``agency`` is whichever the case was given to.
    """
    holders = {
        step["holder"] for plan in SCENES.glob("*/plan.toml")
        for step in tomllib.loads(plan.read_text("utf-8")).get("step", ())
    }  # fmt: skip
    posts, shifts = yubei.posts, yubei.shifts
    office = {"community_worker", "agency"}
    for holder in sorted(holders - office - set(yubei.agencies.kind)):
        rows = [row for row, kind in enumerate(posts.kind) if kind == holder]
        worked = {shifts.code[int(posts.shift[row])] for row in rows}
        serves = {posts.serves[row] for row in rows}
        assert worked == {"early", "late", "night"}, holder
        assert serves & {"district", "street"} or holder == "grid_worker", holder


def test_grids_and_posts_can_be_drawn_again_byte_for_byte(tmp_path: Path) -> None:
    """The synthetic tables are the output of one command with a fixed seed."""
    made = ("grids.csv", "grids.geojson", "posts.csv")
    for source in YUBEI.iterdir():
        if source.name not in made:
            shutil.copy(source, tmp_path)

    redraw(tmp_path)

    for name in made:
        assert (tmp_path / name).read_bytes() == (YUBEI / name).read_bytes(), name
