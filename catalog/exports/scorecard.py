"""The files that are sent: for everything, for each government, and for each publisher that has something to mend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from catalog.exports.cards import card_rows, head_of
from catalog.exports.columns import FINDINGS
from catalog.exports.csvfile import CsvFile, cells_of
from catalog.exports.figures import queries
from catalog.exports.finding_rows import finding_rows
from catalog.exports.folders import FIELDS, KEYS, folder_name, publisher_folder, seal_folder
from catalog.exports.promises import commitment_rows
from catalog.exports.wording import header, translator
from catalog.store import Catalog
from specs.languages import language as language_of

__all__ = ["PUBLISHERS_MAX", "export_csvs", "folder_name", "folders_of"]

PUBLISHERS_MAX = 300
"""Folders of publishers in that of a government: those with most findings. The files of the government have all."""
DATASETS_MIN = 5
"""Datasets from which a publisher gets a folder though nothing of it is to be mended."""
Cards = list[dict[str, Any]]


def folders_of(cards: Cards, out: Path) -> dict[str, Path]:
    """The folder of every government."""
    return {name: out / folder_name(name) for name in sorted({row["government"] for row in cards})}


def export_csvs(
    catalog: Catalog, run_id: str, out: Path, *, cards: Cards | None = None, language: str | None = None
) -> list[Path]:
    """Write the files of a run; return their paths. ``language`` is that of the twins, whatever the portals say."""
    cards = card_rows(catalog, run_id) if cards is None else cards
    head = head_of(catalog, run_id)
    written = _write_small(catalog, out, cards, language, commitment_rows(catalog, head))
    folders, codes = folders_of(cards, out), _codes(cards, language)
    for government, folder in folders.items():
        own = [row for row in cards if row["government"] == government]
        rows = commitment_rows(catalog, head, government=government)
        written += _write_small(catalog, folder, own, codes[government], rows)
    waiting = dict(folders)
    # Findings can be millions, and governments hundreds: one row in memory, and two sets of files open, at a time.
    with _file(out, "findings", language) as everything:
        for government, rows in groupby(finding_rows(catalog, run_id), key=itemgetter("government")):
            with _file(waiting.pop(government), "findings", codes[government]) as one:
                for row in rows:
                    cells = cells_of(row, FINDINGS)
                    everything.write(row, cells)
                    one.write(row, cells)
            written += one.paths
    written += everything.paths
    for government, folder in waiting.items():
        with _file(folder, "findings", codes[government]) as empty:
            written += empty.paths
    for government, folder in folders.items():
        own = [row for row in cards if row["government"] == government and row["entity_level"] == "publisher"]
        written += _publishers(catalog, head, folder / "publishers", own, government, codes[government])
        written += seal_folder(folder, government, head)
    return [*written, *seal_folder(out, "everything", head)]


def publishers_of(cards: Iterable[dict[str, Any]]) -> Cards:
    """The publishers among some cards that get a folder, those with most findings first."""
    chosen = [
        row
        for row in cards
        if row["entity_level"] == "publisher"
        and (row.get("findings_open") or (row.get("datasets") or 0) >= DATASETS_MIN)
    ]
    chosen.sort(key=lambda row: (-(row.get("findings_open") or 0), row["entity_id"]))
    return chosen[:PUBLISHERS_MAX]


def _publishers(
    catalog: Catalog, head: dict[str, Any], parent: Path, cards: Cards, government: str, code: str | None
) -> list[Path]:
    folders = {
        row["entity_id"]: parent / publisher_folder(row["entity_name"], row["entity_id"])
        for row in publishers_of(cards)
    }
    written: list[Path] = []
    for row in cards:
        if folder := folders.get(row["entity_id"]):
            rows = commitment_rows(catalog, head, publisher_id=row["entity_id"])
            written += _write_small(catalog, folder, [row], code, rows)
    waiting = dict(folders)
    found = finding_rows(catalog, head["run_id"], "publisher", government) if folders else iter(())
    for publisher_id, rows_of in groupby(found, key=itemgetter("publisher_id")):
        if folder := waiting.pop(publisher_id, None):
            written += _write(folder, "findings", code, rows_of)
    for folder in waiting.values():
        written += _write(folder, "findings", code, ())
    names = {row["entity_id"]: row["entity_name"] for row in cards}
    for publisher_id, folder in folders.items():
        written += seal_folder(folder, names[publisher_id] or publisher_id, head)
    return written


def _codes(cards: Cards, language: str | None) -> dict[str, str | None]:
    """The language of every government's twins: as asked for, or else as its portals say."""
    said: dict[str, set[str]] = {}
    for row in cards:
        found = said.setdefault(row["government"], set())
        if row["entity_level"] == "portal" and row.get("language"):
            found.add(row["language"])
    return {name: language or min(found, default=None) for name, found in said.items()}


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
    fields, path = FIELDS[stem], folder / f"{stem}.csv"
    if code is None:
        return CsvFile(path, fields, KEYS[stem], is_sent=True)
    words = language_of(code)
    return CsvFile(
        path, fields, KEYS[stem], is_sent=True, language=code, header=header(words, fields), translate=translator(words)
    )
