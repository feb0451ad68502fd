"""Frozen releases: whole, sealed, citable, and never written again."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner

from catalog.db.store import CatalogError, open_catalog
from catalog.exports.folders import folder_name
from catalog.exports.manifest import manifests, seal, verify
from catalog.parquet.descriptor import Origin
from catalog.parquet.package import write_package
from catalog.parquet.releases import releases, withdraw_release, write_release
from catalog.repositories.withholding import withhold
from catalog.site.serve import publish
from harvester.cli.main import cli
from tests.catalog.browsing import OF_THE_SITE, RUN, fill

pytestmark = OF_THE_SITE
OURS = Origin("urn:uuid:00000000-0000-4000-8000-000000000001", "https://data.example.org", 'The "Civic": group')
ADDRESS = "https://data.example.org/files"


def put_out(data: Path) -> None:
    """Publish and seal the catalogue of a data folder as a night does."""
    exports = data / "exports"
    publish(data / "catalog.db", data / "site" / "catalog.db")
    write_package(data / "site" / "catalog.db", exports / "parquet", OURS)
    with open_catalog(data / "catalog.db") as opened:
        seal(opened, RUN, data)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a published and sealed catalogue; tests work on copies."""
    data = tmp_path_factory.mktemp("sealed")
    with open_catalog(data / "catalog.db") as opened:
        fill(opened)
    (data / "exports" / "rdf").mkdir(parents=True)
    for name in ("scorecard.csv", "scorecard.schema.json", "findings.csv", "report.html", "rdf/north.nq.gz"):
        (data / "exports" / name).write_text(f"{name}\n")
    put_out(data)
    return data


