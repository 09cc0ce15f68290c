"""Networks that tests make for themselves."""

import os
from pathlib import Path

import pytest

from borough.testing.networks import HERE, network


def interfaces(process: int) -> list[str]:
    """List what a process sees of the network it is in."""
    lines = Path(f"/proc/{process}/net/dev").read_text("utf-8").splitlines()[2:]
    return [each.partition(":")[0].strip() for each in lines]


def test_a_network_of_ours_changes_nothing_of_the_machines_own() -> None:
    """Others see no interface come or go, and we are back where we were."""
    home, before = Path(HERE).readlink(), interfaces(os.getppid())
    with network(2) as made:
        if not made.name:
            pytest.skip("this machine lets us make no networks")
        ours = interfaces(os.getpid())
        assert [each for each in ours if each.startswith(made.name)]
        assert interfaces(os.getppid()) == before

    assert Path(HERE).readlink() == home
