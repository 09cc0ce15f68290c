"""What the district gives every thing that enters: parameters that its class has there."""

from collections.abc import Mapping

from sqlalchemy import Connection, literal, select

from borough.storage.sql import tables as t

Given = Mapping[str, Mapping[tuple[str, str], float]]
"""Values by the code of a class, and by scene and parameter."""
DISTRICT = "district"
"""Who has set them."""


def give(connection: Connection, given: Given, first: int, last: int, at_ms: int) -> None:
    """Set for things of ids *first* to *last*, which are new, what is given to their classes."""
    new = t.things.c.id.between(first, last)
    classes = select(t.kinds.c.number, t.kinds.c.code).where(
        t.kinds.c.number.in_(select(t.things.c.kind).where(new).distinct())
    )
    for number, code in connection.execute(classes).all():
        for (scene, parameter), value in given.get(code, {}).items():
            row = {"scene": scene, "parameter": parameter, "thing": t.things.c.id, "value": value}
            row |= {"who": DISTRICT, "set_ms": at_ms}
            each = [
                column if column is t.things.c.id else literal(column) for column in row.values()
            ]
            chosen = select(*each).where(new, t.things.c.kind == number)
            connection.execute(t.parameters.insert().from_select([*row], chosen))
