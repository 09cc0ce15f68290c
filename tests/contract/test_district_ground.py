"""Cutting ground into grids: every shape of outline is tiled, in whole pieces."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings, strategies as st

import borough
from borough.core.errors import BadDistrict
from borough.edge.placement.ground import cut, settle, tile
from borough.edge.placement.redraw import redraw

TEMPLATE = Path(borough.__file__).parent / "districts" / "template"

COMB = [
    (0, 0),
    (9, 0),
    (9, 6),
    (8, 6),
    (8, 1),
    (5, 1),
    (5, 6),
    (4, 6),
    (4, 1),
    (1, 1),
    (1, 6),
    (0, 6),
]
RULER = [(0, 0), (9, 0), (9, 0.2), (0, 0.2)]
SCALE = 0.01


@pytest.mark.parametrize("corners", [COMB, RULER], ids=["comb", "ruler"])
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(7, 40))
@example(seed=303, count=31)
def test_any_outline_is_tiled_by_single_pieces(
    corners: list[tuple[float, float]], seed: int, count: int
) -> None:
    """Teeth, bays and narrow strips are covered once, by as many grids as were asked for.

    The third street has no community, and so its ground goes to the others.
    """
    outline = shapely.Polygon(np.array(corners) * SCALE + [106.0, 29.0])
    centres = np.array([[106.01, 29.01], [106.08, 29.02], [106.045, 29.05]])

    plots = cut(outline, centres, np.array([0, 0, 0, 1, 1, 1, 1]), count, seed)

    shapes = [plot.polygon for plot in plots]
    assert len(shapes) == count
    assert all(shape.is_valid for shape in shapes)
    assert sum(shape.area for shape in shapes) == pytest.approx(outline.area, rel=1e-3)
    assert shapely.union_all(shapes).area == pytest.approx(outline.area, rel=1e-3)
    assert {plot.community for plot in plots} == set(range(7))


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("streets.csv", "10.035", "20.5", "no ground for the 8 grids of street 1"),
        ("district.toml", "count     = 12", "count     = 2", "2 grids are too few for 3"),
        ("district.toml", "count     = 12", "", "'count' is missing"),
        ("communities.csv", ",000000002,", ",000000009,", "'000000009' is missing or unknown"),
        ("outline.geojson", "{", "", "Extra data"),
    ],
)
def test_ground_that_cannot_be_drawn_is_refused(
    tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    """The command says what it lacks and leaves the tables as they were."""
    folder = Path(shutil.copytree(TEMPLATE, tmp_path / "mine"))
    text = (folder / file).read_text("utf-8")
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")

    with pytest.raises(BadDistrict, match=says):
        redraw(folder)

    assert (folder / "grids.csv").read_bytes() == (TEMPLATE / "grids.csv").read_bytes()


def test_ground_that_the_outline_cuts_off_goes_to_a_neighbour() -> None:
    """The far tooth of a comb is nearest to a seed it has no way to; its own neighbour gets it."""
    comb = shapely.Polygon(COMB)

    middle, right, _ = cells = tile(comb, np.array([[4.5, 5.5], [8.5, 0.5], [0.5, 0.5]]))

    assert shapely.area(cells).sum() == pytest.approx(comb.area)
    assert right.contains(shapely.Point(8.5, 5.9))
    assert not middle.intersects(shapely.Point(8.5, 5.9))


def test_a_seed_without_a_spot_stays_on_the_ground() -> None:
    """Two seeds on one spot: the second keeps its place and does not leave for the origin."""
    spots = np.array([[106.0, 29.0]] * 4 + [[106.1, 29.1]])

    seeds = settle(spots, 3, seed=1)

    assert seeds.min(axis=0).tolist() == [106.0, 29.0]
