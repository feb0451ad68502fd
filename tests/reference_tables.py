"""Generate the tables of ``docs/reference`` from the code. ``tests/test_readme.py`` compares the pages with them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from textwrap import dedent

from pydantic import BaseModel

from catalog.db.schema import TABLES, metric_columns
from catalog.db.schema.public import is_public
from catalog.db.schema.views import VIEWS
from catalog.parquet.package import all_tables
from harvester.cli.configuration import Configuration, Mailbox, MailServer, Operator
from harvester.cli.main import cli
from harvester.detect.probes import places_of
from harvester.spiders import portal_types, spider_class
from quality.metrics.sound import RULES
from quality.tables.judge.rules import fix_of, severity_of, why_of
from specs import portals
from specs.expectations import kinds, load
from specs.exports import export_files
from specs.metrics import metrics
from specs.systems import systems
from specs.table_rules import table_rules

__all__ = ["PAGES", "rule_table"]

READ = TABLES | {name: view for name, view in VIEWS.items() if view.table is None}
"""What is read: the tables, and the views that show more than the rows of one table."""


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
    rows = [
        f"| `winnow {name}` | {(c.help or '').splitlines()[0]} |"
        for name, c in sorted(cli.commands.items())
        if not c.hidden
    ]
    return "\n".join(["| command | what it does |", "| --- | --- |", *rows])


def catalogue_table() -> str:
    rows = [f"| `{name}` | {table.description} |" for name, table in READ.items()]
    return "\n".join(["| table or view | a row is |", "| --- | --- |", *rows])


def column_tables() -> str:
    """Return all columns of the tables and views of the catalogue, one section for each of them."""
    kinds_of = {str: "text", int: "integer", float: "real", bool: "0 or 1", bytes: "blob"}
    parts = []
    for name, table in READ.items():
        heading = "| column | type | public | what it says |", "| --- | --- | --- | --- |"
        parts += [f"### `{name}`", "", table.description, "", *heading]
        for column, one in table.columns.items():
            into = f" Points into `{one.references}`." if one.references else ""
            kind = kinds_of.get(one.type, one.type.__name__)
            public = "yes" if is_public(name, column) else ""
            parts.append(f"| `{column}` | {kind} | {public} | {_cell(one.description)}{into} |")
        parts.append("")
    return "\n".join(parts).rstrip()


def csv_tables() -> str:
    """Return all columns of the CSVs that are sent, one section for each file, and those that only schema 1 has."""
    parts, new = [], export_files()
    for name, file in new.items():
        parts += [f"## `{name}.csv`", "", "| column | type | what it says |", "| --- | --- | --- |"]
        for one in file.column:
            words = f" One of: {', '.join(f'`{value}`' for value in one.enum)}." if one.enum else ""
            people = " Only in the workbook and the copies in a language." if one.for_people else ""
            parts.append(f"| `{one.name}` | {one.type} | {_cell(one.description)}{words}{people} |")
        parts.append("")
    parts += ["## Only in schema 1", "", "| file | column | type | what it says |", "| --- | --- | --- | --- |"]
    for name, file in export_files(1).items():
        left = {one.name for one in new[name].column}
        parts += [
            f"| `{name}.csv` | `{one.name}` | {one.type} | {_cell(one.description)} |"
            for one in file.column
            if one.name not in left
        ]
    return "\n".join(parts).rstrip()


def parquet_tables() -> str:
    """Return the tables of the Parquet package with their columns; of metrics and scoring systems, one line for all."""
    measured = {*metrics(), *metric_columns("dataset")}
    parts = []
    for name, table in all_tables().items():
        split = "One file for each portal." if table.portal else "One file."
        heading = "| column | type | what it says |", "| --- | --- | --- |"
        parts += [f"### `{name}`", "", f"{table.description} {split}", "", *heading]
        columns = [one for one in table.columns if not (name.endswith("_metrics") and one.name in measured)]
        for one in columns:
            into = f" Points into `{one.references}`." if one.references else ""
            parts.append(f"| `{one.name}` | {one.type} | {_cell(one.description)}{into} |")
        if len(columns) < len(table.columns):
            text = "A column for each metric of this table; of datasets also for each system, with `_low` and `_high`."
            parts.append(f"| … | number | {text} |")
        parts.append("")
    return "\n".join(parts).rstrip()


def exit_table() -> str:
    """Return the exit codes with their meaning; ``docs/howto/operations.md`` says what to do about each."""
    from harvester.cli.main import BELOW, FAILED_PORTALS, INTERRUPTED, LOCKED
    from harvester.cli.proofs import BROKEN_CHAIN
    from harvester.cli.site import PORT_TAKEN

    said = {
        0: "all well",
        1: "a fault of the program or its surroundings",
        2: "wrong usage, or a file that cannot be read as what it should be",
        FAILED_PORTALS: "finished, but a portal was not read whole, a letter was refused or a line not used",
        BELOW: "the mean score is below `--fail-under`; of `inspect --strict`: there are errors",
        BROKEN_CHAIN: "something was changed after it was sealed",
        PORT_TAKEN: "the port of the site is in use (`serve`, `demo --serve`)",
        LOCKED: "another run is at work in this data folder",
        INTERRUPTED: "interrupted",
    }
    rows = [f"| {code} | {words} |" for code, words in said.items()]
    return "\n".join(["| code | meaning |", "| --- | --- |", *rows])


def configuration_tables() -> str:
    """Return the keys of ``winnow.toml`` and of a portal file, from the models that read them."""
    parts = []
    for title, model in (
        ("`winnow.toml`", Configuration),
        ("`[operator]`", Operator),
        ("`[mail]`", MailServer),
        ("`[mailbox]`", Mailbox),
        ("A portal file", portals.PortalSpec),
        ("`[limits]`", portals.Limits),
        ("`[schedule]`", portals.Schedule),
        ("`[retire]`", portals.Retire),
        ("`[broken]`", portals.BrokenPolicy),
        ("`[recheck]`", portals.Recheck),
        ("`[notify]`", portals.Notify),
        ("`[auth]`", portals.Auth),
    ):
        about = _cell(inspect.cleandoc(model.__doc__ or "").split("\n\n")[0])
        parts += [f"## {title}", "", about, "", "| key | default | what it says |", "| --- | --- | --- |"]
        said = dict(_attribute_docs(model))
        for name, field in model.model_fields.items():
            if not _is_table(field.annotation):
                default = "needed" if field.is_required() else f"`{_toml(field.default)}`"
                parts.append(f"| `{name}` | {default} | {_cell(said.get(name, ''))} |")
        parts.append("")
    return "\n".join(parts).rstrip()


def _is_table(annotation: object) -> bool:
    return any(isinstance(one, type) and issubclass(one, BaseModel) for one in (annotation,))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    return "none" if value is None else f'"{value}"' if isinstance(value, str) else str(value)


def _attribute_docs(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield the name of each attribute of a class with the docstring below it."""
    (tree,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(tree, ast.ClassDef)
    for before, after in zip(tree.body, tree.body[1:], strict=False):
        match before, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)


def _cell(text: str) -> str:
    """Return a text in the form of a table cell."""
    return re.sub(r"\s+", " ", text).replace("``", "`").replace("|", "\\|").replace("<", "&lt;").strip()


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
    for one in portals.shipped().values():
        tried = f"untried ({one.untried})" if one.untried else "tried"
        rows.append(f"| `{one.id}` | `{one.type}` | {one.title} | {one.url} | {tried} |")
    return "\n".join(["| portal | type | title | address | |", "| --- | --- | --- | --- | --- |", *rows])


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


PAGES = {
    "types": ("portal-types.md", type_table),
    "portals": ("portals.md", portal_table),
    "metrics": ("metrics.md", metric_table),
    "systems": ("metrics.md", system_table),
    "commands": ("commands.md", command_table),
    "tables": ("tables.md", catalogue_table),
    "columns": ("tables.md", column_tables),
    "csv": ("csv-columns.md", csv_tables),
    "parquet": ("parquet.md", parquet_tables),
    "exits": ("exit-codes.md", exit_table),
    "configuration": ("configuration.md", configuration_tables),
}
"""The page of ``docs/reference`` by the name of a mark in it, and the function that generates the text inside."""
