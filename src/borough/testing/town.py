"""A made-up town in memory, with every port of the API kept: for tests, and to try a client on.

It has a square of ground, a few grids and as many meters and gateways as you like.  Nothing
in it is stored, and nothing of it is real.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from borough.api.broadcast import Broadcast, wall_ms
from borough.api.ports import Ports
from borough.app.appraisals import AppraisalDoor
from borough.app.tables import TableFiles
from borough.core.clock import DistrictClock
from borough.core.district import (
    Agencies,
    Communities,
    District,
    Fleet,
    Grids,
    Posts,
    Shifts,
    Streets,
)
from borough.core.observations import Floats, Index
from borough.core.plans import Plan
from borough.core.registry import Kind, Property, Registry
from borough.core.scenes import Scene
from borough.testing.bench import MemoryBench, MemoryTrials
from borough.testing.intakes import MemoryIntakes
from borough.testing.lives import MemoryLogs
from borough.testing.memory import (
    MemoryCases,
    MemoryDesk,
    MemoryDetections,
    MemoryDoors,
    MemoryFacts,
    MemoryHealth,
    MemoryHistory,
    MemoryLatest,
    MemoryThings,
)
from borough.testing.outward import nothing_outward
from borough.testing.people import MemoryAudit, MemoryPeople
from borough.testing.queue import MemoryQueue
from borough.testing.tasks import MemoryTasks
from borough.testing.unasked import Unasked
from borough.testing.unjudged import Unjudged
from borough.testing.unmanned import Unalarmed, Unmanned
from borough.testing.warnings import MemoryWarnings

WEST, SOUTH, SIDE = 106.50, 29.60, 0.4
START_MS = 1_720_569_600_000
"""2024-07-10 08:00 +08:00."""
SIDES = 8
"""Grids along each side of the square."""
EACH = 50
"""Meters behind each gateway."""
OPERATOR = "town-operator"
SYNTHETIC = {"zh": "合成数据", "en": "Synthetic data"}
FLOW = Property("flow", {"zh": "流量", "en": "Flow"}, "m3/h", 0.0, 500.0, (0.0, 60.0))
PRESSURE = Property("pressure", {"zh": "压力", "en": "Pressure"}, "MPa", 0.0, 1.6, (0.2, 0.6))
RSSI = Property(
    "rssi", {"zh": "信号强度", "en": "Signal"}, "dB{mW}", -140.0, -30.0, (-115.0, -60.0)
)
KINDS = (
    Kind("gateway", {"zh": "网关", "en": "Gateway"}, "gateway", (RSSI,), 60.0, 300.0, 60.0),
    Kind("meter", {"zh": "水表", "en": "Meter"}, "device", (FLOW, PRESSURE), 60.0, 3600.0, 600.0),
)
PLAN = Plan.declared(
    "leak",
    {
        "step": [
            {"name": "verify", "holder": "grid_worker", "within_s": 1800,
             "then": ["repair", "closed"], "outcome": "false",
             "title": {"zh": "现场核实", "en": "Verify on site"}},
            {"name": "repair", "holder": "water_utility", "within_s": 14400,
             "then": ["check", "verify"], "title": {"zh": "抢修", "en": "Repair"}},
            {"name": "check", "holder": "grid_worker", "within_s": 3600,
             "then": ["closed", "repair"], "outcome": "true",
             "title": {"zh": "核查", "en": "Check"}},
        ]
    },
)  # fmt: skip
SCENE = Scene.declared(
    {
        "id": "leak",
        "standing": "duty",
        "name": {"zh": "管网泄漏", "en": "Pipe leak"},
        "levels": {
            "minor": {"zh": "轻微", "en": "Minor"},
            "major": {"zh": "重大", "en": "Major"},
        },
        "watches": {"properties": ["flow"], "from": ["meter"]},
        "opens": {"plan": "leak", "title": {"zh": "疑似漏水", "en": "Suspected leak"},
                  "merge_s": 3600},
    }
)  # fmt: skip


def town(
    meters: int = 200, rate: float = 60.0, credentials: Mapping[str, str] | None = None
) -> Ports:
    """Build the town: ports for `borough.api.create`; nothing has happened in it yet.

    *credentials* are SHA-256 hex digests by key; the operator's token is `OPERATOR`.
    """
    registry = registry_of(meters)
    clock = DistrictClock(START_MS, rate, wall_ms())
    plans = {"leak": PLAN}
    cases = MemoryCases()
    live = Broadcast(clock, registry)
    district = district_of(registry)
    return Ports(
        district=district,
        synthetic=SYNTHETIC,
        clock=clock,
        registry=registry,
        things=MemoryThings(registry),
        intakes=MemoryIntakes(registry),
        latest=MemoryLatest(registry),
        history=MemoryHistory(),
        detections=MemoryDetections(),
        cases=cases,
        queue=MemoryQueue(cases),
        tables=TableFiles(),
        tasks=MemoryTasks(cases),
        bench=MemoryBench((SCENE,)),
        trials=MemoryTrials(),
        facts=MemoryFacts(),
        evaluations=Unjudged(),
        appraisals=AppraisalDoor(MemoryLogs(cases), plans, district),
        warnings=MemoryWarnings(),
        requests=Unasked(),
        rosters=Unmanned(),
        alarms=Unalarmed(),
        outward=nothing_outward(),
        desk=MemoryDesk(cases, plans, live),
        doors=MemoryDoors(),
        credentials={} if credentials is None else credentials,
        health=MemoryHealth(),
        live=live,
        people=MemoryPeople(),
        audit=MemoryAudit(),
        operator=OPERATOR,
        uploads=Path(tempfile.gettempdir()),
        plans=plans,
        scenes=(SCENE,),
    )


def registry_of(meters: int) -> Registry:
    """Scatter meters over the square, each behind one of the gateways."""
    gateways = -(-meters // EACH)
    many = gateways + meters
    chance = np.random.default_rng(7)
    lon, lat = WEST + SIDE * chance.random(many), SOUTH + SIDE * chance.random(many)
    kind = np.repeat([0, 1], [gateways, meters]).astype(np.int32)
    widths = np.where(kind == 0, 1, 2)
    names = [f"gw-{n}" for n in range(1, gateways + 1)] + [f"m-{n}" for n in range(1, meters + 1)]
    return Registry(
        kinds=KINDS,
        id=np.arange(1, many + 1, dtype=np.int64),
        key=tuple(names),
        kind=kind,
        first=(np.cumsum(widths) - widths).astype(np.int32),
        lon=lon,
        lat=lat,
        grid=grid_of(lon, lat),
        via=np.where(kind == 0, -1, np.arange(-gateways, meters) // EACH).astype(np.int32),
    )


def grid_of(lon: Floats, lat: Floats) -> Index:
    """Number the grid that each place lies in, row by row from the south-west."""
    across = np.minimum((lon - WEST) / SIDE * SIDES, SIDES - 1).astype(np.int32)
    up = np.minimum((lat - SOUTH) / SIDE * SIDES, SIDES - 1).astype(np.int32)
    return np.asarray(up * SIDES + across, np.int32)


def square(west: float, south: float, side: float) -> Floats:
    """Draw a closed ring around a square."""
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    return np.array([(west + side * x, south + side * y) for x, y in corners])


def district_of(registry: Registry) -> District:
    """Declare the town that the things of *registry* stand in."""
    step, many = SIDE / SIDES, SIDES * SIDES
    west: Floats = np.asarray(WEST + step * (np.arange(many) % SIDES), np.float64)
    south: Floats = np.asarray(SOUTH + step * (np.arange(many) // SIDES), np.float64)
    none, zero = np.empty(0, np.int32), np.zeros(many, np.int32)
    counts = np.bincount(registry.kind, minlength=len(KINDS))
    blank = ("",) * len(KINDS)
    middle = np.array([WEST + SIDE / 2])
    return District(
        id="town",
        name={"zh": "样例镇", "en": "Sample Town"},
        adcode="000000",
        zone="Asia/Shanghai",
        start_ms=START_MS,
        valid_from="2024-01-01",
        valid_to="",
        outline=(square(WEST, SOUTH, SIDE),),
        streets=Streets(
            ("000000001",), ("中街",), ("Middle Street",), ("street",), middle,
            np.array([SOUTH + SIDE / 2]), np.array([False]),
        ),
        communities=Communities(("000000001001",), ("中社区",), ("Middle",), np.zeros(1, np.int32)),
        grids=Grids(
            tuple(f"000000001001{n:03d}" for n in range(many)), zero, zero, west + step / 2,
            south + step / 2, np.full(many, 1e6), zero - 1,
            tuple(square(w, s, step) for w, s in zip(west, south, strict=True)),
        ),
        agencies=Agencies((), (), (), (), none),
        posts=Posts((), (), none, none, none),
        shifts=Shifts((), (), (), none, none, np.empty((0, 7), bool)),
        kinds=KINDS,
        fleet=Fleet(
            counts, blank, blank, np.full(len(KINDS), 60.0), blank, blank, blank,
            np.full(len(KINDS), -1),
        ),
        ties=(),
        settings=(),
    )  # fmt: skip
