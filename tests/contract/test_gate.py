"""Who may come in at the gate, and what the answer allows."""

import base64
import json
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from borough.adapters.bus.config import LET_IN, Bus, secrets_of
from borough.adapters.bus.tokens import Knock, account_name, read_knock
from borough.adapters.gate import Gate, digest, token
from borough.adapters.limits import Limits
from borough.core.errors import BadRequest, BadSetting, BusDown


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Give a gate that knows two credentials."""
    bus = Bus("127.0.0.1", 1, 2, tmp_path, secrets_of(tmp_path))
    return Gate(bus, {"gw-1": digest("one"), "gw-2": digest("two")}, Limits.load())


def knock(
    name: str = "gw-1",
    password: str = "one",  # noqa: S107 - made up
    client: str = "c",
    kind: str = "mqtt",
) -> Knock:
    """Make somebody who asks to come in."""
    return Knock("SERVER", "UKEY", name, password, client, kind)


def claims(answer: bytes) -> dict[str, Any]:
    """Read what a token says."""
    text = answer.split(b".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
    return said


@pytest.mark.parametrize(
    ("asks", "reason"),
    [
        (knock(), ""),
        (knock(client="gw-1"), ""),
        (knock(password="two"), "wrong-credential"),  # noqa: S106 - made up
        (knock(password=""), "wrong-credential"),
        (knock("gw-3"), "wrong-credential"),
        (knock("", ""), "wrong-credential"),
        (knock(client="gw-2"), "foreign-client-id"),
        (knock(kind="nats"), "not-mqtt"),
    ],
)
def test_only_the_right_token_over_mqtt_comes_in(gate: Gate, asks: Knock, reason: str) -> None:
    """A wrong token, a foreign client id and another protocol are turned away and counted."""
    answer = claims(gate.answer(asks))

    assert answer["nats"].get("error", "") == reason
    assert dict(gate.counts) == {reason or "welcome": 1}


def test_a_credential_publishes_its_own_subtrees_and_hears_its_own_commands(gate: Gate) -> None:
    """Nothing else is allowed, and the token is for this connection and the devices' account."""
    answer = claims(gate.answer(knock()))
    user = claims(answer["nats"]["jwt"].encode())

    assert (answer["aud"], answer["sub"]) == ("SERVER", "UKEY")
    assert (user["aud"], user["sub"]) == ("DEVICES", "UKEY")
    sparkplug = ["spBv1//0.*.*.gw-1", "spBv1//0.*.*.gw-1.*"]
    assert user["nats"]["pub"] == {"allow": ["d.gw-1.>", "a.gw-1.>", *sparkplug]}
    assert user["nats"]["sub"]["allow"][:2] == ["c.gw-1", "c.gw-1.>"]
    assert user["nats"]["allowed_connection_types"] == ["MQTT"]


@pytest.mark.parametrize("noise", [b"", b"a", b"a.b.c", b"a.e30.c", b"a.\xff.c", b"a.W10.c"])
def test_a_question_that_is_none_is_refused(noise: bytes) -> None:
    """Noise raises BadRequest and nothing else."""
    with pytest.raises(BadRequest):
        read_knock(noise)


@pytest.mark.parametrize("key", ["", "a.b", "a*", ">", "gw 1", "水", "x" * 65])
def test_a_key_that_could_mean_more_than_itself_is_no_credential(gate: Gate, key: str) -> None:
    """A wildcard in a key would open the subtrees of others."""
    with pytest.raises(BadSetting):
        Gate(gate._bus, {key: digest("one")}, Limits.load())  # noqa: SLF001 - the fixture's own


def test_tokens_are_long_and_never_the_same() -> None:
    """192 random bits, so that one round of hashing is enough."""
    assert len({token() for _ in range(100)}) == 100
    assert len(token()) == 32


def test_secrets_are_made_once_and_only_we_may_read_them(tmp_path: Path) -> None:
    """A restart keeps them; damage is named; and no repr shows one."""
    made = secrets_of(tmp_path)
    path = tmp_path / "secrets.json"

    assert secrets_of(tmp_path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.gate not in repr(Bus("h", 1, 2, tmp_path, made))
    assert made.gate not in repr(Bus("h", 1, 2, tmp_path, made).login("gate"))
    assert account_name(made.seed).startswith("A")
    path.write_text("{")
    with pytest.raises(BadSetting, match="damaged"):
        secrets_of(tmp_path)


def test_a_damaged_seed_is_named() -> None:
    """It is a setting that cannot work, not a crash."""
    with pytest.raises(BadSetting):
        account_name("SAANOTASEED")


def test_a_session_lasts_no_less_than_was_meant(gate: Gate) -> None:
    """A token's end is a whole second; one of a second may begin late in a second."""
    gate.limits = replace(gate.limits, session_s=1)
    before = time.time()
    user = claims(claims(gate.answer(knock()))["nats"]["jwt"].encode())

    assert user["exp"] >= before + 1


def test_a_gate_is_said_to_listen_once_it_hears_who_knocks(gate: Gate, tmp_path: Path) -> None:
    """Whoever knocks where nobody hears it waits ten seconds in vain."""
    heard = bytearray()

    def serve(door: socket.socket) -> None:
        with door.accept()[0] as line:
            line.sendall(b'INFO {"server_id": "one"}\r\nPONG\r\n')
            while LET_IN not in heard:
                heard.extend(line.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve, args=(door,))
        thread.start()
        bus = Bus("127.0.0.1", door.getsockname()[1], 2, tmp_path, secrets_of(tmp_path))
        with pytest.raises(BusDown):
            Gate(bus, {}, gate.limits).serve(threading.Event())
        thread.join()

    assert b"$SYS.REQ.USER.AUTH" in heard[: heard.index(LET_IN)]
