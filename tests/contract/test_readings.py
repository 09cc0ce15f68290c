"""A transaction that only reads leaves behind what the next one gains by."""

from sqlalchemy import Engine, text

from borough.storage.sql.engines import reading

OFTEN = 8
"""PostgreSQL's driver prepares what it is told for the sixth time."""


def test_what_is_asked_often_stays_prepared_from_one_reading_to_the_next(engine: Engine) -> None:
    """Each reading that was taken back would have every statement read and planned anew."""
    for number in range(OFTEN):
        with reading(engine) as connection:
            assert (
                connection.scalar(text("SELECT CAST(:number AS INTEGER)"), {"number": number})
                == number
            )
    if engine.dialect.name == "postgresql":
        with reading(engine) as connection:
            kept = list(connection.scalars(text("SELECT statement FROM pg_prepared_statements")))
        assert any("AS INTEGER" in each for each in kept)
