"""A stranger on the api's port is not taken for ours."""

from dataclasses import replace
from pathlib import Path

import httpx

from borough.api.application import create
from borough.app.district_run import answers
from borough.app.settings import Settings
from borough.testing.serving import serving
from borough.testing.town import town


def test_only_our_own_api_counts_as_ready(tmp_path: Path) -> None:
    """Another district on our port answers, and is not ours; our own proves that it is."""
    mine = Settings(str(tmp_path), "yubei")
    ports = town(5)
    for instance, ours in (("another", False), (mine.instance, True)):
        with serving(create(replace(ports, instance=instance)), ports.live) as served:
            here = replace(mine, http_port=httpx.URL(served.url).port or 0)
            assert answers(here) is ours
            assert httpx.get(f"{served.url}/healthz", timeout=60).json()["instance"] == instance


def test_an_instance_is_known_by_its_name_and_gives_nothing_away(tmp_path: Path) -> None:
    """The name stays as long as the token does, and the token is not in it."""
    mine, other = (Settings(str(tmp_path), "yubei") for _ in range(2))
    mine.write()

    assert Settings.read(tmp_path).instance == mine.instance != other.instance
    assert mine.operator not in mine.instance


def test_further_names_are_answered_to() -> None:
    """A host that the settings name is no stranger; any other still is."""
    ports = town(5)
    app = create(replace(ports, hosts=(*ports.hosts, "borough.example")))
    with serving(app, ports.live) as served:
        found = [
            httpx.get(f"{served.url}/healthz", headers={"host": host}, timeout=60).status_code
            for host in ("127.0.0.1", "borough.example:8080", "evil.example")
        ]

    assert found == [200, 200, 421]
