"""Forms in which columns of large tables are stored, and the views that spell them out.

A time of 20 characters is stored as an integer, a hash as bytes, a text that thousands of rows share as its key in
``shared_texts``. A value that does not have the expected form is stored as it is: the type of the cell tells which of
the two it holds, so that a view needs none of our code and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping

from catalog.db.schema.forms import KEYS, Form
from catalog.db.schema.kinds import ColumnSpec, TableSpec, c

__all__ = ["TABLES", "instead", "stored_columns", "stored_table", "view_sql"]


_KEPT = {form: "blob" if form in (Form.HEX, Form.UUID) else "integer" for form in Form}
"""Type of a cell that holds the short form, in SQLite's words."""

TABLES: dict[str, TableSpec] = {
    "shared_texts": TableSpec(
        "A text that many rows share, once: a content type, a fault in words.",
        {
            "key": c(int, "Number by which rows refer to it."),
            "digest": c(int, "First seven bytes of its BLAKE2b hash, to find it by."),
            "text": c(str, "Text."),
        },
        pk="key",
        indexes=(("digest",),),
    ),
}


def stored_columns(columns: dict[str, ColumnSpec], forms: Mapping[str, Form]) -> dict[str, ColumnSpec]:
    """Return the declarations under which the columns ``columns`` are stored.

    ``forms``: the columns that are stored in a short form, by name. A column of keys is declared as ``int``. Another
    one is declared as ``bytes``, which gives it no type affinity in SQLite; its cells hold integers, bytes or texts.
    """
    found = {}
    for name, spec in columns.items():
        form = forms.get(name)
        if form in KEYS:
            found[name] = c(int, f"{spec.description.removesuffix('.')}, by keys.")
        else:
            found[name] = spec if form is None else c(bytes, spec.description)
    return found


def stored_table(description: str, view: TableSpec, indexes: tuple[tuple[str, ...], ...] = ()) -> TableSpec:
    """Return the declaration of the table in which the rows of a view are stored under a number of their own.

    ``description``: what a row of the table is. ``view``: the declaration of the view; columns that follow from others
    are not stored. ``indexes``: the columns of each index, besides that of ``view.stored_key``.
    """
    columns = {name: spec for name, spec in view.columns.items() if name not in view.made}
    return TableSpec(
        description,
        {"key": c(int, "Number of the row."), **stored_columns(columns, view.forms)},
        pk="key",
        indexes=indexes,
    )


def _spelled(table: str, name: str, forms: Mapping[str, Form]) -> str:
    """Return an SQL expression for the full value of a stored column, for example of an instant as a text.

    ``table``: where it is stored, or "" for none. ``forms``: the columns that are stored in a short form, by name.
    """
    column = f"[{table}].[{name}]"
    if (form := forms.get(name)) is None:
        return column
    if form in KEYS:
        return f"[{name}_key].id"
    return f"case typeof({column}) when '{_KEPT[form]}' then {form.value.format(column)} else {column} end"


def view_sql(spec: TableSpec, schema: str = "", more: str = "") -> str:
    """Return the query of a view that shows rows of the table ``spec.stored_in`` with their full values.

    ``schema``: name of the attached database that has the tables, with a full stop behind it; "" where names alone find
    them. ``more``: SQL of further columns that come first, with a comma behind each.

    Ids that are stored as keys are joined, so that SQLite finds the rows of an id by an index. Do not put such a view
    on the right of an outer join: SQLite would make all its rows first. A view without such columns is no join, and may
    stand there.
    """
    told = {name: _spelled(str(spec.stored_in), name, spec.forms) for name in spec.columns if name not in spec.made}
    told |= {name: sql.format(**told) for name, sql in spec.made.items()}
    columns = ", ".join(f"{told[name]} as [{name}]" for name in spec.columns)
    joins = "".join(
        f" {'left ' * (form is Form.OPTIONAL_KEY)}join {schema}keys [{name}_key]"
        f" on [{name}_key].key = [{spec.stored_in}].[{name}]"
        for name, form in spec.forms.items()
        if form in KEYS
    )
    return f"select {more}{columns} from {schema}[{spec.stored_in}]{joins} where {spec.stored_where}"  # noqa: S608  # names of the schema


def _stored_cell(cell: str, form: Form | None) -> str:
    """Return SQL for what a trigger stores for the value ``cell`` in a column with a form."""
    if form in KEYS:
        return f"(select key from keys where id = {cell})"  # noqa: S608  # names of the schema
    if form is not Form.RUN:
        return cell
    parts = ((1, 4, "-"), (5, 2, "-"), (7, 2, " "), (10, 2, ":"), (12, 2, ":"), (14, 2, ""))
    text = " || ".join(f"substr({cell}, {start}, {length}) || '{then}'" for start, length, then in parts)
    second = f"cast(strftime('%s', {text}) as integer)"
    return f"iif({form.value.format(second)} is {cell}, {second}, {cell})"


def instead(view: str, spec: TableSpec) -> dict[str, str]:
    """Return the SQL of triggers, by name, through which ``insert``, ``update`` and ``delete`` write to a view as if it
    was a table.

    ``view``: name of the view. ``spec``: its declaration. A value is stored as it is given, but for ids that have keys
    and for runs, which are compared as they are stored; our own code writes with
    :meth:`catalog.db.store.Catalog.upsert`, which stores the short form of all values.
    """
    columns, key, table = [name for name in spec.columns if name not in spec.made], spec.key, spec.stored_in

    def value(row: str, name: str) -> str:
        return _stored_cell(f"{row}.[{name}]", spec.forms.get(name))

    names, new = ", ".join(f"[{name}]" for name in columns), ", ".join(value("new", name) for name in columns)
    same = ", ".join(f"[{name}] = excluded.[{name}]" for name in columns if name not in key)
    # A column that stays the same keeps its form, so that no trigger takes it for changed.
    kept = ", ".join(
        f"[{name}] = iif(new.[{name}] is old.[{name}], [{name}], {value('new', name)})" for name in columns
    )
    this = " and ".join(f"[{name}] {'is' if spec.stored_key else '='} {value('old', name)}" for name in key)
    # Without such an id the view would not show the row.
    required = "".join(
        f"select raise(abort, '{view}: {name} is missing') where new.[{name}] is null; "
        for name, form in spec.forms.items()
        if form is Form.KEY
    )
    add_keys = required + "".join(
        f"""insert into keys (id) select new.[{name}] where new.[{name}] is not null
              and not exists (select 1 from keys where id = new.[{name}]); """  # noqa: S608  # names of the schema
        for name, form in spec.forms.items()
        if form in KEYS
    )
    conflict = ", ".join(f"[{name}]" for name in key)
    return {
        f"{view}_insert": f"""create trigger if not exists {view}_insert instead of insert on {view} begin
            {add_keys}insert into {table} ({names}) values ({new}) on conflict ({conflict}) do update set {same}; end""",  # noqa: S608, E501  # names of the schema
        f"{view}_update": f"""create trigger if not exists {view}_update instead of update on {view} begin
            {add_keys}update {table} set {kept} where {this}; end""",  # noqa: S608  # names of the schema
        f"{view}_delete": f"""create trigger if not exists {view}_delete instead of delete on {view} begin
            delete from {table} where {this}; end""",  # noqa: S608  # names of the schema
    }
