"""The records of datasets as portals sent them, as a table of the package: without addresses and names of persons.

They are not in the public file, so the package has them only where the operator asks for them. Datasets that are not in
the public file, such as withheld ones, have no record here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from catalog.db.schema import TABLES
from catalog.db.store import Catalog
from catalog.parquet.columns import PackageColumn
from catalog.parquet.tables import PackageTable
from catalog.repositories.persons import public_record

__all__ = ["records_table"]

_SQL = """select d.portal_id, r.dataset_id, r.raw_hash, r.run_id, r.raw, b.name, b.parent, b.ancestors
    from datasets d join records r on r.dataset_id = d.id left join publishers b on b.id = d.publisher_id
    order by d.portal_id, d.id"""


def records_table(catalog: Catalog, public: Path) -> PackageTable:
    """Return the table ``records`` of the package, which reads the records from the catalogue.

    ``public``: the public file, which says which datasets have one. What is left out of a record is decided by
    :func:`catalog.repositories.persons.public_record`.
    """
    of = TABLES["records"].columns
    columns = (
        PackageColumn("portal_id", "text", "Portal.", "", "portals"),
        PackageColumn("dataset_id", "text", of["dataset_id"].description, "", "datasets"),
        PackageColumn("raw_hash", "text", of["raw_hash"].description, ""),
        PackageColumn("run_id", "text", of["run_id"].description, "", "runs"),
        PackageColumn("record", "json", "The record; addresses and names of persons are null or replaced.", ""),
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"{public.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            shown = {id for (id,) in opened.execute("select id from datasets")}
        for portal, dataset, hashed, run, raw, name, parent, ancestors in catalog.db.conn.execute(_SQL):
            if dataset in shown:
                bodies = [one for one in (name, parent, *json.loads(ancestors or "[]")) if one]
                record = public_record(json.loads(catalog.packed.text(raw) or "null"), bodies)
                yield portal, portal, dataset, hashed, run, json.dumps(record, ensure_ascii=False)

    return PackageTable(
        "records", "The record of a dataset as its portal sent it.", columns, ("dataset_id",), "-", "", rows
    )
