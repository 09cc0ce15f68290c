"""What stands in deploy/: it names settings, roles, ports and paths that there are."""

import configparser
import os
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from borough.api.application import create
from borough.api.rights import OPEN, rights
from borough.app.bus import address, bus_of
from borough.app.settings import PREFIX, Settings
from borough.app.sources import known, parsed
from borough.testing.serving import serving
from borough.testing.town import town

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SCRIPTS = ("bundle", "install", "machine", "try_bundle")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
KUBERNETES = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "borough.yaml").read_text("utf-8")))
OF_A_POD = {"Host": "10.244.1.7:8080"}
"""What a kubelet says of itself where a probe names no host."""
MAKES_A_DISTRICT = """\
#!/bin/sh
mkdir -p "$3/bus"
for each in settings.json bus/secrets.json; do
    [ -f "$3/$each" ] || echo "of ${3##*/}" > "$3/$each"
done
until [ -f "$BOROUGH_SHARED/join/ready" ]; do sleep 0.1; done
"""
"""Stands for ``borough up --data FOLDER`` until others can join."""
EXTRAS = re.compile(r"\[([a-z0-9,]+)\]\"")
FOR_MAKERS = {"test", "check", "docs", "twin"}
"""Extras for who works on the product; a district that runs has the others."""
MACHINES = {name: each for name, each in COMPOSE["services"].items() if name != "database"}


def of_kind(kind: str) -> list[dict[str, Any]]:
    """Give the manifests of one kind."""
    return [each for each in KUBERNETES if each["kind"] == kind]


def only_pod() -> dict[str, Any]:
    """Give the specification of the pods."""
    spec: dict[str, Any] = of_kind("StatefulSet")[0]["spec"]["template"]["spec"]
    return spec


@pytest.fixture
def start(tmp_path: Path) -> Callable[[str, str], set[str]]:
    """Start machines that share a folder; give what settings and passwords they then have."""
    stand_in = tmp_path / "bin" / "borough"
    stand_in.parent.mkdir()
    stand_in.write_text(MAKES_A_DISTRICT)
    stand_in.chmod(0o700)
    shared = {"BOROUGH_SHARED": str(tmp_path), "PATH": f"{stand_in.parent}:{os.environ['PATH']}"}

    def started(which: str, name: str) -> set[str]:
        data = tmp_path / name
        words = [DEPLOY / "machine", which, data]
        subprocess.run(words, env={**os.environ, **shared}, timeout=60, check=True)  # noqa: S603 - our own script
        return {(data / each).read_text() for each in ("settings.json", "bus/secrets.json")}

    return started


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


def test_every_machine_is_of_the_district_that_the_first_has_made(
    start: Callable[[str, str], set[str]], tmp_path: Path
) -> None:
    """Others take its settings; a machine that has lost its disk, even the first, takes them back.

    One that still has its own keeps them.
    """
    assert start("first", "a") == {"of a\n"}
    assert start("other", "b") == {"of a\n"}
    assert start("first", "a-with-a-new-disk") == {"of a\n"}
    (tmp_path / "b" / "settings.json").write_text("its own")
    assert start("other", "b") == {"its own", "of a\n"}


@pytest.mark.parametrize("name", ["bundle", "install", "Dockerfile"])
def test_what_is_installed_can_do_all_that_a_district_can(name: str) -> None:
    """Bundle and image have every extra that settings may ask for: an object store, a provider."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (asked,) = EXTRAS.findall((DEPLOY / name).read_text("utf-8"))

    assert {*asked.split(",")} == project["optional-dependencies"].keys() - FOR_MAKERS


def test_no_district_and_no_history_of_the_project_goes_into_the_image() -> None:
    """What git ignores, at any depth, is left out of the build, and so is git's own folder."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    left_out = {*(ROOT / ".dockerignore").read_text("utf-8").splitlines()}

    assert ".borough/" in ignored
    assert left_out >= {".git", *(f"**/{each.rstrip('/')}" for each in ignored)}


def test_a_backup_is_told_what_the_service_is_told() -> None:
    """Variables that name a database or a store reach both, or another one would be kept."""
    told = []
    for name in ("borough", "borough-backup"):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.read(DEPLOY / "systemd" / f"{name}.service", "utf-8")
        told.append(unit["Service"]["EnvironmentFile"])

    assert told[0] == told[1]


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_of_the_compose_file_has_settings_that_work(name: str, tmp_path: Path) -> None:
    """Each goes to its own server of the bus first, and all to the same three."""
    machine = MACHINES[name]
    settings = Settings(str(tmp_path), "yubei", **given(machine["environment"]))

    assert machine["hostname"] == settings.bus_name == name
    assert bus_of(settings).servers[0] == (name, settings.bus_port)
    assert {each.split(":")[0] for each in settings.bus_servers} == MACHINES.keys()
    assert {each.split(":")[0] for each in settings.bus_routes} == MACHINES.keys()
    assert set(settings.roles) <= set(Settings("", "").roles)
    assert machine["command"] == (["first"] if name == "a" else ["other"])
    assert any(each.endswith(f":{settings.shared}") for each in machine["volumes"])


