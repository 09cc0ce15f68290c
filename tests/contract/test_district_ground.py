"""Cutting ground into grids: every shape of outline is tiled, in whole pieces."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings, strategies as st

from borough.edge.placement.ground import cut

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
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(7, 40))
def test_any_outline_is_tiled_by_single_pieces(
    corners: list[tuple[float, float]], seed: int, count: int
) -> None:
    """Teeth, bays and narrow strips are covered once, by as many grids as were asked for."""
    outline = shapely.Polygon(np.array(corners) * SCALE + [106.0, 29.0])
    centres = np.array([[106.01, 29.01], [106.08, 29.02]])

    plots = cut(outline, centres, np.array([0, 0, 0, 1, 1, 1, 1]), count, seed)

    shapes = [plot.polygon for plot in plots]
    assert len(shapes) == count
    assert all(shape.is_valid for shape in shapes)
    assert sum(shape.area for shape in shapes) == pytest.approx(outline.area, rel=1e-3)
    assert shapely.union_all(shapes).area == pytest.approx(outline.area, rel=1e-3)
    assert {plot.community for plot in plots} == set(range(7))
