"""Judge archives: the report on the single table in it, or on all of them together."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from catalog.model import TableReport
from quality.tables.file_at_hand import FileAtHand
from quality.tables.judge.parts import TablePart, together
from quality.tables.judge.whole_file import not_looked_into, spoiled
from quality.tables.limits import UnreadableError
from quality.tables.read.archives import printable, tables_in, unpacked_gzip, unpacked_member

__all__ = ["judge_archive"]

LookInto = Callable[[FileAtHand], TableReport]


def judge_archive(file: FileAtHand, base: TableReport, look_into: LookInto) -> TableReport:
    """Return the report on a ZIP or GZIP archive: on the table in it, or on all tables together.

    ``base`` is the report with what is already known about the archive. ``look_into`` is called to inspect each table
    in it. A ZIP archive without a table, or with more than 50, gives ``base`` with a note. A damaged archive is
    invalid. Of several tables, one that cannot be read has the status "unknown", and the others count. Raise
    UnreadableError if the archive cannot be unpacked although it may be intact, for example because its only table is
    protected by a password or too large.
    """
    is_cut = file.is_cut
    try:
        if base.format == "GZIP":
            with unpacked_gzip(file.path, file.context.unpacked_bytes) as (member, ends_early):
                is_cut = is_cut or ends_early
                inside = replace(file, path=member, is_cut=is_cut, is_member=True)
                return _from_archive(base, look_into(inside), "a GZIP file with")
        found = tables_in(file.path)
        if isinstance(found, str):
            return replace(base, note=found)
        is_cut = False  # the list of members is at the end, so the download is complete
        return _members(file, base, found, look_into)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        if is_cut or isinstance(error, NotImplementedError):
            why = "it was downloaded in part" if is_cut else "its method is unknown"
            raise UnreadableError(f"the archive cannot be unpacked: {why}") from error
        return spoiled(base, "broken_archive")


def _members(file: FileAtHand, base: TableReport, infos: Sequence[zipfile.ZipInfo], look_into: LookInto) -> TableReport:
    """Return the report on all tables in an archive."""
    left, parts = file.context.unpacked_bytes, []
    for info in infos:
        name, context = printable(info.filename), file.context
        if len(infos) > 1:
            is_main = context.previous.get("member") == name
            context = replace(context, file_name=Path(name).name, previous=context.previous if is_main else {})
        try:
            with unpacked_member(file.path, info, left) as member:
                left -= member.stat().st_size
                report = look_into(FileAtHand(member, context, is_cut=False, is_member=True))
        except UnreadableError as refusal:
            if len(infos) == 1:
                raise
            report = replace(
                base, status="unknown", note=str(refusal), defects=(not_looked_into(str(refusal), refusal.rule),)
            )
        parts.append(TablePart(name, report, is_member=True))
    one = together(parts)
    words = f"a ZIP archive with {len(infos)} tables:" if len(infos) > 1 else f"a ZIP archive with {parts[0].name}:"
    kept = _from_archive(base, one, words)
    return replace(kept, profile=kept.profile | {"format": one.format} if kept.profile else kept.profile)


def _from_archive(outer: TableReport, inner: TableReport, words: str) -> TableReport:
    """Return the report on the file inside, with the format of the archive, which is what the address serves."""
    note = f"{words} {inner.format or 'something unknown'}"
    return replace(
        inner,
        format=outer.format,
        media_type=outer.media_type,
        note=f"{note}; {inner.note}" if inner.note else note,
    )
