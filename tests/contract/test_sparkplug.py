"""Edge nodes announce their metrics at birth; what they send later is understood by that."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from borough.adapters.limits import Limits
from borough.adapters.mqtt import Decoder, Readings
from borough.adapters.payloads import UNSAID
from borough.adapters.sparkplug.host import SEQUENCES
from borough.adapters.sparkplug.messages import payload_class, read_payload
from borough.core.registry import Kind, Property, Registry

DOUBLE, INT16, STRING = 10, 2, 12
NOW = 1_720_569_600_000


def town() -> Registry:
    """Give two edge nodes, the first with two machines behind it and the second with one."""
    machine = tuple(
        Property(code, {}, "1", -1000, 1000, (0, 1)) for code in ("load", "torque", "online")
    )
    node = (Property("rssi", {}, "dB", -200, 0, (0, 1)),)
    kinds = (
        Kind("edge", {}, "gateway", node, 60, 60, 0),
        Kind("machine", {}, "device", machine, 1, 60, 0),
    )
    nowhere = np.zeros(5)
    return Registry(
        kinds, np.arange(1, 6), ("e-1", "e-2", "m-1", "m-2", "m-3"), np.array([0, 0, 1, 1, 1]),
        np.array([0, 1, 2, 5, 8]), nowhere, nowhere, np.zeros(5, int), np.array([-1, -1, 0, 0, 1]),
    )  # fmt: skip


def without(registry: Registry, key: str) -> Registry:
    """Give a registry in which a thing is out of use; those behind it move up a row."""
    row = registry.rows[key]
    via = np.delete(registry.via, row)
    columns = ("id", "kind", "first", "lon", "lat", "grid")
    left = {name: np.delete(getattr(registry, name), row) for name in columns}
    keys = tuple(each for each in registry.key if each != key)
    return replace(registry, **left, key=keys, via=np.where(via > row, via - 1, via))


class Line:
    """Says things as edge nodes do, and hears what the door makes of them: all that it found."""

    def __init__(self) -> None:
        self.decoder = Decoder(town(), Limits.load())
        self.now = NOW

    def say(self, about: str, metrics: Any = (), seq: int | None = None, at: int = NOW) -> Readings:
        """Hand one message to the door; *about* is ``TYPE.NODE`` or ``TYPE.NODE.DEVICE``."""
        return self.hand(f"spBv1//0.plant.{about}", written(metrics, seq, at))

    def hand(self, subject: str, body: bytes) -> Readings:
        """Hand bytes to the door."""
        said = self.decoder.decode([subject.encode()], [body], self.now)
        assert said.received == len(said.series) + said.rejected.total()
        return said

    def wishes(self) -> list[str]:
        """Tell which subjects are asked to be born again now."""
        return [subject.decode() for subject, _ in self.decoder.host.wishes(self.now)]


def written(metrics: Any, seq: int | None, at: int = NOW) -> bytes:
    """Write a payload; a metric is a dict of its fields."""
    payload = payload_class()(timestamp=at)
    if seq is not None:
        payload.seq = seq
    for each in metrics:
        payload.metrics.add(**each)
    return bytes(payload.SerializeToString())


def born(line: Line) -> None:
    """Let the first edge node and its first machine be born."""
    session = {"name": "bdSeq", "datatype": 4, "long_value": 3}
    line.say("NBIRTH.e-1", [session], 0)
    line.say(
        "DBIRTH.e-1.m-1",
        [
            {"name": "load", "alias": 7, "datatype": DOUBLE, "double_value": 1.5},
            {"name": "torque", "alias": 8, "datatype": INT16, "int_value": 2},
        ],
        1,
    )


@pytest.fixture
def line() -> Line:
    """Give a line whose first machine was born."""
    made = Line()
    born(made)
    return made


def test_a_birth_gives_values_and_says_who_is_there() -> None:
    """Each metric's value is a reading at its time, and the property `online` becomes 1."""
    made = Line()
    made.say("NBIRTH.e-1", [], 0)
    said = made.say(
        "DBIRTH.e-1.m-2", [{"name": "load", "alias": 1, "datatype": DOUBLE, "double_value": 9}], 1
    )
    assert said.series.tolist() == [5, 7]
    assert said.value.tolist() == [9.0, 1.0]
    assert said.time.tolist() == [NOW, NOW]


