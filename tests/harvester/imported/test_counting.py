"""A portal that several catalogues know counts once, and the same package changes nothing the second time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.db.store import Catalog, open_catalog
from catalog.parquet.descriptor import Origin
from catalog.parquet.package import write_package
from catalog.repositories.imported import known_portals
from catalog.site.serve import publish
from harvester.imported.take import WORK, take_in
from tests.harvester.imported.packages import (
    DATASETS,
    OTHERS,
    OURS,
    RUNS,
    THEIRS,
    command,
    content,
    describe,
    described,
    night,
    portal,
    refused,
    rewrite,
    take,
    with_column,
)


def test_the_same_package_changes_nothing_the_second_time(own: Catalog, package: Path) -> None:
    take(own, package)
    before = content(own)
    assert {one.state for one in take(own, package)} == {"known"}
    assert content(own) == before and not (own.path.parent / WORK).exists()


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


def through(folder: Path, by: str, name: str, at: str | None = None) -> None:
    """Let a package be that of another catalogue, which hands on what City Labs measured."""

    def change(found: dict[str, Any]) -> None:
        them = {"id": by, "site_url": None, "published_by": name}
        found["winnow"]["catalogue"] = them
        for one in found["winnow"]["portals"]:
            one["origin"].append(them)
            one["last_complete_at"] = at or one["last_complete_at"]

    describe(folder, change)


def test_who_hands_on_a_portal_does_not_replace_what_came_from_who_measured_it(
    own: Catalog, package: Path, copy: Path
) -> None:
    take(own, package)
    before = content(own)
    titles = pa.array(["A false title"] * 5, pa.string())
    rewrite(copy, DATASETS, lambda table: with_column(table, "title", titles))
    through(copy, OTHERS, "Mallory", "2026-11-25T00:00:00+00:00")
    assert {one.state for one in take(own, copy)} == {"known"} and content(own) == before


def test_a_portal_keeps_its_origin_through_others_until_it_comes_from_who_measured_it(
    own: Catalog, package: Path, copy: Path
) -> None:
    through(copy, OTHERS, "Mallory")
    assert {one.measured_by for one in take(own, copy)} == {"City Labs, as told by Mallory"}
    (row,) = own.rows("select * from imported_portals where portal_id = 'north'")
    assert [one["published_by"] for one in json.loads(row["origin"])] == ["City Labs", "Mallory"]
    assert row["origin_id"] == THEIRS and row["id"].startswith(THEIRS.removeprefix("urn:uuid:"))
    assert {one.state for one in take(own, package)} == {"taken"}
    assert own.value("select count(*) from imported_portals where measured_by = 'City Labs'") == 2


def test_what_goes_round_is_counted_once(own: Catalog, package: Path, tmp_path: Path) -> None:
    night(own, RUNS[1], [portal("berg", "https://berg.example")])
    take(own, package)
    publish(own.path, tmp_path / "catalog.db")
    handed = tmp_path / "handed"
    write_package(tmp_path / "catalog.db", handed, Origin(OURS, None, "We"))
    # A package has what its catalogue measured itself, and names those that it has taken in.
    assert [one["id"] for one in described(handed)["winnow"]["portals"]] == ["berg"]
    assert [one["id"] for one in described(handed)["winnow"]["taken_in"]] == [THEIRS]
    (tmp_path / "theirs").mkdir()
    with open_catalog(tmp_path / "theirs" / "catalog.db") as theirs:
        night(theirs, RUNS[0], [portal("north", "https://north.example/"), portal("south", "https://south.example")])
        assert [(one.portal_id, one.state) for one in take_in(theirs, THEIRS, handed, theirs.path.parent)] == [
            ("berg", "taken")
        ]
        assert theirs.value("select count(*) from known_portals") == 3
        assert not theirs.value("select count(*) from known_portals where not counts")


def test_what_they_withhold_later_goes_with_the_next_package_of_the_same_harvest(
    own: Catalog, package: Path, copy: Path
) -> None:
    take(own, package)
    (key, *_) = pq.ParquetFile(copy / DATASETS).read().column("id").to_pylist()
    for name, column in {"datasets": "id", "dataset_metrics": "dataset_id", "files": "dataset_id",
                         "file_metrics": "dataset_id"}.items():  # fmt: skip
        rewrite(
            copy,
            f"{name}/portal=north/part-0.parquet",
            lambda table, column=column: table.filter(pa.compute.not_equal(table[column], key)),
        )
    assert [one.state for one in take(own, copy)] == ["taken", "known"]
    assert own.value("select count(*) from imported_datasets where imported_portal like '%north'") == 4
    assert not own.rows("select 1 from imported_files where dataset_id = ?", [key])
    after = content(own)
    # That of an earlier night does not bring it back.
    describe(copy, lambda found: found["winnow"].update(run="20261101T000000Z"))
    assert {one.state for one in take(own, copy)} == {"known"} and content(own) == after


def test_a_portal_that_a_later_package_has_no_more_stays_and_is_said(own: Catalog, package: Path, copy: Path) -> None:
    take(own, package)
    describe(copy, lambda found: found["winnow"]["portals"].pop())
    assert "south: no longer in the package; what was taken in before stays" in command(own, str(copy)).output
