"""The digest of the rules for tables: of rules and expectations, and of the findings in small files that we made.

It is recorded beside the version of ``table_rules.toml``. Files are inspected again when that version changes, so the
digest must change with every answer, and with nothing else: not when code is moved.

Importing this module is cheap; inspecting the files loads the libraries that a worker of the pool loads.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog.model import TableContext, TableReport
from quality.digest.canonical import hashed
from quality.digest.specifications import rules_of_tables
from specs.errors import Strict, parse, read_toml

__all__ = ["NEVER", "Looked", "digests", "look", "looked", "rules_found", "together"]

FILES = Path(__file__).with_name("files")
TODAY = date(2026, 11, 20)
NEVER = {
    "too_many_columns": "more than 16,384 columns: judging so many takes 14 s; test_hostile_files.py has such a file",
    "source_error": "nothing finds it any more; reports that were kept may name it",
    "expectation_not_checked": "an expectation of ours that cannot be run: the suites that come with us all can",
}
"""Rules that no file of the corpus can break, each with the reason."""


class _File(Strict):
    """A file of the corpus, and what is known about it in advance."""

    name: str
    format: str
    """The declared format."""
    title: str | None = None
    file_name: str | None = None
    previous: str | None = None
    """Name of another file of the corpus: the version before this one."""
    schema_file: str | None = None
    siblings: dict[str, str] = {}


class _Files(Strict):
    file: tuple[_File, ...]


def _packed(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a.csv", (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _wide(columns: int, rows: int) -> bytes:
    lines = [",".join(f"c{n}" for n in range(columns))]
    lines += [",".join(str((n * 7 + row) % 97) for n in range(columns)) for row in range(rows)]
    return ("\n".join(lines) + "\n").encode()


_BUILT: dict[str, Callable[[], bytes]] = {
    "archive_bomb.zip": lambda: _packed(b"1,2\n" * 1_000_000),
    "column_limit_cut.csv": lambda: _wide(256, 8),
    "long_record.csv": lambda: b"id,note\n1,short\n2," + b"xyz " * 3_000_000 + b"\n3,end\n",
}
"""Files that are too large to keep in the repository, and simple enough to generate."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The report on one of the sample files from which the digest of the table rules is computed."""

    name: str
    report: TableReport

    def answer(self) -> list[Any]:
        """Return the fields of the report that are hashed: without messages for people, and without what depends on the
        machine.
        """
        r = self.report
        defects = [[d.rule, d.count, d.field, d.first_row, d.severity, d.source, list(d.rows)] for d in r.defects]
        columns = [[c.get("name"), c.get("kind"), c.get("filled")] for c in r.profile.get("columns", ())]
        return [
            self.name, r.status, r.format, r.media_type, r.encoding, r.encoding_confidence, r.delimiter, r.header_row,
            r.sheet, r.row_count, r.column_count, list(r.columns), r.is_sample, sorted(defects, key=repr),
            r.expectations_passed, r.expectations_total, r.kind, r.profile.get("licence"), r.profile.get("has_schema"),
            columns,
        ]  # fmt: skip


def _files() -> tuple[_File, ...]:
    path = FILES / "files.toml"
    return parse(_Files, read_toml(path), str(path)).file


def look(folder: Path) -> Iterator[Looked]:
    """Inspect every sample file and yield the reports. ``folder`` is an empty folder, to which some of the files are
    written.
    """
    from quality.tables.inspect import inspect

    before: dict[str, Mapping[str, Any]] = {}
    for one in _files():
        context = TableContext(
            path=FILES / one.name,
            declared_format=one.format,
            title=one.title,
            file_name=one.file_name,
            today=TODAY,
            previous=before[one.previous] if one.previous else {},
            schema_path=FILES / one.schema_file if one.schema_file else None,
            siblings={name: FILES / path for name, path in one.siblings.items()},
        )
        report = inspect(context)
        before[one.name] = report.profile
        yield Looked(one.name, report)
    for name, build in _BUILT.items():
        path = folder / name
        path.write_bytes(build())
        yield Looked(name, inspect(TableContext(path=path, declared_format=path.suffix[1:].upper(), today=TODAY)))
        path.unlink()


def rules_found(found: Iterator[Looked] | tuple[Looked, ...]) -> set[str]:
    """Return the ids of the table rules that at least one sample file breaks. ``found``: the reports on the files."""
    return {defect.rule for one in found for defect in one.report.defects}


@lru_cache(maxsize=1)
def looked(folder: Path) -> tuple[Looked, ...]:
    """Return the reports on all sample files, and remember them for the next call with the same folder.

    ``folder`` is an empty folder, see :func:`look`.
    """
    return tuple(look(folder))


def digests(found: tuple[Looked, ...]) -> dict[str, str]:
    """Return by name the hash of every table rule, of every file of expectations, and of the report on each sample
    file.

    ``found`` are the reports on the sample files, as :func:`looked` returns them.
    """
    answers = {f"table:{one.name}": hashed(one.answer()) for one in found}
    return {**{name: hashed(make()) for name, make in rules_of_tables().items()}, **answers}


def together(found: tuple[Looked, ...]) -> str:
    """Return the digest of the table rules (64 hexadecimal digits) from ``found``, the reports on the sample files."""
    return hashed(digests(found))
