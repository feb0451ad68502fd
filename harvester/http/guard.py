"""Which network addresses may be connected to.

A portal can name any address it likes: of the operator's router, of a cloud's metadata service. The guard looks
at the address a connection is about to go to, not at the name in the URL, so that a name that resolves
differently the second time gains nothing. It is asked for every connection, hence on every redirect.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

__all__ = ["PrivateAddressError", "check_address", "guarded_connection", "guarded_socket", "own_addresses"]


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""A gateway turns these into the IPv4 address of their last four bytes."""


class PrivateAddressError(OSError):
    """A connection to an address that is not public was refused."""


def own_addresses(url: str, also: Iterable[str] = ()) -> frozenset[str]:
    """The IP addresses of a portal that is declared local, with its port: these places of the network and no others
    may be asked. What else listens on the same machine is not the portal; ``also`` names further places, "host:port".

    Empty where its name has none now; then the harvest says so.
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
    """Raise PrivateAddressError where ``host`` (an IP address) must not be connected to.

    Public addresses pass, and those of ``local``: an address with its port, or an address alone for all its ports.
    Link-local (cloud metadata), multicast and unspecified addresses are refused all the same.
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
    """A socket for one resolved address, made only after the address has passed."""
    family, kind, protocol, _, destination = info
    check_address(str(destination[0]), int(destination[1]), local=local)
    return socket.socket(family, kind, protocol)


def guarded_connection(host: str, port: int, timeout_s: float, *, local: Collection[str] = ()) -> socket.socket:
    """A connection to the first address of a host that may be connected to and answers.

    For clients that know no connector of their own. Raises PrivateAddressError where one was refused and no other
    answered; else the last OSError.
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
