"""The CSVs of schema 2: for all governments, for each of them, and for each publisher with a folder.

Which files have a finding depends on the number of findings. The folder of a publisher has the findings of the
publisher. The folder of a government has all of its findings as long as they fit into one spreadsheet; above that it
has only those that are in no publisher's folder, and its data package names the files of the others. The folder about
all governments has all findings if they fit, else none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from catalog.exports.cause_rows import cause_rows
from catalog.exports.census_rows import census_rows
from catalog.exports.correction_rows import correction_rows
from catalog.exports.csvfile import cells_of
from catalog.exports.figures import queries
from catalog.exports.finding_files import FindingFiles
from catalog.exports.folders import SENT
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.promises import commitment_rows
from catalog.exports.sent_file import sent_file
from specs.metrics import metrics

__all__ = ["FolderTables"]


class FolderTables(OutputFormat):
    """Writes, in the form of schema 2, the CSVs that governments and publishers are sent.

    They are the scorecard, causes, findings, rules, commitments, queries, the census of key datasets and our
    corrections. A publisher gets no queries, census and corrections, and a file of causes or commitments only if it has
    any.
    """

    name = "scorecard.csv"
    title = "Scorecards, findings, rules, commitments, queries and corrections, for all, each government and publisher"

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
            self._write(job.out, "census", job.options.language, census_rows(self.catalog))
            self._write(job.out, "corrections", job.options.language, correction_rows(self.catalog, job.run_id))
        for name, folder in job.folders.items():
            code = job.languages[name]
            if job.is_due(folder):
                own = [row for row in job.cards if row["government"] == name]
                self._small(folder, own, code, commitment_rows(self.catalog, job.head, government=name))
                self._write(folder, "causes", code, self._causes(government=name))
                self._write(folder, "queries", None, queries())
                self._write(folder, "census", code, census_rows(self.catalog, government=name))
                self._write(folder, "corrections", code, correction_rows(self.catalog, job.run_id, government=name))
            for path, card in job.publishers[name].items():
                if job.is_due(path):
                    rows = [*commitment_rows(self.catalog, job.head, publisher_id=card["entity_id"])]
                    self._small(path, [card], code, rows)
                    if causes := [*self._causes(publisher_id=card["entity_id"])]:
                        self._write(path, "causes", code, causes)
        return self.written + FindingFiles(job).write()

    def _causes(self, *, government: str | None = None, publisher_id: str | None = None) -> Iterator[dict[str, Any]]:
        # "New" would change the row in the next run; first_seen_run says it too.
        return cause_rows(
            self.catalog, self.job.run_id, government=government, publisher_id=publisher_id, says_new=False
        )

    @cached_property
    def _rules(self) -> list[tuple[dict[str, Any], list[str]]]:
        """Return the rows of ``rules.csv`` with their cells: they are the same in hundreds of folders."""
        return [(row, cells_of(row, SENT["rules"].for_programs)) for row in _rules()]

    def _small(self, folder: Path, cards: list[dict[str, Any]], code: str | None, commitments: Iterable[Any]) -> None:
        self._write(folder, "scorecard", code, cards)
        with sent_file(self.job, folder, "rules", code) as file:
            for row, cells in self._rules:
                file.write(row, cells)
        self.written += file.paths
        promised = [*commitments]
        if promised or folder.parent.name != "publishers":
            self._write(folder, "commitments", code, promised)

    def _write(self, folder: Path, stem: str, code: str | None, rows: Iterable[Mapping[str, Any]]) -> None:
        with sent_file(self.job, folder, stem, code) as file:
            for row in rows:
                file.write(row)
        self.written += file.paths


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
