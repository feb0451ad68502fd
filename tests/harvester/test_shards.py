"""A run over many machines: what is merged equals what one machine finds, and hostile parts are refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from many_hosts import ManyHosts, many_hosts
from portal_server import PortalServer, as_json, harvest, spec

from catalog.db.store import Catalog, open_catalog
from catalog.files import sha256
from catalog.repositories.shards import shards_of
from harvester.checks.due import due_jobs
from harvester.cli.main import cli
from harvester.errors import ShardError
from harvester.night.context import RunContext
from harvester.night.stages import nightly, portal_of
from harvester.shards.part import CHECKS
from harvester.shards.run import begin, finish
from harvester.shards.split import host_groups, split
from harvester.shards.work import work
from specs.portals import PortalSpec

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("shards")]
HOSTS, SHARDS = 12, 3
FILES = ("table.csv", "ragged.csv", "gone.csv", "wall.csv", "moved.csv", "page.html")
OPTIONS = {"contact": "test", "full": False, "max_requests": None, "max_bytes": None, "max_minutes": None}
_TIMES = (
    "run_id", "id", "rejudged_run", "checked_at", "elapsed_ms", "first_byte_ms", "next_check_at", "changed_at",
    "ok_since", "failing_since", "detail", "unchanged_until",
)  # fmt: skip
"""Columns that name the run or a time."""


def files_of(hosts: ManyHosts) -> list[dict[str, Any]]:
    found = [
        {"identifier": f"{host}", "title": f"Of {host}", "distribution": [
            {"downloadURL": hosts.url(host, f"/{host}/{name}"), "title": name} for name in FILES
        ]}
        for host in range(HOSTS)
    ]  # fmt: skip
    # A table whose schema lies at another host.
    found[0]["distribution"].append(
        {"downloadURL": hosts.url(0, "/declared.csv"), "describedBy": hosts.url(5, "/schema.json")}
    )
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ManyHosts, PortalSpec, Path]]:
    """Return the hosts, the portal, and a data folder in which the portal is harvested."""
    data = tmp_path_factory.mktemp("world")
    with many_hosts(HOSTS) as hosts, PortalServer() as server:
        server.routes["/data.json"] = as_json({"dataset": files_of(hosts)})
        also = [f"{host}:{hosts.port}" for host in hosts.hosts]
        more: dict[str, Any] = {"limits": {"delay_s": 0, "timeout_s": 10}, "recheck": {"hours": [0]}}
        portal = spec("p", "dcat-us", server.url, local_also=also, **more)
        with open_catalog(data / "catalog.db") as catalog:
            harvest(catalog, portal)
        yield hosts, portal, data


@pytest.fixture
def data(world: tuple[ManyHosts, PortalSpec, Path], tmp_path: Path) -> Path:
    """Return a copy of the data folder."""
    return shutil.copytree(world[2], tmp_path / "data")


def planned(data: Path, portal: PortalSpec, out: Path) -> list[Path]:
    """Split a new run and work on all tasks; return the parts."""
    begin(data, [portal], SHARDS, out / "tasks", OPTIONS)
    parts = [out / f"part-{number}" for number in range(SHARDS)]
    for number, part in enumerate(parts):
        work(out / "tasks" / str(number), part)
    return parts


def timeless(value: Any) -> Any:
    """Return a value without the seconds that a library writes into its report."""
    return re.sub(r'"seconds": [0-9.]+', "", value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def split_run(
    world: tuple[ManyHosts, PortalSpec, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Path]]:
    """Return a data folder whose run is split, and the good parts of it."""
    folder = tmp_path_factory.mktemp("split")
    data = shutil.copytree(world[2], folder / "data")
    return data, planned(data, world[1], folder)


def observed(data: Path) -> dict[str, list[dict[str, Any]]]:
    """Return all that was observed, without runs and times."""
    with open_catalog(data / "catalog.db") as catalog:
        return {
            table: sorted(
                (
                    {
                        name: timeless(catalog.packed.text(row[name]) if name in ("report", "profile") else row[name])
                        for name in row
                        if name not in _TIMES
                    }
                    for row in catalog.rows(f"select * from {table}")  # noqa: S608
                ),
                key=str,
            )
            for table in ("resource_checks", "resource_history", "table_reports")
        }


def test_merged_equals_one_machine(world: tuple[ManyHosts, PortalSpec, Path], data: Path, tmp_path: Path) -> None:
    hosts, portal, _ = world
    alone = shutil.copytree(data, tmp_path / "alone")
    for night in range(2):
        # On the second night most files are as before, and one has changed.
        hosts.changed = {"/3/table.csv"} if night else set()
        nightly(alone, [portal], stages=("check", "validate"))
        run_id, done, missing = finish(data, planned(data, portal, tmp_path / f"night-{night}")[::-1])
        assert (done, missing) == ([2, 1, 0], [])
        found, expected = observed(data), observed(alone)
        assert len(found["table_reports"]) == 4 * HOSTS + 1
        for table, rows in expected.items():
            assert found[table] == rows, table
        with open_catalog(data / "catalog.db") as catalog, open_catalog(alone / "catalog.db") as other:
            sql = "select id, status, traffic from runs order by id desc limit 1"
            (mine,), (one,) = catalog.rows(sql), other.rows(sql)
        assert (mine["id"], mine["status"], one["status"]) == (run_id, "complete", "complete")
        spent, expected_cost = json.loads(mine["traffic"]), json.loads(one["traffic"])
        # A redirect to a host of another shard asks for its robots.txt once more.
        assert spent.pop("requests") - expected_cost.pop("requests") in range(HOSTS)
        assert spent == expected_cost
        assert not (data / "shards" / run_id).exists()


def test_no_host_is_in_two_shards(world: tuple[ManyHosts, PortalSpec, Path], data: Path) -> None:
    _, portal, _ = world
    with open_catalog(data / "catalog.db") as catalog:
        jobs, _ = due_jobs(_run(catalog, portal, data), [portal])
    shards = split(jobs, SHARDS)
    assert sorted(job.target.url for shard in shards for job in shard) == sorted(job.target.url for job in jobs)
    hosts = [{job.target.url.split("/")[2] for job in shard} for shard in shards]
    assert all(hosts) and not hosts[0] & hosts[1] and not hosts[1] & hosts[2] and not hosts[0] & hosts[2]
    assert max(map(len, shards)) - min(map(len, shards)) <= 2 * len(FILES)
    assert len(host_groups(jobs)) == HOSTS


def _run(catalog: Catalog, portal: PortalSpec, data: Path) -> RunContext:
    run_id = catalog.begin_run("again", [portal_of(portal)], version="0", methodology="0")
    return RunContext(catalog=catalog, run_id=run_id, data=data)


def test_what_was_redirected_stays_with_where_it_led(world: tuple[ManyHosts, PortalSpec, Path], data: Path) -> None:
    _, portal, _ = world
    nightly(data, [portal], stages=("check",))
    with open_catalog(data / "catalog.db") as catalog:
        jobs, _ = due_jobs(_run(catalog, portal, data), [portal])
    # Each host redirects to the next one, so all of them are one group.
    assert len(host_groups(jobs)) == 1


def test_merging_twice_changes_nothing(split_run: tuple[Path, list[Path]], tmp_path: Path) -> None:
    data, parts = shutil.copytree(split_run[0], tmp_path / "data"), split_run[1]
    assert finish(data, parts[:1])[1:] == ([0], [1, 2])
    first = observed(data)
    assert finish(data, parts[:1])[1:] == ([], [1, 2])
    assert observed(data) == first
    assert finish(data, parts)[1:] == ([1, 2], [])
    whole = observed(data)
    assert finish(data, parts)[1:] == ([], [])
    assert observed(data) == whole


def test_a_merge_that_was_killed_counts_no_failure_twice(split_run: tuple[Path, list[Path]], tmp_path: Path) -> None:
    data, parts = shutil.copytree(split_run[0], tmp_path / "data"), split_run[1]
    with open_catalog(data / "catalog.db") as catalog:
        catalog.db.execute("create trigger stop before insert on table_reports begin select raise(abort, 'stop'); end")
    with pytest.raises(Exception, match="stop"):
        finish(data, parts)
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select count(*) from resource_checks") > 0
        catalog.db.execute("drop trigger stop")
    finish(data, parts)
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select max(failed_checks) from resource_checks") == 1


def rewrite_rows(part: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change the rows of the checks of a part, and make its digests right again."""
    import pyarrow
    from pyarrow import parquet

    table = parquet.read_table(part / CHECKS)
    rows = table.to_pylist()
    change(rows)
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema=table.schema), part / CHECKS)
    rewrite_head(part, lambda head: head["sha256"].update({CHECKS: sha256(part / CHECKS)}))


