"""Another Winnow's package is taken in beside our own catalogue; a hostile one changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from catalog.db.schema.imported import TABLES
from catalog.db.store import Catalog, open_catalog
from catalog.model import Portal
from catalog.parquet.descriptor import Origin
from catalog.parquet.package import all_tables, write_package
from catalog.parquet.taking import document, write_rows
from catalog.repositories.imported import forget_catalogue, imported_catalogues, known_portals
from catalog.site.serve import publish
from harvester.cli.main import cli
from harvester.errors import PackageError
from harvester.imported.descriptor import described as read_descriptor
from harvester.imported.package import PackageLimits
from harvester.imported.take import Taken, take_in
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


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of another catalogue with two portals; no test changes it."""
    folder = tmp_path_factory.mktemp("theirs")
    with open_catalog(folder / "catalog.db") as catalog:
        night(catalog, RUNS[0], [portal("north", "https://north.example/"), portal("south", "https://south.example")])
    publish(folder / "catalog.db", folder / "site" / "catalog.db")
    write_package(folder / "site" / "catalog.db", folder / "parquet", Origin(THEIRS, "https://t.example", "City Labs"))
    return folder / "parquet"


@pytest.fixture
def copy(package: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(package, tmp_path / "package"))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalogue of ours in a folder of its own."""
    (tmp_path / "own").mkdir()
    with open_catalog(tmp_path / "own" / "catalog.db") as catalog:
        yield catalog


def take(catalog: Catalog, folder: Path, limits: PackageLimits = FEW) -> list[Taken]:
    return take_in(catalog, OURS, folder, catalog.path.parent, limits=limits)


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


def test_portals_come_with_everything_and_keep_who_measured_them(own: Catalog, package: Path) -> None:
    found = take(own, package)
    assert [(one.portal_id, one.state, one.datasets, one.measured_by) for one in found] == [
        ("north", "taken", 5, "City Labs"),
        ("south", "taken", 5, "City Labs"),
    ]
    rows = own.rows("select * from imported_portals order by id")
    assert [row["id"] for row in rows] == [f"{THEIRS.removeprefix('urn:uuid:')}/{one}" for one in ("north", "south")]
    assert all(row["last_complete_at"] == "2026-11-20T03:00:00Z" and row["score"] is not None for row in rows)
    assert json.loads(rows[0]["origin"]) == [
        {"id": THEIRS, "site_url": "https://t.example", "published_by": "City Labs"}
    ]
    counts = {name: len(rows) for name, rows in content(own).items()}
    files = len(own.rows("select 1 from imported_files"))
    assert counts["imported_datasets"] == counts["imported_dataset_metrics"] == 10 and files > 10
    assert counts["imported_file_metrics"] == files and counts["imported_scores"] and counts["imported_publishers"]
    # Figures are those of the package.
    table = pq.ParquetFile(package / "dataset_metrics/portal=north/part-0.parquet").read().to_pylist()
    for row in table:
        key = f"{rows[0]['id']}/{row['dataset_id']}"
        (stored,) = own.rows("select * from imported_dataset_metrics where id = ?", [key])
        measured = json.loads(stored["measurements"])
        assert stored["score"] == row["score"] and measured["title_present"] == row["title_present"]
        assert stored["methodology_version"] == row["methodology_version"] == "2.1.0"
        assert all(row[name] is None for name in (stored["unknown"] or "").split(",") if name in row)
    # Our own tables have none of it, so nothing of ours scores, ranks or sends it.
    assert not own.rows(
        "select 1 from datasets union all select 1 from portals union all select 1 from dataset_quality"
    )


def test_contacts_of_persons_are_not_taken(own: Catalog, copy: Path) -> None:
    names = pa.array(["Jane Doe"] * 5, pa.string())
    rewrite(copy, DATASETS, lambda table: with_column(table, "contact_name", names))
    take(own, copy)
    assert "Jane Doe" not in json.dumps(content(own), default=str)


def test_the_same_package_changes_nothing_the_second_time(own: Catalog, package: Path) -> None:
    take(own, package)
    before = content(own)
    assert {one.state for one in take(own, package)} == {"known"}
    assert content(own) == before and not [*own.path.parent.glob("import-*")]


def test_of_the_same_portal_the_newer_complete_harvest_counts(own: Catalog, package: Path, copy: Path) -> None:
    take(own, package)

    # Another catalogue measured the north a day before, and calls it by another name.
    def older(found: dict[str, Any]) -> None:
        found["winnow"]["catalogue"]["id"] = OTHERS
        for one in found["winnow"]["portals"]:
            one["origin"] = [found["winnow"]["catalogue"]]
            one["last_complete_at"] = "2026-11-19T03:00:00.000+00:00"

    describe(copy, older)
    take(own, copy)
    known = {row["id"]: row for row in known_portals(own)}
    assert {key: (row["counts"], row["copies"]) for key, row in known.items()} == {
        f"{key.removeprefix('urn:uuid:')}/{one}": (key == THEIRS, 2)
        for key in (THEIRS, OTHERS)
        for one in ("north", "south")
    }
    # Then we harvest the north ourselves, later; its address ends otherwise.
    night(own, RUNS[1], [portal("berg", "http://NORTH.example")])
    counting = {row["id"] for row in known_portals(own) if row["counts"]}
    assert counting == {"berg", f"{THEIRS.removeprefix('urn:uuid:')}/south"}
    assert own.value("select sum(datasets) from known_portals where counts") == 10


def test_a_newer_harvest_replaces_what_was_taken_and_an_older_one_does_not(
    own: Catalog, package: Path, copy: Path
) -> None:
    take(own, package)
    before = content(own)
    describe(copy, lambda found: found["winnow"]["portals"][0].update(last_complete_at="2026-11-18T03:00:00+00:00"))
    assert [one.state for one in take(own, copy)] == ["known", "known"] and content(own) == before
    keep = lambda table: table.slice(0, 1)  # noqa: E731
    for name in ("datasets", "dataset_metrics"):
        rewrite(copy, f"{name}/portal=north/part-0.parquet", keep)
    (key,) = pq.ParquetFile(copy / DATASETS).read().column("id").to_pylist()
    mine = lambda table: table.filter(pa.compute.equal(table["dataset_id"], key))  # noqa: E731
    for name in ("files", "file_metrics"):
        rewrite(copy, f"{name}/portal=north/part-0.parquet", mine)
    describe(copy, lambda found: found["winnow"]["portals"][0].update(last_complete_at="2026-11-21T03:00:00+00:00"))
    assert [one.state for one in take(own, copy)] == ["taken", "known"]
    assert own.value("select count(*) from imported_datasets where imported_portal like '%north'") == 1
    assert own.value("select count(*) from imported_datasets where imported_portal like '%south'") == 5


def test_what_we_measured_and_comes_back_is_left_out(own: Catalog, copy: Path) -> None:
    def ours(found: dict[str, Any]) -> None:
        us = {"id": OURS, "site_url": None, "published_by": "We"}
        found["winnow"]["portals"][0]["origin"].insert(0, us)

    describe(copy, ours)
    assert [one.state for one in take(own, copy)] == ["ours", "taken"]
    assert own.value("select count(*) from known_portals") == 1
    describe(copy, lambda found: found["winnow"]["catalogue"].update(id=OURS))
    refused(own, copy, "our own package")


def test_scores_of_another_method_are_kept_and_not_compared(own: Catalog, copy: Path, tmp_path: Path) -> None:
    path = "dataset_metrics/portal=north/part-0.parquet"
    versions = pa.array(["9.0.0"] * 5, pa.string())
    rewrite(copy, path, lambda table: with_column(table, "methodology_version", versions))
    own.close()
    data = own.path.parent
    run = CliRunner().invoke(cli, ["--data", str(data), "import-catalog", str(copy)])
    assert run.exit_code == 0, run.output
    north, south = run.output.splitlines()
    assert "by method 9.0.0: kept, not compared" in north and "measured by City Labs" in north
    assert "not compared" not in south
    run = CliRunner().invoke(cli, ["--data", str(data), "import-catalog", "--list"])
    assert "by method 9.0.0, not comparable" in run.output and "2 portals, 10 datasets" in run.output
    run = CliRunner().invoke(cli, ["--data", str(data), "import-catalog", "--forget", THEIRS])
    assert run.exit_code == 0 and "2 portals deleted" in run.output
    run = CliRunner().invoke(cli, ["--data", str(data), "import-catalog", "--list", "--json"])
    assert json.loads(run.output) == {"catalogues": [], "portals": []}


def test_what_we_withhold_is_not_public_as_others_have_it(own: Catalog, package: Path) -> None:
    night(own, RUNS[1], [portal("berg", "https://NORTH.example")])
    take(own, package)
    (mine,) = own.rows("select id, portal_id, title from datasets where identifier = '1-3'")
    row = {"id": "w", "dataset_id": mine["id"], "portal_id": "berg", "reason": "asked", "withheld_at": "2026-11-21"}
    with own.writing():
        own.upsert("withholdings", [row])
    data = own.path.parent
    publish(own.path, data / "site" / "catalog.db")
    with closing(sqlite3.connect(data / "site" / "catalog.db")) as public:
        shown = public.execute("select identifier, imported_portal like '%north' from imported_datasets").fetchall()
        assert len(shown) == 9 and ("1-3", 1) not in shown
        (key,) = [row["id"] for row in own.rows("select id from imported_datasets where identifier = '1-3'")]
        for name in ("imported_files", "imported_dataset_metrics", "imported_file_metrics"):
            rows = public.execute(f"select count(*) from {name} where imported_portal || '/' || dataset_id = ?", [key])  # noqa: S608
            assert rows.fetchone() == (0,) and own.value(f"select count(*) from {name}")  # noqa: S608
        assert public.execute("select counts, copies from known_portals where id = 'berg'").fetchone() == (1, 2)


def test_what_a_package_says_cannot_command_the_terminal(own: Catalog, copy: Path) -> None:
    path = "publishers/portal=north/part-0.parquet"
    forged = pa.array([{"\x1b[2J\x9b": 1}])
    rewrite(copy, path, lambda table: with_column(table.slice(0, 1), "name", forged))
    own.close()
    run = CliRunner().invoke(cli, ["--data", str(own.path.parent), "import-catalog", str(copy)])
    assert isinstance(run.exception, PackageError) and "column name is struct" in str(run.exception)
    assert not {"\x1b", "\x9b"} & {*str(run.exception), *run.output}
    with pytest.raises(ValueError, match="published_by"):
        found = described(copy)
        found["winnow"]["catalogue"]["published_by"] = "City \x9b2J"
        read_descriptor(found)


def test_everything_of_a_catalogue_can_be_forgotten(own: Catalog, package: Path) -> None:
    take(own, package)
    with own.writing():
        assert forget_catalogue(own, THEIRS) == 2
    assert not any(content(own).values()) and not imported_catalogues(own)


def refused(catalog: Catalog, folder: Path, why: str, limits: PackageLimits = FEW) -> None:
    before = content(catalog)
    with pytest.raises(PackageError, match=why):
        take(catalog, folder, limits)
    assert content(catalog) == before and not [*catalog.path.parent.glob("import-*")]


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


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda found: found.pop("winnow"), "no Parquet package"),
        (lambda found: found["winnow"].update(format=2), "use a newer version"),
        (lambda found: found.update(licenses=[]), "ask who publishes"),
        (lambda found: found["winnow"]["catalogue"].update(id="urn:uuid:x"), r"winnow\.catalogue\.id"),
        (lambda found: found["winnow"]["portals"][0].update(id="../north"), r"winnow\.portals\.0\.id"),
        (lambda found: found["winnow"]["portals"][0].update(origin=[]), "origin"),
        (lambda found: found["winnow"]["portals"].append(found["winnow"]["portals"][0]), "listed twice"),
        (lambda found: found["resources"][0].update({"winnow:rows": 10**12}), "rows"),
        (lambda found: found.update(resources={}), "resources"),
    ],
)
def test_a_descriptor_that_is_not_as_it_should_be_is_refused(
    package: Path, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    found = described(package)
    change(found)
    with pytest.raises(ValueError, match=why):
        read_descriptor(document(json.dumps(found).encode()))


def test_a_portal_must_be_in_the_package_and_not_of_the_future(own: Catalog, copy: Path) -> None:
    describe(copy, lambda found: found["winnow"]["portals"][0].update(last_complete_at="2999-01-01T00:00:00Z"))
    refused(own, copy, "lies ahead")
    describe(copy, lambda found: found["winnow"]["portals"][0].update(last_complete_at="yesterday", id="east"))
    refused(own, copy, "no such portal")


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"winnow":' * 60 + b"1" + b"}" * 60, b"\xff\xfe", b"[1]"])
def test_what_is_no_descriptor_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        read_descriptor(document(body))


def test_a_descriptor_that_is_no_json_takes_nothing(own: Catalog, copy: Path) -> None:
    (copy / "datapackage.json").write_bytes(b"[" * 100_000)
    refused(own, copy, "datapackage.json: it is nested too deeply")


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


def rows_of(path: Path, out: Path, rows: int, size: int = 1 << 30) -> list[list[Any]]:
    columns = {one.name: one.type for one in all_tables()["datasets"].columns}
    ids = {"ids": ["id", "publisher_id"], "codes": ["status"]}
    write_rows(path, out=str(out), columns=columns, **ids, portal="north", rows=rows, size=size)
    return [json.loads(line) for line in out.read_text("ascii").splitlines()]


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
        ("status", ["me@example.org"] * 5, "status: 'me@example.org' is no code"),
    ],
)
def test_wrong_types_and_values_are_refused(package: Path, tmp_path: Path, name: str, values: Any, why: str) -> None:
    table = pq.ParquetFile(package / DATASETS).read()
    assert len(rows_of(package / DATASETS, tmp_path / "rows", 5)) == 5
    pq.write_table(with_column(table, name, pa.array(values)), tmp_path / "forged")
    with pytest.raises(ValueError, match=why):
        rows_of(tmp_path / "forged", tmp_path / "rows", 5)


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