def test_the_manifests_have_settings_that_work() -> None:
    """One pod for each server of the bus, as the stateful set names them."""
    (config,), (pods,), spec = of_kind("ConfigMap"), of_kind("StatefulSet"), only_pod()
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


@pytest.mark.parametrize("number", range(3))
def test_a_pod_goes_to_its_own_server_of_the_bus_first(number: int, tmp_path: Path) -> None:
    """All listen everywhere and have one list; the name of the pod says which server is its own."""
    (config,), (pods,) = of_kind("ConfigMap"), of_kind("StatefulSet")
    name = f"{pods['metadata']['name']}-{number}"
    (called,) = [
        each["valueFrom"]["fieldRef"]["fieldPath"]
        for each in only_pod()["containers"][0]["env"]
        if each["name"] == "BOROUGH_BUS_NAME"
    ]
    settings = Settings(str(tmp_path), "yubei", bus_name=name, **given(config["data"]))
    servers = bus_of(settings).servers

    assert called == "metadata.name"
    assert servers[0] == (f"{name}.{pods['spec']['serviceName']}", settings.bus_port)
    assert {str(each) for each in servers} == {*settings.bus_servers}
    asked = address(settings)
    assert (asked["servers"][0], asked["dont_randomize"]) == (f"nats://{servers[0]}", True)
    assert len(servers) == pods["spec"]["replicas"]


def test_the_manifests_name_ports_that_there_are() -> None:
    """They are those on which we listen unless told otherwise, and services lead to them."""
    (machine,) = only_pod()["containers"]
    usual = Settings("", "")
    ports = {each["name"]: each["containerPort"] for each in machine["ports"]}

    assert ports == {
        "page": usual.http_port, "mqtt": usual.mqtt_port, "bus": usual.bus_port,
        "routes": usual.bus_route_port,
    }  # fmt: skip
    for service in of_kind("Service"):
        assert {each.get("targetPort", each["name"]) for each in service["spec"]["ports"]} <= set(
            ports
        )


def test_a_probe_is_answered_and_a_stranger_who_says_another_name_is_not() -> None:
    """A kubelet asks with the headers of the manifest; what it would say by itself is refused.

    To refuse it keeps other pages from being pointed at a district by DNS.  No probe signs in.
    """
    (machine,) = only_pod()["containers"]
    probes = {name: each["httpGet"] for name, each in machine.items() if name.endswith("Probe")}
    shown = town(3)
    with (
        serving(create(shown), shown.live) as served,
        httpx.Client(base_url=served.url, timeout=60) as page,
    ):
        for probe in probes.values():
            named = {each["name"]: each["value"] for each in probe["httpHeaders"]}
            assert page.get(probe["path"], headers=named).status_code == 200
            assert page.get(probe["path"], headers=OF_A_POD).status_code == 421
            assert rights().needed("GET", probe["path"]) == OPEN
    assert probes.keys() == {"startupProbe", "readinessProbe", "livenessProbe"}
    assert {each["port"] for each in probes.values()} == {"page"}


def test_only_machines_of_the_district_reach_the_bus() -> None:
    """Whoever reaches the cluster may ask pages and speak MQTT, and comes no further."""
    (policy,), (pods,) = of_kind("NetworkPolicy"), of_kind("StatefulSet")
    ours = pods["spec"]["selector"]
    admitted: dict[bool, set[str]] = {True: set(), False: set()}
    for rule in policy["spec"]["ingress"]:
        admitted["from" in rule] |= {each["port"] for each in rule["ports"]}
        assert rule.get("from", [{"podSelector": ours}]) == [{"podSelector": ours}]
    (shown,) = [each for each in of_kind("Service") if each["spec"].get("clusterIP") != "None"]

    assert pods["spec"]["template"]["metadata"]["labels"] == ours["matchLabels"]
    assert policy["metadata"]["namespace"] == pods["metadata"]["namespace"]
    assert policy["spec"]["podSelector"] == ours
    assert policy["spec"]["policyTypes"] == ["Ingress"]
    assert admitted == {True: {"bus", "routes"}, False: {"page", "mqtt"}}
    assert {each["targetPort"] for each in shown["spec"]["ports"]} == {"page", "mqtt"}