def rewrite_head(part: Path, change: Callable[[dict[str, Any]], None]) -> None:
    head = json.loads((part / "part.json").read_text())
    change(head)
    (part / "part.json").write_text(json.dumps(head))


def set_in_first(**values: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda rows: rows[0].update(values)


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut file": (lambda part: (part / CHECKS).write_bytes((part / CHECKS).read_bytes()[:-9]), "not the file"),
    "no parquet": (lambda part: rewrite_bytes(part, b"PAR1 no"), "checks.parquet"),
    "foreign address": (lambda part: rewrite_rows(part, set_in_first(url="http://evil.example/")), "no address of"),
    "address twice": (lambda part: rewrite_rows(part, lambda rows: rows.append(rows[0])), "can have|two checks"),
    "row missing": (lambda part: rewrite_rows(part, lambda rows: rows.pop()), "have no check"),
    "outcome": (lambda part: rewrite_rows(part, set_in_first(outcome="splendid")), "cannot be read"),
    "broken": (lambda part: rewrite_rows(part, set_in_first(outcome="broken")), "only the catalogue"),
    "negative": (lambda part: rewrite_rows(part, set_in_first(size_bytes=-1)), "size_bytes is -1"),
    "long text": (lambda part: rewrite_rows(part, set_in_first(etag="x" * 50_000)), "longer than"),
    "time": (lambda part: rewrite_rows(part, set_in_first(checked_at="2001-01-01T00:00:00Z")), "outside of this run"),
    "path": (lambda part: rewrite_rows(part, set_in_first(file_path="../../catalog.db")), "not in the part"),
    "checksums": (lambda part: rewrite_rows(part, set_in_first(checksums="[" * 5_000)), "cannot be read"),
    "file changed": (lambda part: next((part / "files").rglob("*.bin")).write_bytes(b"other"), "not the one"),
    "file linked": (lambda part: as_link(next((part / "files").rglob("*.bin"))), "not in the part"),
    "traffic": (lambda part: rewrite_head(part, lambda head: head.update(traffic={"requests": "many"})), "traffic"),
    "run": (lambda part: rewrite_head(part, lambda head: head.update(run="20010101T000000Z")), "has split no run"),
    "shard": (lambda part: rewrite_head(part, lambda head: head.update(shard=7)), "no shard 7"),
    "task": (lambda part: rewrite_head(part, lambda head: head.update(task="0")), "another task"),
    "version": (lambda part: rewrite_head(part, lambda head: head.update(versions={"program": "0"})), "same version"),
    "not an object": (lambda part: (part / "part.json").write_text("[" * 100_000), "part.json"),
}