def test_aliases_mean_what_the_birth_said(line: Line) -> None:
    """Data without names; a signed number in two's complement; a metric's own time counts."""
    said = line.say(
        "DDATA.e-1.m-1",
        [
            {"alias": 8, "int_value": 0xFFFFFFFF, "timestamp": NOW - 500},
            {"alias": 7, "double_value": 2.5, "timestamp": NOW - 400},
        ],
        2,
    )
    assert said.series.tolist() == [3, 2]
    assert said.value.tolist() == [-1.0, 2.5]
    assert said.time.tolist() == [NOW - 500, NOW - 400]
    assert said.report.tolist() == [0, 1]
    assert line.wishes() == []


def test_who_was_not_born_here_is_asked_once_and_counted(line: Line) -> None:
    """Its readings are rejected one by one, and the node gets time before it is asked again."""
    for _ in range(3):
        said = line.say("DDATA.e-2.m-3", [{"alias": 1, "double_value": 1}] * 4, 0)
        assert (len(said.series), said.rejected) == (0, {"unborn": 4})
    assert line.wishes() == ["spBv1//0.plant.NCMD.e-2"]
    assert line.wishes() == []
    line.now += Limits.load().rebirth_ms
    line.say("DDATA.e-2.m-3", [{"alias": 1, "double_value": 1}], 1)
    assert line.wishes() == ["spBv1//0.plant.NCMD.e-2"]


def test_the_command_for_a_rebirth_is_one_that_edge_nodes_know(line: Line) -> None:
    """It sets `Node Control/Rebirth`, a boolean, to true."""
    line.say("NDATA.e-2", [{"alias": 1, "double_value": 1}], 0)
    [(_, body)] = line.decoder.host.wishes(line.now)
    payload = read_payload(body)
    [metric] = payload.metrics
    assert payload.timestamp == line.now
    assert (metric.name, metric.datatype, metric.boolean_value) == (
        "Node Control/Rebirth", 11, True,
    )  # fmt: skip


def test_a_skipped_message_may_still_come_and_else_the_birth_is_asked_for(line: Line) -> None:
    """What arrives meanwhile counts at once; only after the reorder time is a rebirth wanted."""
    data = [{"alias": 7, "double_value": 2.5}]
    assert len(line.say("DDATA.e-1.m-1", data, 3).series) == 1
    assert len(line.say("DDATA.e-1.m-1", data, 2).series) == 1
    line.now += 10 * Limits.load().reorder_ms
    assert line.wishes() == []

    line.say("DDATA.e-1.m-1", data, 6)
    assert line.wishes() == []
    line.now += Limits.load().reorder_ms
    assert line.wishes() == ["spBv1//0.plant.NCMD.e-1"]


def test_numbers_go_round(line: Line) -> None:
    """After 255 comes 0; nothing is missing."""
    for seq in range(2, 2 * SEQUENCES):
        line.say("DDATA.e-1.m-1", [{"alias": 7, "double_value": 1}], seq % SEQUENCES)
    line.now += 10 * Limits.load().reorder_ms
    assert line.wishes() == []
    assert line.decoder.host.counts["gaps"] == 0


