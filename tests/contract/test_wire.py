"""What the bus sends is cut as its counts say, whatever the bodies hold."""

import pytest
from hypothesis import example, given, strategies as st

from borough.adapters.bus.lanes import sequence_of
from borough.adapters.bus.reasons import reason_of
from borough.adapters.bus.wire import careful, fast
from borough.core.errors import BusDown

FORGED = b"x\r\nHMSG d.gw-2.m-2.a 1 25 26\r\nNATS/1.0\r\nNmqtt-Pub:0\r\n\r\n9"
BODY = st.binary(max_size=20) | st.sampled_from(
    [b"", b"\r\n", FORGED, FORGED + b"\r\nHMSG ", b"\r\nHMSG ", b"HMSG ", b"x" * 9000]
)
PLAIN = (b"d.a.b", b"1", b"0")
SUBJECT = st.sampled_from([b"d.a.b", b"d.gw-1.m-1.a", "d.水".encode()])
ACK = b"$JS.ACK.$MQTT_msgs.reader-1.1.%d.7.1795256838780376682.0"


def written(subject: bytes, body: bytes, qos: bytes, reply: bytes = b"") -> bytes:
    """Write a message as the bus does."""
    head = b"NATS/1.0\r\nNmqtt-Pub:%s\r\n%s\r\n" % (qos, b"Nats-Msg-Id:q2\r\n" * (qos == b"2"))
    line = b" ".join([b"HMSG", subject, b"1", *([reply] if reply else [])])
    return b"%s %d %d\r\n%s%s\r\n" % (line, len(head), len(head) + len(body), head, body)


MESSAGES = st.lists(st.tuples(SUBJECT, BODY, st.sampled_from([b"0", b"0", b"0", b"1", b"2"])))


@given(said=MESSAGES, qos=st.sampled_from([b"0", b"1"]), replied=st.booleans())
@example(said=[PLAIN] * 5 + [(b"d.a.b", FORGED, b"0")] + [PLAIN], qos=b"0", replied=False)
def test_the_fast_cut_gives_what_the_careful_one_gives_or_declines(
    said: list[tuple[bytes, bytes, bytes]],
    qos: bytes,
    replied: bool,  # noqa: FBT001 - drawn
) -> None:
    """No body can pass for a message of its own: what was sent is what is read."""
    acks = [ACK % n if replied else b"" for n in range(len(said))]
    data = b"".join(written(*each, ack) for each, ack in zip(said, acks, strict=True))
    cut = fast(data, qos, 6 if replied else 5)
    columns, used = cut or (([], [], []), 0)
    messages, control, rest = careful(data[used:])
    mine = [m for m in messages if b"Nmqtt-Pub:" + qos in m.head]

    assert (control, used + rest) == ([], len(data))
    bodies = [*columns[2], *(message.body for message in mine)]
    subjects = [*columns[0], *(message.subject for message in mine)]
    expected = [(s, b) for s, b, q in said if q == qos]
    assert list(zip(subjects, bodies, strict=True)) == expected
    if replied:
        replies = [*columns[1], *(message.reply for message in mine)]
        assert replies == [a for a, (_, _, q) in zip(acks, said, strict=True) if q == qos]


def test_plain_messages_take_the_fast_way() -> None:
    """The fast way declines only what is out of the ordinary."""
    data = b"".join(written(b"d.gw-1.m-1.a", b"%d" % n, b"0") for n in range(100))
    cut = fast(data, b"0", 5)

    assert cut is not None
    assert cut[0].bodies == [b"%d" % n for n in range(99)]


@given(MESSAGES, st.data())
def test_messages_cut_anywhere_are_read_whole(
    said: list[tuple[bytes, bytes, bytes]], data: st.DataObject
) -> None:
    """What has not arrived yet is waited for."""
    stream = b"".join(written(*each) for each in said)
    at = data.draw(st.integers(0, len(stream)))
    first, _, used = careful(stream[:at])
    second, _, rest = careful(stream[used:])

    assert used + rest == len(stream)
    assert [message.body for message in first + second] == [body for _, body, _ in said]


@given(st.lists(st.sampled_from([b"\r\n", b"MSG", b"HMSG", b" ", b"1", b"-9", b"a"])).map(b"".join))
@example(b"\r\n")
@example(b"HMSG a 1 -9 -5\r\nabc\r\n")
def test_noise_is_refused_or_waited_for(noise: bytes) -> None:
    """What is not the protocol raises BusDown and nothing else."""
    try:
        careful(noise)
    except BusDown as problem:
        assert "protocol" in str(problem)  # noqa: PT017 - both ways are right


def test_control_lines_stand_between_messages() -> None:
    """A PING is handed over and not taken for a body."""
    message = written(b"d.a.b", b"PING\r\n", b"0")
    messages, control, used = careful(b"PING\r\n" + message + b"PING\r\n")

    assert ([m.body for m in messages], control) == ([b"PING\r\n"], [b"PING", b"PING"])
    assert used == len(message) + 12


def test_the_place_of_an_acknowledged_message_is_in_its_reply() -> None:
    """The stream's number, not the consumer's."""
    assert sequence_of(ACK % 41) == 41


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('[ERR] 127.0.0.1:1 - mid:10 - "a" - Publish Violation - Subject "d.x"', "forbidden-topic"),
        ('[ERR] - mid:1 - "a" - maximum payload exceeded: 1200019 vs 1100000', "too-large"),
        ('[ERR] - mid:1 - "a" - character not supported for MQTT topics', "bad-topic"),
        ("[WRN] JetStream stream 'A > B' IPQ len limit reached", "overrun"),
        ('[ERR] - mid:1 - "a" - unable to connect: authentication error', "refused"),
        ("[INF] Publish Violation is a word in a note", None),
        ("[INF] Server is ready", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_line_of_the_log_names_the_reason(line: str, reason: str | None) -> None:
    """The supervisor counts what only the log tells."""
    assert reason_of(line) == reason
