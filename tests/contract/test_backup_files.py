"""Loose files of a living district go into a backup, though they come and go meanwhile."""

import tarfile
from pathlib import Path

import pytest

from borough.app.backup import taking
from borough.app.backup.archive import FORMAT, Manifest, Writer
from borough.app.settings import Settings
from borough.storage.lake.copying import Pinned


def test_a_file_that_goes_while_a_backup_is_taken_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are there, and the backup comes to its end."""
    district, data, target = (tmp_path / name for name in ("district", "data", "one.borough.tar"))
    gone, stays = data / "uploads" / "gone", data / "uploads" / "photo"
    for each in (district / "district.toml", gone, stays):
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_bytes(b"synthetic")
    settings = Settings(str(data), str(district))
    settings.write()
    listed = taking.files_below

    def overtaken(folder: Path) -> list[Path]:
        found = listed(folder)
        if folder == data:
            gone.unlink()
        return found

    monkeypatch.setattr(taking, "files_below", overtaken)
    cut = taking.Cut(None, {}, Pinned(tmp_path, 0, -1, {}, []), {}, 0, 0, 0)
    with Writer(target, Manifest(FORMAT, "1", "here", {}, {}, "now")) as writer:
        taking.copy_small(writer, settings, cut, target)
        writer.close()

    with tarfile.open(target) as archive:
        loose = [name for name in archive.getnames() if "uploads" in name]
    assert [Path(name).name for name in loose] == [stays.name]
