"""How commitments are named in addresses."""

from __future__ import annotations

import hashlib
from sqlite3 import Connection

__all__ = ["commitment_slugs"]


def commitment_slugs(conn: Connection) -> dict[str, str]:
    """Return the part of each commitment's address that names it, by the commitment's id: the id, with hyphens in
    place of slashes.

    Where that is the same for several ids, all but the first in order of the alphabet end with a hash of the id.
    ``conn``: connection to a catalogue or to the public file.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for (key,) in conn.execute("select id from commitments order by id"):
        slug = str(key).replace("/", "-")
        if slug in taken:
            slug += f"-{hashlib.sha256(str(key).encode()).hexdigest()[:8]}"
        found[key] = slug
        taken.add(slug)
    return found
