"""What simulated devices do with a command: they turn, or stick, and the gas goes."""

import json

import numpy as np
import pytest

from borough.core.registry import Kind, Property, Registry
from borough.edge.fleet.obeying import Obeying

HOMES, MINUTE = 400, 60_000
GAS = Property("ch4_lel", {}, "%{LEL}", 0, 100, (0, 2))
VALVE = Property("valve_open", {}, "{bool}", 0, 1, (1, 1))
FLOW = Property("flow", {}, "m3/h", 0, 20_000, (0, 3000))
VOL = Property("ch4_vol", {}, "%{VOL}", 0, 100, (0, 0.1))
KINDS = (
    Kind("gas_home", {}, "device", (GAS, VALVE), 60, 60, 0),
    Kind("gas_pressure", {}, "device", (FLOW, VALVE), 60, 60, 0),
    Kind("gas_space", {}, "device", (VOL,), 60, 60, 0),
)


@pytest.fixture
def registry() -> Registry:
    """Give many homes, and a station for each two manholes."""
    kind = np.repeat([0, 1, 2], [HOMES, 10, 20]).astype(np.int32)
    nowhere = np.zeros(len(kind))
    widths = np.array([2, 2, 1])[kind]
    stations = np.repeat(np.arange(HOMES, HOMES + 10), 2).astype(np.int32)
    manholes = np.arange(HOMES + 10, HOMES + 30, dtype=np.int32)
    return Registry(
        KINDS, np.arange(1, len(kind) + 1, dtype=np.int64),
        tuple(f"t-{row}" for row in range(len(kind))), kind,
        (np.cumsum(widths) - widths).astype(np.int32), nowhere, nowhere,
        np.zeros(len(kind), np.int32), np.full(len(kind), -1, np.int32),
        relations={"supplies": (stations, manholes, np.ones(20, np.int8))},
    )  # fmt: skip


def order(errand: str, value: float = 0, until: int = 10 * MINUTE) -> bytes:
    """Write a command as the desk does."""
    return json.dumps({"id": errand, "value": value, "until": until}).encode()


def said(answer: tuple[int, bytes] | None) -> dict[str, object]:
    """Read the answer of a device."""
    assert answer is not None
    told: dict[str, object] = json.loads(answer[1])
    return told


def test_most_valves_turn_within_seconds_and_some_never(registry: Registry) -> None:
    """All say that they have heard; a small share does nothing, the same ones in every run."""
    turned = []
    for _ in range(2):
        obeying = Obeying.of(registry, 1)
        for row in range(HOMES):
            assert said(obeying.hear(f"c/gw/t-{row}/valve_open", order(f"e{row}"), 0)) == {
                "id": f"e{row}"
            }
        assert list(obeying.until(1000)) == []
        turned.append({row for row, _ in obeying.until(MINUTE)})
    stuck = HOMES - len(turned[0])

    assert turned[0] == turned[1]
    assert 0 < stuck < HOMES / 5


def test_a_command_is_done_once_and_only_in_time(registry: Registry) -> None:
    """One that comes again is answered; one that is too late is refused, and so is nonsense."""
    obeying = Obeying.of(registry, 1)
    for _ in range(2):
        assert said(obeying.hear("c/gw/t-3/valve_open", order("e1"), 0)) == {"id": "e1"}
    late = said(obeying.hear("c/gw/t-4/valve_open", order("e2", until=5), 6))
    other = said(obeying.hear("c/gw/t-4/ch4_lel", order("e3"), 6))

    assert (late["ok"], late["says"]) == (False, "it came too late")
    assert other["ok"] is False
    assert len(list(obeying.until(MINUTE))) <= 1
    assert (obeying.counts["heard"], obeying.counts["again"], obeying.counts["late"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("c/gw/t-3", order("e")), ("c/gw/none/valve_open", order("e")),
        ("c/gw/t-3/valve_open", b"shut"), ("c/gw/t-3/valve_open", b"[1]"),
        ("c/gw/t-3/valve_open", b'{"id": "e"}'),
    ],
)  # fmt: skip
def test_noise_is_passed_over(registry: Registry, topic: str, payload: bytes) -> None:
    """Nobody answers what is no command."""
    assert Obeying.of(registry, 1).hear(topic, payload, 0) is None


def test_where_a_valve_is_shut_the_gas_goes(registry: Registry) -> None:
    """By half in each half life, also below ground when its station is shut; and stays gone."""
    obeying, rows = Obeying.of(registry, 1), np.arange(HOMES)
    manholes = np.arange(HOMES + 10, HOMES + 30)
    for row in (*range(HOMES), HOMES):
        obeying.hear(f"c/gw/t-{row}/valve_open", order(f"e{row}"), 0)
    shut = {row for row, _ in obeying.until(MINUTE)}
    columns = {"ch4_lel": np.full(HOMES, 30.0), "valve_open": np.ones(HOMES)}
    obeying.apply(0, rows, np.full(HOMES, 4 * MINUTE), columns)
    fell = columns["ch4_lel"] < 10
    below = {"ch4_vol": np.full(20, 5.0)}
    obeying.apply(2, manholes, np.full(20, 60 * MINUTE), below)

    assert set(np.flatnonzero(fell).tolist()) == shut - {HOMES}
    assert (columns["valve_open"] == ~fell).all()
    assert ((below["ch4_vol"] < 1).tolist() == [True, True] + [False] * 18) == (HOMES in shut)


def test_an_opened_valve_lets_the_gas_come_back(registry: Registry) -> None:
    """What was commanded holds until something else is."""
    obeying = Obeying.of(registry, 2)
    for at, value in ((0, 0), (2 * MINUTE, 1)):
        for row in range(HOMES):
            obeying.hear(f"c/gw/t-{row}/valve_open", order(f"e{row}-{value}", value), at)
        list(obeying.until(at + MINUTE))
    columns = {"ch4_lel": np.full(HOMES, 30.0), "valve_open": np.ones(HOMES)}
    obeying.apply(0, np.arange(HOMES), np.full(HOMES, 9 * MINUTE), columns)

    assert (columns["ch4_lel"] == 30).all()
    assert (columns["valve_open"] == 1).all()
