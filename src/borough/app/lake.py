"""The history as the roles see it: where it lies, and how it is opened."""

from borough.app.settings import Settings
from borough.storage.lake import Lake
from borough.storage.lake.lake import MEMORY_MB


def lake_of(settings: Settings, zone: str, *, memory_mb: int = MEMORY_MB, threads: int = 2) -> Lake:
    """Open the history of a district, in its folder or in the object store it was given.

    Raises what `Lake` raises, and `BadSetting` where an object store cannot be spoken to.
    """
    folder = settings.common / "history"
    at, kept_mb = settings.history, settings.history_kept_mb
    return Lake(folder, zone, at=at, kept_mb=kept_mb, memory_mb=memory_mb, threads=threads)
