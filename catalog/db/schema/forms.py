"""Short forms in which the values of a column are stored."""

from __future__ import annotations

from enum import Enum

__all__ = ["KEYS", "Form"]


class Form(Enum):
    """The forms in which the values of a column may be stored.

    The value of a member is SQL that gives the full text of a stored cell; the name of the column is put in for
    ``{0}``.
    """

    INSTANT = "strftime('%Y-%m-%dT%H:%M:%SZ', {0}, 'unixepoch')"
    """"2026-01-31T04:00:00Z" as seconds since 1970."""
    RUN = "strftime('%Y%m%dT%H%M%SZ', {0}, 'unixepoch')"
    """The id of a run, "20260131T040000Z", as seconds since 1970."""
    HTTP_DATE = (
        "substr('SunMonTueWedThuFriSat', 3 * strftime('%w', {0}, 'unixepoch') + 1, 3)"
        " || strftime(', %d ', {0}, 'unixepoch')"
        " || substr('JanFebMarAprMayJunJulAugSepOctNovDec', 3 * strftime('%m', {0}, 'unixepoch') - 2, 3)"
        " || strftime(' %Y %H:%M:%S GMT', {0}, 'unixepoch')"
    )
    """"Sat, 31 Jan 2026 04:00:00 GMT" as seconds since 1970."""
    HEX = "lower(hex({0}))"
    """Hexadecimal digits as bytes."""
    TEXT = "(select text from shared_texts where key = {0})"
    """A text that many rows share as its key in ``shared_texts``."""
    UUID = (
        "case length({0}) when 17 then substr(lower(hex({0})), 1, 32) else"
        " substr(lower(hex({0})), 1, 8) || '-' || substr(lower(hex({0})), 9, 4) || '-'"
        " || substr(lower(hex({0})), 13, 4) || '-' || substr(lower(hex({0})), 17, 4) || '-'"
        " || substr(lower(hex({0})), 21) end"
    )
    """A UUID as its 16 bytes; one that is written without hyphens has one more byte."""
    KEY = "(select id from keys where key = {0})"
    """An id that every row has as its key in ``keys``; a condition on it uses an index of the keys."""
    OPTIONAL_KEY = "(select keys.id from keys where keys.key = {0})"
    """The same for an id that a row may lack; of conditions only those with "=" use an index."""
    MICROSECOND = (
        "strftime('%Y-%m-%dT%H:%M:%S', floor_of({0}), 'unixepoch') || printf('.%06d', {0} - 1000000 * floor_of({0}))"
    ).replace("floor_of({0})", "(({0} - ({0} < 0) * 999999) / 1000000)")
    """"2026-01-31T04:00:00.123456" as microseconds since 1970."""
    URL = "[url]"
    """An address that is the one in the column ``url`` as 1."""


KEYS = frozenset({Form.KEY, Form.OPTIONAL_KEY})
"""The forms that store an id as its key in ``keys``."""
