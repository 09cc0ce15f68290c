"""`borough upgrade`: bring the data of an earlier release to this one."""

from pathlib import Path

from borough.app.settings import Settings
from borough.app.upgrading import lacking, upgraded
from borough.cli.progress import Progress


def upgrade(
    *, data: Path = Path(".borough/data"), backup: Path | None = None, dry_run: bool = False
) -> None:
    """升级数据。Bring the data of an earlier release to this one, after a backup.

    Parameters
    ----------
    data
        The data folder of a district that does not run.
    backup
        Where to keep the backup: a file or a folder; beside the data folder if not given.
    dry_run
        Only say what would be done.
    """
    folder = data.resolve()
    if dry_run:
        steps = lacking(Settings.read(folder))
    else:
        with Progress() as progress:
            done = upgraded(folder, backup.resolve() if backup else None, progress.tell)
        steps = list(done.steps)
        if done.backup is not None:
            print(f"升级前备份 · backup from before: {done.backup}")
    for each in steps:
        print(f"{each.revision:<14} {each.does.splitlines()[0]}")
    what = "将做 · would be done" if dry_run else "已做 · done"
    print(f"{len(steps)} 步 · steps, {what}" if steps else "已是最新 · up to date, nothing to do")
