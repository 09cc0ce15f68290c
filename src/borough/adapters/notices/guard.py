"""Where messages may go: nowhere inside, unless the operator has said so.

Whoever may enter an address could else have this machine call on its neighbours.  Names are
resolved here, and the very address that was looked at is the one that is called.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from borough.core.errors import BadRequest, BadSetting

Address = IPv4Address | IPv6Address
TRANSLATED = ip_network("64:ff9b::/96")
"""RFC 6052: behind these, a translator calls an IPv4 address."""
PORTS = {"http": 80, "https": 443}


class Guard:
    """Lets public addresses through, and those of the networks *inside*, such as 10.2.0.0/16."""

    def __init__(self, inside: Sequence[str] = ()) -> None:
        try:
            self._inside = [ip_network(each, strict=False) for each in inside]
        except ValueError as error:
            msg = f"outward_inside: {error}"
            raise BadSetting(msg) from error

    def place(self, url: str) -> tuple[str, int, list[str]]:
        """Take an http or https address apart: host, port, and the addresses it may be called at.

        Raises `BadRequest`, which begins with ``url:``, where there is none.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
        except ValueError as error:
            msg = f"url: {error}"
            raise BadRequest(msg) from error
        if parts.scheme not in PORTS or not host or parts.username is not None:
            msg = "url: must be http:// or https:// with a host, and no name or password in it"
            raise BadRequest(msg)
        return host, port, self.addresses(host, port)

    def addresses(self, host: str, port: int) -> list[str]:
        """Resolve a name; `BadRequest` where one of its addresses is inside, or there is none."""
        try:
            found: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            msg = f"url: {host!r} has no address"
            raise BadRequest(msg) from error
        addresses = [str(each[4][0]).partition("%")[0] for each in found]
        for each in addresses:
            if not self.lets(ip_address(each)):
                msg = f"url: {host} is inside ({each}); setting outward_inside may allow it"
                raise BadRequest(msg)
        return addresses

    def lets(self, address: Address) -> bool:
        """Say whether an address may be called."""
        own = inner(address)
        allowed = any(own in network for network in self._inside if network.version == own.version)
        return allowed or (own.is_global and not own.is_multicast)


def inner(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 one stands for, however it does so; else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, address))[1]
