"""What stands in deploy/: it names settings, roles, ports and paths that there are."""

import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from borough.api.application import create
from borough.app.settings import PREFIX, Settings
from borough.app.sources import known, parsed
from borough.testing.serving import serving
from borough.testing.town import town

DEPLOY = Path(__file__).parents[2] / "deploy"
SCRIPTS = ("bundle", "install", "machine", "try_bundle")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
KUBERNETES = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "borough.yaml").read_text("utf-8")))
MACHINES = {name: each for name, each in COMPOSE["services"].items() if name != "database"}


def of_kind(kind: str) -> list[dict[str, Any]]:
    """Give the manifests of one kind."""
    return [each for each in KUBERNETES if each["kind"] == kind]


def given(variables: dict[str, str]) -> dict[str, Any]:
    """Read ``BOROUGH_*`` as a start does; an unknown name or an impossible value raises."""
    made = {}
    for variable, text in variables.items():
        name = variable.removeprefix(PREFIX).lower()
        known(name, variable)
        made[name] = parsed(name, text, variable)
    return made


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_can_be_read_by_any_shell(name: str) -> None:
    """It is a program, and plain POSIX shell as far as the shell can tell."""
    path = DEPLOY / name

    assert path.stat().st_mode & 0o100
    subprocess.run(["sh", "-n", str(path)], check=True)  # noqa: S603, S607 - the system's own shell


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_of_the_compose_file_has_settings_that_work(name: str) -> None:
    """Each goes to its own server of the bus first, and all to the same three."""
    machine = MACHINES[name]
    settings = Settings("data", "yubei", **given(machine["environment"]))

    assert machine["hostname"] == settings.bus_name == name
    assert settings.bus_servers[0] == f"{name}:{Settings('', '').bus_port}"
    assert {each.split(":")[0] for each in settings.bus_servers} == MACHINES.keys()
    assert {each.split(":")[0] for each in settings.bus_routes} == MACHINES.keys()
    assert set(settings.roles) <= set(Settings("", "").roles)
    assert machine["command"] == (["first"] if name == "a" else ["other"])
    assert any(each.endswith(f":{settings.shared}") for each in machine["volumes"])


def test_the_manifests_have_settings_that_work() -> None:
    """One pod for each server of the bus, as the stateful set names them."""
    (config,), (pods,) = of_kind("ConfigMap"), of_kind("StatefulSet")
    spec = pods["spec"]["template"]["spec"]
    (machine,) = spec["containers"]
    names = {each["name"] for each in machine["env"]}
    settings = Settings("data", "yubei", **given(config["data"]))

    assert names == {"BOROUGH_BUS_NAME", "BOROUGH_DATABASE"}
    hosts = [f"{pods['metadata']['name']}-{n}.machines" for n in range(pods["spec"]["replicas"])]
    assert [each.split(":")[0] for each in settings.bus_servers] == hosts
    assert [each.split(":")[0] for each in settings.bus_routes] == hosts
    assert spec["enableServiceLinks"] is False
    mounts = {each["mountPath"] for each in machine["volumeMounts"]}
    assert settings.shared in mounts


def test_the_manifests_name_ports_and_paths_that_there_are() -> None:
    """Ports are those we listen on unless told otherwise; probes ask what answers."""
    (machine,) = of_kind("StatefulSet")[0]["spec"]["template"]["spec"]["containers"]
    usual = Settings("", "")
    ports = {each["name"]: each["containerPort"] for each in machine["ports"]}

    assert ports == {
        "page": usual.http_port, "mqtt": usual.mqtt_port, "bus": usual.bus_port,
        "routes": usual.bus_route_port,
    }  # fmt: skip
    probes = [machine[name]["httpGet"] for name in machine if name.endswith("Probe")]
    shown = town(3)
    with (
        serving(create(shown), shown.live) as served,
        httpx.Client(base_url=served.url, timeout=60) as page,
    ):
        assert [each["path"] for each in probes if not page.get(each["path"]).is_success] == []
    assert {each["port"] for each in probes} == {"page"}
    for service in of_kind("Service"):
        assert {each.get("targetPort", each["name"]) for each in service["spec"]["ports"]} <= set(
            ports
        )
