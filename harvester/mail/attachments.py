"""The files that go with a mail: those of the folders of its scorecards, and what is told to the recipient alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from catalog.exports import sent_file
from catalog.exports.csvfile import CsvFile
from catalog.exports.folders import SENT
from catalog.exports.private_files import private_file
from catalog.exports.wording import header, translator
from catalog.repositories.sent import Letter
from harvester.mail.mailing import Mailing, folder_of, start_of_names
from specs.languages import language_or_english

__all__ = ["HELD_CAUSES", "HELD_FINDINGS", "OTHERS", "PERSONAL", "attached", "in_language"]

ATTACHED_MAX = 5_000_000
"""Total bytes of files that are attached unpacked; more are packed."""
PACKED_MAX = 15_000_000
"""Bytes of an archive that mail servers still accept; beyond it the letter goes without its longest files."""
PERSONAL = f"{sent_file.PERSONAL}.csv"
OTHERS = f"{sent_file.OTHERS}.csv"
CORRECTIONS = "corrections.csv"
HELD_CAUSES, HELD_FINDINGS = "held-causes.csv", "held-findings.csv"
"""What the recipient is told before it is public; in no folder."""
_KEPT = (PERSONAL, HELD_CAUSES, HELD_FINDINGS)
"""Ends of the names of files that no letter goes without."""
_KINDS = {".csv": "text/csv", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def in_language(name: str, code: str) -> str:
    """Return the name of the copy of a CSV in a language, such as "personal.fr.csv"; ``name`` itself for English."""
    return name if code == "en" else f"{Path(name).stem}.{code}{Path(name).suffix}"


def attached(mailing: Mailing, exports: Path) -> tuple[list[tuple[str, bytes, str]], list[str], list[str]]:
    """Choose the files that go with ``mailing``, a mail. Return three lists: name, content and media type of each
    attachment; the names of all files in the attachments, which differ from the attachments only if those are packed;
    and the names of the files that were left out.

    ``exports`` is the folder of all exported files, inside the data folder. The files are those of the folders that
    :func:`~harvester.mail.mailing.folder_of` names, and those that are not inside ``exports``: suspected personal
    data, and what is not public yet. In another language than English each has a copy in that language too.

    If all together have more than ATTACHED_MAX (5 MB), they are packed into one ZIP archive. While that has more than
    PACKED_MAX (15 MB), the longest workbook is left out, or if there is none the longest other file; but never one
    about personal data or about what is not public yet, because its recipient could get it nowhere else. If the mail
    has several scorecards, the name of each file begins with that of its folder.
    """
    code = language_or_english(mailing.language).code
    found = []
    for letter in mailing.letters:
        folder = folder_of(letter, exports)
        start = start_of_names(mailing, folder)
        private = _private_file(letter, exports)
        found += [(f"{start}{name}", content) for name, content in _files(folder, private, code, letter)]
    kept = (*_KEPT, *(in_language(name, code) for name in _KEPT))
    left_out: list[str] = []
    if sum(len(content) for _, content in found) <= ATTACHED_MAX:
        files = [(name, content, _KINDS[Path(name).suffix]) for name, content in found]
        return files, [name for name, _ in found], left_out
    while True:
        packed = _packed(found)
        spare = [one for one in found if not one[0].endswith(kept)]
        if len(packed) <= PACKED_MAX or not spare:
            return [("winnow.zip", packed, "application/zip")], [name for name, _ in found], left_out
        longest = max(spare, key=lambda one: (one[0].endswith(".xlsx"), len(one[1])))
        found.remove(longest)
        left_out.append(longest[0])


def _private_file(letter: Letter, exports: Path) -> Path | None:
    """Return the file with suspected personal data that only the publisher in ``letter`` is sent, if there is one."""
    if letter.level != "publisher":
        return None
    path = private_file(exports.parent, letter.government, letter.card["entity_name"], letter.entity_id)
    return path if path.is_file() else None


def _files(folder: Path, private: Path | None, code: str, letter: Letter) -> list[tuple[str, bytes]]:
    corrected = [CORRECTIONS] if letter.withdrawn_count else []
    if letter.is_correction:
        names = ["scorecard.csv", *corrected]
    else:
        names = ["scorecard.csv", "causes.csv", "findings.csv", OTHERS, "rules.csv", "commitments.csv", *corrected]
    # A language that the export did not write has no files of its own, and neither has English.
    names += [in_language(name, code) for name in names if code != "en"]
    names += [] if letter.is_correction else ["causes.xlsx", "findings.xlsx"]
    found = [(name, (folder / name).read_bytes()) for name in names if (folder / name).is_file()]
    if private:
        copies = (private, private.with_name(in_language(private.name, code)))
        found += [(one.name, one.read_bytes()) for one in dict.fromkeys(copies) if one.is_file()]
    # What is in no folder: places with suspected personal data, and what is not public yet.
    found += _csvs(PERSONAL, "findings", letter.personal, code) if letter.personal else []
    if (held := letter.held) is not None:
        found += _csvs(HELD_CAUSES, "causes", held.causes, code) if held.causes else []
        found += _csvs(HELD_FINDINGS, "findings", held.findings, code)
    return found


def _csvs(name: str, stem: str, rows: Sequence[dict[str, Any]], code: str) -> list[tuple[str, bytes]]:
    """Return name and content of a CSV, and of its copy in a language if that is not English.

    ``name``: of the plain CSV. ``stem``: the exported file that has the same columns.
    """
    about, words = SENT[stem], language_or_english(code)
    with TemporaryDirectory(prefix="winnow-") as folder:
        path = Path(folder) / name
        file = CsvFile(
            path, about.column, about.key, language=None if code == "en" else code,
            header=header(words, about.column), translate=translator(words), is_alone=True,
        )  # fmt: skip
        with file:
            for row in rows:
                file.write(row)
        return [(one.name, one.read_bytes()) for one in file.csvs]


def _packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in files:
            pack.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
