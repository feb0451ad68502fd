"""Great Expectations writes its Data Docs on request, without cells and without a network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harvester.cli.main import cli
from quality.tables.expect.asking import compact
from quality.tables.expect.data_docs import write_data_docs, write_from_file
from quality.tables.messages import DataDocs, dump_task, parse_task


def inspect(*words: object) -> Result:
    return CliRunner().invoke(cli, ["inspect", *map(str, words)])


@pytest.mark.slow
def test_a_page_for_each_table(tmp_path: Path) -> None:
    good, poor = tmp_path / "good.csv", tmp_path / "poor.csv"
    good.write_text("id,name\n" + "".join(f"{number},Secret {number}\n" for number in range(30)))
    poor.write_text("id,name,nothing\n" + "".join(f"{number},Secret {number},\n" for number in range(30)))
    (tmp_path / "page.html").write_text("<!doctype html><title>No table</title>")
    docs = tmp_path / "docs"
    done = inspect(good, tmp_path / "page.html", poor, "--workers", 1, "--data-docs", docs)
    assert done.exit_code == 0 and "empty_column" in done.output and str(docs / "index.html") in done.output
    pages = sorted(docs.rglob("*.html"))
    assert [page.parts[-4] for page in pages if page.name != "index.html"] == ["good_csv", "poor_csv"]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    for text in texts:
        assert "Secret" not in text and "rendering" not in text
        assert not re.search(r"""<(?:script|link|img|iframe)\b[^>]*["'](?:https?:)?//""", text)
        assert not re.search(r"@import|url\(\s*['\"]?https?:", text)
    whole = "".join(texts)
    assert "30 unexpected values" in whole or "1 unexpected values" in whole
    for told in ("every column of kind text", "filled_share", "row_count", "values must be greater than"):
        assert told in whole


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    path = tmp_path / "good.csv"
    path.write_text("id,name\n1,a\n2,b\n")
    assert inspect(path, "--data-docs", path).exit_code == 2  # a file
    done = inspect(path, "--workers", 1, "--data-docs", "/proc/nowhere")
    assert done.exit_code == 1 and "Data Docs were not written to /proc/nowhere" in done.output
    assert "good.csv: valid" in done.output


def test_the_task_is_read_back(tmp_path: Path) -> None:
    task = DataDocs(key="docs", path=tmp_path / "results.jsonl", folder=tmp_path / "docs")
    assert parse_task(dump_task(task)) == task
    assert write_from_file(task).status == "unknown"  # there is no such file


def test_nothing_to_write_is_an_index(tmp_path: Path) -> None:
    assert write_data_docs([], tmp_path) == 0
    assert (tmp_path / "index.html").is_file()


def test_results_of_all_kinds_have_a_page(tmp_path: Path) -> None:
    asked = [
        ("expect_column_values_to_not_match_regex", {"regex": "x"}, {"each": "any"}),
        ("expect_compound_columns_to_be_unique", {"column_list": "*", "mostly": 0.95}, {}),
        ("expect_column_to_exist", {"column": "amount or value"}, {}),
        ("expect_column_values_to_be_between", {"column": "day", "max_value": "2025-06-02T00:00:00"}, {}),
    ]
    results = [
        compact({"success": False, "expectation_config": {"type": kind, "kwargs": kwargs}, "result": {}}, kind, **more)
        for kind, kwargs, more in asked
    ]
    assert write_data_docs([("a/b c.csv", results), ("a/b c.csv", results[:1])], tmp_path) == 2
