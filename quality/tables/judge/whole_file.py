"""Report on a file as a whole: that it is spoiled, or why it was not inspected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from catalog.model import TableDefect, TableReport
from quality.tables.judge.defects import defect
from quality.tables.read.encoding import Encoding

__all__ = ["encoding_defects", "join_notes", "not_looked_into", "spoiled"]


def join_notes(*notes: str | None) -> str | None:
    """Return the notes that are not empty, joined by "; ", or None without any.

    >>> join_notes("cut", None, "two sheets")
    'cut; two sheets'
    """
    return "; ".join(filter(None, notes)) or None


def spoiled(base: TableReport, rule: str, line: int | None = None, message: str | None = None) -> TableReport:
    """Return the report on a file that is broken as a whole: ``base`` with the status "invalid" and a defect of
    ``rule``.

    ``line`` is the line of the fault; None if it has none. ``message`` says what is wrong; None means the message of
    the rule.
    """
    found = replace(defect(rule, 1, [line] if line else [], message=message), source="sniff")
    return replace(base, status="invalid", defects=(*base.defects, found))


def not_looked_into(why: str, rule: str = "not_looked_into") -> TableDefect:
    """Return the defect that says why a file was not inspected. It lowers no score.

    ``why`` is a clause without a full stop, such as "it is protected by a password". ``rule`` is the id of the table
    rule under which it is reported.
    """
    message = f"Not looked into: {why}." if rule == "not_looked_into" else None
    return replace(defect(rule, 1, message=message), source="sniff")


def encoding_defects(encoding: Encoding) -> Iterator[TableDefect]:
    """Yield defects for bytes that are invalid in the encoding of a text, and for NUL characters."""
    if encoding.bad_bytes:
        lines = [encoding.first_bad_line] if encoding.first_bad_line else []
        message = f"Some characters of the file cannot be read as {encoding.name}."
        yield defect("encoding_error", encoding.bad_bytes, lines, message=message)
    if encoding.nuls:
        yield defect("nul_byte", encoding.nuls)
