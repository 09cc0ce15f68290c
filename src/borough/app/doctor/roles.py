"""Questions about the processes of a district, from what they say of themselves."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

import psutil

from borough.app import pulse
from borough.app.district_run import PORTS, is_free
from borough.app.doctor.findings import ROLES, Finding, Patient
from borough.app.pulse import RELEASE

TOP = 3
STARTED_ANEW = "is started anew"
LOOK_BACK_S = 600.0


def ports(patient: Patient) -> Iterator[Finding]:
    """Look, where the district does not run, whether its ports are free, and who has them."""
    if patient.runs:
        return
    for name in PORTS:
        port = getattr(patient.ours, name)
        free = is_free(patient.ours.host, port)
        holder = "" if free else holder_of(port)
        yield Finding.of(
            "port", ok=free, port=port, who=holder, name=name, variable=f"BOROUGH_{name.upper()}"
        )


def holder_of(port: int) -> str:
    """Name the process that listens on a port, where we may know."""
    try:
        for each in psutil.net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr[1:] == (port,) and each.pid:
                return f"{psutil.Process(each.pid).name()} (pid {each.pid})"
    except psutil.Error:
        pass
    return "?"


def down(patient: Patient) -> Iterator[Finding]:
    """Look at the last sign of life of each role of a district that runs."""
    if not patient.runs:
        return
    for role in ROLES:
        age = float(patient.pulses[role].get("age_s", float("inf")))
        log = patient.data / "logs" / f"{role}.log"
        yield Finding.of("role", ok=age < pulse.STALE_S, role=role, age=age, log=log)


def flapping(patient: Patient) -> Iterator[Finding]:
    """Count how often roles were started anew lately, from the supervisor's log."""
    path = patient.data / "logs" / "supervisor.log"
    if not path.exists():
        return
    since = time.time() - LOOK_BACK_S
    found: Counter[str] = Counter()
    for line in path.read_text("utf-8", "replace").splitlines():
        event = json.loads(line)
        if (
            STARTED_ANEW in event["message"]
            and datetime.fromisoformat(event["time"]).timestamp() > since
        ):
            found[event["message"].partition(" ")[0]] += 1
    often = {role: many for role, many in found.items() if many > patient.limits["flapping"]}
    yield Finding.of("flapping", ok=not often, roles=listed(often), logs=patient.data / "logs")


def releases(patient: Patient) -> Iterator[Finding]:
    """Look whether all roles, and whoever asks, are of one release."""
    found = {role: each["release"] for role, each in patient.pulses.items() if "release" in each}
    other = {role: one for role, one in found.items() if one != RELEASE}
    yield Finding.of("releases", ok=not other, roles=listed(other), own=RELEASE)


def backlog(patient: Patient) -> Iterator[Finding]:
    """Look how long readings wait."""
    if stream := patient.pulses["stream"]:
        age = float(stream.get("backlog_s", 0.0))
        yield Finding.of("backlog", ok=age <= patient.limits["backlog"], age=age)


def broken(patient: Patient) -> Iterator[Finding]:
    """Look for scenes that were set aside because their rule raised."""
    set_aside = patient.pulses["stream"].get("broken", {})
    yield Finding.of("set-aside", ok=not set_aside, scenes=listed(set_aside))


def archive(patient: Patient) -> Iterator[Finding]:
    """Look whether the history takes what it is given."""
    why = patient.pulses["stream"].get("archive_error", "")
    yield Finding.of("archive", ok=not why, why=why)


def rejected(patient: Patient) -> Iterator[Finding]:
    """Look at the share of readings that were turned away, and the commonest reasons."""
    stream = patient.pulses["stream"]
    reasons: dict[str, int] = stream.get("rejected", {})
    received = max(stream.get("counts", {}).get("received", 0), 1)
    share = 100 * sum(reasons.values()) / received
    ok = share <= patient.limits["rejected"]
    yield Finding.of("rejected", ok=ok, share=share, reasons=commonest(reasons))


def bus_refusals(patient: Patient) -> Iterator[Finding]:
    """Look at what the bus itself turned away, and why."""
    reasons: dict[str, int] = patient.pulses["bus"].get("rejected", {})
    many = sum(reasons.values())
    ok = many <= patient.limits["bus-refusals"]
    yield Finding.of(
        "bus-refusals",
        ok=ok,
        many=many,
        reasons=commonest(reasons),
        log=patient.data / "logs" / "bus.log",
    )


def commonest(reasons: dict[str, int]) -> str:
    """Write the commonest reasons with their counts."""
    return listed(dict(Counter(reasons).most_common(TOP)))


def listed(found: Mapping[str, object]) -> str:
    """Write names with what belongs to each.

    >>> listed({"unreadable": 7, "bad-topic": 2})
    'unreadable 7, bad-topic 2'
    """
    return ", ".join(f"{name} {each}" for name, each in found.items())
