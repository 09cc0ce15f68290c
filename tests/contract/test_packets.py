"""MQTT packets are written as the standard says and read however the wire cuts them."""

import pytest
from hypothesis import given, strategies as st

from borough.core import packets
from borough.core.errors import BadFrame

TOPIC = st.text(st.characters(codec="utf-8", exclude_characters="\0+#"), min_size=1, max_size=200)
BODY = st.binary(max_size=300)
BETWEEN = (b"", packets.GOOD_CONNACK)


@given(st.integers(0, packets.LONGEST))
def test_a_length_is_read_as_it_was_written(remaining: int) -> None:
    """Every length that four bytes can say comes back, in no more bytes than it needs."""
    said = packets.length(remaining)
    read = packets.header(bytearray(b"\x30" + said), 0)

    assert read == (1 + len(said), remaining)
    assert len(said) == max(1, -(-remaining.bit_length() // 7))


@given(st.lists(st.tuples(TOPIC, BODY, st.integers(0, 65_535)), max_size=6), st.data())
def test_packets_are_found_however_the_stream_is_cut(
    messages: list[tuple[str, bytes, int]], data: st.DataObject
) -> None:
    """Bytes that come in any pieces give the packets that were sent, in their order."""
    stream = b"".join(
        packets.publish(topic, body, number) if number else packets.publish(topic, body)
        for topic, body, number in messages
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    buffer, found = bytearray(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        buffer += stream[start:end]
        found += packets.split(buffer)

    assert not buffer
    assert len(found) == len(messages)
    for packet, (topic, body, number) in zip(found, messages, strict=True):
        assert packet.type == packets.PUBLISH
        assert packets.message(packet) == (topic, body, number)


@given(st.binary(max_size=64))
def test_rubbish_is_refused_or_waited_for(rubbish: bytes) -> None:
    """No bytes make the reader fail in any other way than by saying so."""
    buffer = bytearray(rubbish)
    try:
        packets.split(buffer)
    except BadFrame:
        return
    assert len(buffer) <= len(rubbish)


def test_a_copy_says_that_it_is_one() -> None:
    """The second try of a sure message carries the DUP bit, and is the same otherwise."""
    first = packets.publish("d/gw/x", b"1", 7)
    again = packets.publish("d/gw/x", b"1", 7, again=True)

    assert again[0] == first[0] | 0x08
    assert again[1:] == first[1:]


def test_a_packet_too_long_to_say_is_refused() -> None:
    """Nothing longer than 256 MB can be framed."""
    with pytest.raises(BadFrame):
        packets.length(packets.LONGEST + 1)


def test_connect_is_what_the_standard_shows() -> None:
    """A CONNECT is byte for byte what section 3.1 of MQTT 3.1.1 lays out."""
    said = packets.connect("me", "gw-1", "pw", keepalive_s=60)

    assert said == (
        b"\x10\x18\x00\x04MQTT\x04\xc2\x00\x3c" + b"\x00\x02me" + b"\x00\x04gw-1" + b"\x00\x02pw"
    )


def test_a_will_stands_where_the_standard_wants_it() -> None:
    """Topic and payload behind the client's name; QoS and whether it is kept among the flags."""
    will = packets.Will("w", b"gone", qos=1, kept=True)
    said = packets.connect("me", "gw-1", "pw", 30, will=will)

    assert said == (
        b"\x10\x21\x00\x04MQTT\x04\xee\x00\x1e" + b"\x00\x02me\x00\x01w\x00\x04gone"
        b"\x00\x04gw-1" + b"\x00\x02pw"
    )
    assert packets.publish("t", b"1", kept=True)[0] == 0x31


@given(st.lists(st.integers(1, 65_535), max_size=9), st.sampled_from(BETWEEN), st.integers(0, 3))
def test_acknowledgements_are_read_and_counted_alike(
    numbers: list[int], between: bytes, more: int
) -> None:
    """Other packets between them are passed over, and what has not fully come is left."""
    said = b"".join(packets.acknowledge(each) + between for each in numbers)
    rest = packets.acknowledge(7)[:more]

    assert packets.acknowledged(said + rest) == (numbers, rest)
    assert packets.count_acknowledged(said + rest) == (len(numbers), rest)
