"""A demo has its folder to itself."""

from pathlib import Path

import pytest

from borough.app.demo import BASE, LIVE, Demo, Wanted, make_base, refuse_second
from borough.app.supervisor import Supervisor
from borough.core.errors import BadSetting


@pytest.mark.parametrize("part", [BASE, LIVE])
def test_a_second_demo_leaves_the_folder_of_the_first_alone(tmp_path: Path, part: str) -> None:
    """It is refused before it removes anything; once the first has ended, it may."""
    lives_on = tmp_path / part / "registry.db"
    first = Supervisor(tmp_path / part, [], lambda _: None)
    first.start()
    lives_on.touch()

    with pytest.raises(BadSetting, match="another demo"):
        make_base(tmp_path, Wanted("nowhere"), lambda *_: None)
    with pytest.raises(BadSetting, match="another demo"):
        Demo.begin(tmp_path, Wanted("nowhere"), None, lambda _: None)
    assert lives_on.exists()

    first.stop()
    refuse_second(tmp_path)
