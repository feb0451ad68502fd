"""What another catalogue measured stands beside ours, and keeps who measured it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.db.store import Catalog
from catalog.exports.state import ExportState
from catalog.repositories.imported import forget_catalogue, imported_catalogues
from catalog.site.serve import publish
from harvester.imported.take import WORK
from harvester.night.stages import AlreadyRunning, locked
from tests.catalog.browsing import Site
from tests.harvester.imported.packages import (
    DATASETS,
    RUNS,
    THEIRS,
    command,
    content,
    night,
    portal,
    rewrite,
    take,
    with_column,
)


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


def test_scores_of_another_method_are_kept_and_not_compared(own: Catalog, copy: Path, tmp_path: Path) -> None:
    path = "dataset_metrics/portal=north/part-0.parquet"
    versions = pa.array(["9.0.0"] * 5, pa.string())
    rewrite(copy, path, lambda table: with_column(table, "methodology_version", versions))
    run = command(own, str(copy))
    assert run.exit_code == 0, run.output
    north, south = run.output.splitlines()
    assert "by method 9.0.0: kept, not compared" in north and "measured by City Labs" in north
    assert "not compared" not in south
    run = command(own, "--list")
    assert "by method 9.0.0, not comparable" in run.output and "2 portals, 10 datasets" in run.output
    run = command(own, "--forget", THEIRS)
    assert run.exit_code == 0 and "2 portals deleted" in run.output
    run = command(own, "--list", "--json")
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


def test_everything_of_a_catalogue_can_be_forgotten(own: Catalog, package: Path) -> None:
    take(own, package)
    with own.writing():
        assert forget_catalogue(own, THEIRS) == 2
    assert not any(content(own).values()) and not imported_catalogues(own)


def test_metrics_that_only_their_version_has_are_kept(own: Catalog, copy: Path) -> None:
    path = "dataset_metrics/portal=north/part-0.parquet"
    rewrite(copy, path, lambda table: table.append_column("keywords_several", pa.array([0.25] * 5)))
    new = {"id": "keywords_several", "table": "dataset_metrics", "subject": "dataset"}
    rewrite(
        copy,
        "metrics/part-0.parquet",
        lambda table: pa.concat_tables([table, pa.Table.from_pylist([new], table.schema)]),
    )
    take(own, copy)
    measured = [json.loads(row["measurements"]) for row in own.rows("select * from imported_dataset_metrics")]
    assert sorted(one.get("keywords_several", -1) for one in measured) == [-1] * 5 + [0.25] * 5


def test_nothing_is_taken_in_while_a_night_writes(own: Catalog, package: Path) -> None:
    with locked(own.path.parent):
        for options in ([str(package)], ["--forget", THEIRS]):
            run = command(own, *options)
            assert isinstance(run.exception, AlreadyRunning), run.output
        # Reading waits for nobody.
        assert command(own, "--list").exit_code == 0


def test_what_an_import_that_was_killed_left_goes_first(own: Catalog, package: Path) -> None:
    folder = own.path.parent / WORK
    folder.mkdir()
    (folder / "rows.jsonl").write_text("half")
    assert {one.state for one in take(own, package)} == {"taken"} and not folder.exists()


def test_what_is_taken_in_and_forgotten_is_published_though_nothing_else_has_changed(
    own: Catalog, package: Path
) -> None:
    data = own.path.parent
    exports, public = data / "exports", data / "site" / "catalog.db"
    exports.mkdir()
    ExportState(everything="the same").write(exports)
    assert publish(own.path, public, exports) and not publish(own.path, public, exports)

    def shown() -> int:
        with closing(sqlite3.connect(public)) as opened:
            return int(opened.execute("select count(*) from imported_datasets").fetchone()[0])

    take(own, package)
    assert publish(own.path, public, exports) and shown() == 10
    assert command(own, "--forget", THEIRS).exit_code == 0
    assert publish(own.path, public, exports) and shown() == 0


def test_the_site_says_what_is_imported_from_whom_and_as_of_when(own: Catalog, package: Path, copy: Path) -> None:
    night(own, RUNS[1], [portal("berg", "https://north.example")])
    versions = pa.array(["9.0.0"] * 5, pa.string())
    rewrite(
        copy,
        "dataset_metrics/portal=south/part-0.parquet",
        lambda table: with_column(table, "methodology_version", versions),
    )
    take(own, copy)
    public = own.path.parent / "site" / "catalog.db"
    publish(own.path, public)
    with closing(Site(public)) as site:
        north, south = site.get("/imported.json").json()["portals"]
        assert (north["measured_by"], north["site_url"], north["ours"]) == ("City Labs", "https://t.example", "berg")
        assert (north["counts"], south["counts"], south["ours"]) == (False, True, None)
        page = site.page("/imported")
        assert page.count("City Labs") == 2 and page.count("not comparable with ours") == 1
        assert 'href="/portal/berg"' in page and "November 20, 2026" in page
        assert 'href="/imported"' in site.page("/")
        # Their figures are in none of ours.
        figures = site.get("/index.json").json()["figures"]
        assert (figures["portals"], figures["datasets"]) == (1, 5)
