"""The CSVs of schema 2: for all governments, for each of them, and for each publisher with a folder.

A finding stands in one file of programs, or in few: the folder of a publisher has its findings; that of a government,
and that of everything, has all of theirs as long as they fit into one spreadsheet. Above that it has only those that
are in no publisher's folder, and its data package names the files of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from catalog.exports.cause_rows import cause_rows
from catalog.exports.columns import describe_findings
from catalog.exports.csvfile import CsvFile, cells_of
from catalog.exports.figures import queries
from catalog.exports.finding_lines import FindingLines, without_usual_fix
from catalog.exports.folders import SENT
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.promises import commitment_rows
from catalog.exports.wording import header, translator
from specs.languages import language as language_of
from specs.metrics import metrics

__all__ = ["OTHERS", "PERSONAL", "FolderTables"]

OTHERS = "findings-others"
"""Name of the file of findings that are in no publisher's folder, where there is no file with all of them."""
PERSONAL = "personal"
"""Name of the file in a publisher's folder with findings of suspected personal data that must not be published yet."""
_BATCH = 1_000
"""Rows handed to the CSV writer at once."""


class FolderTables(OutputFormat):
    """Writes, in the form of schema 2, the CSVs that governments and publishers are sent.

    They are the scorecard, findings, rules, commitments and queries.
    """

    name = "scorecard.csv"
    title = "Scorecards, findings, rules, commitments and queries, for all, each government and its publishers"

    def write(self, job: ExportJob) -> list[Path]:
        """Write the CSVs of every folder that must be written (see :meth:`ExportJob.is_due`); return the paths."""
        return _Tables(job).write()