@pytest.fixture
def data(sealed: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of that data folder."""
    shutil.copytree(sealed, tmp_path / "data")
    yield tmp_path / "data"


def release(data: Path, edition: str) -> Path:
    return write_release(data, edition, OURS, "# The method\n", ADDRESS)


def sums_of(folder: Path) -> dict[str, str]:
    lines = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def datacite_faults(record: dict[str, Any]) -> list[str]:
    """Return what of a record breaks DataCite 4.5: the mandatory properties, and the closed lists used here."""
    faults = [name for name in ("creators", "titles", "publisher", "publicationYear", "types") if not record.get(name)]
    faults += ["creator" for one in record["creators"] if not one.get("name")]
    faults += ["title" for one in record["titles"] if not one.get("title")]
    faults += [] if record["publisher"].get("name") else ["publisher.name"]
    faults += [] if record["types"]["resourceTypeGeneral"] == "Dataset" else ["resourceTypeGeneral"]
    faults += [] if record["schemaVersion"] == "http://datacite.org/schema/kernel-4" else ["schemaVersion"]
    faults += [] if record["publicationYear"].isdigit() and len(record["publicationYear"]) == 4 else ["year"]
    faults += ["date" for one in record["dates"] if one["dateType"] not in ("Issued", "Created", "Available")]
    kinds = ("Abstract", "Methods", "TechnicalInfo", "TableOfContents", "SeriesInformation", "Other")
    faults += ["description" for one in record["descriptions"] if one["descriptionType"] not in kinds]
    wanted = {"relatedIdentifier", "relatedIdentifierType", "relationType"}
    faults += ["related" for one in record["relatedIdentifiers"] if one.keys() != wanted]
    return faults


def test_a_release_has_what_was_published_with_hashes_and_how_to_cite_it(data: Path) -> None:
    folder = release(data, "2026-11")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"scorecard.csv", "scorecard.schema.json", "rdf/north.nq.gz", "parquet/datapackage.json"} <= files
    assert {"methodology.md", "README.md", "parquet/croissant.json", "parquet/runs/part-0.parquet"} <= files
    # Pages and single findings as CSV are not figures.
    assert not {"report.html", "findings.csv"} & files
    found = sums_of(folder)
    assert found.keys() == files - {"SHA256SUMS"}
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest for name, digest in found.items())
    about = json.loads((folder / "release.json").read_text("utf-8"))
    assert about["run"] == RUN and about["previous"] is None and about["catalogue"]["id"] == OURS.id
    record = json.loads((folder / "datacite.json").read_text("utf-8"))
    assert datacite_faults(record) == [] and record["url"] == f"{ADDRESS}/releases/2026-11/"
    cited = yaml.safe_load((folder / "CITATION.cff").read_text("utf-8"))
    assert cited["authors"] == [{"name": OURS.published_by}] and cited["version"] == "2026-11"
    assert {"cff-version", "message", "title", "authors", "type", "date-released"} <= cited.keys()


def test_an_edition_is_never_overwritten_and_names_the_one_before(data: Path) -> None:
    first = release(data, "2026-11")
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    with pytest.raises(CatalogError, match="never changed"):
        release(data, "2026-11")
    assert {path: path.read_bytes() for path in first.rglob("*") if path.is_file()} == before
    second = release(data, "2026-11-b")
    about = json.loads((second / "release.json").read_text("utf-8"))
    digest = hashlib.sha256((first / "SHA256SUMS").read_bytes()).hexdigest()
    assert about["previous"] == {"edition": "2026-11", "sha256": digest}
    assert [one["edition"] for one in releases(data / "exports")] == ["2026-11", "2026-11-b"]


@pytest.mark.parametrize("edition", ["2026-13", "november", "../2026-11", "2026-11/..", "", "2026-11-B"])
def test_an_edition_is_a_month(data: Path, edition: str) -> None:
    with pytest.raises(CatalogError, match="year and month"):
        release(data, edition)
    assert not (data / "exports" / "releases").exists()


def test_what_is_not_as_it_was_sealed_is_not_released(data: Path) -> None:
    (data / "exports" / "scorecard.csv").write_text("better figures\n")
    with pytest.raises(CatalogError, match="changed after it was sealed"):
        release(data, "2026-11")
    (data / "exports" / "scorecard.csv").unlink()
    with pytest.raises(CatalogError, match="missing"):
        release(data, "2026-11")
    assert not [*(data / "exports" / "releases").iterdir()]


def test_a_package_of_another_public_file_is_not_released(data: Path) -> None:
    with closing(sqlite3.connect(data / "catalog.db")) as opened, opened:
        opened.execute("update datasets set title = 'Another'")
    publish(data / "catalog.db", data / "site" / "catalog.db")
    with open_catalog(data / "catalog.db") as opened:
        seal(opened, RUN, data)
    with pytest.raises(CatalogError, match="winnow export"):
        release(data, "2026-11")


def test_releases_are_sealed_by_their_list_of_hashes(data: Path) -> None:
    folder = release(data, "2026-11")
    put_out(data)
    assert verify(data, []).bad == []
    outputs = json.loads(manifests(data)[-1].read_text("utf-8"))["outputs"]
    listed = [name for name in outputs if name.startswith("exports/releases/")]
    assert listed == ["exports/releases/2026-11/SHA256SUMS"]
    assert "exports/parquet/runs/part-0.parquet" in outputs
    (folder / "SHA256SUMS").chmod(0o644)
    (folder / "SHA256SUMS").write_text("")
    assert verify(data, []).bad


def test_a_dataset_that_goes_is_missing_from_the_next_edition_only(data: Path) -> None:
    def ids(folder: Path) -> list[str]:
        paths = (folder / "parquet" / "datasets").rglob("*.parquet")
        return [one for path in paths for one in pq.ParquetFile(path).read(["id"])["id"].to_pylist()]

    first = release(data, "2026-11")
    with closing(sqlite3.connect(data / "catalog.db")) as opened, opened:
        (gone,) = opened.execute("select min(id) from datasets where portal_id = 'north'").fetchone()
        for table in ("datasets", "dataset_quality", "records"):
            key = "id" if table == "datasets" else "dataset_id"
            opened.execute(f"delete from {table} where {key} = ?", [gone])  # noqa: S608  # names above
    before = sums_of(first)
    put_out(data)
    second = release(data, "2026-12")
    assert gone in ids(first) and gone not in ids(second)
    assert sums_of(first) == before


def test_what_was_withheld_since_the_export_is_not_frozen(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        (id,) = catalog.db.conn.execute("select min(id) from datasets where portal_id = 'north'").fetchone()
        withhold(catalog, id, reason="A court asked for it", by="x")
    with pytest.raises(CatalogError, match=r"a dataset that was withheld since; run winnow export first"):
        release(data, "2026-11")
    put_out(data)
    folder = release(data, "2026-11")
    paths = [*(folder / "parquet" / "datasets").rglob("*.parquet")]
    assert paths and id not in [one for path in paths for one in pq.ParquetFile(path).read(["id"])["id"].to_pylist()]


@pytest.mark.parametrize(
    "change", ["delete from {0}", "update {0} set is_text_approved = 0", "update {0} set is_name_public = 0"]
)
def test_a_text_that_was_taken_back_is_not_frozen(data: Path, change: str) -> None:
    with open_catalog(data / "catalog.db") as catalog, catalog.writing():
        row = {"id": "r", "finding_id": "f", "reply": "waived", "note": "x", "replied_by": "A. Clerk", "number": 1}
        catalog.upsert("replies", [row | {"is_text_approved": True, "is_name_public": True}])
    put_out(data)
    with closing(sqlite3.connect(data / "site" / "catalog.db")) as opened:
        assert opened.execute("select note, replied_by from replies where id = 'r'").fetchone() == ("x", "A. Clerk")
    with open_catalog(data / "catalog.db") as catalog, catalog.writing():
        catalog.db.conn.execute(f"{change.format('replies')} where id = 'r'")
    with pytest.raises(CatalogError, match="may not be public any more"):
        release(data, "2026-11")


def test_a_withdrawn_release_keeps_its_hashes_and_its_name(data: Path) -> None:
    folder = release(data, "2026-11")
    before = sums_of(folder)
    withdraw_release(data / "exports", "2026-11", "A court asked for it")
    assert sums_of(folder) == before and not (folder / "parquet").exists()
    assert not (folder / "scorecard.csv").exists()
    (one,) = releases(data / "exports")
    assert one["withdrawn"]["reason"] == "A court asked for it"
    with pytest.raises(CatalogError, match="withdrawn already"):
        withdraw_release(data / "exports", "2026-11", "Another reason")
    # One that was killed in the middle is ended, with the reason that was told.
    (folder / "parquet").mkdir()
    withdraw_release(data / "exports", "2026-11", "Another reason")
    assert not (folder / "parquet").exists() and releases(data / "exports")[0]["withdrawn"] == one["withdrawn"]
    with pytest.raises(CatalogError, match="never changed"):
        release(data, "2026-11")


def test_an_empty_reason_withdraws_and_writes_nothing(data: Path) -> None:
    run = CliRunner().invoke
    for done in (lambda: None, lambda: release(data, "2026-11")):
        done()
        before = {path: path.stat().st_mtime_ns for path in (data / "exports").rglob("*")}
        found = run(cli, ["--data", str(data), "release", "2026-11", "--withdraw", " "])
        assert isinstance(found.exception, CatalogError)
        assert {path: path.stat().st_mtime_ns for path in (data / "exports").rglob("*")} == before


def test_what_a_release_that_was_killed_left_goes_with_the_next(data: Path) -> None:
    left = data / "exports" / "releases" / "2026-10.part" / "parquet"
    left.mkdir(parents=True)
    release(data, "2026-11")
    assert [path.name for path in (data / "exports" / "releases").iterdir()] == ["2026-11"]


def test_the_command_writes_and_lists_releases(data: Path) -> None:
    run = CliRunner().invoke
    written = run(cli, ["--data", str(data), "release", "2026-11"], catch_exceptions=False)
    assert written.exit_code == 0 and written.output.strip().endswith("exports/releases/2026-11")
    listed = run(cli, ["--data", str(data), "release", "--list", "--json"], catch_exceptions=False)
    assert [one["edition"] for one in json.loads(listed.output)] == ["2026-11"]
    assert run(cli, ["--data", str(data), "release"]).exit_code == 2


def test_no_government_has_the_name_of_a_folder_of_ours() -> None:
    assert all(
        folder_name(name).startswith(f"{name.lower()}-") for name in ("Parquet", "RDF", "releases", "publishers")
    )
