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
from quality.metrics.sound import RULES
from quality.tables.rules import fix_of, severity_of, why_of
from specs.expectations import kinds, load
from specs.metrics import metrics
from specs.portals import shipped
from specs.systems import systems
from specs.table_rules import table_rules

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


RULES_PAGE = README.parent / "docs" / "table_rules.md"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"


def rule_table() -> str:
    known = {rule.id: rule.message for rule in table_rules().values()}
    of_kinds = {one.rule: one.message for kind in ("any", *kinds()) for one in load(kind)}
    rows = ["| rule | severity | counted by | what, why, and what to do |", "| --- | --- | --- | --- |"]
    for name, message in sorted({**of_kinds, **known}.items()):
        counted = known.get(name) and next((metric for metric, rules in RULES.items() if name in rules), None)
        counted = counted or ("table_expectations_met" if name in of_kinds else None)
        words = f"{message.rstrip('.')}, {why_of(name)}; {(fix_of(name) or '')[:1].lower()}{(fix_of(name) or '')[1:]}"
        rows.append(f"| `{name}` | {severity_of(name)} | {f'`{counted}`' if counted else '–'} | {words} |")
    return "\n".join(rows) + "\n"


def test_the_page_of_table_rules_lists_them_all() -> None:
    text = RULES_PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    inner, after = rest.split(END)
    if os.environ.get("WINNOW_UPDATE_README"):
        RULES_PAGE.write_text(f"{before}{BEGIN}{rule_table()}{END}{after}", "utf-8")
    else:
        assert inner == rule_table(), "docs/table_rules.md: run WINNOW_UPDATE_README=1 pytest -n 0 tests/test_readme.py"
