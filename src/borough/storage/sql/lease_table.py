"""The table of leases: who may do what only one process at a time may do."""

from sqlalchemy import Column, String, Table

from borough.storage.sql.tables import Int64, metadata

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("epoch", Int64, primary_key=True, autoincrement=False),
    Column("holder", String, nullable=False),
    Column("until_ms", Int64, nullable=False),
)
"""One row for each lease.  ``epoch`` grows by one each time that it is taken.

``until_ms`` is by the clock of the database, which is the only clock asked.  The epoch is part of
the key so that changing it waits for every transaction that has read the row ``FOR KEY SHARE``,
while a renewal, which changes no key, waits for none.
"""
