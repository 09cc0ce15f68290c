"""Many words in one parameter are asked for as they are, whatever stands in them."""

from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Engine, select

from borough.storage.sql.among import among
from borough.storage.sql.engines import reading, writing
from borough.storage.sql.tables import counters

AWKWARD = ["", "G0001", 'a"b', "a\\", '\\"', "{x,y}", "NULL", "null", "a,b", " ", "渝北", "'", "%s"]
ASKED = select(counters.c.name).where(among(counters.c.name, "names"))
WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=6)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(others=st.lists(WORDS, max_size=4, unique=True))
def test_just_the_words_that_are_asked_for_are_found(engine: Engine, others: list[str]) -> None:
    """Quotes, commas, braces, nothing at all and what looks like null among them."""
    words = sorted({*AWKWARD, *others})
    some = words[::2]
    with writing(engine) as connection:
        connection.execute(counters.delete())
        rows: list[dict[str, Any]] = [{"name": each, "value": 1} for each in words]
        connection.execute(counters.insert(), rows)
    with reading(engine) as connection:
        assert sorted(connection.scalars(ASKED, {"names": some})) == some
        assert list(connection.scalars(ASKED, {"names": []})) == []
