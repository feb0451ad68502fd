"""Records as received, compressed with a Zstandard dictionary of their portal.

The records of one portal share most of their words, so a dictionary trained from some of them halves what is left. A
frame names its dictionary, which the table ``record_dictionaries`` keeps for good. A text that was never compressed is
read as it is: SQLite lets one column hold both.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from sqlite3 import Connection

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["PackedTexts"]

LEVEL = 3
"""On real CKAN records level 9 saves another 6 % for four times the time."""
ENOUGH = 200
"""Records of a portal from which a dictionary is worth its room."""
SAMPLE = 500
LARGEST = 112_640
"""Bytes of a dictionary, the default of the zstd command."""
_SHARE = 16
"""A dictionary has a sixteenth of the bytes of its sample at most."""
_OPTIONS: dict[int, int] = {
    zstd.CompressionParameter.compression_level: LEVEL,
    # Four bytes by which a damaged frame, or the wrong dictionary, is noticed.
    zstd.CompressionParameter.checksum_flag: 1,
}


class PackedTexts:
    """Compresses and decompresses the raw records and the table reports of a catalogue with Zstandard.

    Each portal may have a dictionary for its records, and the reports of all portals have one together. Dictionaries
    are stored in the table ``record_dictionaries``; those that were read from it stay in memory.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._dictionaries: dict[int, zstd.ZstdDict] = {}

    def text(self, stored: str | bytes | None) -> str | None:
        """Return the text of a cell that holds a raw record, or a part of a table report, compressed (bytes) or as
        text; None for null.

        Raise zstd.ZstdError if compressed bytes are damaged, and LookupError if their dictionary is not in the
        catalogue.
        """
        if not isinstance(stored, bytes):
            return stored
        number = zstd.get_frame_info(stored).dictionary_id
        return zstd.decompress(stored, self._dictionary(number) if number else None).decode()

    def pack(self, portal_id: str | None, texts: Sequence[str]) -> list[bytes]:
        """Return ``texts`` compressed, in the same order, with the dictionary for them if there is one.

        ``portal_id``: the portal whose raw records the texts are; None if they are parts of table reports, which have
        one dictionary for all portals.
        """
        number = self._newest(portal_id) if texts else None
        dictionary = self._dictionary(number).as_digested_dict if number else None
        compressor = zstd.ZstdCompressor(options=_OPTIONS, zstd_dict=dictionary)
        return [compressor.compress(text.encode(), zstd.ZstdCompressor.FLUSH_FRAME) for text in texts]

    def learn(self, portal_id: str) -> Sequence[int]:
        """Train a Zstandard dictionary from a portal's records and store it, if the portal has at least 200 records and
        no dictionary yet.

        Return the row numbers of all of the portal's records, which can then be passed to :meth:`repack`; an empty
        sequence if no training was tried. If a dictionary cannot be trained from these records, this is stored, and it
        is not tried again. Call it inside a transaction.
        """
        run = self._conn.execute
        if run("select 1 from record_dictionaries where portal_id = ?", [portal_id]).fetchone():
            return ()
        of_portal = "from records r join datasets d on d.id = r.dataset_id where d.portal_id = ?"
        count = int(run(f"select count(*) {of_portal}", [portal_id]).fetchone()[0])
        if count < ENOUGH:
            return ()
        step = max(1, count // SAMPLE)
        keys = [key for (key,) in run(f"select r.rowid {of_portal} order by r.rowid", [portal_id])]
        texts = (self.text(run("select raw from records where rowid = ?", [key]).fetchone()[0]) for key in keys[::step])
        sample = [text.encode() for text in texts if text]
        self._store(portal_id, sample)
        return keys

    def repack(self, portal_id: str, keys: Sequence[int]) -> None:
        """Compress the records with these row numbers, all of the portal ``portal_id``, anew with its dictionary. Call
        it inside a transaction."""
        for start in range(0, len(keys), SAMPLE):
            rows = []
            for key in keys[start : start + SAMPLE]:
                text = self.text(self._conn.execute("select raw from records where rowid = ?", [key]).fetchone()[0])
                if text is not None:
                    rows.append((key, text))
            packed = self.pack(portal_id, [text for _, text in rows])
            changed = ((raw, key) for raw, (key, _) in zip(packed, rows, strict=True))
            self._conn.executemany("update records set raw = ? where rowid = ?", changed)

    def learn_reports(self) -> None:
        """Train a dictionary from the stored table reports and store it, if there are at least 200 reports and no
        dictionary for them yet.

        If a dictionary cannot be trained from these reports, this is stored, and it is not tried again. Reports that
        are stored already are not compressed anew. Call it inside a transaction.
        """
        run = self._conn.execute
        if run("select 1 from record_dictionaries where portal_id is null").fetchone():
            return
        keys = [key for (key,) in run("select rowid from table_reports where report is not null order by rowid")]
        if len(keys) < ENOUGH:
            return
        sample = []
        for key in keys[:: max(1, len(keys) // SAMPLE)]:
            parts = run("select report, profile from table_reports where rowid = ?", [key]).fetchone()
            sample += [text.encode() for part in parts if (text := self.text(part))]
        self._store(None, sample)

    def _store(self, portal_id: str | None, sample: Sequence[bytes]) -> None:
        number, content = None, b""
        with suppress(zstd.ZstdError, ValueError):
            made = zstd.train_dict(sample, min(LARGEST, sum(map(len, sample)) // _SHARE))
            number, content = made.dict_id, made.dict_content
        self._conn.execute(
            "insert into record_dictionaries (id, portal_id, dictionary) values (?, ?, ?) on conflict do nothing",
            [number, portal_id, content],
        )

    def _newest(self, portal_id: str | None) -> int | None:
        sql = "select max(id) from record_dictionaries where portal_id is ? and length(dictionary) > 0"
        found = self._conn.execute(sql, [portal_id]).fetchone()[0]
        return int(found) if found else None

    def _dictionary(self, number: int) -> zstd.ZstdDict:
        if number not in self._dictionaries:
            sql = "select dictionary from record_dictionaries where id = ?"
            row = self._conn.execute(sql, [number]).fetchone()
            if row is None:
                raise LookupError(f"the dictionary {number} of the records is missing: restore a copy of the catalogue")
            self._dictionaries[number] = zstd.ZstdDict(row[0])
        return self._dictionaries[number]
