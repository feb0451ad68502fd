"""Which network addresses may be connected to.

A portal can name any address it likes: of the operator's router, of a cloud's metadata service. The guard looks
at the address a connection is about to go to, not at the name in the URL, so that a name that resolves
differently the second time gains nothing. It is asked for every connection, hence on every redirect.
"""

from __future__ import annotations

import ipaddress
import socket

__all__ = ["PrivateAddressError", "check_address", "guarded_socket"]


class PrivateAddressError(OSError):
    """A connection to an address that is not public was refused."""


def check_address(host: str, *, allow_local: bool) -> None:
    """Raise PrivateAddressError where ``host`` (an IP address) must not be connected to.

    ``allow_local`` admits loopback and private ranges; link-local (cloud metadata), multicast and unspecified
    addresses are refused all the same.
    """
    address = ipaddress.ip_address(host.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            address = inner
    if address.is_multicast or address.is_link_local or address.is_unspecified:
        allowed = False
    elif address.is_loopback or address.is_private:
        allowed = allow_local
    else:
        allowed = address.is_global
    if not allowed:
        raise PrivateAddressError(f"{address} is not a public address")


def guarded_socket(
    info: tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]],
    *,
    allow_local: bool,
) -> socket.socket:
    """A socket for one resolved address, made only after the address has passed."""
    family, kind, protocol, _, destination = info
    check_address(str(destination[0]), allow_local=allow_local)
    return socket.socket(family, kind, protocol)