def test_a_death_counts_only_in_its_own_session(line: Line) -> None:
    """The will of an earlier connection may come late; that of this one tells all as gone."""
    old = [{"name": "bdSeq", "datatype": 4, "long_value": 2}]
    assert len(line.say("NDEATH.e-1", old).series) == 0
    assert line.decoder.host.counts["outlived"] == 1
    assert len(line.say("DDATA.e-1.m-1", [{"alias": 7, "double_value": 1}], 2).series) == 1

    own = [{"name": "bdSeq", "datatype": 4, "long_value": 3}]
    gone = line.say("NDEATH.e-1", own)
    assert (gone.series.tolist(), gone.value.tolist()) == ([4], [0.0])
    said = line.say("DDATA.e-1.m-1", [{"alias": 7, "double_value": 1}], 3)
    assert said.rejected == {"unborn": 1}


def test_a_device_that_dies_alone_leaves_its_node_alive(line: Line) -> None:
    """It is told as gone, and its next data are rejected until it is born again."""
    gone = line.say("DDEATH.e-1.m-1", [], 2)
    assert (gone.series.tolist(), gone.value.tolist()) == ([4], [0.0])
    assert line.say("DDATA.e-1.m-1", [{"alias": 7, "double_value": 1}], 3).rejected == {"unborn": 1}


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("spBv1//0.plant.DDATA.e-1.m-3", "not-yours"),
        ("spBv1//0.plant.DDATA.e-1.nobody", "unknown-device"),
        ("spBv1//0.plant.NDATA.nobody", "unknown-device"),
        ("spBv1//0.plant.NDATA.e-1.m-1", "bad-topic"),
        ("spBv1//0.plant.DDATA.e-1", "bad-topic"),
        ("spBv1//0.plant.SHOUT.e-1", "bad-topic"),
        ("spBv1//0.x", "bad-topic"),
    ],
)
def test_nobody_speaks_for_another(line: Line, subject: str, reason: str) -> None:
    """Whose device it is not, and what no topic is, goes to the dead letters with its reason."""
    said = line.hand(subject, written([{"alias": 7, "double_value": 1}], 2))
    assert (len(said.series), said.rejected) == (0, {reason: 1})


def test_what_is_no_number_or_no_property_is_said_by_name(line: Line) -> None:
    """A text and an undeclared metric are rejected singly; nothing is made of a null."""
    said = line.say(
        "DBIRTH.e-1.m-1",
        [
            {"name": "load", "datatype": STRING, "string_value": "high"},
            {"name": "colour", "datatype": DOUBLE, "double_value": 1},
            {"name": "torque", "datatype": INT16, "is_null": True},
            {"name": "Properties/maker", "datatype": STRING, "string_value": "synthetic"},
        ],
        2,
    )
    assert said.rejected == {"unreadable": 1, "unknown-property": 1}
    assert {letter.detail for letter in said.letters} == {"load is not a number", "colour"}
    assert said.series.tolist() == [4]


def test_births_outlast_a_change_of_the_registry(line: Line) -> None:
    """The decoder for the new registry understands the aliases that the old one learned."""
    after = Decoder(town(), Limits.load())
    after.take_over(line.decoder)
    line.decoder = after
    assert len(line.say("DDATA.e-1.m-1", [{"alias": 7, "double_value": 1}], 2).series) == 1


def again(line: Line, *, at_once: int = 50) -> Line:
    """Give the line of a stream that starts again with what the first one kept."""
    after = Line()
    after.decoder = Decoder(town(), replace(Limits.load(), rebirths_at_once=at_once))
    after.decoder.host.load(line.decoder.host.save(), NOW)
    return after


@pytest.mark.parametrize("restart", [True, False])
def test_a_node_may_die_after_one_of_its_machines_was_retired(line: Line, *, restart: bool) -> None:
    """Births outlast the change of the registry, or the restart after it; the thing does not."""
    line.say("DBIRTH.e-1.m-2", [], 2)
    fresh = Decoder(without(town(), "m-1"), Limits.load())
    if restart:
        fresh.host.load(line.decoder.host.save(), line.now)
    else:
        fresh.take_over(line.decoder)
    line.decoder = fresh
    said = line.say("NDEATH.e-1", [{"name": "bdSeq", "datatype": 4, "long_value": 3}])

    assert (said.series.tolist(), said.value.tolist()) == ([7], [0.0])
    assert b"m-1" not in fresh.host.save()


