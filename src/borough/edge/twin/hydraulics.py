"""Run EPANET over a network that ``wntr`` ships and record what its meters would say."""

from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from borough.core.errors import BadSetting
from borough.edge.twin import demand
from borough.edge.twin.planting import Town, planted, strength
from borough.edge.twin.recording import Floats, Recording, Truth
from borough.edge.twin.settings import Order, assumed
from borough.edge.twin.zoning import Zoning, cut

PER_HOUR = 3600.0
MPA_PER_METRE = 0.00980665


def record(order: Order) -> tuple[Recording, list[Truth]]:
    """Make one recording and its truth; the same order and ``wntr`` give the same numbers.

    EPANET runs twice: first sound, to learn the pressure at each leak, then with every
    leak as a demand that follows the root of that pressure.  ``BadSetting`` says what is
    missing: the extra ``twin``, or a network of that name.
    """
    wntr, assumes = engine(), assumed()
    network, dice = opened(wntr, order), np.random.default_rng(order.seed)
    zoning = cut(network, order.zones, dice)
    mean = means(network, zoning, order.zones)
    roughen(network, assumes["model_error"], dice)
    town = Town(order, zoning, mean, assumes)
    dress(network, town, demand.drawn(order, mean, assumes, dice))
    events = planted(town, dice)
    plant(network, town, run(wntr, network), events)
    solved = run(wntr, network)
    made_with = f"wntr {wntr.__version__}"
    return measured(network, town, solved, made_with, dice), events


def engine() -> Any:
    """Import ``wntr``, or say which extra brings it."""
    try:
        return import_module("wntr")
    except ImportError as error:
        msg = f"making a recording needs wntr ({error}): pip install 'borough[twin]'"
        raise BadSetting(msg) from error


def opened(wntr: Any, order: Order) -> Any:
    """Open a network that ``wntr`` ships, with its demand scaled as ordered."""
    library = Path(wntr.__file__).parent / "library" / "networks"
    known = sorted(path.stem for path in library.glob("*.inp"))
    if order.network not in known:
        msg = f"wntr ships no network {order.network!r}; it ships: {', '.join(known)}"
        raise BadSetting(msg)
    network = wntr.network.WaterNetworkModel(str(library / f"{order.network}.inp"))
    for _, junction in network.junctions():
        for each in junction.demand_timeseries_list:
            each.base_value *= order.scale
    return network


def means(network: Any, zoning: Zoning, zones: int) -> Floats:
    """Add up the mean demand of each zone, in m3/h."""
    mean = np.zeros(zones)
    for name, zone in zoning.zone.items():
        junction = network.get_node(name)
        mean[zone] += sum(d.base_value for d in junction.demand_timeseries_list) * PER_HOUR
    if mean.min() <= 0:
        msg = f"a zone without any demand: cut {network.name} into fewer than {zones}"
        raise BadSetting(msg)
    return mean


def roughen(network: Any, error: float, dice: Generator) -> None:
    """Let every pipe stray a little from its model."""
    for _, pipe in network.pipes():
        pipe.roughness *= dice.uniform(1 - error, 1 + error)


def dress(network: Any, town: Town, drawn: Floats) -> None:
    """Replace the network's own demand patterns by the drawn ones, and set its clock."""
    for zone, row in enumerate(drawn):
        network.add_pattern(f"zone{zone}", row.tolist())
    for name, zone in town.zoning.zone.items():
        for each in network.get_node(name).demand_timeseries_list:
            each.pattern_name = f"zone{zone}"
    clock, step = network.options.time, town.step_ms // 1000
    clock.duration = town.order.days * demand.DAY_S - step
    clock.hydraulic_timestep = clock.pattern_timestep = clock.report_timestep = step
    clock.quality_timestep = clock.rule_timestep = step
    solver = network.options.hydraulic
    solver.demand_multiplier = 1.0
    solver.unbalanced, solver.unbalanced_value, solver.trials = "CONTINUE", 10, 200


def run(wntr: Any, network: Any) -> Any:
    """Let EPANET solve every window; ``BadSetting`` if it cannot."""
    with TemporaryDirectory() as folder:
        simulator = wntr.sim.EpanetSimulator(network)
        try:
            return simulator.run_sim(file_prefix=str(Path(folder) / "twin"))
        except Exception as error:  # wntr raises whatever its reader of EPANET's answer met
            msg = f"EPANET cannot solve {network.name}: {error}"
            raise BadSetting(msg) from error


def plant(network: Any, town: Town, sound: Any, events: list[Truth]) -> None:
    """Add each event to its junction as a demand that the sound network's pressure shapes."""
    for number, event in enumerate(events):
        head = np.clip(sound.node["pressure"][event.node].to_numpy(float), 1.0, None)
        push = (head / head.mean()) ** town.assumes["pressure_power"]
        runs = strength(event, town.begin, town.step_ms, len(head)) * push
        network.add_pattern(f"event{number}", runs.tolist())
        junction = network.get_node(event.node)
        junction.add_demand(event.size / PER_HOUR, f"event{number}")


def measured(network: Any, town: Town, solved: Any, made_with: str, dice: Generator) -> Recording:
    """Read the meters and gauges of a solved network, with their errors."""
    zoning, assumes, zones = town.zoning, town.assumes, town.order.zones
    true = solved.link["flowrate"][list(zoning.meters)].to_numpy(float).T * PER_HOUR
    used = np.abs(true).max(axis=1) > 0
    true = true[used]
    gain = dice.normal(1.0, assumes["meter_gain"], size=(len(true), 1))
    scatter = assumes["meter_noise"] * np.abs(true) + assumes["meter_floor"]
    gauges = [middle(network, zoning.nodes(zone)) for zone in range(zones)]
    head = solved.node["pressure"][gauges].to_numpy(float).T
    return Recording(
        network=town.order.network,
        made_with=made_with,
        start_ms=town.begin,
        step_ms=town.step_ms,
        source=np.array(zoning.source, np.int64)[used],
        target=np.array(zoning.target, np.int64)[used],
        flow=gain * true + scatter * dice.normal(size=true.shape),
        pressure=head * MPA_PER_METRE + assumes["gauge_noise"] * dice.normal(size=head.shape),
        **charted(network, zoning, zones, used),
    )


def middle(network: Any, nodes: list[str]) -> str:
    """Name the junction nearest the middle of a zone: its pressure gauge stands there."""
    points = np.array([network.get_node(name).coordinates for name in nodes])
    return nodes[int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))]


def charted(
    network: Any, zoning: Zoning, zones: int, used: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Place zones and the meters in use in the unit square, as the network's own map has them."""
    everywhere = np.array([node.coordinates for _, node in network.nodes()], float)
    low, high = everywhere.min(axis=0), everywhere.max(axis=0)
    gauges = [network.get_node(middle(network, zoning.nodes(z))).coordinates for z in range(zones)]
    links = [network.get_link(name) for name in np.array(zoning.meters)[used]]
    ends = [(link.start_node.coordinates, link.end_node.coordinates) for link in links]
    wide = (high - low).max()
    return {
        "zone_xy": np.round((np.array(gauges, float) - low) / wide, 4),
        "meter_xy": np.round((np.array(ends, float).mean(axis=1) - low) / wide, 4),
    }