def rewrite_bytes(part: Path, content: bytes) -> None:
    (part / CHECKS).write_bytes(content)
    rewrite_head(part, lambda head: head["sha256"].update({CHECKS: sha256(part / CHECKS)}))


def as_link(path: Path) -> None:
    other = path.with_suffix(".real")
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_part_is_refused_whole(name: str, split_run: tuple[Path, list[Path]], tmp_path: Path) -> None:
    data, (good, *_) = split_run
    spoil, words = HOSTILE[name]
    part = shutil.copytree(good, tmp_path / "part")
    spoil(part)
    with pytest.raises(ShardError, match=words):
        finish(data, [part])
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select count(*) from resource_checks") == 0
        assert all(one.part is None for one in shards_of(catalog, catalog.value("select max(id) from runs")))


def test_two_parts_of_one_shard_are_refused(split_run: tuple[Path, list[Path]], tmp_path: Path) -> None:
    data, (good, *_) = split_run
    other = shutil.copytree(good, tmp_path / "other")
    rewrite_head(other, lambda head: head.update(note="made anew"))
    with pytest.raises(ShardError, match="both of shard 0"):
        finish(data, [good, other])


def test_a_part_of_an_older_run_is_refused(
    world: tuple[ManyHosts, PortalSpec, Path], split_run: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    data = shutil.copytree(split_run[0], tmp_path / "data")
    with open_catalog(data / "catalog.db") as catalog:
        _run(catalog, world[1], data)
    with pytest.raises(ShardError, match="observations are newer"):
        finish(data, split_run[1][:1])


def test_a_changed_task_is_refused(world: tuple[ManyHosts, PortalSpec, Path], data: Path, tmp_path: Path) -> None:
    begin(data, [world[1]], 1, tmp_path / "tasks", OPTIONS)
    with (tmp_path / "tasks/0/inspections.jsonl.gz").open("ab") as file:
        file.write(b"more")
    with pytest.raises(ShardError, match="not the file that was planned"):
        work(tmp_path / "tasks/0", tmp_path / "part")


def test_the_budget_is_divided(world: tuple[ManyHosts, PortalSpec, Path], data: Path, tmp_path: Path) -> None:
    options = OPTIONS | {"max_requests": 30}
    begin(data, [world[1]], SHARDS, tmp_path / "tasks", options)
    heads = [json.loads((tmp_path / f"tasks/{n}/task.json").read_text()) for n in range(SHARDS)]
    assert 27 <= sum(head["budget"]["requests"] for head in heads) <= 30
    part = tmp_path / "part"
    found = work(tmp_path / "tasks/0", part)
    assert found["not_asked"] > 0
    assert finish(data, [part])[1:] == ([0], [1, 2])


def test_the_three_commands(world: tuple[ManyHosts, PortalSpec, Path], data: Path, tmp_path: Path) -> None:
    _, portal, _ = world
    (data / "portals").mkdir()
    local = json.dumps(list(portal.local_also))
    (data / "portals/p.toml").write_text(
        f'id = "p"\ntype = "dcat-us"\ntitle = "P"\nurl = "{portal.url}"\nlocal = true\nlocal_also = {local}\n'
        "[limits]\ndelay_s = 0\n"
    )

    def winnow(*args: object) -> str:
        done = CliRunner().invoke(cli, ["--data", str(data), *map(str, args)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "addresses" in winnow("shards", 2, "--out", tmp_path / "tasks")
    for number in range(2):
        said = winnow("check", "--shard", tmp_path / f"tasks/{number}", "--out", tmp_path / f"part-{number}")
        assert "files looked into" in said
    assert "1 missing" in winnow("merge", tmp_path / "part-1")
    assert "the run is complete" in winnow("merge", tmp_path / "part-0", tmp_path / "part-1")