def test_births_outlast_a_restart_and_everybody_is_asked_for_new_ones(line: Line) -> None:
    """What was born is still understood; nobody's data are waited for, the dead are asked, too."""
    line.say("NBIRTH.e-2", [{"name": "bdSeq", "datatype": 4, "long_value": 1}], 0)
    line.say("NDEATH.e-2", [{"name": "bdSeq", "datatype": 4, "long_value": 1}])
    after = again(line)
    assert after.wishes() == ["spBv1//0.plant.NCMD.e-1", "spBv1//0.plant.NCMD.e-2"]
    said = after.say("DDATA.e-1.m-1", [{"alias": 8, "int_value": 0xFFFFFFFF}], 77)
    assert (said.series.tolist(), said.value.tolist()) == ([3], [-1.0])
    after.now += 10 * Limits.load().reorder_ms
    assert (after.wishes(), after.decoder.host.counts["gaps"]) == ([], 0)
    session = {"name": "bdSeq", "datatype": 4, "long_value": 2}
    assert len(after.say("NDEATH.e-1", [session]).series) == 0


def test_only_so_many_are_asked_in_a_second_and_nobody_who_was_born_meanwhile() -> None:
    """A storm of births is spread out; a birth that comes by itself is not asked for."""
    line = Line()
    born(line)
    line.say("NBIRTH.e-2", [], 0)
    after = again(line, at_once=1)
    assert after.wishes() == ["spBv1//0.plant.NCMD.e-1"]
    assert after.wishes() == []
    after.now += 1000
    assert after.wishes() == ["spBv1//0.plant.NCMD.e-2"]

    after = again(line, at_once=1)
    assert after.wishes() == ["spBv1//0.plant.NCMD.e-1"]
    after.say("NBIRTH.e-2", [], 0)
    after.now += 1000
    assert after.wishes() == []


def test_a_birth_unlike_the_kept_one_is_to_be_kept_before_more_is_read(line: Line) -> None:
    """Told the same again, nothing is altered; with another alias, what was kept is wrong."""
    host = line.decoder.host
    host.save()
    born(line)
    assert not host.altered
    other = {"name": "load", "alias": 8, "datatype": DOUBLE, "double_value": 1.5}
    line.say("DBIRTH.e-1.m-1", [other], 2)
    assert host.altered
    after = again(line)
    assert not host.altered
    said = after.say("DDATA.e-1.m-1", [{"alias": 8, "double_value": 4.0}], 3)
    assert (said.series.tolist(), said.value.tolist()) == ([2], [4.0])


def test_what_hosts_say_of_themselves_is_no_reading(line: Line) -> None:
    """Our own word on being there comes by as well, and is passed over."""
    said = line.hand("spBv1//0.STATE.borough", b'{"online": true, "timestamp": 1}')
    assert (len(said.series), said.rejected) == (0, {})


@given(body=st.binary(max_size=200), says=st.sampled_from(["NBIRTH", "NDATA", "NDEATH"]))
def test_any_bytes_at_all_are_taken_or_told(body: bytes, says: str) -> None:
    """No payload raises; a later good birth is understood all the same."""
    made = Line()
    made.hand(f"spBv1//0.plant.{says}.e-1", body)
    born(made)
    assert len(made.say("DDATA.e-1.m-1", [{"alias": 7, "double_value": 1}], 2).series) == 1


def test_a_message_without_any_time_gets_that_of_its_arrival(line: Line) -> None:
    """Neither the metric nor the payload says when: the door's clock does."""
    payload = payload_class()(seq=2)
    payload.metrics.add(alias=7, double_value=1)
    said = line.hand("spBv1//0.plant.DDATA.e-1.m-1", bytes(payload.SerializeToString()))
    assert said.time.tolist() == [NOW]
    assert UNSAID < 0
