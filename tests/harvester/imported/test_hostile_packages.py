"""A hostile file of a package changes nothing in our catalogue."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.db.store import Catalog
from harvester.imported.package import PackageLimits
from tests.harvester.imported.packages import (
    DATASETS,
    describe,
    refused,
    rewrite,
    rows_of,
    sealed,
    with_column,
)


def test_a_changed_file_is_refused_and_nothing_of_the_package_is_kept(own: Catalog, copy: Path) -> None:
    # The last portal: the first was read by then.
    path = copy / "scores/portal=south/part-0.parquet"
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    refused(own, copy, "its SHA-256 is not the one")
    path.write_bytes(body + b"x")
    refused(own, copy, "longer than")
    path.unlink()
    refused(own, copy, "incomplete")


def test_paths_lead_nowhere_else(own: Catalog, copy: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.parquet"
    shutil.move(copy / DATASETS, outside)
    # A link to what the hash describes, a path that climbs, and a pipe that never ends.
    (copy / DATASETS).symlink_to(outside)
    refused(own, copy, "incomplete, or not one")
    (copy / DATASETS).unlink()
    os.mkfifo(copy / DATASETS)
    refused(own, copy, "it is no file")
    (copy / DATASETS).unlink()

    def climb(found: dict[str, Any]) -> None:
        (file,) = [one for one in found["resources"] if one["path"] == DATASETS]
        file["path"] = "../outside.parquet"

    describe(copy, climb)
    refused(own, copy, "should be datasets/portal=north")
    shutil.rmtree(copy / "datasets" / "portal=north")
    (tmp_path / "folder").mkdir()
    shutil.move(outside, tmp_path / "folder" / "part-0.parquet")
    (copy / "datasets" / "portal=north").symlink_to(tmp_path / "folder")
    describe(copy, lambda found: [one.update(path=DATASETS) for one in found["resources"] if ".." in one["path"]])
    refused(own, copy, "incomplete, or not one")


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("title", [1] * 5, "title is int64, and should be text"),
        ("keywords", [[["x"]]] * 5, "keywords is list<.*should be texts"),
        ("missed_runs", [2**60] * 5, "missed_runs: the number"),
        ("id", ["../../etc/passwd"] * 5, "id: '../../etc/passwd' is no id"),
        ("portal_id", ["south"] * 5, "a row is of the portal 'south'"),
        ("description", ["x" * 300_000] * 5, "description: a text of 300,000 characters"),
        ("keywords", [["x"] * 6_000] * 5, "keywords: a list of 6,000 texts"),
        ("translations", ["[" * 50 + "]" * 50] * 5, "translations: it is nested too deeply"),
        ("translations", ["{"] * 5, "translations: "),
        ("retired_at", pa.array([10**17] * 5, pa.timestamp("ms", tz="UTC")), "retired_at: days=.*must have magnitude"),
        ("issued_on", pa.array([2**31 - 1] * 5, pa.int32()).cast(pa.date32()), "issued_on: "),
        ("status", ["me@example.org"] * 5, "status: 'me@example.org' is no code"),
    ],
)
def test_wrong_types_and_values_are_refused(package: Path, tmp_path: Path, name: str, values: Any, why: str) -> None:
    table = pq.ParquetFile(package / DATASETS).read()
    assert len(rows_of(package / DATASETS, tmp_path / "rows", 5)) == 5
    values = values if isinstance(values, pa.Array) else pa.array(values)
    pq.write_table(with_column(table, name, values), tmp_path / "forged")
    with pytest.raises(ValueError, match=why):
        rows_of(tmp_path / "forged", tmp_path / "rows", 5)


@pytest.mark.parametrize(
    ("path", "name", "value", "why"),
    [
        ("portals/part-0.parquet", "score", 1e9, "column score: 1000000000.0 is not between 0 and 100"),
        (
            "dataset_metrics/portal=north/part-0.parquet",
            "title_present",
            7.0,
            "title_present: 7.0 is not between 0 and 1",
        ),
        ("scores/portal=north/part-0.parquet", "score", 100.5, "100.5 is more than 100"),
    ],
)
def test_figures_have_their_bounds(own: Catalog, copy: Path, path: str, name: str, value: float, why: str) -> None:
    rewrite(copy, path, lambda table: with_column(table, name, pa.array([value] * table.num_rows)))
    refused(own, copy, why)


def test_rows_must_be_as_many_as_the_package_says(package: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="5 rows, and the package says 4"):
        rows_of(package / DATASETS, tmp_path / "rows", 4)


def test_a_row_is_there_once_and_belongs_to_another_of_the_package(own: Catalog, copy: Path) -> None:
    same = pq.ParquetFile(copy / DATASETS).read().slice(0, 1)
    rewrite(copy, DATASETS, lambda table: pa.concat_tables([table, same]))
    refused(own, copy, "a row is there twice")
    rewrite(copy, DATASETS, lambda table: table.slice(0, 1))
    refused(own, copy, "dataset_id .* is not in the package")


def test_what_is_no_parquet_is_refused(own: Catalog, copy: Path, tmp_path: Path) -> None:
    # A pickle is bytes like any others: nothing here would load it.
    for body in (b"PAR1" + b"\0" * 200 + b"PAR1", b"\x80\x04cos\nsystem\n(S'touch /tmp/x'\ntR."):
        (copy / DATASETS).write_bytes(body)
        with pytest.raises((ValueError, OSError)):
            rows_of(copy / DATASETS, tmp_path / "rows", 5)
    sealed(copy, DATASETS, 5)
    refused(own, copy, DATASETS)


def test_a_bomb_ends_at_the_limit(own: Catalog, copy: Path, tmp_path: Path) -> None:
    # 60 MB of one letter in a few kilobytes.
    rewrite(
        copy, DATASETS, lambda table: with_column(table, "description", pa.array(["a" * 12_000_000] * 5)),
        compression="zstd", use_dictionary=False,
    )  # fmt: skip
    assert (copy / DATASETS).stat().st_size < 300_000
    with pytest.raises(ValueError, match="unpacks to more than"):
        rows_of(copy / DATASETS, tmp_path / "rows", 5, size=10_000_000)
    refused(own, copy, "a text of 12,000,000 characters")
    # What its head does not tell, the memory of the child does.
    refused(own, copy, "MB to read|Memory|malloc|realloc", PackageLimits(memory=400 << 20))


def test_a_package_has_an_end(own: Catalog, copy: Path) -> None:
    refused(own, copy, "at most 3 are read", PackageLimits(rows=3))
    refused(own, copy, "the package is larger", PackageLimits(total=20_000))
    refused(own, copy, "the package unpacks to more", PackageLimits(written=2_000))
    refused(own, copy, "too little room on the disk", PackageLimits(room=1 << 60))
