"""What making a recording promises; it needs the extra ``twin``, which brings EPANET."""

from datetime import date

import numpy as np
import pytest

from borough.core.errors import BadSetting
from borough.edge.twin import hydraulics
from borough.edge.twin.settings import Order

ORDER = Order("Net3", date(2024, 6, 19), days=2, zones=4, seed=7, leaks=2)
WHY = "making recordings needs the extra twin; playing them does not"


@pytest.fixture(scope="module", autouse=True)
def wntr() -> None:
    """Load EPANET's library, seconds long, only where a test of this file runs."""
    pytest.importorskip("wntr", reason=WHY)


def test_the_same_order_gives_the_same_numbers() -> None:
    """Seed, network and version decide every number; another seed gives others."""
    (one, planted), (again, replanted) = hydraulics.record(ORDER), hydraulics.record(ORDER)
    other, _ = hydraulics.record(Order("Net3", ORDER.start, 2, 4, seed=8, leaks=2))

    assert np.array_equal(one.flow, again.flow)
    assert np.array_equal(one.pressure, again.pressure)
    assert planted == replanted
    assert one.flow.shape != other.flow.shape or not np.allclose(one.flow, other.flow)


def test_each_leak_has_a_zone_of_its_own() -> None:
    """A zone leaks once at most, so that an alarm has one cause."""
    _, planted = hydraulics.record(ORDER)
    zones = [each.zone for each in planted if each.kind != "flushing"]

    assert len(zones) == len(set(zones)) == ORDER.leaks


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (Order("Atlantis", ORDER.start, 1, 2, 1), "it ships: Net1"),
        (Order("Net3", ORDER.start, 1, 2, 1, leaks=3), "3 leaks do not fit into 2 zones"),
        (Order("Net3", ORDER.start, 1, 90, 1), "fewer than 90"),
    ],
)
def test_an_order_that_cannot_be_filled_says_why(order: Order, says: str) -> None:
    """A network that does not exist, more leaks than zones, or more zones than customers."""
    with pytest.raises(BadSetting, match=says):
        hydraulics.record(order)
