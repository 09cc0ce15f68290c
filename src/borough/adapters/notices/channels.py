"""The courier of notices: people's channels through Apprise, of which few kinds are let in.

A channel's address holds its secret, so it is shown to nobody: neither in a log, nor in an
answer, nor in what is told of a failure.  Each part of Apprise (all of them take 20 MB) is loaded
when it is first needed.
"""

import logging
import tomllib
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.resources import files
from time import monotonic
from typing import Any

from borough.adapters.notices.guard import Guard
from borough.core.errors import BadRequest
from borough.core.outbox import Delivery

KINDS: dict[str, dict[str, Any]] = tomllib.loads(
    (files("borough.adapters.notices") / "channels.toml").read_text("utf-8")
)
"""The kinds of channels, by the scheme of their addresses."""
SILENT = ("apprise", "urllib3", "requests")
"""They would write addresses into the log."""


def kind_of(address: str) -> str:
    """Name the kind of a channel; `BadRequest`, without the address, where there is none."""
    scheme = address.partition("://")[0].lower()
    if scheme not in KINDS or "://" not in address:
        msg = f"channels: must begin with one of {', '.join(f'{each}://' for each in KINDS)}"
        raise BadRequest(msg)
    return scheme


class ChannelCourier:
    """Sends a title and a text through channels; ``wait_s`` is how long one may take."""

    def __init__(self, guard: Guard, wait_s: float) -> None:
        self._guard = guard
        self._wait_s = wait_s
        for each in SILENT:
            logging.getLogger(each).setLevel(logging.CRITICAL)

    def check(self, addresses: Iterable[str]) -> None:
        """Look whether channels can be used; `BadRequest` names the first that cannot."""
        for number, each in enumerate(addresses, 1):
            made = self._made(each, number)
            self._guarded(kind_of(each), made)

    def deliver(self, addresses: Sequence[str], title: str, text: str) -> Delivery:
        """Try each channel once; it is good when one of them took it."""
        began, wrong = monotonic(), []
        good = False
        for number, each in enumerate(addresses, 1):
            try:
                made = self._made(each, number)
                self._guarded(kind_of(each), made)
                if made.notify(body=text, title=title):
                    good = True
                else:
                    wrong.append(f"{kind_of(each)} did not take it")
            except BadRequest as error:
                wrong.append(str(error))
            except (OSError, TypeError, ValueError) as error:
                wrong.append(f"{kind_of(each)}: {type(error).__name__}")
        if not addresses:
            wrong.append("no channel")
        took = round((monotonic() - began) * 1000)
        return Delivery(good=good, took_ms=took, says="; ".join(wrong))

    def _made(self, address: str, number: int) -> Any:
        kind = kind_of(address)
        module, _, name = KINDS[kind]["plugin"].partition(":")
        plugin = getattr(import_module(f"apprise.plugins.{module}"), name)
        try:
            made: Any = plugin(**plugin.parse_url(address))
        except (TypeError, ValueError) as error:  # which may repeat the address
            msg = f"channels: the {number}. ({kind}) cannot be understood"
            raise BadRequest(msg) from error
        made.socket_connect_timeout = made.socket_read_timeout = self._wait_s
        made.redirects = False
        return made

    def _guarded(self, kind: str, made: Any) -> None:
        """Look where a channel goes that names a host; the others have hosts of their own."""
        if KINDS[kind].get("host"):
            host = getattr(made, KINDS[kind]["host"], None) or made.host
            self._guard.addresses(host, made.port or 0)
