"""Whoever signs in is at the post of their account: pages need not ask which is theirs."""

from dataclasses import replace

import httpx
import numpy as np
import pytest

from borough.api.application import create
from borough.api.ports import Ports
from borough.api.rosters import CHOSEN_FROM
from borough.core.district import Posts
from borough.core.people import Bounds, Grant, Who
from borough.testing.people import MemoryPeople
from borough.testing.serving import serving
from borough.testing.town import town


def peopled(many: int) -> Ports:
    """Make a town with so many posts, and with people at P0007, at none and elsewhere."""
    ports = town(5)
    zero = np.zeros(many, np.int32)
    posts = Posts(tuple(f"P{n:04d}" for n in range(many)), ("worker",) * many, zero, zero - 1, zero)
    people = ports.people
    assert isinstance(people, MemoryPeople)
    fire = Grant("handler", Bounds(frozenset({"fire"})))
    for name, grant, post in (
        ("li", Grant("handler"), "P0007"), ("wu", Grant("handler"), ""), ("hu", fire, "P0007"),
    ):  # fmt: skip
        people.let_in(name, Who(name, "person", (grant,), post=post))
    return replace(ports, district=replace(ports.district, posts=posts))


@pytest.mark.parametrize(
    ("many", "who", "post", "chosen_from"),
    [
        (9, "li", "P0007", 9),
        (CHOSEN_FROM + 1, "li", "P0007", 1),
        (CHOSEN_FROM + 1, "wu", "", 0),
        (CHOSEN_FROM + 1, "hu", "P0007", 0),
    ],
)
def test_my_post_is_mine_however_many_there_are(
    many: int, who: str, post: str, chosen_from: int
) -> None:
    """It stands among those to choose from where it is of one's agency: it gives no right."""
    ports = peopled(many)
    signed = {"authorization": f"Bearer {who}"}
    with (
        serving(create(ports), ports.live) as served,
        httpx.Client(base_url=f"{served.url}/api/v1/", headers=signed, timeout=30) as client,
    ):
        assert client.get("me").json()["post"] == post
        posts = client.get("duties").json()["posts"]
        assert len(posts) == chosen_from
        assert post in posts or chosen_from == 0
