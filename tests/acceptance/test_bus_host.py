"""What the host of Sparkplug says of itself, on the bus."""

from typing import Any

from borough.adapters.bus.config import is_guarded
from borough.adapters.reader import Marks, Reader
from borough.adapters.sparkplug.state import Presence
from borough.testing.living import eventually

WAIT_S = 60.0


def kept(ground: Any) -> int:
    """Count the words that the bus keeps for whoever comes later."""
    with ground.link("doors") as link:
        return int(link.call("$JS.API.STREAM.INFO.$MQTT_rmsgs")["state"]["messages"])


def test_what_the_host_says_of_itself_is_no_message_of_a_device(ground: Any) -> None:
    """Edge nodes hear that we are there; our own reader does not count it as theirs."""
    with Reader(ground.bus, Marks(), ground.limits) as reader:
        eventually(lambda: ground.gate.open, "an open gate")
        with Presence(ground.bus, "borough"):
            eventually(lambda: kept(ground), "word of the host")
            ground.device().say("d/gw-1/m-1/flow", b"1")
            chunk = reader.take(WAIT_S)

    assert chunk.subjects == [b"d.gw-1.m-1.flow"]
    assert reader.counts["live"] == 1


def test_the_host_knocks_where_a_gate_hears_it(ground: Any) -> None:
    """A knock that none hears keeps the host for ten seconds, and a bus that is to end."""
    with Reader(ground.bus, Marks(), ground.limits):
        eventually(lambda: is_guarded(ground.bus), "a gate")
        ground.unguard()
        eventually(lambda: not is_guarded(ground.bus), "a bus without a gate")
        with Presence(ground.bus, "borough"):
            assert not any(is_guarded(ground.bus) for _ in range(10))
            ground.guard()
            eventually(lambda: kept(ground), "word of the host")
    assert "authentication error" not in ground.log.read_text("utf-8")
