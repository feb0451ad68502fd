"""Build the public file from the tables and columns that :mod:`catalog.db.schema.public` lists.

Rows are read from the catalogue and written to a new file, so that nothing private was ever in a page of it. Left out
are findings that must not be public yet (:mod:`catalog.repositories.withheld`) with all that would reveal them;
datasets whose content is withheld (:mod:`catalog.repositories.set_apart`); of replies and reports the names that may
not be public and the texts that nobody has approved.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Any

from catalog.db.migrations import is_up_to_date
from catalog.db.packed import PackedTexts
from catalog.db.schema import TABLES, found, imported, scored, strips
from catalog.db.schema.forms import Form
from catalog.db.schema.kinds import ColumnSpec
from catalog.db.schema.public import PRIVATE_VIEWS, PUBLIC, is_free
from catalog.db.schema.stored import view_sql
from catalog.db.schema.views import VIEWS
from catalog.db.sqlite import Database
from catalog.db.store import CatalogError
from catalog.exports.grades import grade_range, grade_text
from catalog.repositories.people import COLUMNS
from catalog.repositories.persons import (
    ADDRESS,
    has_addresses,
    public_email,
    public_name,
    without_addresses,
    without_addresses_in_json,
)
from catalog.repositories.set_apart import APART_VALUES, apart_condition, set_apart
from catalog.repositories.withheld import add_functions, hold_back
from catalog.site.cleaned import without_cells, without_private_fields
from catalog.site.entities import SITE_TABLES, add_site_tables
from catalog.site.indexes import INDEXES
from catalog.site.search.index import NAMES as SEARCH_TABLES
from catalog.site.search.index import build_search_index

__all__ = [
    "LAST",
    "add_public_functions",
    "begin",
    "build",
    "inserted",
    "is_built",
    "levels_of",
    "needs_upgrade",
    "public_rows",
]

_TYPES = {str: "text", list: "text", dict: "text", int: "integer", bool: "integer", float: "float", bytes: "blob"}
_OTHER_VIEWS = ("dataset_list", "datasets_text")
"""Views that no declaration but a migration step has."""
LAST = ("finding_texts", "rules")
"""Tables of which only what findings refer to is public: the public findings must be there before their rows are."""
_HELD_CAUSES = "select id from source.causes where is_held"

_SHOWN = {spec.stored_in: name for name, spec in TABLES.items()}
"""The view that shows the rows of a table, by the name of the table."""

_WHERE = {
    "finding_rows": "key not in (select key from temp.held)",
    "finding_texts": f"key in ({' union '.join(f'select {name} from {{to}}.finding_rows' for name in found.TEXTS)})",  # noqa: S608  # names of the schema
    "rules": "key in (select rule_key from {to}.finding_rows)",
    "causes": "not coalesce(is_held, 0)",
    "cause_members": """cause not in (select number from source.causes where is_held)
        and finding not in (select key from temp.held)""",
    # A letter that a server did not take is between that server and the operator.
    "sent": "channel in ('mail', 'webhook')",
    "top_fixes": f"cause_id is null or cause_id not in ({_HELD_CAUSES})",
    "replies": f"finding_id not in (select id from temp.held) and finding_id not in ({_HELD_CAUSES})",  # noqa: S608  # see above
    "addresses": "url not in (select url from temp.merged)",
    "resource_checks": "url not in (select url from temp.merged)",
    "corrections": "finding_id is null or finding_id not in (select id from temp.held)",
    **imported.SHOWN,
}
"""SQL conditions on the rows of a table that are public; ``{to}`` is the schema of the public file."""

_VALUES = {
    # Of one that was lifted only the days are told, to those who read the feed of changes.
    "withholdings.reason": "iif(lifted_at is null, reason, null)",
    # For a single dataset, the share that was measured says too little.
    "dataset_quality.grade": "public_grade(score, score_low, score_high, null, null)",
    "score_values.grade": """iif(grade is null, null,
        public_grade(score, score_low, score_high, coverage_pct, withheld))""",
    # What is new tonight is not new for ever, and the file is made again only after a change.
    "finding_rows.state": "iif(state = 'new', 'open', state)",
    "causes.state": "iif(state = 'new', 'open', state)",
    "causes.examples": "public_examples(examples)",
    "changes.fields": "public_fields(fields)",
    # Which addresses and names of contacts are public is decided in one place for all forms of the data.
    "publishers.email": "public_email(email)",
    "datasets.contact_email": "public_email(contact_email)",
    "datasets.contact_name": """iif(contact_name is null, null, public_name(contact_name, (
        select json_array(b.name, b.parent, b.ancestors) from source.publishers b where b.id = r.publisher_id)))""",
    "dataset_quality.findings": """findings - (select count(*) from temp.held where held.dataset_id = r.dataset_id)""",
    "table_reports.profile": "public_profile(profile)",
    "table_reports.defects": "public_defects(distribution_id, defects)",
    # The id of the catalogue ends with the hash of an address.
    "sent.id": "run_id || '/' || channel || '/' || entity_level || '/' || entity_id || '/' || rowid",
    "census.confirmed_by": "iif(confirmed_by is null, null, 'a person')",
    **APART_VALUES,
    **{
        f"{_SHOWN.get(table, table)}.{column}": f"""coalesce(
            (select text from source.finding_texts t where t.key = r.{column}), r.{column})"""  # noqa: S608  # names of the schema
        for table, column in found.INTERNED
    },
    **{f"{table}.{text}": f"iif(coalesce(is_text_approved, 0), {text}, null)" for table, _, text in COLUMNS.values()},
    **{
        f"{table}.{name}": f"iif(coalesce(is_text_approved, 0) and coalesce(is_name_public, 0), {name}, null)"
        for table, name, _ in COLUMNS.values()
    },
}
"""SQL for the public value of a column, where it is not the stored one, by "table.column"; ``r`` is the stored row."""


def needs_upgrade(source: sqlite3.Connection) -> bool:
    """Return whether a catalogue must be brought up to date before :func:`build` can read it.

    Raise CatalogError if it is no catalogue but a public file.
    """
    tables = {name for (name,) in source.execute("select name from sqlite_master where type = 'table'")}
    if "runs" in tables and "_sqlite_migrations" not in tables:
        raise CatalogError("this is a public file; publish the catalogue that it was made from")
    return not is_up_to_date(Database(source))


def build(
    public: sqlite3.Connection, source: str, times: Mapping[tuple[str, str], Mapping[str, Any]] | None = None
) -> None:
    """Write the public tables, views and indexes of the catalogue ``source`` into an empty database, then the tables
    and the search index that the pages of the site read.

    ``public``: connection to that database, in autocommit mode. ``source``: path of a catalogue that is up to date; it
    is read as it is at one moment, and a run may write to it meanwhile. ``times``: response times by (kind, id), see
    :func:`catalog.site.entities.add_site_tables`; None for none. Raise sqlite3.Error if the catalogue cannot be read.
    """
    for setting in ("journal_mode = off", "synchronous = off", "locking_mode = exclusive", "cache_size = -16384"):
        public.execute(f"pragma main.{setting}")
    public.execute("attach ? as source", [source])
    are_apart = begin(public)
    tables = sorted(PUBLIC, key=lambda name: name in LAST)
    for name in tables:
        public.execute(_create(name, PUBLIC[name]))
    shared = {key for (key,) in public.execute("select key from source.shared_texts where has_addresses(text)")}
    for name in tables:
        _copy(public, name, shared, are_apart=are_apart)
    for name in tables:
        for columns in TABLES[name].indexes:
            if set(columns) <= PUBLIC[name].keys():
                public.execute(f"create index [idx_{name}_{'_'.join(columns)}] on [{name}] ({', '.join(columns)})")
    for sql in (found.INDEXES | strips.INDEXES | scored.INDEXES).values():
        public.execute(sql)
    _create_views(public)
    levels = levels_of(public)
    public.execute("commit")
    public.execute("detach source")
    public.execute("begin")
    add_site_tables(public, times or {}, levels)
    for name, on in INDEXES.items():
        public.execute(f"create index {name} {on}")
    build_search_index(public)
    public.execute("commit")
    public.execute("analyze")


def levels_of(public: sqlite3.Connection) -> dict[str, str | None]:
    """Return what the files of portals, which are private, say their governments to be, by the portal's id. The
    catalogue must be attached as "source"."""
    sql = """select id, json_extract(portal_file, '$.government_level') from source.portals
             where json_valid(portal_file)"""
    return dict(public.execute(sql).fetchall())


def begin(public: sqlite3.Connection) -> bool:
    """Begin a transaction, in which the catalogue that is attached as "source" stays as it is for this connection, and
    return whether the content of a dataset is withheld.

    ``public``: connection in autocommit mode. No database that was attached before the catalogue, nor its main one, may
    have tables, so that names without a schema are those of the catalogue. It gets what the SQL of :func:`public_rows`
    needs: functions, and temporary tables of what must not be public.
    """
    public.execute("begin")
    hold_back(public)
    are_apart = set_apart(public)
    add_functions(public)
    add_public_functions(public)
    # Addresses of the web that differ only in an e-mail address are one to readers, who must not take the check of one
    # for that of another: such checks are left out. A stranger may have written our words for an e-mail address, too.
    sql = """create temp table merged as select url from (
        select url, count(*) over (partition by public_text(url)) as alike from source.addresses
        where has_addresses(url) or instr(url, ?)) where alike > 1"""
    public.execute(sql, [ADDRESS])
    return are_apart


def _create(name: str, columns: Mapping[str, ColumnSpec]) -> str:
    """Return the SQL that creates a public table with its key and its references to other public tables."""
    parts = []
    for column, spec in columns.items():
        to = spec.references
        refers = f" references [{to}] ([{TABLES[to].pk}])" if to in PUBLIC else ""
        key = " primary key" if column == TABLES[name].pk else ""
        parts.append(f"[{column}] {_TYPES[spec.type]}{key}{refers}")
    return f"create table [{name}] ({', '.join(parts)})"


def _copy(public: sqlite3.Connection, name: str, shared: Set[int], *, are_apart: bool) -> None:
    rows = public_rows(name, "main", _with_addresses(public, name, shared), are_apart=are_apart)
    public.execute(inserted(name, "main", rows))


def inserted(name: str, to: str, rows: str) -> str:
    """Return the SQL that inserts rows into the public table ``name`` of the attached database ``to``. ``rows``: SQL of
    a query as :func:`public_rows` returns it."""
    listed = ", ".join(f"[{column}]" for column in PUBLIC[name])
    # Rows keep their numbers in the catalogue, by which a later copy finds what has changed.
    number, _row = ("", "") if _is_number(name) else ("rowid, ", "_row, ")
    return f"insert into {to}.[{name}] ({number}{listed}) select {_row}{listed} from ({rows})"  # noqa: S608  # names of the schema


def _is_number(name: str) -> bool:
    """Return whether the key of a table is the number of its row."""
    return PUBLIC[name][TABLES[name].pk].type is int


def public_rows(
    name: str, to: str, cleaned: Set[str] = frozenset(), where: str | None = None, *, are_apart: bool
) -> str:
    """Return SQL that selects the public rows of a table of the catalogue, as :func:`begin` has left it: ``_row``,
    the number of the row where it is stored, and the public columns.

    ``name``: name of the public table. ``to``: schema under which the public file is attached. ``cleaned``: columns
    from which e-mail addresses are taken; the others show what is stored. ``where``: condition to take in place of the
    one that decides which rows are public. ``are_apart``: what :func:`begin` returned.
    """
    spec = TABLES[name]
    values = ", ".join(f"{_value(name, column, is_cleaned=column in cleaned)} as [{column}]" for column in PUBLIC[name])
    stored, number = f"source.[{name}]", "rowid"
    if spec.stored_in:
        # A view does not tell the numbers of its rows.
        stored, number = f"({view_sql(spec, 'source.', f'[{spec.stored_in}].rowid as _row, ')})", "_row"
    where = where or _WHERE.get(name, "true").format(to=to)
    where = f"({where}) and {apart_condition(name)}" if are_apart else where
    return f"select r.{number} as _row, {values} from {stored} r where {where}"  # noqa: S608  # names of the schema


def _with_addresses(public: sqlite3.Connection, name: str, shared: Set[int]) -> set[str]:
    """Return the columns of the public table ``name`` in which e-mail addresses may be. ``shared``: keys of the shared
    texts that may have one.

    Few columns have any, and to look at the stored rows first is quicker than to test each value on its way.
    """
    columns = [column for column in PUBLIC[name] if is_free(name, column)]
    # What is worked out here is not in the stored row.
    found = {column for column in columns if f"{name}.{column}" in _VALUES}

    def note(*values: object) -> None:
        if has_addresses(*values) or (shared and not shared.isdisjoint(values)):
            found.update(c for c, value in zip(columns, values, strict=True) if value in shared or has_addresses(value))

    if columns:
        public.create_function("note_addresses", len(columns), note)
        stored, looked = TABLES[name].stored_in or name, ", ".join(f"[{column}]" for column in columns)
        kinds = "('text', 'integer')" if shared else "('text')"
        has_texts = " or ".join(f"typeof([{column}]) in {kinds}" for column in columns)
        sql = f"select count(note_addresses({looked})) from source.[{stored}] where {has_texts}"  # noqa: S608  # names of the schema
        public.execute(sql).fetchone()
    if "url" in found:
        found.update(column for column, form in TABLES[name].forms.items() if form is Form.URL)
    return found


def _value(table: str, column: str, *, is_cleaned: bool) -> str:
    value = _VALUES.get(f"{table}.{column}", f"r.[{column}]")
    if not is_cleaned:
        return value
    return f"{'public_text' if PUBLIC[table][column].type is str else 'public_json'}({value})"


def add_public_functions(public: sqlite3.Connection) -> None:
    """Make available in SQL what else the public values are made with, such as ``public_text`` and ``public_grade``.

    ``public``: connection to a public file or the catalogue. ``public_profile`` reads dictionaries of the catalogue, so
    it works only where names without a schema are those of the catalogue.
    """
    packed = PackedTexts(public)

    def profile(stored: str | bytes | None) -> str | None:
        return without_cells(packed.text(stored))

    public.create_function("public_profile", 1, profile)
    public.create_function("public_fields", 1, lru_cache(1000)(without_private_fields))
    public.create_function("public_email", 1, public_email)
    public.create_function("public_name", 2, _public_name)
    public.create_function("public_grade", 5, _grade, deterministic=True)
    public.create_function("public_text", 1, without_addresses)
    public.create_function("public_json", 1, without_addresses_in_json)
    public.create_function("has_addresses", -1, has_addresses)


def _public_name(declared: str | None, publisher: str | None) -> str | None:
    """Return the name of a contact where it is public. ``publisher``: name, parent and ancestors of the publisher as
    JSON; None if there is no publisher."""
    name, parent, ancestors = json.loads(publisher or "[null, null, null]")
    try:
        above = [one for one in json.loads(ancestors or "[]") if isinstance(one, str)]
    except ValueError:
        above = []
    return public_name(declared, [one for one in (name, parent, *above) if one])


@lru_cache(10_000)
def _grade(
    score: float | None, low: float | None, high: float | None, coverage: float | None, withheld: str | None
) -> str | None:
    """Return the letter of a score, or the range of letters where too little was observed for one."""
    told = {"score": score, "score_low": low, "score_high": high, "coverage_pct": coverage, "withheld": withheld}
    try:
        return grade_text(grade_range(told))
    except TypeError:
        # A text where a number should be: such a row has no grade.
        return None


def _create_views(public: sqlite3.Connection) -> None:
    for name, view in VIEWS.items():
        if name not in PUBLIC and name not in PRIVATE_VIEWS:
            public.execute(f"create view [{name}] as {view.query()}")
    for name in (*_OTHER_VIEWS, "datasets_fts"):
        (sql,) = public.execute("select sql from source.sqlite_master where name = ?", [name]).fetchone()
        public.execute(sql)
    public.execute("insert into datasets_fts (datasets_fts) values ('rebuild')")


def is_built(public: sqlite3.Connection) -> bool:
    """Return whether a public file has exactly the tables, columns and views that are public today.

    It does not tell whether the catalogue has changed since it was made.
    """
    names = dict(public.execute("select name, type from sqlite_master where type in ('table', 'view')").fetchall())
    shadows = ("sqlite_", "datasets_fts", "search_text")
    tables = {name for name, kind in names.items() if kind == "table" and not name.startswith(shadows)}
    views = {name for name, kind in names.items() if kind == "view"}
    of_pages = {*SITE_TABLES, *SEARCH_TABLES} - {"search_text"}
    wanted = (VIEWS.keys() - PUBLIC.keys() - PRIVATE_VIEWS) | set(_OTHER_VIEWS)
    if (tables, views) != (PUBLIC.keys() | of_pages, wanted):
        return False
    columns = {name: [row[1] for row in public.execute(f"pragma table_info([{name}])")] for name in PUBLIC}
    return all(columns[name] == list(PUBLIC[name]) for name in PUBLIC)
