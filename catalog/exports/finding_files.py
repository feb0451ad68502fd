"""Write ``findings.csv``, in the current form of the exports (schema 2), into all folders that are due.

The file of a government has all of its findings unless there are too many (:meth:`ExportJob.has_all_findings`). In that
case the findings of a publisher with a folder of its own are only in the file there. Such files can be large, so their
unchanged parts are copied from the last export (:mod:`catalog.exports.parts`). Where a workbook, or a copy in the
language of the government, is written from the same rows, the file is written in full, because these need every row.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from catalog.exports.columns import describe_findings
from catalog.exports.csvfile import CsvFile, cells_of
from catalog.exports.finding_lines import FindingLines, without_usual_fix
from catalog.exports.job import ExportJob
from catalog.exports.parts import NEVER, PartedFile, grouped
from catalog.exports.program import lines_digest
from catalog.exports.sent_file import OTHERS, sent_file

__all__ = ["FindingFiles"]


class FindingFiles:
    """Writes ``findings.csv`` into the folders for which :meth:`ExportJob.is_due` is true. ``job``: the export."""

    def __init__(self, job: ExportJob) -> None:
        self.job = job
        self.written: list[Path] = []

    def write(self) -> list[Path]:
        """Write those of the files that must be written anew, see :meth:`ExportJob.is_due`, and return their paths."""
        job = self.job
        with ExitStack() as stack:
            everything = None
            # Where there are too many, each government has its own file, and nothing is left for one here.
            if job.is_due(job.out) and job.has_all_findings(job.out):
                everything = stack.enter_context(sent_file(job, job.out, "findings", job.options.language))
            for name, folder in job.folders.items():
                if job.has_all_findings(folder):
                    self._all(name, everything)
                else:
                    self._apart(name)
        self.written += everything.paths if everything else []
        return self.written

    @cached_property
    def _lines(self) -> FindingLines:
        return FindingLines(self.job.catalog, self.job.run_id)

    def _waiting(self, government: str) -> dict[str, Path]:
        """Return the folders of publishers that are due, by id of the publisher."""
        return {c["entity_id"]: path for path, c in self.job.publishers[government].items() if self.job.is_due(path)}

    def _datasets(self, government: str) -> Iterable[tuple[str | None, list[str]]]:
        """Return the ids of the datasets of a government, by publisher."""
        rows = self.job.catalog.db.conn.execute(
            """select d.publisher_id, d.id from datasets d join governments g on g.portal_id = d.portal_id
               where g.name = ? order by d.publisher_id, d.id""",
            [government],
        ).fetchall()
        return ((key, [row[1] for row in found]) for key, found in groupby(rows, key=itemgetter(0)))

    def _of_portals(self, government: str) -> Iterable[dict[str, Any]]:
        return chain.from_iterable(self._lines.rows_of_portal(one) for one in self.job.portals_of[government])

    # One file with everything

    def _all(self, government: str, everything: CsvFile | None) -> None:
        """Write the findings of a government, which has them all in one file, into all files that are due."""
        job, folder, code = self.job, self.job.folders[government], self.job.languages[government]
        waiting, is_due = self._waiting(government), self.job.is_due(folder)
        if not (is_due or waiting or everything):
            return
        with ExitStack() as stack:
            whole = stack.enter_context(sent_file(job, folder, "findings", code)) if is_due else None
            above = [file for file in (everything, whole) if file]
            for row in self._of_portals(government) if above else ():
                for file in above:
                    file.write(row, cells_of(without_usual_fix(row), file.fields))
            for publisher_id, ids in self._datasets(government):
                own = waiting.pop(publisher_id or "", None)
                if own is None:
                    self._put(above, ids)
                    continue
                with sent_file(job, own, "findings", code) as file:
                    self._put([*above, file], ids)
                self.written += file.paths
            for path in waiting.values():
                with sent_file(job, path, "findings", code) as file:
                    self.written += file.paths
        self.written += whole.paths if whole else []

    def _put(self, files: Sequence[CsvFile], ids: list[str]) -> None:
        """Write the public findings of datasets into several files, reading them once for each kind of file."""
        for_people = [file for file in files if file.is_for_people]
        if for_people:
            for row in self._lines.rows(ids):
                for file in for_people:
                    file.write(row, cells_of(without_usual_fix(row), file.fields))
        for_programs = [file for file in files if not file.is_for_people]
        if for_programs:
            for _, lines in self._lines.lines(ids):
                for file in for_programs:
                    file.write_lines(lines)

    # A file for each publisher, and one for the others

    def _apart(self, government: str) -> None:
        """Write the findings of a government that has too many for one file: each stands in one file."""
        job, folder, code = self.job, self.job.folders[government], self.job.languages[government]
        waiting, is_due = self._waiting(government), job.is_due(folder)
        if not (is_due or waiting):
            return
        with_folder = {card["entity_id"] for card in job.publishers[government].values()}
        others: list[str] = []
        for publisher_id, ids in self._datasets(government):
            if publisher_id not in with_folder:
                others += ids
            elif own := waiting.pop(publisher_id or "", None):
                self._write(own, "findings", code, (), ids)
        for path in waiting.values():
            self._write(path, "findings", code, (), [])
        if is_due:
            # The data package describes the files of other folders by it.
            self.written.append(describe_findings(folder))
            self._write(folder, OTHERS, code, self._of_portals(government), others)

    def _write(self, folder: Path, stem: str, code: str | None, rows: Iterable[dict[str, Any]], ids: list[str]) -> None:
        """Write one file with the findings ``rows`` and those of the datasets ``ids``."""
        file = sent_file(self.job, folder, stem, code)
        if file.is_for_people:
            with file:
                for row in rows:
                    file.write(row, cells_of(without_usual_fix(row), file.fields))
                self._put([file], ids)
        else:
            head = io.StringIO(newline="")
            writer = csv.writer(head, lineterminator="\r\n")
            writer.writerow([field.name for field in file.fields])
            writer.writerows(cells_of(without_usual_fix(row), file.fields) for row in rows)
            with PartedFile(file.path, self.job.parts) as parted:
                parted.add(NEVER, head.getvalue().encode())
                self._add_parts(parted, ids)
        self.written += file.paths

    def _add_parts(self, file: PartedFile, ids: list[str]) -> None:
        digests = self._lines.digests(ids, self.job.fingerprints.findings)
        groups = [(_key([digests.get(one) for one in group]), group) for group in grouped(ids, str)]
        read = self._lines.lines([one for key, group in groups if not file.has(key) for one in group])
        following = next(read, None)
        for key, group in groups:
            if not file.keep(key):
                texts = []
                for one in group:
                    # A dataset that never had a finding is not among those that are read.
                    if following is not None and following[0] == one:
                        # Each line ends with a line end.
                        texts.append("\r\n".join([*following[1], ""]))
                        following = next(read, None)
                file.add(key, "".join(texts).encode())


def _key(digests: Sequence[str | None]) -> bytes:
    """Return a digest of all that the lines of some datasets are made from."""
    if None in digests:
        return NEVER
    return hashlib.blake2b(repr((lines_digest(), digests)).encode(), digest_size=len(NEVER)).digest()