class _Tables:
    """The writing of one run's CSVs."""

    def __init__(self, job: ExportJob) -> None:
        self.job, self.catalog = job, job.catalog
        self.written: list[Path] = []

    def write(self) -> list[Path]:
        job = self.job
        if job.is_due(job.out):
            self._small(job.out, job.cards, job.options.language, commitment_rows(self.catalog, job.head))
            self._write(job.out, "causes", job.options.language, self._causes())
            self._write(job.out, "queries", None, queries())
        for name, folder in job.folders.items():
            code = job.languages[name]
            if job.is_due(folder):
                own = [row for row in job.cards if row["government"] == name]
                self._small(folder, own, code, commitment_rows(self.catalog, job.head, government=name))
                self._write(folder, "causes", code, self._causes(government=name))
                self._write(folder, "queries", None, queries())
            for path, card in job.publishers[name].items():
                if job.is_due(path):
                    rows = [*commitment_rows(self.catalog, job.head, publisher_id=card["entity_id"])]
                    self._small(path, [card], code, rows)
                    if causes := [*self._causes(publisher_id=card["entity_id"])]:
                        self._write(path, "causes", code, causes)
        with ExitStack() as stack:
            everything = None
            if job.is_due(job.out):
                stem = "findings" if job.has_all_findings(job.out) else OTHERS
                # Where each government has its own file, nothing is left for one here.
                if stem == "findings":
                    everything = stack.enter_context(self._file(job.out, stem, job.options.language))
            for name in job.folders:
                self._findings(name, everything)
        self.written += everything.paths if everything else []
        return self.written

    def _causes(self, *, government: str | None = None, publisher_id: str | None = None) -> Iterator[dict[str, Any]]:
        # "New" would change the row in the next run; first_seen_run says it too.
        return cause_rows(
            self.catalog, self.job.run_id, government=government, publisher_id=publisher_id, says_new=False
        )

    def _small(self, folder: Path, cards: list[dict[str, Any]], code: str | None, commitments: Iterable[Any]) -> None:
        self._write(folder, "scorecard", code, cards)
        self._write(folder, "rules", code, _rules())
        promised = [*commitments]
        if promised or folder.parent.name != "publishers":
            self._write(folder, "commitments", code, promised)

    def _write(self, folder: Path, stem: str, code: str | None, rows: Iterable[Mapping[str, Any]]) -> None:
        with self._file(folder, stem, code) as file:
            for row in rows:
                file.write(row)
        self.written += file.paths

    def _file(self, folder: Path, stem: str, code: str | None) -> CsvFile:
        about = SENT["findings" if stem in (OTHERS, PERSONAL) else stem]
        has_book = about.has_book and stem != PERSONAL and self.job.has_books(folder)
        words = language_of(code)
        return CsvFile(
            folder / f"{stem}.csv", about.for_programs, about.key, is_sent=True, has_book=has_book, language=code,
            header=header(words, about.column), translate=translator(words), for_people=about.column, is_alone=True,
        )  # fmt: skip

    # Findings

    @cached_property
    def _lines(self) -> FindingLines:
        return FindingLines(self.catalog, self.job.run_id)

    def _findings(self, government: str, everything: CsvFile | None) -> None:
        """Write the findings of a government into all files that are due."""
        job, folder, code = self.job, self.job.folders[government], self.job.languages[government]
        chosen = {card["entity_id"]: path for path, card in job.publishers[government].items()}
        waiting = {key: path for key, path in chosen.items() if job.is_due(path)}
        is_due, has_all = job.is_due(folder), job.has_all_findings(folder)
        if not (is_due or waiting or everything):
            return
        with ExitStack() as stack:
            whole = stack.enter_context(self._file(folder, "findings" if has_all else OTHERS, code)) if is_due else None
            above = [file for file in (everything, whole) if file]
            for portal_id in job.portals_of[government]:
                for row in self._lines.rows_of_portal(portal_id) if above else ():
                    for file in above:
                        file.write(row, cells_of(without_usual_fix(row), file.fields))
            if is_due and not has_all:
                # The data package describes the files of other folders by it.
                self.written.append(describe_findings(folder))
            for publisher_id, ids in self._datasets(government):
                path = chosen.get(publisher_id or "")
                targets = above if has_all or path is None else [file for file in above if file is everything]
                own = waiting.pop(publisher_id or "", None)
                if own is None:
                    self._put(targets, ids)
                    continue
                with self._file(own, "findings", code) as file:
                    self._put([*targets, file], ids)
                self.written += file.paths
                self._personal(own, ids)
            for path in waiting.values():
                with self._file(path, "findings", code) as file:
                    self.written += file.paths
        self.written += whole.paths if whole else []

    def _datasets(self, government: str) -> Iterable[tuple[str | None, list[str]]]:
        """Return the ids of the datasets of a government, by publisher."""
        rows = self.catalog.db.conn.execute(
            """select d.publisher_id, d.id from datasets d join governments g on g.portal_id = d.portal_id
               where g.name = ? order by d.publisher_id, d.id""",
            [government],
        ).fetchall()
        return ((key, [row[1] for row in found]) for key, found in groupby(rows, key=itemgetter(0)))

    def _put(self, files: Sequence[CsvFile], ids: list[str]) -> None:
        """Write the public findings of datasets into several files, reading them once for each kind of file."""
        for_people = [file for file in files if file.is_for_people]
        if for_people:
            for row in self._lines.rows(ids):
                for file in for_people:
                    file.write(row, cells_of(without_usual_fix(row), file.fields))
        for_programs = [file for file in files if not file.is_for_people]
        if for_programs:
            for lines in batched(self._lines.lines(ids)):
                for file in for_programs:
                    file.write_lines(lines)

    def _personal(self, folder: Path, ids: list[str]) -> None:
        """Write the findings of suspected personal data of a publisher, which only the publisher is sent."""
        if rows := [*self._lines.rows(ids, is_withheld=True)]:
            self._write(folder, PERSONAL, None, rows)


def batched(lines: Iterator[str]) -> Iterator[list[str]]:
    """Yield the items of an iterator in lists of a thousand."""
    while found := list(islice(lines, _BATCH)):
        yield found


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "rule_id": one.id,
            "rule_title": one.question,
            "dimension": one.dimension,
            "how_to_fix": one.fix,
            "rationale": one.rationale,
            "source": one.source,
        }
        for one in metrics().values()
        if one.weight or one.reported
    ]
