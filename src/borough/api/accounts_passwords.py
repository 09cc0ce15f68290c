"""Passwords: kept as argon2id, looked at a few at a time, and not guessed at for long."""

import threading
import time
import tomllib
from collections import deque
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from borough.core.errors import BadRequest, Busy


@dataclass(frozen=True, slots=True)
class Signing:
    """How people and programs sign in; see ``signing.toml`` for unit and reason."""

    password_least: int
    password_most: int
    argon2_passes: int
    argon2_kib: int
    argon2_lanes: int
    at_once: int
    account_tries: int
    address_tries: int
    window_s: float
    session_h: float
    link_h: float
    token_days: int

    @classmethod
    def declared(cls) -> Self:
        """Read the table."""
        table = tomllib.loads((files("borough.api") / "signing.toml").read_text("utf-8"))
        return cls(**{field.name: table[field.name]["value"] for field in fields(cls)})


SIGNING = Signing.declared()


class Passwords:
    """Makes and compares hashes; every comparison takes as long, whether the account is there."""

    def __init__(self, signing: Signing = SIGNING) -> None:
        self.signing = signing
        self._hasher = PasswordHasher(
            signing.argon2_passes, signing.argon2_kib, signing.argon2_lanes
        )
        self._room = threading.BoundedSemaphore(signing.at_once)
        self._nobody = ""

    def hash(self, password: str) -> str:
        """Give what is kept of a new password; `BadRequest` where it is too short or too long."""
        least, most = self.signing.password_least, self.signing.password_most
        if not least <= len(password) <= most or not is_text(password):
            msg = f"password: {least} to {most} characters"
            raise BadRequest(msg)
        with self._room:
            return self._hasher.hash(password)

    def fits(self, kept: str, password: str) -> bool:
        """Tell whether a password is the one of which *kept* was made; an empty one never fits."""
        password = password if is_text(password) else ""
        with self._room:
            if not self._nobody:
                self._nobody = self._hasher.hash("nobody has this password")
            try:
                self._hasher.verify(kept or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return bool(kept)


def is_text(text: str) -> bool:
    """Tell whether a text can be written down; half a character cannot."""
    return not any("\ud800" <= mark <= "\udfff" for mark in text)


class Throttle:
    """Counts what went wrong lately, by account and by address; too much of it and one waits.

    It counts before a password is looked at, so many tries at one moment get no further.
    """

    def __init__(self, signing: Signing = SIGNING) -> None:
        self.signing = signing
        self._lock = threading.Lock()
        self._tries: dict[str, deque[float]] = {}

    def enter(self, account: str, address: str) -> None:
        """Count a try; `Busy` where there were too many, whether the account is there or not."""
        now, signing = time.monotonic(), self.signing
        kept = {f"a {account}": signing.account_tries, f"@ {address}": signing.address_tries}
        with self._lock:
            self._forget(now)
            if any(len(self._tries.get(key, ())) >= most for key, most in kept.items()):
                msg = f"too many tries; wait up to {signing.window_s / 60:.0f} minutes"
                raise Busy(msg)
            for key in kept:
                self._tries.setdefault(key, deque()).append(now)

    def passed(self, account: str, address: str) -> None:
        """Count a try that went well no longer, nor those before it of the account."""
        with self._lock:
            self._tries.pop(f"a {account}", None)
            if tries := self._tries.get(f"@ {address}"):
                tries.pop()

    def _forget(self, now: float) -> None:
        for key, tries in list(self._tries.items()):
            while tries and now - tries[0] > self.signing.window_s:
                tries.popleft()
            if not tries:
                del self._tries[key]


@cache
def passwords() -> Passwords:
    """Give the one that this process shares."""
    return Passwords()
