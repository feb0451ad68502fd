"""Where things stand: SQL in one place. The counts behind it are printed by ``python -m tests.count_structure``."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.count_structure import (
    CONDITIONS,
    altered_sql,
    classes_with_two_meanings,
    copied_conditions,
    says_more,
    sql_outside_catalog,
    undocumented,
)
from tests.sql_text import is_sql, sql_in_python, sql_in_template

# The sources are read once for all tests of a worker.
pytestmark = pytest.mark.xdist_group("structure")
SQL = [
    "select 1 from runs where id = ?",
    "  SELECT p.id\n  from portals p order by p.id limit 3",
    "with recent as (select max(id) from runs) select * from recent",
    "insert or ignore into changes (id) values (?)",
    "update {} set {} where id = :id",
    "delete from to_score",
    "pragma table_info(findings)",
    "create index if not exists a on b (c)",
    "{} where id = ?",
    " order by id",
    "and d.status = 'present'",
    "where d.rowid = hits.rowid",
    "left join resource_checks c on c.url = d.url",
    "coalesce(p.government, p.title)",
    "f.state in ('new', 'open')",
    "d.copy_of is not null",
    "on conflict (id) do nothing",
]
NO_SQL = [
    "select a portal",
    "Select the datasets of a portal",
    "Delete from the list what is not needed",
    "Update the catalogue, then set the date",
    "with care",
    "where it is not known",
    "and what the portal says",
    "from the first page to the last",
    "Where the same file is listed twice, one of them counts.",
    "Create a portal file",
    "begin",
    "order",
    "text/turtle, application/rdf+xml;q=0.8, */*;q=0.1",
    "private, max-age=0, no-store",
    "modified is null",
    'env = "VARIABLE" or file = "path"',
    "SELECT DISTINCT ?d WHERE { ?d a dcat:Dataset } ORDER BY STR(?d) LIMIT 10",
    "PREFIX dcat: <http://www.w3.org/ns/dcat#> SELECT (COUNT(*) AS ?n) WHERE { {} }",
    "SELECT ",
]


@pytest.mark.parametrize("text", SQL)
def test_sql_is_recognised(text: str) -> None:
    assert is_sql(text)


@pytest.mark.parametrize("text", NO_SQL)
def test_prose_and_sparql_are_no_sql(text: str) -> None:
    assert not is_sql(text)


def test_docstrings_are_prose_and_pieces_are_put_together() -> None:
    source = '''
def f(catalog, n):
    """select 1 from runs where id = ?"""
    head = "select id " + "from runs" + f" where id > {n}"
    catalog.db.rows(head)
    catalog.db.conn.execute(head)
'''
    found = sql_in_python(source)
    assert [(one.line, one.text) for one in found] == [
        (4, "select id from runs where id > {}"),
        (6, "catalog.db.conn.execute(head)"),
    ]


def test_templates_are_read_by_their_expressions() -> None:
    template = """<select name="a">
{% set runs = sql("select * from runs where id = :id", {"id": one}) %}
<p>select 1 from runs where id = 2</p>"""
    assert [(one.line, one.text) for one in sql_in_template(template)] == [(2, "select * from runs where id = :id")]


@pytest.mark.parametrize(
    ("name", "docstring", "expected"),
    [
        ("is_table", "Whether it is a table.", False),
        ("portal_ids", "The ids of the portals.", False),
        ("portal_ids", "The ids of the portals, in their order.", True),
        ("score", "0 to 100.", True),
        ("score", None, False),
    ],
)
def test_a_docstring_says_more_than_the_name(name: str, docstring: str | None, expected: bool) -> None:
    assert says_more(name, docstring) == expected


def test_every_public_function_has_a_docstring() -> None:
    found = undocumented()
    assert not found, "\n".join(f"{one.where}: say what {one.what} returns or does" for one in found)


def test_sql_stands_in_the_catalogue_alone() -> None:
    found = sql_outside_catalog()
    assert not found, "\n".join(f"{one.where}: move it into catalog/repositories: {one.what}" for one in found)


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_fact_of_the_domain_is_said_once(name: str) -> None:
    found = copied_conditions(name)
    assert not found, "\n".join(f"{one.where}: read the view {name} instead of {one.what}" for one in found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("present_datasets", "d.status = 'present'"),
        ("present_datasets", "status != 'present'"),
        ("current_distributions", "coalesce(d.download_url, d.access_url)"),
        ("current_distributions", "coalesce(nullif(download_url, ''), access_url)"),
        ("current_distributions", 'part["download_url"] or part["access_url"]'),
        ("current_distributions", "where not d.is_retired"),
        ("open_findings", "f.state in ('new', 'open')"),
        ("governments", "coalesce(p.government, p.title)"),
    ],
)
def test_a_copied_condition_is_recognised(name: str, text: str) -> None:
    assert re.search(CONDITIONS[name], text, re.IGNORECASE)


def test_statements_are_not_altered_as_text() -> None:
    """A statement is built from named pieces; ``.replace`` on it changes whatever happens to look the same."""
    found = altered_sql()
    assert not found, "\n".join(f"{one.where}: {one.what}" for one in found)


def test_a_public_class_name_stands_for_one_thing() -> None:
    """In the whole project: whoever reads a name need not look where it was imported from."""
    found = classes_with_two_meanings()
    lines = [f"{name}: {', '.join(one.where for one in places)}" for name, places in found.items()]
    assert not found, "give each class a word of its own:\n" + "\n".join(lines)


def test_no_two_modules_of_tests_have_one_name() -> None:
    """Pytest imports each by its name alone: of two, all tests together would run neither."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert len(names) > 200 and [name for name, count in names.items() if count > 1] == []
