"""The README's tables are the code's."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from catalog.schema import TABLES
from harvester.cli import cli
from harvester.detect.ladder import places_of
from harvester.spiders import portal_types, spider_class
from specs.metrics import metrics
from specs.portals import shipped
from specs.systems import systems

README = Path(__file__).parents[1] / "README.md"


def metric_table() -> str:
    rows = [
        f"| `{m.id}` | {m.dimension} | {m.subject} | {m.weight:g} | {m.question} |"
        for m in metrics().values()
        if m.weight
    ]
    return "\n".join(["| id | dimension | asked of | weight | question |", "| --- | --- | --- | --- | --- |", *rows])


def system_table() -> str:
    rows = [f"| `{s.id}` | {s.title} | {s.version} | {s.maximum:g} | {s.source} |" for s in systems().values()]
    return "\n".join(["| system | what it is | version | most | rule |", "| --- | --- | --- | --- | --- |", *rows])


def command_table() -> str:
    rows = [f"| `winnow {name}` | {(c.help or '').splitlines()[0]} |" for name, c in sorted(cli.commands.items())]
    return "\n".join(["| command | what it does |", "| --- | --- |", *rows])


def catalogue_table() -> str:
    rows = [f"| `{name}` | {table.description} |" for name, table in TABLES.items()]
    return "\n".join(["| table | a row is |", "| --- | --- |", *rows])


def type_table() -> str:
    rows = []
    for kind in portal_types():
        about, places = spider_class(kind).about, places_of(kind)
        detected = ", ".join(f"`{place}`" for place in places[:3]) + (", …" if len(places) > 3 else "")
        cells = (about.software, detected or "its own address", about.paging, about.incremental, about.deletion)
        rows.append(f"| `{kind}` | {' | '.join(cells)} | {about.limits} |")
    head = "| type | software or standard | detected by | paging | incremental | deletion | limits |"
    return "\n".join([head, "| --- | --- | --- | --- | --- | --- | --- |", *rows])


def portal_table() -> str:
    rows = []
    for one in shipped().values():
        tried = f"untried ({one.untried})" if one.untried else "tried"
        rows.append(f"| `{one.id}` | `{one.type}` | {one.title} | {one.url} | {tried} |")
    return "\n".join(["| portal | type | title | address | |", "| --- | --- | --- | --- | --- |", *rows])


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("types", type_table()),
        ("portals", portal_table()),
        ("metrics", metric_table()),
        ("systems", system_table()),
        ("commands", command_table()),
        ("tables", catalogue_table()),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_the_tables_of_the_readme_are_made_from_the_code(name: str, table: str) -> None:
    text = README.read_text("utf-8")
    pattern = re.compile(rf"(<!-- {name} -->\n)(.*?)(\n<!-- /{name} -->)", re.DOTALL)
    if os.environ.get("WINNOW_UPDATE_README"):
        text = pattern.sub(lambda found: found[1] + table + found[3], text)
        README.write_text(text, "utf-8")
    found = pattern.search(text)
    assert found and found[2] == table, "run the tests once with WINNOW_UPDATE_README=1"
