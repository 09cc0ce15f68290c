"""What the api says of the other roles is what each of them said last."""

import itertools
import threading
from pathlib import Path

import pytest
from nats.aio.client import Client

from borough.app.pulse import Pulse, forget
from borough.app.settings import Settings
from borough.app.web import PulseHealth


@pytest.fixture
def health(tmp_path: Path) -> PulseHealth:
    """Look after the roles of one machine, none of which has spoken yet."""
    return PulseHealth(Settings(data=str(tmp_path), district=str(tmp_path)), Client(), {})


@pytest.fixture
def stream(health: PulseHealth) -> Pulse:
    """Be the stream, and beat as often as one likes."""
    return Pulse(health.data, "stream", every_s=0.0)


def test_each_word_of_a_role_is_heard_at_once(health: PulseHealth, stream: Pulse) -> None:
    """Also two words within the same moment; who reads often hears no old one."""
    assert health.broken() == {}
    for set_aside in ({"loops": "it did not return"}, {}, {"dies": "it died", "loops": "again"}):
        stream.beat(broken=set_aside)
        assert health.broken() == set_aside
        assert health.counted().numbers["scenes_broken"] == len(set_aside)


def test_a_role_that_is_gone_says_nothing_more(health: PulseHealth, stream: Pulse) -> None:
    """Its age is that of its last word, and with its pulse all that it said goes."""
    stream.beat(tuned=7, backlog_s=0.5)
    assert (health.tuned(), health.backlog_s()) == (7, 0.5)
    assert health.parts()["stream"]

    forget(health.data, "stream")

    assert (health.tuned(), health.backlog_s()) == (0, 0.0)
    assert not health.parts()["stream"]


def test_what_is_counted_adds_up_while_the_stream_goes_on_counting(
    health: PulseHealth, stream: Pulse
) -> None:
    """Readings received are those stored and those rejected, at whatever moment one asks."""
    over = threading.Event()

    def go_on() -> None:
        for number in itertools.takewhile(lambda _: not over.is_set(), itertools.count(1)):
            counts = {"received": 2 * number, "stored": number}
            stream.beat(counts=counts, rejected={"unreadable": number})

    thread = threading.Thread(target=go_on)
    thread.start()
    heard: set[int] = set()
    try:
        while len(heard) < 100:
            numbers, rejected = health.counted()
            received = numbers.get("received", 0)
            assert received == numbers.get("stored", 0) + sum(rejected.values())
            heard.add(received)
    finally:
        over.set()
        thread.join()
