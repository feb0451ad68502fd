"""A harvest on another machine: what is merged equals what one machine finds, and hostile parts are refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, ckan_search, spec

from catalog.db.store import Catalog, open_catalog
from catalog.files import sha256
from harvester.errors import ShardError
from harvester.night.context import RunContext
from harvester.night.crawl import crawl
from harvester.night.stages import portal_of
from harvester.shards.harvest_merge import merge_harvest, store_rows
from harvester.shards.harvest_part import COLUMNS, ROWS
from harvester.shards.harvest_task import portal_groups, read_harvest_task, write_harvest_task
from harvester.shards.harvest_work import harvest
from harvester.shards.part import read_rows, reader
from specs.portals import PortalSpec
from tests.comparing import content, differences

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("harvest_shards")]
Rows = list[tuple[str, str, str]]
APART = frozenset({"runs.status", "runs.stage"})


def package(number: int, **values: Any) -> dict[str, Any]:
    file = {"id": f"f{number}", "url": f"https://files.example/{number}.csv", "format": "CSV"}
    texts = {"title": f"Trees of {number}", "notes": f"All trees of district {number}."}
    return {"id": f"id-{number}", "name": f"trees-{number}", **texts, "resources": [file], **values}


class World:
    """Three portals whose records change from night to night, on one server."""

    def __init__(self, server: PortalServer) -> None:
        self.server, self.night = server, 0
        server.routes["/api/3/action/package_search"] = self.ckan
        server.routes["/full/api/3/action/package_search"] = self.ckan
        server.routes["/dcat/data.json"] = self.dcat
        server.routes["/robots.txt"] = Response(200, "text/plain", b"User-agent: *\nDisallow: /private/\n")
        self.portals = [
            spec("c", "ckan", server.url),
            spec("d", "dcat-us", f"{server.url}/dcat"),
            spec("f", "ckan", f"{server.url}/full", schedule={"full_every": 1}),
        ]

    def ckan(self, asked: Asked) -> Response:
        found = [package(number) for number in range(30)]
        if self.night == 2:
            # One has another identifier, one is gone, one has another title, and one has no identifier.
            found[3] |= {"id": "other", "name": "other"}
            del found[5]
            found[7]["title"] = "Trees and shrubs"
            found[9]["id"] = found[9]["name"] = None
        return ckan_search(found)(asked)

    def dcat(self, asked: Asked) -> Response:
        listed: list[Any] = [{"identifier": f"d-{n}", "title": f"Budget {n}", "isPartOf": "d-0"} for n in range(8)]
        listed += [{"title": "no identifier"}, "no record"]
        # As ASCII, which can hold half of a character.
        listed[1]["title"] += " \ud800"
        body = json.dumps({"dataset": listed[: 9 if self.night == 2 else 10]}).encode()
        etag = f'"{self.night // 2}"'
        if asked.headers.get("If-None-Match") == etag:
            return Response(304, body=b"", headers={"ETag": etag})
        return Response(200, "application/json", body, {"ETag": etag})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with PortalServer() as server:
        yield World(server)


def begin(catalog: Catalog, portals: list[PortalSpec]) -> RunContext:
    run_id = catalog.begin_run("test", [portal_of(one) for one in portals], version="0", methodology="0")
    return RunContext(catalog=catalog, run_id=run_id, data=catalog.path.parent, contact="test")


def alone(data: Path, portals: list[PortalSpec]) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        crawl(begin(catalog, portals), portals)


def apart(data: Path, portals: list[PortalSpec], folder: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        run = begin(catalog, portals)
        task = write_harvest_task(run, portals, folder / "task")
        harvest(folder / "task", folder / "part")
        assert merge_harvest(run, task, folder / "part") == [one.id for one in portals]


def test_merged_harvests_equal_those_of_one_machine(world: World, tmp_path: Path) -> None:
    for night in range(3):
        # The second night finds nothing new, the third finds changes.
        world.night = night
        alone(tmp_path / "alone", world.portals)
        apart(tmp_path / "apart", world.portals, tmp_path / f"night-{night}")
        found, expected = content(tmp_path / "apart", but=APART), content(tmp_path / "alone", but=APART)
        assert differences(found, expected) == {}, night
    with open_catalog(tmp_path / "apart/catalog.db") as catalog:
        assert catalog.value("select count(*) from dataset_aliases") == 2
        assert catalog.value("select count(*) from datasets where status = 'missing'") == 2
        assert catalog.value("select count(*) from record_versions") > 0
        assert catalog.value("select count(*) from harvest_errors") > 2
        assert catalog.value("select count(distinct verdict) from harvests") == 2


def test_merging_twice_changes_nothing(made: tuple[Path, Path, Rows], tmp_path: Path) -> None:
    data, work = shutil.copytree(made[0], tmp_path / "data"), made[1]
    with open_catalog(data / "catalog.db") as catalog:
        task = read_harvest_task(work / "task")
        run = RunContext(catalog=catalog, run_id=task.run_id, data=data)
        assert merge_harvest(run, task, work / "part") == ["c", "d", "f"]
        before = content(data)
        assert merge_harvest(run, task, work / "part") == []
        assert content(data) == before


def test_portals_of_one_host_are_harvested_together(world: World, tmp_path: Path) -> None:
    world.night = 0
    other = spec("e", "ckan", "http://127.0.0.7:1")
    with open_catalog(tmp_path / "catalog.db") as catalog:
        run = begin(catalog, [*world.portals, other])
        groups = portal_groups(run, [*world.portals, other])
        assert [[one.id for one in group] for group in groups] == [["c", "d", "f"], ["e"]]


def test_a_task_holds_no_secret(tmp_path: Path) -> None:
    portal = spec(
        "s", "ckan", "https://portal.example", local=False, notify={"webhooks": ["https://hooks.example/key"]}
    )
    with open_catalog(tmp_path / "catalog.db") as catalog:
        write_harvest_task(begin(catalog, [portal]), [portal], tmp_path / "task")
    for path in (tmp_path / "task").iterdir():
        assert b"hooks.example" not in path.read_bytes()


@pytest.fixture(scope="module")
def made(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Rows]:
    """Return a data folder whose harvest is under way, the folder of its task and a good part, and the part's rows."""
    folder = tmp_path_factory.mktemp("made")
    world.night = 0
    with open_catalog(folder / "data/catalog.db") as catalog:
        write_harvest_task(begin(catalog, world.portals), world.portals, folder / "work/task")
    harvest(folder / "work/task", folder / "work/part")
    with reader() as child:
        rows = list(read_rows(child, folder / "work/part" / ROWS, COLUMNS, 1_000))
    return folder / "data", folder / "work", rows


