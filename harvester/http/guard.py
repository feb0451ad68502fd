"""Decide which network addresses may be connected to.

A portal can name any address: the operator's router, or a cloud's metadata service. The guard checks the IP
address a connection is about to use, not the name in the URL, so a name that resolves differently the second time
gains nothing. It runs for every connection, and therefore on every redirect.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

__all__ = ["PrivateAddressError", "check_address", "guarded_connection", "guarded_socket", "own_addresses"]


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""A NAT64 gateway connects these addresses to the IPv4 address in their last four bytes."""


class PrivateAddressError(OSError):
    """A connection to an address that is not public was refused."""


def own_addresses(url: str, also: Iterable[str] = ()) -> frozenset[str]:
    """Return the IP addresses, with port, of a portal declared local: the only local places that may be asked for it.

    ``also`` names further places as "host:port". Other services on the same machine are not part of the portal.
    The set is empty if the portal's name does not resolve; the harvest then reports that.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 80)
        found = socket.getaddrinfo(parts.hostname or "", None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return frozenset()
    own = frozenset(_place(str(info[4][0]).split("%")[0], port) for info in found)
    return own.union(*(own_addresses(f"http://{place}") for place in also))


_PORTS = {"http": 80, "https": 443, "ftp": 21}


def _place(address: str, port: int | None) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def check_address(host: str, port: int | None = None, *, local: Collection[str] = ()) -> None:
    """Raise PrivateAddressError if ``host`` (an IP address) must not be connected to.

    Public addresses pass, and so do those in ``local``: an address with its port, or an address alone for all its
    ports. Link-local (cloud metadata), multicast and unspecified addresses are always refused.
    """
    text = host.split("%")[0]
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            address = inner
    if (
        address.is_multicast
        or address.is_link_local
        or address.is_unspecified
        or (address.is_reserved and not address.is_loopback)
    ):
        allowed = False
    else:
        allowed = address.is_global or text in local or _place(text, port) in local
    if not allowed:
        raise PrivateAddressError(f"{address} is not a public address{_other_port(text, port, local)}")


def _other_port(address: str, port: int | None, local: Collection[str]) -> str:
    own = [one for one in local if one.startswith(_place(address, None).removesuffix("None"))]
    return f" (port {port}; the portal that is declared local has {own[0]} alone)" if own else ""


def guarded_socket(
    info: tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]],
    *,
    local: Collection[str] = (),
) -> socket.socket:
    """Return a socket for one resolved address, created only after the address has passed the guard."""
    family, kind, protocol, _, destination = info
    check_address(str(destination[0]), int(destination[1]), local=local)
    return socket.socket(family, kind, protocol)


def guarded_connection(host: str, port: int, timeout_s: float, *, local: Collection[str] = ()) -> socket.socket:
    """Return a connection to the host's first permitted address that accepts it.

    For clients that cannot be given a connector. Raise PrivateAddressError if an address was refused and no other
    one accepted; otherwise the last OSError.
    """
    refused: OSError | None = None
    for family, kind, protocol, name, destination in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        made: socket.socket | None = None
        try:
            made = guarded_socket((family, kind, protocol, name, destination), local=local)  # type: ignore[arg-type]
            made.settimeout(timeout_s)
            made.connect(destination)
        except OSError as error:
            if made is not None:
                made.close()
            refused = refused if isinstance(refused, PrivateAddressError) else error
        else:
            return made
    raise refused or OSError(f"{host} has no address")
