"""The files that are sent: for all governments, for each of them, and for each publisher that has something to fix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog
from catalog.exports.csvfile import CsvFile, cells_of
from catalog.exports.figures import queries
from catalog.exports.finding_rows import finding_rows
from catalog.exports.folders import SENT, publisher_folder
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.promises import commitment_rows
from catalog.exports.wording import header, translator
from specs.languages import language as language_of

__all__ = ["PUBLISHERS_MAX", "ScorecardFiles", "publishers_of"]

PUBLISHERS_MAX = 300
"""Maximum of publisher folders inside a government's: those with most findings. The government's own files have all."""
DATASETS_MIN = 5
"""Datasets from which on a publisher gets a folder even with nothing to fix."""
Cards = list[dict[str, Any]]


class ScorecardFiles(OutputFormat):
    """Writes the CSVs that governments and publishers are sent: scorecard, findings, commitments and queries.

    Each has copies for Excel and in another language.
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
        for government, folder in folders.items():
            own = [row for row in job.cards if row["government"] == government]
            rows = commitment_rows(catalog, job.head, government=government)
            written += _write_small(catalog, folder, own, codes[government], rows)
        waiting = dict(folders)
        # There can be millions of findings and hundreds of governments: hold one row in memory and two sets of files
        # open.
        with _file(out, "findings", language) as everything:
            for government, rows in groupby(finding_rows(catalog, run_id), key=itemgetter("government")):
                with _file(waiting.pop(government), "findings", codes[government]) as one:
                    for row in rows:
                        cells = cells_of(row, SENT["findings"].column)
                        everything.write(row, cells)
                        one.write(row, cells)
                written += one.paths
        written += everything.paths
        for government, folder in waiting.items():
            with _file(folder, "findings", codes[government]) as empty:
                written += empty.paths
        for government, folder in folders.items():
            chosen = publishers_of((row for row in job.cards if row["government"] == government), folder / "publishers")
            written += _publishers(catalog, job.head, chosen, government, codes[government])
            job.packages.update({path: card["entity_name"] or card["entity_id"] for path, card in chosen.items()})
        return written


def publishers_of(cards: Iterable[dict[str, Any]], parent: Path) -> dict[Path, dict[str, Any]]:
    """Return the publishers that get a folder, as a mapping from the folder's path to the publisher's row of the
    scorecard.

    ``cards``: rows of the scorecard of one government. ``parent``: folder that the publishers' folders lie in. A
    publisher gets a folder if it has open findings or at least 5 datasets; at most 300 do, those with most findings
    first. A folder that already exists is always included, because its address may have been passed on.
    """
    own = {
        parent / publisher_folder(row["entity_name"], row["entity_id"]): row
        for row in cards
        if row["entity_level"] == "publisher"
    }
    worth = [
        (path, row)
        for path, row in own.items()
        if row.get("findings_open") or (row.get("datasets") or 0) >= DATASETS_MIN
    ]
    worth.sort(key=lambda one: (-(one[1].get("findings_open") or 0), one[1]["entity_id"]))
    return dict(worth[:PUBLISHERS_MAX]) | {path: row for path, row in own.items() if path.is_dir()}


def _publishers(
    catalog: Catalog, head: dict[str, Any], chosen: dict[Path, dict[str, Any]], government: str, code: str | None
) -> list[Path]:
    written: list[Path] = []
    for folder, row in chosen.items():
        rows = commitment_rows(catalog, head, publisher_id=row["entity_id"])
        written += _write_small(catalog, folder, [row], code, rows)
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
    about, path = SENT[stem], folder / f"{stem}.csv"
    if code is None:
        return CsvFile(path, about.column, about.key, is_sent=True, has_book=about.has_book)
    words = language_of(code)
    return CsvFile(
        path, about.column, about.key, is_sent=True, has_book=about.has_book, language=code,
        header=header(words, about.column), translate=translator(words),
    )  # fmt: skip
