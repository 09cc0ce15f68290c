"""`borough restore`: lay a backed-up district down on this machine."""

from pathlib import Path

from borough.app.backup import restore as restored
from borough.cli.progress import Progress


def restore(archive: Path, *, data: Path = Path(".borough/data"), database: str = "") -> None:
    """恢复一个区县。Lay the district of a backup down in a folder that is not there yet.

    The archive is checked from end to end first; where anything is wrong, nothing is made.
    Do not let it run beside the district it was taken from: both would answer for its devices.

    Parameters
    ----------
    archive
        A file that `borough backup` made.
    data
        The data folder to make.
    database
        An empty PostgreSQL database to use; without one, SQLite in the data folder.
    """
    with Progress() as progress:
        settings, _ = restored(archive, data.resolve(), progress.tell, database)
    ports = f"HTTP {settings.http_port}, MQTT {settings.mqtt_port}"
    print(f"已恢复到 · restored in {data} ({ports}); 启动 · start it: borough up --data {data}")