def in_value(kind: str, change: Callable[[Any], None]) -> Callable[[Rows], None]:
    """Return a function that changes the value of the first row of a kind."""

    def change_row(rows: Rows) -> None:
        place = next(place for place, row in enumerate(rows) if row[1] == kind)
        value = json.loads(rows[place][2])
        change(value)
        rows[place] = (*rows[place][:2], json.dumps(value))

    return change_row


def set_first(column: int, value: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[0] = (*rows[0][:column], value, *rows[0][column + 1 :])  # type: ignore[assignment]

    return change


WRONG_ROWS: dict[str, tuple[Callable[[Rows], None], str]] = {
    "other portal": (set_first(0, "other"), "no portal of this task"),
    "kind": (set_first(1, "__init__"), "its kind is"),
    "no JSON": (set_first(2, "{"), "cannot be read"),
    "deep": (set_first(2, "[" * 100_000), "cannot be read"),
    "no end": (lambda rows: rows.pop(), "has no end"),
    "after the end": (lambda rows: rows.append(rows[-1]), "after the end"),
    "no page": (lambda rows: rows.remove(next(row for row in rows if row[1] == "page")), "comes with|no end"),
    "verdict": (in_value("finish", lambda value: value.update(verdict="splendid")), "cannot be read"),
    "foreign dataset": (in_value("finish", lambda value: value.update(not_found=["x-1"])), "of another portal"),
    "count": (in_value("finish", lambda value: value["stats"].update(kept=-1)), "negative"),
    "unknown field": (in_value("finish", lambda value: value.update(more=1)), "cannot be read"),
    "title": (in_value("record", lambda value: value["dataset"].update(title=["a"])), "cannot be read"),
    "identifier": (in_value("record", lambda value: value["dataset"].update(identifier="")), "without identity"),
    "exchange": (in_value("record", lambda value: value.update(exchange="urn:x")), "without identity"),
}


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_a_wrong_row_refuses_the_part(name: str, made: tuple[Path, Path, Rows]) -> None:
    data, work, good = made
    spoil, words = WRONG_ROWS[name]
    rows = list(good)
    spoil(rows)
    with open_catalog(data / "catalog.db") as catalog:
        task = read_harvest_task(work / "task")
        with pytest.raises(ValueError, match=words):
            store_rows(RunContext(catalog=catalog, run_id=task.run_id, data=data), task, rows)
        assert nothing_is_stored(catalog)


def nothing_is_stored(catalog: Catalog) -> bool:
    sql = "select (select count(*) from datasets) + (select count(*) from harvests where verdict is not null)"
    return int(catalog.value(sql)) == 0


def rewrite_head(part: Path, change: Callable[[dict[str, Any]], None]) -> None:
    head = json.loads((part / "part.json").read_text())
    change(head)
    (part / "part.json").write_text(json.dumps(head))


def rewrite_columns(part: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"portal_id": ["c"], "kind": [1]}), part / ROWS)
    rewrite_head(part, lambda head: head["sha256"].update({ROWS: sha256(part / ROWS)}))


WRONG_FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut file": (lambda part: (part / ROWS).write_bytes((part / ROWS).read_bytes()[:-9]), "not the file"),
    "run": (lambda part: rewrite_head(part, lambda head: head.update(run="20010101T000000Z")), "another task"),
    "version": (lambda part: rewrite_head(part, lambda head: head.update(versions={})), "same version"),
    "columns": (rewrite_columns, "columns"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_a_wrong_file_refuses_the_part(name: str, made: tuple[Path, Path, Rows], tmp_path: Path) -> None:
    data, work, _ = made
    spoil, words = WRONG_FILES[name]
    part = shutil.copytree(work / "part", tmp_path / "part")
    spoil(part)
    with open_catalog(data / "catalog.db") as catalog:
        task = read_harvest_task(work / "task")
        with pytest.raises(ShardError, match=words):
            merge_harvest(RunContext(catalog=catalog, run_id=task.run_id, data=data), task, part)
        assert nothing_is_stored(catalog)


def test_a_changed_task_is_refused(made: tuple[Path, Path, Rows], tmp_path: Path) -> None:
    task = shutil.copytree(made[1] / "task", tmp_path / "task")
    with (task / "catalog.db").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ShardError, match="not the file that was planned"):
        harvest(task, tmp_path / "part")
