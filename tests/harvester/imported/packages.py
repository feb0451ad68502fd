"""Make packages of another Winnow, forge them, and take them in."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from catalog.db.schema.imported import TABLES
from catalog.db.store import Catalog
from catalog.model import Portal
from catalog.parquet.package import all_tables
from catalog.parquet.taking import write_rows
from harvester.cli.main import cli
from harvester.errors import PackageError
from harvester.imported.package import PackageLimits
from harvester.imported.take import WORK, Taken, take_in
from quality.systems.entities import score_entities
from quality.systems.stage import score_portal
from tests.making import datasets, observe, store

OURS, THEIRS, OTHERS = (f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
RUNS = ("20261120T010000Z", "20261121T010000Z")
FEW = PackageLimits(seconds=60)


def portal(key: str, url: str) -> Portal:
    return Portal(id=key, type="ckan", title=key.title(), url=url, government="Example", country="CHE")


def night(catalog: Catalog, run_id: str, portals: list[Portal], count: int = 5) -> None:
    catalog.begin_run("test", portals, version="0", methodology="2.1.0", run_id=run_id)
    for number, one in enumerate(portals):
        found = list(datasets(count, number + 1))
        store(catalog, run_id, one.id, found)
        observe(catalog, run_id, one.id, found, random.Random(1))
        score_portal(catalog, run_id, one.id)
        at = f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}T03:00:00Z"
        with catalog.writing():
            catalog.db.conn.execute("update harvests set finished_at = ? where run_id = ?", [at, run_id])
    score_entities(catalog, run_id)
    catalog.set_run(run_id, status="complete", finished_at="2026-11-21T04:00:00Z")


def take(catalog: Catalog, folder: Path, limits: PackageLimits = FEW) -> list[Taken]:
    return take_in(catalog, OURS, folder, catalog.path.parent, limits=limits)


def command(catalog: Catalog, *options: str) -> Result:
    """Close the catalogue, and run winnow import-catalog on it."""
    catalog.close()
    return CliRunner().invoke(cli, ["--data", str(catalog.path.parent), "import-catalog", *options])


def content(catalog: Catalog) -> dict[str, list[Any]]:
    return {name: catalog.db.conn.execute(f"select * from {name} order by 1").fetchall() for name in TABLES}  # noqa: S608


def described(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "datapackage.json").read_text("utf-8"))
    return found


def describe(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    found = described(folder)
    change(found)
    (folder / "datapackage.json").write_text(json.dumps(found), "utf-8")


def rewrite(folder: Path, path: str, change: Callable[[pa.Table], pa.Table], **options: Any) -> None:
    """Change a file of the package and say so in the descriptor, as who forges one does."""
    table = change(pq.ParquetFile(folder / path).read())
    pq.write_table(table, folder / path, **options)
    sealed(folder, path, table.num_rows)


def sealed(folder: Path, path: str, rows: int) -> None:
    body = (folder / path).read_bytes()

    def change(found: dict[str, Any]) -> None:
        (file,) = [one for one in found["resources"] if one["path"] == path]
        said = {"bytes": len(body), "hash": f"sha256:{hashlib.sha256(body).hexdigest()}", "winnow:rows": rows}
        file.update(said)

    describe(folder, change)


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)


DATASETS = "datasets/portal=north/part-0.parquet"


def refused(catalog: Catalog, folder: Path, why: str, limits: PackageLimits = FEW) -> None:
    before = content(catalog)
    with pytest.raises(PackageError, match=why):
        take(catalog, folder, limits)
    assert content(catalog) == before and not (catalog.path.parent / WORK).exists()


def rows_of(path: Path, out: Path, rows: int, size: int = 1 << 30) -> list[list[Any]]:
    columns = {one.name: one.type for one in all_tables()["datasets"].columns}
    ids = {"ids": ["id", "publisher_id"], "codes": ["status"]}
    write_rows(path, out=str(out), columns=columns, **ids, portal="north", rows=rows, size=size)
    return [json.loads(line) for line in out.read_text("ascii").splitlines()]
