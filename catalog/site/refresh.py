"""Bring a copy of the former public file up to date with the catalogue: only rows that differ are written.

Every public row of the catalogue is compared with the row of the same number in the copy, so the result has the rows of
a file that :func:`catalog.site.build.build` makes anew, whatever wrote to the catalogue meanwhile. What was public and
is private now could stay in unused bytes of the copy: where a row or a text of a person is hidden, and where much has
changed, the copy is not brought up to date, and the caller builds the file anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from catalog.db.schema import TABLES, found
from catalog.db.schema.public import PUBLIC, is_free
from catalog.repositories.people import COLUMNS
from catalog.site.build import LAST, add_public_functions, begin, inserted, levels_of, public_rows
from catalog.site.entities import add_site_tables
from catalog.site.search.index import add_to_search, remove_from_search

__all__ = ["Hidden", "refresh"]

_SHARE, _FEW = 5, 100
"""If more than one dataset of five (and a few, for small catalogues) has to be indexed anew, a new file is as quick."""
_KEPT = ("datasets", "replies", "reports", "corrections", "sent", "imported_catalogues")
"""Tables whose rows stay for good: where one is gone, somebody has erased it."""
_OF_PERSONS = {
    "publishers": ("email",),
    "datasets": ("contact_email", "contact_name"),
    **{table: (name, text) for table, name, text in COLUMNS.values()},
}
"""Columns that are public in some rows only."""
_INDEXED = "rowid, title, description, keywords, translations"
"""Columns of the full-text table of datasets."""
_OF_DATASET = """portal_id, publisher_id, title, description, identifier, keywords, themes, language, translations,
    other_identifiers, status, copy_of, first_seen_run"""
"""Columns of a dataset that the search index depends on."""
_APART = ("apart", "apart_measured")
"""Temporary tables of what is withheld, from which datasets are counted."""
_USED = "key in (select key from temp.used_{0})"
_SETTINGS = ("journal_mode = off", "synchronous = off", "secure_delete = on", "cache_size = -65536")


class Hidden(Exception):
    """Something that a public file has, or may have, must not be public any more, or was erased from the catalogue."""


def refresh(copy: Path, source: str, times: Mapping[tuple[str, str], Mapping[str, Any]] | None = None) -> bool:
    """Bring ``copy`` up to date with the catalogue ``source``, and return whether that could be done.

    ``copy``: path of a copy, which nobody else uses, of a public file that this version of the program has made. It is
    of no use any more if the result is False, and if this fails or is interrupted. ``source``, ``times``: as for
    :func:`catalog.site.build.build`. The result is False if so much has changed that a new file is as quick. Raise
    Hidden if something in the copy must not be public any more, or was erased by somebody, and sqlite3.Error if the
    catalogue or the copy cannot be read.
    """
    with closing(sqlite3.connect(":memory:", timeout=30, isolation_level=None)) as conn:
        # Names without a schema must be those of the catalogue while it is there, so it comes first.
        for path, name in ((source, "source"), (str(copy), "copy")):
            conn.execute(f"attach ? as {name}", [path])
        for setting in _SETTINGS:
            conn.execute(f"pragma copy.{setting}")
        are_apart = begin(conn)
        if (datasets := _bring_in(conn, are_apart=are_apart)) is None:
            return False
        levels = levels_of(conn)
        conn.execute("commit")
        conn.execute("detach source")
        conn.execute("begin")
        add_to_search(conn, datasets)
        conn.execute("commit")
        apart = {name: conn.execute(f"select * from temp.{name}") for name in _APART}  # noqa: S608  # names above
        rows = {name: ([column[0] for column in found.description], found.fetchall()) for name, found in apart.items()}
    with closing(sqlite3.connect(copy, isolation_level=None)) as conn:
        for setting in _SETTINGS:
            conn.execute(f"pragma main.{setting}")
        add_public_functions(conn)
        for name, (columns, values) in rows.items():
            conn.execute(f"create temp table {name} ({', '.join(columns)})")
            conn.executemany(f"insert into temp.{name} values ({', '.join('?' * len(columns))})", values)  # noqa: S608  # see above
        conn.execute("begin")
        add_site_tables(conn, times or {}, levels)
        conn.execute("commit")
    return True


def _bring_in(conn: sqlite3.Connection, *, are_apart: bool) -> set[str] | None:
    """Write all rows that differ, and return the ids of the datasets that have left the search index for it; None if
    too many would have to."""
    tables = [name for name in PUBLIC if name not in LAST]
    for name in tables:
        _compare(conn, name, are_apart=are_apart)
    datasets = _found_by_others(conn)
    (total,) = conn.execute("select count(*) from source.datasets").fetchone()
    if len(datasets) > _FEW + total // _SHARE:
        return None
    remove_from_search(conn, datasets, "copy")
    old = f"select 'delete', {_INDEXED} from copy.datasets_text where rowid in (select row from temp.old_datasets)"  # noqa: S608  # names of the schema
    conn.execute(f"insert into copy.datasets_fts (datasets_fts, {_INDEXED}) {old}")
    for name in LAST:
        _note_left(conn, name)
    for name in tables:
        _write(conn, name)
    new = f"select {_INDEXED} from copy.datasets_text where rowid in (select _row from temp.new_datasets)"  # noqa: S608  # see above
    conn.execute(f"insert into copy.datasets_fts ({_INDEXED}) {new}")
    for name in LAST:
        _keep_used(conn, name)
        _compare(conn, name, are_apart=are_apart)
        _write(conn, name)
    return datasets


def _refers(name: str, table: str, where: str = "true") -> str:
    """Return SQL for the keys of the rows of ``name`` that rows of findings refer to."""
    columns = found.TEXTS if name == "finding_texts" else ("rule_key",)
    return " union ".join(f"select [{c}] as key from {table} where {where.format(c)}" for c in columns)  # noqa: S608  # names of the schema


def _note_left(conn: sqlite3.Connection, name: str) -> None:
    """Note the rows of ``name`` that findings of the copy refer to that go, before they go."""
    where = "rowid in (select row from temp.old_finding_rows)"
    conn.execute(f"create temp table left_{name} as {_refers(name, 'copy.finding_rows', where)}")


def _keep_used(conn: sqlite3.Connection, name: str) -> None:
    """Create the temporary table ``used_<name>`` with the keys of the rows that the findings of the copy refer to."""
    new, left = _refers(name, "temp.new_finding_rows"), f"select key from temp.left_{name} where key is not null"  # noqa: S608  # names of the schema
    still = _refers(name, "copy.finding_rows", f"[{{0}}] in (select key from temp.left_{name})")  # noqa: S608  # see above
    conn.execute(f"create temp table used_{name} (key integer primary key)")
    conn.execute(
        f"""insert into temp.used_{name} select key from ({new}) where key is not null
            union select key from copy.[{name}] where key not in ({left}) union {still}"""  # noqa: S608  # see above
    )


def _differs(name: str) -> str:
    """Return SQL that is true where a row ``n`` as it should be is not the row ``o`` of the copy."""
    return " or ".join(f"n.[{column}] is not o.[{column}]" for column in PUBLIC[name])


def _compare(conn: sqlite3.Connection, name: str, *, are_apart: bool) -> None:
    """Create two temporary tables: ``new_<name>`` with the rows to write, and ``old_<name>`` with the numbers of the
    rows of the copy that go. Raise Hidden if one of them must not be public any more."""
    rows = public_rows(name, "copy", where=_USED.format(name) if name in LAST else None, are_apart=are_apart)
    free = [column for column in PUBLIC[name] if is_free(name, column)]
    cleaned = ", ".join(_cleaned(name, column) if column in free else f"n.[{column}]" for column in PUBLIC[name])
    # First by what is stored, and what differs is looked through for e-mail addresses: that is much for every row.
    conn.execute(
        f"""create temp table new_{name} as select n._row, {cleaned} from ({rows}) n
            left join copy.[{name}] o on o.rowid = n._row where o.rowid is null or {_differs(name)}"""  # noqa: S608  # names of the schema
    )
    if free:
        same = f"""select n.rowid from temp.new_{name} n join copy.[{name}] o on o.rowid = n._row
            where not ({_differs(name)})"""  # noqa: S608  # see above
        conn.execute(f"delete from temp.new_{name} where rowid in ({same})")  # noqa: S608  # see above
    conn.execute(f"create temp table gone_{name} (row integer primary key)")
    conn.execute(
        f"""insert into temp.gone_{name} select o.rowid from copy.[{name}] o
            where not exists (select 1 from ({rows}) n where n._row = o.rowid)"""  # noqa: S608  # see above
    )
    conn.execute(f"create temp table old_{name} (row integer primary key)")
    conn.execute(
        f"""insert into temp.old_{name} select row from temp.gone_{name} union
            select o.rowid from temp.new_{name} n join copy.[{name}] o on o.rowid = n._row"""  # noqa: S608  # see above
    )
    if name not in LAST and _is_hidden(conn, name):
        raise Hidden


def _cleaned(name: str, column: str) -> str:
    function = "public_text" if PUBLIC[name][column].type is str else "public_json"
    return f"{function}(n.[{column}]) as [{column}]"


def _is_hidden(conn: sqlite3.Connection, name: str) -> bool:
    """Return whether the copy has a row that the catalogue has too but that is not public any more, or what a person
    wrote and took back."""
    spec = TABLES[name]
    stored = spec.stored_in or name
    # Rows of a catalogue may get other numbers (vacuum), so a row is looked for by its key, too.
    left_sql = f"""select o.[{spec.pk}] from copy.[{name}] o where o.rowid in (select row from temp.old_{name})
        except select [{spec.pk}] from temp.new_{name}"""  # noqa: S608  # names of the schema
    checks = [
        f"select 1 from temp.gone_{name} g join source.[{stored}] s on s.rowid = g.row",  # noqa: S608  # see above
        f"select 1 from source.[{name}] where [{spec.pk}] in ({left_sql})",  # noqa: S608  # see above
    ]
    if name in _KEPT:
        checks.append(f"select 1 from temp.gone_{name}")  # noqa: S608  # see above
    # Whoever wrote to us may have asked for another text; contacts change with the record that the portal shows.
    is_hidden = "n.[{0}] is null" if name in ("publishers", "datasets") else "n.[{0}] is not o.[{0}]"
    checks += [
        f"""select 1 from copy.[{name}] o join temp.new_{name} n on n._row = o.rowid
            where o.[{column}] is not null and {is_hidden.format(column)}"""  # noqa: S608  # see above
        for column in _OF_PERSONS.get(name, ())
    ]
    return any(conn.execute(f"{sql} limit 1").fetchone() for sql in checks)


def _write(conn: sqlite3.Connection, name: str) -> None:
    conn.execute(f"delete from copy.[{name}] where rowid in (select row from temp.old_{name})")  # noqa: S608  # names of the schema
    conn.execute(inserted(name, "copy", f"select * from temp.new_{name}"))  # noqa: S608  # see above


def _found_by_others(conn: sqlite3.Connection) -> set[str]:
    """Return the ids of the datasets whose place in the search index may be another one now."""

    def old(name: str, columns: str) -> str:
        return f"select {columns} from copy.[{name}] where rowid in (select row from temp.old_{name})"  # noqa: S608  # names of the schema

    def both(name: str, column: str) -> str:
        return f"{old(name, column)} union select {column} from temp.new_{name}"  # noqa: S608  # see above

    def differing(name: str, columns: str) -> str:
        """Return SQL for the first column of the rows of which one of the columns is another."""
        first, new = columns.partition(",")[0], f"select {columns} from temp.new_{name}"  # noqa: S608  # see above
        before = old(name, columns.replace("_row", "rowid as _row"))
        gone, come = f"{before} except {new}", f"{new} except {before}"
        return f"select {first} from ({gone}) union select {first} from ({come})"  # noqa: S608  # see above

    kinds = both("distribution_kinds", "key")
    files = f"""{both("measured_distributions", "distribution_key")} union {both("keys", "key")} union
        select distribution_key from copy.measured_distributions where kind in ({kinds}) union
        select distribution_key from source.measured_distributions where kind in ({kinds})"""  # noqa: S608  # see above
    datasets = [
        differing("datasets", f"id, _row, {_OF_DATASET}"),
        differing("distributions", "dataset_id, id, is_retired"),
        differing("dataset_quality", "dataset_id, score, score_low, score_high"),
    ]
    for schema in ("copy", "source"):
        datasets += [
            f"""select d.dataset_id from {schema}.keys k join {schema}.distributions d on d.id = k.id
                where k.key in ({files})""",  # noqa: S608  # see above
            f"""select id from {schema}.datasets
                where publisher_id in ({differing("publishers", "id, name")})
                or portal_id in ({differing("portals", "id, title, government, country")})""",  # noqa: S608  # see above
        ]
    return {id for sql in datasets for (id,) in conn.execute(sql)}
