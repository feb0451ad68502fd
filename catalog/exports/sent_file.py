"""The names of the CSVs of schema 2 that are sent, and how each is opened for writing."""

from __future__ import annotations

from pathlib import Path

from catalog.exports.csvfile import CsvFile
from catalog.exports.folders import SENT
from catalog.exports.job import ExportJob
from catalog.exports.wording import header, translator
from specs.languages import language as language_of

__all__ = ["OTHERS", "PERSONAL", "sent_file"]

OTHERS = "findings-others"
"""Name of the file of findings that are in no publisher's folder, where there is no file with all of them."""
PERSONAL = "personal"
"""Name of the file with findings of suspected personal data that must not be published yet, see
:mod:`catalog.exports.private_files`."""


def sent_file(job: ExportJob, folder: Path, stem: str, code: str | None) -> CsvFile:
    """Return a CSV of schema 2 in the folder ``folder``, not yet opened, with the copies that the folder gets.

    ``job``: the export that writes it, which decides about workbooks. ``stem``: name of the file without ".csv".
    ``code``: tag of the language of the copy that people read; None for no copy.
    """
    about = SENT["findings" if stem in (OTHERS, PERSONAL) else stem]
    has_book = about.has_book and stem != PERSONAL and job.has_books(folder)
    words = language_of(code)
    return CsvFile(
        folder / f"{stem}.csv", about.for_programs, about.key, is_sent=True, has_book=has_book, language=code,
        header=header(words, about.column), translate=translator(words), for_people=about.column, is_alone=True,
    )  # fmt: skip
