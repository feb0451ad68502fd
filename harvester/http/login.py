"""Send a portal's key with requests to its own API only, and keep it out of everything that is stored."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from harvester.http.politeness import host_of
from specs.credentials import MASK
from specs.errors import SpecError
from specs.portals import PortalSpec

__all__ = ["Credential", "credential_of"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A portal's API key, sent as a header or query parameter to the portal's own host and to no other host.

    ``header``: the header's name, or None. ``query``: the query parameter's name, or None. ``value``: what is sent.
    """

    site: str
    """The host, with its port if that is not the scheme's default."""
    is_secure: bool
    """The portal's address is https, so the key is never sent unencrypted."""
    header: str | None
    query: str | None
    value: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """What must never be stored: the key as read, the key as sent, and the password in it."""

    def is_for(self, url: str) -> bool:
        """Return whether the key may be sent to ``url``: its host is that of the portal, and its scheme is https if the
        portal's own address is https."""
        try:
            return host_of(url) == self.site and (url.startswith("https:") or not self.is_secure)
        except ValueError:
            return False

    def without(self, url: str) -> str:
        """Return ``url`` without the query parameter that holds the key. Addresses to which the key may not be sent are
        returned unchanged.

        Some portals copy the key into their links to further pages.
        """
        if self.query is None or f"{self.query}=" not in url or not self.is_for(url):
            return url
        parts = urlsplit(url)
        left = [one for one in parts.query.split("&") if one.partition("=")[0] != self.query]
        return urlunsplit(parts._replace(query="&".join(left)))

    def added(self, url: str) -> str:
        """Return ``url`` with the query parameter that holds the key. It is returned unchanged if the key is sent as a
        header, or may not be sent to ``url``."""
        if self.query is None or not self.is_for(url):
            return url
        parts = urlsplit(self.without(url))
        own = f"{quote(self.query, safe='')}={quote(self.value, safe='')}"
        return urlunsplit(parts._replace(query=f"{parts.query}&{own}" if parts.query else own))

    def headers_for(self, url: str) -> list[tuple[str, str]]:
        """Return the header with the key, as a list of one (name, value) pair.

        The list is empty if the key is a query parameter or may not be sent to ``url``.
        """
        return [(self.header, self.value)] if self.header is not None and self.is_for(url) else []

    def scrubbed(self, value: Any) -> Any:
        """Return ``value``, a JSON value from a response, with the key replaced by a mask in texts at any depth.

        The names of an object's fields are not changed. If the key does not occur, the same object is returned.
        """
        if isinstance(value, str):
            for secret in self.secrets:
                value = value.replace(secret, MASK) if secret in value else value
            return value
        if isinstance(value, dict):
            found = {key: self.scrubbed(one) for key, one in value.items()}
            return found if any(found[key] is not one for key, one in value.items()) else value
        if isinstance(value, list):
            items = [self.scrubbed(one) for one in value]
            return value if all(new is old for new, old in zip(items, value, strict=True)) else items
        return value

    def scrubbed_bytes(self, body: bytes) -> bytes:
        """Return ``body``, the body of a response, with the key replaced by a mask."""
        for secret in self.secrets:
            body = body.replace(secret.encode(), MASK.encode())
        return body


def credential_of(portal: PortalSpec) -> Credential | None:
    """Read the API key that the portal file ``portal`` declares under [auth]; return None if it declares none.

    Raise SpecError with the remedy if the named file cannot be read, or if the environment variable or file does not
    hold a key of at least four characters in one line.
    """
    auth = portal.auth
    if auth is None:
        return None
    if auth.env is not None:
        secret, where = os.environ.get(auth.env, "").strip(), f"the environment variable {auth.env}"
    else:
        path = Path(str(auth.file)).expanduser()
        try:
            secret, where = path.read_text("utf-8").strip(), f"the file {path}"
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise SpecError(f"{portal.id}: [auth] names the file {path}: {reason}; write the key into it") from None
    if len(secret) < 4 or "\n" in secret:
        raise SpecError(f"{portal.id}: [auth] names {where}, which holds no key in one line; set it and run again")
    value, secrets = secret, [secret]
    if auth.basic:
        packed = base64.b64encode(secret.encode()).decode()
        value = f"Basic {packed}"
        secrets += [packed, *(part for part in secret.split(":", 1)[1:] if len(part) >= 4)]
    elif auth.prefix:
        value = f"{auth.prefix} {secret}"
    header = "Authorization" if auth.basic else auth.header
    return Credential(host_of(portal.url), portal.url.startswith("https:"), header, auth.query, value, tuple(secrets))
