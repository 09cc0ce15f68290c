"""Signed tokens in the bus's own format: what a connection that the gate let in may do.

The format is NATS JWT version 2, signed with ed25519 (docs.nats.io, "Auth Callout").
"""

import base64
import secrets
import time
from binascii import crc_hqx
from math import ceil
from typing import Any, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from borough.core.errors import BadRequest, BadSetting


def account_name(seed: str) -> str:
    """Give the public name of the account key behind a seed; ``BadSetting`` if it is none.

    A name is the base32 of a byte for "account", the public key and a CRC-16 over both
    (docs.nats.io, "NKeys").
    """
    key = b"\0" + _pair(seed).public_key().public_bytes_raw()
    return base64.b32encode(key + crc_hqx(key, 0).to_bytes(2, "little")).decode().rstrip("=")


def _pair(seed: str) -> Ed25519PrivateKey:
    """Make the pair of keys of a seed, 32 bytes in hexadecimal."""
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    except ValueError as problem:
        msg = "the seed that signs for the gate is damaged"
        raise BadSetting(msg) from problem


class Knock(NamedTuple):
    """A connection that asks to come in: who it says it is, and whom the answer is for."""

    server: str
    user: str
    name: str
    password: str
    client: str
    kind: str


def read_knock(token: bytes) -> Knock:
    """Read what the bus asks the gate; ``BadRequest`` if it is not such a question.

    The bus signs it, but only the bus can publish in the gate's account: not checked again.
    """
    try:
        claims = _CLAIMS.decode(_unpadded(token.split(b".")[1]))
        asked = claims.nats
    except (IndexError, ValueError, msgspec.MsgspecError) as problem:
        msg = "this is not a question of the bus to its gate"
        raise BadRequest(msg) from problem
    said, about = asked.connect_opts, asked.client_info
    return Knock(
        asked.server_id.id, asked.user_nkey, said.user, said.password, about.mqtt_id, about.type
    )


class Signer:
    """Signs the gate's answers."""

    def __init__(self, seed: str) -> None:
        self._pair = _pair(seed)
        self.issuer = account_name(seed)

    def welcome(self, knock: Knock, account: str, permissions: dict[str, Any], for_s: int) -> bytes:
        """Let a connection into *account*, with what it may do, for so many seconds or more."""
        nats = {"type": "user", "version": 2, **permissions}
        user = self._sign(knock.user, account, nats, knock.name, exp=ceil(time.time()) + for_s)
        return self._answer(knock, {"jwt": user.decode()})

    def refuse(self, knock: Knock, reason: str) -> bytes:
        """Turn a connection away; the reason goes to the bus's log, not to the device."""
        return self._answer(knock, {"error": reason})

    def _answer(self, knock: Knock, said: dict[str, Any]) -> bytes:
        nats = {"type": "authorization_response", "version": 2, **said}
        return self._sign(knock.user, knock.server, nats)

    def _sign(
        self, subject: str, audience: str, nats: dict[str, Any], name: str = "", **more: int
    ) -> bytes:
        claims = {
            "jti": secrets.token_hex(8), "iat": int(time.time()), "iss": self.issuer,
            "name": name, "sub": subject, "aud": audience, "nats": nats, **more,
        }  # fmt: skip
        text = _HEAD + b"." + _padless(msgspec.json.encode(claims))
        return text + b"." + _padless(self._pair.sign(text))


class _Server(msgspec.Struct):
    id: str


class _Client(msgspec.Struct):
    type: str = ""
    mqtt_id: str = ""


class _Said(msgspec.Struct):
    user: str = ""
    password: str = msgspec.field(default="", name="pass")


class _Asked(msgspec.Struct):
    server_id: _Server
    user_nkey: str
    client_info: _Client
    connect_opts: _Said


class _Claims(msgspec.Struct):
    nats: _Asked


_CLAIMS = msgspec.json.Decoder(_Claims)


def _padless(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _unpadded(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


_HEAD = _padless(b'{"typ":"JWT","alg":"ed25519-nkey"}')
