"""``changes.csv``: every record a run added, changed or lost, one row for each field that changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from catalog.exports.csvfile import CsvFile, write_csv
from catalog.exports.job import ExportJob, OutputFormat
from catalog.repositories.changes import RecordChange, changes
from catalog.repositories.withholding import WITHHELD
from specs.exports import export_files, schema_version

__all__ = ["ChangesFile", "write_changes"]


class ChangesFile(OutputFormat):
    """Writes ``changes.csv``: the datasets of all portals that a run added, changed or did not find.

    Datasets whose content is withheld are left out.
    """

    name = "changes.csv"
    title = export_files()["changes"].title

    def write(self, job: ExportJob) -> list[Path]:
        """Write the CSV into ``job.out`` and return the paths of the written files; [] if ``job.out`` is not due.

        In schema 1 the CSV is always written, with its copy for Excel and its Table Schema.
        """
        hidden = {key for (key,) in job.catalog.db.conn.execute(WITHHELD)}
        path = job.out / self.name
        found = (one for one in changes(job.catalog, job.run_id) if one.dataset_id not in hidden)
        if job.options.schema == 1:
            return write_changes(path, job.run_id, found)
        if not job.is_due(job.out):
            return []
        file = export_files()["changes"]
        with CsvFile(path, file.column, file.key, is_alone=True) as table:
            for row in _rows(job.run_id, found):
                table.write(row)
        return table.paths


def write_changes(path: Path, run_id: str, found: Iterable[RecordChange]) -> list[Path]:
    """Write ``found``, the changes of the run ``run_id``, as a CSV with its copy for Excel and its Table Schema.

    It has the columns of schema 1, where each row names the run: the file stands alone. A changed record has one row
    for each changed field. Return the paths.
    """
    file = export_files(1)["changes"]
    return write_csv(path, file.column, file.key, _rows(run_id, found))


def _rows(run_id: str, found: Iterable[RecordChange]) -> Iterator[dict[str, Any]]:
    for change in found:
        row = {
            "schema_version": schema_version(1),
            "run_id": run_id,
            "portal_id": change.portal_id,
            "dataset_id": change.dataset_id,
            "identifier": change.identifier,
            "title": change.title,
            "kind": change.kind,
            "missing_on": change.missing_on,
            "retired_on": change.retired_at[:10] if change.retired_at else None,
        }
        for number, field in enumerate(change.fields or [{}], 1):
            values = {"field": field.get("field"), "old_value": field.get("old"), "new_value": field.get("new")}
            yield {**row, "number": number, **values}
