"""What Alembic runs to walk the migrations over a connection that it is lent."""

from alembic import context

from borough.storage.sql.tables import metadata


def walk() -> None:
    """Walk the migrations in the transaction of the connection that `upgrade` lends."""
    lent = context.config.attributes["connection"]
    context.configure(connection=lent, target_metadata=metadata, render_as_batch=True)
    context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic loads this file
    walk()
