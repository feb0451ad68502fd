"""Forms in which columns of large tables are stored, and the views that spell them out.

A time of 20 characters is stored as an integer, a hash as bytes, a text that thousands of rows share as its key in
``shared_texts``. A value that does not have the expected form is stored as it is: the type of the cell tells which of
the two it holds, so that a view needs none of our code and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping

from catalog.db.schema.forms import Form
from catalog.db.schema.kinds import ColumnSpec, TableSpec, c

__all__ = ["TABLES", "instead", "spelled", "stored_columns", "view_sql"]


_KEPT = {form: "blob" if form is Form.HEX else "integer" for form in Form}
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

    ``forms``: the columns that are stored in a short form, by name. Such a column is declared as ``bytes``, which gives
    it no type affinity in SQLite; its cells hold integers, bytes or texts.
    """
    return {name: c(bytes, spec.description) if name in forms else spec for name, spec in columns.items()}


def spelled(name: str, forms: Mapping[str, Form]) -> str:
    """Return an SQL expression for the full value of the column ``name``, for example of an instant as a text.

    ``forms``: the columns that are stored in a short form, by name. The expression for any other column is its name.
    """
    if (form := forms.get(name)) is None:
        return f"[{name}]"
    return f"case typeof([{name}]) when '{_KEPT[form]}' then {form.value.format(f'[{name}]')} else [{name}] end"


def view_sql(spec: TableSpec) -> str:
    """Return the query of a view that shows rows of the table ``spec.stored_in`` with their full values.

    It is no join, so that SQLite reads it by the indexes of the table, on the right of an outer join too.
    """
    told = ", ".join(f"{spelled(name, spec.forms)} as [{name}]" for name in spec.columns)
    return f"select {told} from [{spec.stored_in}] where {spec.stored_where}"  # noqa: S608  # names of the schema


def instead(view: str, spec: TableSpec) -> dict[str, str]:
    """Return the SQL of triggers, by name, through which ``insert`` and ``update`` write to a view as if it was a
    table.

    ``view``: name of the view. ``spec``: its declaration. A value is stored as it is given; our own code writes with
    :meth:`catalog.db.store.Catalog.upsert`, which stores the short form.
    """
    columns, pk, table = spec.columns, spec.pk, spec.stored_in
    names = ", ".join(f"[{name}]" for name in columns)
    new = ", ".join(f"new.[{name}]" for name in columns)
    same = ", ".join(f"[{name}] = excluded.[{name}]" for name in columns if name != pk)
    # A column that stays the same keeps its form, so that no trigger takes it for changed.
    kept = ", ".join(f"[{name}] = iif(new.[{name}] is old.[{name}], [{name}], new.[{name}])" for name in columns)
    return {
        f"{view}_insert": f"""create trigger if not exists {view}_insert instead of insert on {view} begin
            insert into {table} ({names}) values ({new}) on conflict ([{pk}]) do update set {same}; end""",  # noqa: S608  # names of the schema
        f"{view}_update": f"""create trigger if not exists {view}_update instead of update on {view} begin
            update {table} set {kept} where [{pk}] = old.[{pk}]; end""",  # noqa: S608  # names of the schema
    }
