"""SQL over the published tables: it reads them, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from catalog.parquet.descriptor import Origin
from catalog.parquet.package import write_package
from catalog.parquet.query import ROWS_SHOWN, answer
from harvester.cli.main import cli
from tests.catalog.browsing import EVIL, OF_THE_SITE

pytestmark = OF_THE_SITE


@pytest.fixture(scope="module")
def data(public: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a package and the public file; no test changes it."""
    folder = tmp_path_factory.mktemp("data")
    write_package(public, folder / "exports" / "parquet", Origin("urn:uuid:1"))
    (folder / "site").mkdir()
    (folder / "site" / "catalog.db").symlink_to(public)
    (folder / "secret.csv").write_text("secret\nhunter2\n")
    return folder


def ask(data: Path, sql: str, form: Any = "json", *, is_packed: bool = True) -> Any:
    package = str(data / "exports" / "parquet") if is_packed else None
    public = str(data / "site" / "catalog.db")
    text = answer(sql.encode(), package=package, public=public, memory_mb=256, form=form).decode()
    return text if form == "csv" else json.loads(text)


QUERIES = [
    "select portal, count(*) as n from datasets group by all order by 1",
    "select f.id, d.title, f.checked_at::text as at from files f join datasets d on d.id = f.dataset_id order by 1",
    "select entity_level, portal, score from scores order by all",
    "select id, question from metrics order by 1",
    "from runs select *",
]


@pytest.mark.parametrize("sql", QUERIES)
def test_the_public_file_answers_as_the_package_does(data: Path, sql: str) -> None:
    found = ask(data, sql)
    assert found and found == ask(data, sql, is_packed=False)


def test_the_answer_comes_as_a_table_as_csv_or_as_json(data: Path) -> None:
    sql = "select '=1+1' as a, [1, 2] as b, date '2024-02-29' as c, null as d from range(1001)"
    assert ask(data, sql)[0] == {"a": "=1+1", "b": [1, 2], "c": "2024-02-29", "d": None}
    header, first, *rest = csv.reader(io.StringIO(ask(data, sql, "csv")))
    # No spreadsheet runs it.
    assert (header, first, len(rest)) == (["a", "b", "c", "d"], ["'=1+1", "[1, 2]", "2024-02-29", ""], 1000)
    shown = ask(data, sql, "table")
    assert shown["rows"][0] == ["=1+1", "[1, 2]", "2024-02-29", ""]
    assert len(shown["rows"]) == ROWS_SHOWN and shown["has_more"]


def test_json_loses_no_column_and_has_no_words_of_its_own(data: Path) -> None:
    with pytest.raises(ValueError, match="two columns are called a"):
        ask(data, "select 1 as a, 2 as a")
    text = answer(b"select 'nan'::double as a, [1.5, '-inf'::double] as b",
                  package=str(data / "exports" / "parquet"), public=None, memory_mb=256, form="json")  # fmt: skip
    assert json.loads(text, parse_constant=pytest.fail) == [{"a": None, "b": [1.5, None]}]


def test_a_file_that_is_being_written_is_not_read(data: Path) -> None:
    half = data / "exports" / "parquet" / "datasets" / "portal=north" / "part-0.parquet.part"
    half.write_bytes(b"half")
    try:
        assert ask(data, "select count(*) as n from datasets where portal = 'north'")[0]["n"] > 0
    finally:
        half.unlink()


@pytest.mark.parametrize("missing", ["duckdb", "pyarrow"])
def test_without_the_extra_the_command_says_what_to_install(
    data: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    # As if it were not installed.
    monkeypatch.setitem(sys.modules, missing, None)
    found = CliRunner().invoke(cli, ["--data", str(data), "query", "select 1"])
    assert found.exit_code == 1 and 'pip install "winnow-opendata[parquet]"' in found.output


ATTACKS = [
    "select * from read_csv('{data}/secret.csv')",
    "select * from '{data}/secret.csv'",
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/proc/self/environ')",
    "select * from read_json('/etc/passwd')",
    "select * from read_parquet('{data}/exports/parquet/runs/part-0.parquet')",
    "select * from parquet_metadata('{data}/exports/parquet/runs/part-0.parquet')",
    "select * from sniff_csv('{data}/secret.csv')",
    "select * from glob('{data}/*')",
    "select * from query('select * from read_text(''/etc/passwd'')')",
    "select * from sqlite_scan('{data}/site/catalog.db', 'runs')",
    "select * from read_csv('http://127.0.0.1:1/')",
    "from duckdb_secrets()",
    "select getenv('HOME')",
    "select * from public",
    "select * from os",
    "copy (select 1) to '{data}/out.csv'",
    "copy datasets from '{data}/secret.csv'",
    "attach '{data}/site/catalog.db' as other (type sqlite)",
    "attach '{data}/new.db'",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "pragma enable_profiling",
    "set enable_external_access = true",
    "set memory_limit = '100GB'",
    "reset lock_configuration",
    "export database '{data}/all'",
    "import database '{data}/all'",
    "create secret (type s3, key_id 'a', secret 'b')",
    "create table mine as select 1",
    "create or replace macro f() as table select * from read_text('/etc/passwd')",
    "drop view datasets",
    "delete from datasets",
    "call pragma_version()",
    "explain analyze copy (select 1) to '{data}/out.csv'",
    "explain copy (select 1) to '{data}/out.csv'",
    "select 1; select 2",
    "prepare p as select 1",
    "checkpoint",
    "select * from arrow_scan(1, 2, 3)",
    "not sql at all",
    "",
]


@pytest.mark.parametrize(
    ("sql", "is_packed"), [*((sql, True) for sql in ATTACKS), *((sql, False) for sql in ATTACKS[::8])]
)
def test_a_query_reads_no_file_and_changes_nothing(data: Path, sql: str, is_packed: bool) -> None:
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    with pytest.raises(ValueError):
        ask(data, sql.format(data=data), is_packed=is_packed)
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before


def test_a_query_that_needs_more_memory_is_refused(data: Path) -> None:
    wide = "select list(a.range order by a.range % 7) from range(30000000) a"
    with pytest.raises(ValueError, match="(?i)memory"):
        ask(data, wide)


def test_the_command_answers_within_its_time(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    run = CliRunner().invoke
    found = run(
        cli, ["--data", str(data), "query", "select name as \"a\nb\" from publishers where portal_id = 'north'"]
    )
    assert found.exit_code == 0 and EVIL in found.output and "a b" in found.output
    endless = "select sum(a.range) from range(100000000000) a"
    found = run(cli, ["--data", str(data), "query", "--seconds", "1", endless])
    assert found.exit_code == 1 and "longer than 1 seconds" in found.output


def test_without_anything_published_the_command_says_what_to_do(tmp_path: Path) -> None:
    found = CliRunner().invoke(cli, ["--data", str(tmp_path), "query", "select 1"])
    assert found.exit_code == 1 and "winnow export" in found.output
