"""What the bus's own stream of acknowledged messages keeps, and when it forgets."""

from typing import Any

from borough.adapters.bus.courier import Courier
from borough.adapters.bus.lanes import MQTT_STREAM
from borough.adapters.reader import Marks, Reader
from borough.adapters.sparkplug.state import Presence
from borough.testing.living import eventually

BODY = b'{"id": "T-1.2", "property": "valve", "value": 0}'


def kept(ground: Any) -> dict[str, int]:
    """Count what the stream holds, by the first word of what was said."""
    with ground.link("doors") as link:
        asked = {"subjects_filter": ">"}
        state = link.call(f"$JS.API.STREAM.INFO.{MQTT_STREAM}", asked)["state"]
    counts: dict[str, int] = {}
    for subject, many in state.get("subjects", {}).items():
        first = subject.split(".")[2]
        counts[first] = counts.get(first, 0) + many
    return counts


def test_what_is_journalled_is_forgotten_and_a_command_is_not(ground: Any) -> None:
    """Readings and answers go once their mark is passed; a command waits for its device."""
    with Reader(ground.bus, Marks(), ground.limits) as reader, Courier(ground.link("doors")) as out:
        eventually(lambda: ground.gate.open, "an open gate")
        device = ground.device()
        out.send("gw-1/m-1/valve", "T-1.2", BODY, 60)
        device.say("a/gw-1/m-1", b'{"id": "T-1.1"}', 1)
        device.say("d/gw-1/m-1/flow", b"1", 2)
        device.listen(2)
        chunk = reader.take(5.0)
        assert kept(ground) == {"c": 1, "a": 1, "d": 1}

        def forgotten() -> bool:
            reader.ack(chunk)
            return kept(ground) == {"c": 1}

        eventually(forgotten, "only the command in the stream")


def test_what_was_said_before_anybody_ever_read_is_kept(ground: Any) -> None:
    """An acknowledgement covers a word also where no reader was there to want it."""
    with Reader(ground.bus, Marks(), ground.limits):
        eventually(lambda: ground.gate.open, "an open gate")
        device = ground.device()
    with ground.link("doors") as link:
        names = link.call(f"$JS.API.CONSUMER.NAMES.{MQTT_STREAM}")["consumers"]
        for name in names:
            link.call(f"$JS.API.CONSUMER.DELETE.{MQTT_STREAM}.{name}")
    device.say("d/gw-1/m-1/flow", b"7", 1)
    device.listen(1)

    with Reader(ground.bus, Marks(), ground.limits) as reader:
        assert reader.take(5.0).payloads == [b"7"]


def test_what_the_host_says_of_itself_is_no_message_of_a_device(ground: Any) -> None:
    """Edge nodes hear that we are there; our own reader does not count it as theirs."""
    with Reader(ground.bus, Marks(), ground.limits) as reader:
        eventually(lambda: ground.gate.open, "an open gate")
        with Presence(ground.bus, "borough"):
            eventually(lambda: kept(ground) == {"spBv1//0": 1}, "word of the host")
            ground.device().say("d/gw-1/m-1/flow", b"1")
            chunk = reader.take(5.0)

    assert chunk.subjects == [b"d.gw-1.m-1.flow"]
    assert reader.counts["live"] == 1


def test_a_stream_of_an_earlier_release_keeps_what_it_holds(ground: Any) -> None:
    """It was kept by the interest of its readers; from now on it is kept until journalled."""
    with ground.link("doors") as link:
        config = {
            "name": MQTT_STREAM, "subjects": ["$MQTT.msgs.>"], "storage": "file",
            "retention": "interest", "discard": "new",
        }  # fmt: skip
        link.call(f"$JS.API.STREAM.CREATE.{MQTT_STREAM}", config)
        reader = {"name": "reader-1", "durable_name": "reader-1", "ack_policy": "all"}
        asked = {"stream_name": MQTT_STREAM, "config": reader}
        link.call(f"$JS.API.CONSUMER.CREATE.{MQTT_STREAM}.reader-1", asked)
        link.ask("$MQTT.msgs.d.gw-1.m-1.flow", b"9", b"Nmqtt-Pub:1\r\n")

    with Reader(ground.bus, Marks(), ground.limits) as reader:
        assert reader.take(5.0).payloads == [b"9"]
    with ground.link("doors") as link:
        info = link.call(f"$JS.API.STREAM.INFO.{MQTT_STREAM}")
    assert info["config"]["retention"] == "limits"
