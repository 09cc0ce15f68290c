"""Backups of districts that keep a part of themselves elsewhere, or lie in several partitions."""

from dataclasses import replace
from pathlib import Path

import pytest

from borough.app.backup.restoring import restore
from borough.app.backup.taking import back_up
from borough.core.errors import BadSetting
from borough.testing.living import Living


def silent(_what: str, _done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def test_what_machines_share_is_in_the_backup_and_comes_back_as_one_folder(tmp_path: Path) -> None:
    """Files of the shared folder are restored into the data folder, which then shares nothing."""
    common = tmp_path / "common"
    living = Living.made(tmp_path / "data", shared=str(common))
    (common / "files").mkdir(parents=True)
    (common / "files" / "photo.jpg").write_bytes(b"synthetic")

    archive, _ = back_up(living.settings.folder, tmp_path / "one.borough.tar", silent)
    settings, _ = restore(archive, tmp_path / "restored", silent)

    assert settings.shared == ""
    assert (settings.common / "files" / "photo.jpg").read_bytes() == b"synthetic"


def test_a_district_of_one_machine_listens_where_it_did(tmp_path: Path) -> None:
    """Only what belongs to several machines is left behind with them."""
    living = Living.made(tmp_path / "data", host="127.0.0.2")

    archive, _ = back_up(living.settings.folder, tmp_path / "one.borough.tar", silent)
    settings, _ = restore(archive, tmp_path / "restored", silent)

    assert settings.host == "127.0.0.2"


def test_a_district_of_several_partitions_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    """They have no moment in common, so no archive pretends that they have."""
    living = Living.made(tmp_path / "data")
    replace(living.settings, partitions=2).write()

    with pytest.raises(BadSetting, match="partitions"):
        back_up(living.settings.folder, tmp_path / "one.borough.tar", silent)
    assert not [*tmp_path.glob("*.tar*")]
