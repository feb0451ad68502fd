"""The files of schema 1 that are sent: for all governments, for each of them, and for each publisher that has
something to fix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog
from catalog.exports.cause_rows import cause_rows
from catalog.exports.csvfile import CsvFile, cells_of
from catalog.exports.figures import queries
from catalog.exports.finding_rows import finding_rows
from catalog.exports.folders import SENT_1
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.promises import commitment_rows
from catalog.exports.wording import header, translator
from specs.languages import language as language_of

__all__ = ["ScorecardFiles"]

Cards = list[dict[str, Any]]


class ScorecardFiles(OutputFormat):
    """Writes, in the form of schema 1, the CSVs that governments and publishers are sent.

    They are the scorecard, causes, findings, commitments and queries. Each has a copy for Excel. All but the queries
    also have one in the language of the government, if it has one.
    """

    name = "scorecard.csv"
    title = "Scorecards, findings, commitments and queries, for all, each government and its publishers"

    def write(self, job: ExportJob) -> list[Path]:
        """Write the files about all governments, about each government, and about each publisher with something to fix.

        Return the paths.
        """
        catalog, run_id, out, language = job.catalog, job.run_id, job.out, job.options.language
        folders, codes = job.folders, job.languages
        written = _write_small(catalog, out, job.cards, language, commitment_rows(catalog, job.head))
        written += _write(out, "causes", language, cause_rows(catalog, run_id))
        for government, folder in folders.items():
            own = [row for row in job.cards if row["government"] == government]
            rows = commitment_rows(catalog, job.head, government=government)
            written += _write_small(catalog, folder, own, codes[government], rows)
            written += _write(folder, "causes", codes[government], cause_rows(catalog, run_id, government=government))
        waiting = dict(folders)
        # There can be millions of findings and hundreds of governments: hold one row in memory and two sets of files
        # open.
        with _file(out, "findings", language) as everything:
            for government, rows in groupby(finding_rows(catalog, run_id), key=itemgetter("government")):
                with _file(waiting.pop(government), "findings", codes[government]) as one:
                    for row in rows:
                        cells = cells_of(row, SENT_1["findings"].column)
                        everything.write(row, cells)
                        one.write(row, cells)
                written += one.paths
        written += everything.paths
        for government, folder in waiting.items():
            with _file(folder, "findings", codes[government]) as empty:
                written += empty.paths
        for government in folders:
            written += _publishers(catalog, job.head, job.publishers[government], government, codes[government])
        return written


def _publishers(
    catalog: Catalog, head: dict[str, Any], chosen: dict[Path, dict[str, Any]], government: str, code: str | None
) -> list[Path]:
    written: list[Path] = []
    for folder, row in chosen.items():
        rows = commitment_rows(catalog, head, publisher_id=row["entity_id"])
        written += _write_small(catalog, folder, [row], code, rows)
        own_causes = cause_rows(catalog, head["run_id"], publisher_id=row["entity_id"])
        written += _write(folder, "causes", code, own_causes)
    waiting = {row["entity_id"]: folder for folder, row in chosen.items()}
    found = finding_rows(catalog, head["run_id"], "publisher", government) if chosen else iter(())
    for publisher_id, rows_of in groupby(found, key=itemgetter("publisher_id")):
        if own := waiting.pop(publisher_id, None):
            written += _write(own, "findings", code, rows_of)
    for own in waiting.values():
        written += _write(own, "findings", code, ())
    return written


def _write_small(
    catalog: Catalog, folder: Path, cards: Cards, code: str | None, commitments: Iterable[Mapping[str, Any]]
) -> list[Path]:
    return [
        *_write(folder, "scorecard", code, cards),
        *_write(folder, "commitments", code, commitments),
        *_write(folder, "queries", None, queries()),
    ]


def _write(folder: Path, stem: str, code: str | None, rows: Iterable[Mapping[str, Any]]) -> list[Path]:
    with _file(folder, stem, code) as file:
        for row in rows:
            file.write(row)
    return file.paths


def _file(folder: Path, stem: str, code: str | None) -> CsvFile:
    about, path = SENT_1[stem], folder / f"{stem}.csv"
    if code is None:
        return CsvFile(path, about.column, about.key, is_sent=True, has_book=about.has_book)
    words = language_of(code)
    return CsvFile(
        path, about.column, about.key, is_sent=True, has_book=about.has_book, language=code,
        header=header(words, about.column), translate=translator(words),
    )  # fmt: skip
