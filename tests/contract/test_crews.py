"""Who can be there first, found the quick way and the clear way."""

import numpy as np
from hypothesis import given, strategies as st

from borough.engine.dispatch import Instance, Rules, first_there
from borough.storage.sql.crews import Crew, calls_of
from borough.storage.sql.musters import middle

NOW = 1_720_569_600_000
PLACE = st.tuples(st.floats(106.4, 106.6), st.floats(29.5, 29.7))
POST = st.tuples(
    st.one_of(st.none(), PLACE), st.integers(-500, 40_000_000), st.integers(0, 5),
    st.integers(0, 9_000_000),
)  # fmt: skip


@given(
    told=st.lists(POST, max_size=12),
    spot=st.one_of(st.none(), PLACE),
    takes_s=st.sampled_from([0.0, 1200.0]),
)
def test_one_call_is_given_as_the_columns_say(
    told: list[tuple[tuple[float, float] | None, int, int, int]],
    spot: tuple[float, float] | None,
    takes_s: float,
) -> None:
    """Whoever `first_there` finds among the columns is found post by post, ties and all."""
    rules, names = Rules.shipped(), tuple(f"P{row}" for row in range(len(told)))
    posts = dict(zip(names, told, strict=True))
    spots = {name: place for name, (place, _, _, _) in posts.items() if place}
    crowd = Crew(
        names,
        agency=dict.fromkeys(names, "east"),
        until_ms={name: NOW + left for name, (_, left, _, _) in posts.items()},
        spot=spots,
        middle=middle(spots),
        load={name: load for name, (_, _, load, _) in posts.items()},
        last_ms={name: NOW - ago for name, (_, _, load, ago) in posts.items() if load},
    )
    found = crowd.soonest(spot, NOW, takes_s, rules)
    calls, _ = calls_of(crowd, [spot], [{"due_ms": NOW + 1}], [True], takes_s)
    pairs = first_there(Instance(rules, calls, crowd.workers(NOW, takes_s), NOW / 1000))
    assert [found] == ([names[int(each)] for each in np.asarray(pairs.worker)] or [""])
