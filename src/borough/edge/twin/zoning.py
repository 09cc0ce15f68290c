"""Cut a pipe network into zones and say where their meters are."""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.random import Generator

OUTSIDE = -1
"""The zone of tanks, reservoirs and whatever no zone reaches: water that is not balanced."""
Ties = Mapping[str, list[tuple[str, float]]]
"""The junctions next to each junction, with the length of the pipe between, in m."""


@dataclass(frozen=True, slots=True)
class Zoning:
    """A network cut into zones: the zone of each node, and the links that cross a boundary."""

    zone: Mapping[str, int]
    meters: tuple[str, ...]
    source: tuple[int, ...]
    target: tuple[int, ...]

    def nodes(self, number: int) -> list[str]:
        """Name the nodes of one zone."""
        return [node for node, zone in self.zone.items() if zone == number]


def cut(network: Any, zones: int, dice: Generator) -> Zoning:
    """Cut a ``wntr`` network into *zones* parts of like demand, each in one piece.

    Parts start at junctions far from one another and grow along open pipes, the thirstiest
    last; what cannot be reached from where most water goes is left outside.  Every link
    between two parts, or between a part and the outside, carries a meter, a closed one too:
    a control may open it.
    """
    ties = tied(network)
    demand = {name: thirst(network.get_node(name)) for name in ties}
    zone = grow(ties, demand, centres(ties, demand, zones, dice))
    meters, source, target = [], [], []
    for name, link in network.links():
        ends = [zone.get(end, OUTSIDE) for end in (link.start_node_name, link.end_node_name)]
        if ends[0] != ends[1]:
            meters.append(name)
            source.append(ends[0])
            target.append(ends[1])
    return Zoning(zone, tuple(meters), tuple(source), tuple(target))


def tied(network: Any) -> Ties:
    """List the neighbours of each junction; pumps and valves count as no distance."""
    ties: dict[str, list[tuple[str, float]]] = {name: [] for name in network.junction_name_list}
    for _, link in network.links():
        one, other = link.start_node_name, link.end_node_name
        if one in ties and other in ties and link.initial_status.name != "Closed":
            length = float(getattr(link, "length", 0.0) or 0.0)
            ties[one].append((other, length))
            ties[other].append((one, length))
    return ties


def thirst(junction: Any) -> float:
    """What a junction takes on average, in m3/s, and a little more so that none weighs nothing."""
    return float(sum(each.base_value for each in junction.demand_timeseries_list)) + 1e-6


def centres(ties: Ties, demand: Mapping[str, float], zones: int, dice: Generator) -> list[str]:
    """Pick junctions far from each other, the first by chance, where water goes."""
    taken = np.array(list(demand.values()))
    far = reach(ties, [str(dice.choice(list(demand), p=taken / taken.sum()))])
    chosen = [max(far, key=lambda name: far[name])]
    while len(chosen) < zones:
        far = reach(ties, chosen)
        chosen.append(max(far, key=lambda name: far[name]))
    return chosen


def reach(ties: Ties, starts: list[str]) -> dict[str, float]:
    """Measure the way along pipes from the nearest of *starts* to all that can be reached."""
    far: dict[str, float] = {}
    heap = [(0.0, name) for name in starts]
    while heap:
        way, name = heappop(heap)
        if name not in far:
            far[name] = way
            for other, length in ties[name]:
                if other not in far:
                    heappush(heap, (way + length, other))
    return far


def grow(ties: Ties, demand: Mapping[str, float], starts: list[str]) -> dict[str, int]:
    """Let zones grow from *starts*, always the one with the least demand that still can."""
    zone: dict[str, int] = {}
    held = np.zeros(len(starts))
    fronts: list[list[tuple[float, str]]] = [[(0.0, name)] for name in starts]
    while any(fronts):
        number = min((n for n, front in enumerate(fronts) if front), key=lambda n: held[n])
        way, name = heappop(fronts[number])
        if name in zone:
            continue
        zone[name] = number
        held[number] += demand[name]
        for other, length in ties[name]:
            if other not in zone:
                heappush(fronts[number], (way + length, other))
    return zone
