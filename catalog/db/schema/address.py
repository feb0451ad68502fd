"""The address of a distribution, as SQL: said once, for the views and for the tables that the views read."""

from __future__ import annotations

import sqlite3
import zlib

__all__ = ["INDEXES", "TRIGGERS", "address", "add_functions", "digest", "is_at"]


def address(alias: str = "d") -> str:
    """Return an SQL expression for the main address of a distribution: its download URL, else its access URL, else
    null.

    ``alias``: name of the table ``distributions`` in the query; "" for none.
    """
    of = f"{alias}." if alias else ""
    return f"coalesce(nullif({of}download_url, ''), nullif({of}access_url, ''))"


def digest(url: str | None) -> int | None:
    """Return the number by which an address is indexed: 31 bits of its CRC-32; None for None and an empty text.

    An index of these numbers needs 4 bytes for each address; one of the addresses needs about 100. Two addresses may
    have the same number, so compare the addresses too.
    """
    return zlib.crc32(url.encode("utf-8", "surrogatepass")) & 0x7FFF_FFFF if url else None


def add_functions(connection: sqlite3.Connection) -> None:
    """Make :func:`digest` available in SQL as ``address_digest``."""
    connection.create_function("address_digest", 1, digest, deterministic=True)


def is_at(name: str, url: str, alias: str = "") -> str:
    """Return an SQL condition that is true of a distribution whose access URL or download URL is a given address. An
    index makes it fast.

    ``name``: "access" or "download", which of the two is compared. ``url``: SQL for the address. ``alias``: name of the
    table ``distributions`` in the query; "" for none.
    """
    of = f"{alias}." if alias else ""
    return f"({of}{name}_digest = address_digest({url}) and {of}{name}_url = {url})"


INDEXES = {
    f"distributions_by_{name}": f"""create index if not exists distributions_by_{name}
        on distribution_rows ({name}_digest) where {name}_digest is not null"""
    for name in ("access", "download")
}
"""Indexes that a TableSpec cannot declare."""
_FILL = """update distribution_rows set access_digest = address_digest(access_url),
        download_digest = address_digest(download_url) where id = new.id;"""
TRIGGERS = {
    "distributions_digest": f"""create trigger if not exists distributions_digest after insert on distribution_rows
        when nullif(new.access_url, '') is not null and new.access_digest is null
          or nullif(new.download_url, '') is not null and new.download_digest is null begin {_FILL} end""",
    "distributions_digest_again": f"""create trigger if not exists distributions_digest_again
        after update of access_url, download_url on distribution_rows
        when old.access_url is not new.access_url and old.access_digest is new.access_digest
          or old.download_url is not new.download_url and old.download_digest is new.download_digest
        begin {_FILL} end""",
}
"""Triggers that number the addresses of a row that was written without the numbers."""
