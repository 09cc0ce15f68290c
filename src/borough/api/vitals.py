"""Doors for those who watch over us: are we alive, are we ready, how are we doing."""

import os
from collections.abc import Iterator, Mapping
from functools import cache

import psutil
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from borough.api import answers
from borough.api.access import Given, reader
from borough.api.door import Door
from borough.api.ports import Ports
from borough.api.tally import Tally
from borough.core.errors import BusDown, DiskFull

router = Door(tags=["health 运行状况"])
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
GAUGES = {
    "things": "Things in the registry",
    "series": "Series that things may report",
    "device_classes": "Classes of devices",
    "detections_open": "Detections that have not ended",
    "cases_open": "Cases that are not closed",
    "scenes_broken": "Scenes that cannot be used or were set aside",
}
"""Counts that may fall, with what they mean; any other only rises."""


@router.get("/healthz", summary="Alive? 存活")
def healthz(ports: Given) -> Response:
    """Say that this process answers, for which district, and which scenes were set aside."""
    set_aside = sorted(ports.health.broken())
    return answers.json({"alive": True, "instance": ports.instance, "scenes_set_aside": set_aside})


@router.get("/readyz", summary="Ready? 就绪")
def readyz(ports: Given) -> Response:
    """Say of each part whether it answers; 503 if one does not, or if the disk is full."""
    if not ports.health.has_room():
        msg = "the disk that keeps readings is full; make room, and all goes on by itself"
        raise DiskFull(msg)
    parts = ports.health.parts()
    silent = [name for name, answers_us in parts.items() if not answers_us]
    if silent:
        msg = f"no answer from {', '.join(silent)}"
        raise BusDown(msg)
    told = {"instance": ports.instance, "backlog_s": ports.health.backlog_s()}
    return answers.json({"ready": True, "parts": parts, **told})


@router.get("/api/v1/counts", summary="Counters 计数", dependencies=[Depends(reader)])
def counts(ports: Given) -> Response:
    """Give what is counted: the backlog in seconds first, then readings, alarms and cases."""
    counted = ports.health.counted()
    return answers.json(
        {
            "backlog_s": ports.health.backlog_s(),
            **sizes(ports),
            **counted.numbers,
            "rejected": counted.rejected,
            "has_room": ports.health.has_room(),
        }
    )


@router.get(
    "/metrics",
    summary="Metrics for Prometheus 监控指标",
    dependencies=[Depends(reader)],
    responses=answers.declared(PROMETHEUS),
)
def metrics(request: Request, ports: Given) -> Response:
    """Give the numbers that Prometheus collects; the backlog's age in seconds comes first."""
    tally: Tally = request.app.state.tally
    text = "".join(f"{line}\n" for line in written(ports, tally))
    return Response(text, media_type=PROMETHEUS)


def sizes(ports: Ports) -> dict[str, int]:
    """Count what the registry holds."""
    return {"things": len(ports.registry.id), "series": len(ports.registry.numbers)}


def written(ports: Ports, tally: Tally) -> Iterator[str]:
    """Write the exposition format, metric by metric."""
    yield from metric("backlog_age_seconds", "gauge", "Age of the oldest reading not yet seen",
                      {"": ports.health.backlog_s()})  # fmt: skip
    counted = ports.health.counted()
    for name, count in {**sizes(ports), **counted.numbers}.items():
        if name in GAUGES:
            yield from metric(name, "gauge", GAUGES[name], {"": count})
        else:
            yield from metric(f"{name}_total", "counter", name.replace("_", " "), {"": count})
    yield from metric("rejected_total", "counter", "Readings turned away, by reason",
                      labelled("reason", counted.rejected))  # fmt: skip
    http = {"received": tally.received, "accepted": tally.accepted,
            "duplicate": tally.duplicate, "rejected": tally.rejected.total()}  # fmt: skip
    yield from metric("http_rows_total", "counter", "Rows at the HTTP door",
                      labelled("outcome", http))  # fmt: skip
    yield from metric("http_rejected_total", "counter", "Rows refused at the HTTP door",
                      labelled("reason", tally.rejected))  # fmt: skip
    yield from metric("http_clamped_total", "counter", "Rows whose clock ran ahead",
                      {"": tally.clamped})  # fmt: skip
    yield from metric("live_listeners", "gauge", "Listeners on the live stream",
                      {"": ports.live.listeners})  # fmt: skip
    yield from metric("live_dropped_total", "counter", "Listeners who could not keep up",
                      {"": ports.live.dropped})  # fmt: skip
    yield from metric("process_resident_memory_bytes", "gauge", "Memory of this process",
                      {"": me().memory_info().rss}, prefix="")  # fmt: skip


def labelled(label: str, counts: Mapping[str, float]) -> dict[str, float]:
    """Write a label for each count.

    >>> labelled("reason", {"not-finite": 2})
    {'{reason="not-finite"}': 2}
    """
    return {f'{{{label}="{name}"}}': count for name, count in counts.items()}


def metric(
    name: str, kind: str, means: str, samples: Mapping[str, float], prefix: str = "borough_"
) -> Iterator[str]:
    """Write one metric with its samples, by label."""
    yield f"# HELP {prefix}{name} {means}"
    yield f"# TYPE {prefix}{name} {kind}"
    for label, value in samples.items():
        yield f"{prefix}{name}{label} {value}"


@cache
def me() -> psutil.Process:
    """Find our own process."""
    return psutil.Process(os.getpid())
