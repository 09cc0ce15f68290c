"""Questions about a district on several machines: copies, leases, who stands by, who is behind."""

import json
from base64 import b64decode
from collections.abc import Iterator

from borough.adapters.bus.config import is_ready
from borough.adapters.bus.lanes import MQTT_STREAM
from borough.adapters.bus.link import Link
from borough.app.bus import bus_of
from borough.app.clocks import wall_ms
from borough.app.doctor.findings import Finding, Patient
from borough.storage.journal.journal import last_entry
from borough.storage.journal.leases import STREAM
from borough.storage.journal.streams import stream_names
from borough.storage.sql import connect
from borough.storage.sql.leases import holder_of


def copies(patient: Patient) -> Iterator[Finding]:
    """Look whether each stream of a bus of several servers has all its copies, and up to date."""
    bus = bus_of(patient.ours)
    if bus.cluster is None or not is_ready(bus):
        return
    missing: dict[str, int] = {}
    for user, names in (("borough", stream_names()), ("doors", [MQTT_STREAM])):
        with Link(bus.login(user), "doctor") as link:
            for name in names:
                told = link.call(f"$JS.API.STREAM.INFO.{name}", missing=True).get("cluster", {})
                others = [each for each in told.get("replicas", ()) if each.get("current")]
                if told and (there := len(others) + bool(told.get("leader"))) < bus.cluster.copies:
                    missing[name] = there
    seen = ", ".join(f"{name} {many}" for name, many in missing.items())
    yield Finding.of("copies", ok=not missing, streams=seen, wanted=bus.cluster.copies)


def partitions(patient: Patient) -> Iterator[Finding]:
    """Look whether somebody works for each partition, and how long ago it journalled."""
    bus = bus_of(patient.ours)
    if patient.ours.partitions == 1 or not patient.runs or not is_ready(bus):
        return
    with Link(bus.login("borough"), "doctor") as link:
        for part in patient.ours.parts:
            asked = {"last_by_subj": f"lease.stream.{part.number}"}
            found = link.call(f"$JS.API.STREAM.MSG.GET.{STREAM}", asked, missing=True)
            data = found["message"].get("data", "") if found else ""
            who = json.loads(b64decode(data))["holder"] if data else ""
            yield Finding.of("partition", ok=bool(who), number=part.number, who=who)
            if last := last_entry(link, part):
                age = (wall_ms() - last.frame.wall) / 1000
                ok = age <= patient.limits["partition-lag"]
                yield Finding.of("partition-lag", ok=ok, number=part.number, age=age)


def duty(patient: Patient) -> Iterator[Finding]:
    """Look whether a desk is on duty, where several stand ready for it, and who stands by here."""
    if not patient.ours.database or not patient.runs:
        return
    engine = connect(patient.ours.store)
    who = holder_of(engine, "desk")
    engine.dispose()
    here = [role for role, each in patient.pulses.items() if each.get("standby")]
    yield Finding.of("duty", ok=bool(who), who=who, here=", ".join(here) or "-")
