"""SQL over the Parquet package with DuckDB, which can read nothing else and change nothing.

:func:`answer` runs in a child process that bounds its memory, time and output and may write no file; see
``winnow query``. DuckDB itself never opens a file: the tables are handed to it through pyarrow, its access to files,
networks and extensions is switched off, and after that its configuration is locked.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from catalog.exports.csvfile import guard
from catalog.parquet.columns import array_of
from catalog.parquet.package import all_tables
from catalog.parquet.partitions import NO_PORTAL, arrow_schema
from catalog.parquet.public_file import public_file

__all__ = ["ROWS_SHOWN", "answer"]

ROWS_SHOWN = 1_000
"""Rows of an answer in the form "table"."""
_LOCKED = (
    "set python_enable_replacements = false",
    "set temp_directory = ''",
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set allow_community_extensions = false",
    "set enable_external_access = false",
    "set lock_configuration = true",
)
"""Settings, in the order in which they can be made: after the last none can be changed."""
_CHUNK = 20_000


def answer(
    document: bytes,
    *,
    package: str | None,
    public: str | None,
    memory_mb: int,
    form: Literal["table", "csv", "json"],
) -> bytes:
    """Return the answer to an SQL query as UTF-8 text.

    ``document``: the query, one ``select`` (or ``explain``, ``describe``, ``show tables``) in DuckDB's SQL. Its tables
    are those of the package. ``package``: folder of the Parquet package; None reads the public file ``public`` instead.
    ``memory_mb``: memory for DuckDB. ``form``: "csv" with a header; "json" for a list of objects; or "table" for an
    object with columns, the first :data:`ROWS_SHOWN` rows as texts, and whether there are more. Raise ValueError if it
    is no such query, or if DuckDB refuses it.
    """
    import duckdb

    sql = document.decode("utf-8")
    with closing(duckdb.connect()) as database:
        database.execute(f"set memory_limit = '{int(memory_mb)}MB'")
        database.execute("set threads = 2")
        for name, data in (_of_package(Path(package)) if package else _of_public(str(public), sql)).items():
            database.register(name, data)
        for setting in _LOCKED:
            database.execute(setting)
        try:
            statements = database.extract_statements(sql)
            allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
            if len(statements) != 1 or statements[0].type not in allowed:
                raise ValueError("one select statement is expected; the tables cannot be changed, nor anything else")
            found = database.execute(statements[0])
            columns = [one[0] for one in found.description or ()]
            return {"csv": _csv, "json": _json, "table": _table}[form](columns, found)
        except (duckdb.Error, RuntimeError) as error:
            raise ValueError(str(error).strip()) from error


def _of_package(folder: Path) -> dict[str, Any]:
    """Return the tables of a package by name; the column ``portal`` is the folder that a row is in."""
    import pyarrow as pa
    from pyarrow import dataset

    hive = dataset.partitioning(pa.schema([("portal", pa.string())]), flavor="hive")
    return {
        table.name: dataset.dataset(
            # Named one by one: beside them may lie a file that is being written.
            files,
            format="parquet",
            partitioning=hive if [*table.glob("portal=*")] else None,
            partition_base_dir=str(table),
        )
        for table in sorted(folder.iterdir())
        if (files := [str(path) for path in sorted(table.glob("**/*.parquet"))])
    }


def _of_public(public: str, sql: str) -> dict[str, Any]:
    """Return the tables that are named in a query, read from the public file; the others without rows."""
    import pyarrow as pa

    words = {word.lower() for word in re.findall(r"\w+", sql)}
    found = {}
    with public_file(Path(public), is_immutable=True) as opened:
        opened.execute("pragma temp_store = memory")
        for name, table in all_tables().items():
            schema, batches = arrow_schema(table), []
            if name in words:
                cursor = opened.execute(table.sql) if table.rows is None else None
                rows = cursor if cursor is not None else iter((table.rows or list)())
                while chunk := [row for _, row in zip(range(_CHUNK), rows, strict=False)]:
                    values = [*zip(*chunk, strict=True)]
                    arrays = [array_of(v, c, name) for v, c in zip(values[1:], table.columns, strict=True)]
                    if table.portal:
                        arrays.append(pa.array([portal or NO_PORTAL for portal in values[0]], pa.string()))
                    batches.append(arrays)
            names = [*schema.names, *(["portal"] if table.portal else [])]
            full = schema.append(pa.field("portal", pa.string())) if table.portal else schema
            made = [pa.RecordBatch.from_arrays(arrays, names=names) for arrays in batches]
            found[name] = pa.Table.from_batches([one.cast(full) for one in made], full)
    return found


def _rows(found: Any) -> Any:
    while chunk := found.fetchmany(_CHUNK):
        yield from chunk


def _csv(columns: list[str], found: Any) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in _rows(found))
    return text.getvalue().encode()


def _json(columns: list[str], found: Any) -> bytes:
    if twice := next((name for name in columns if columns.count(name) > 1), None):
        raise ValueError(f"two columns are called {twice}: in JSON one would be lost; rename one with AS")
    rows = (_object(dict(zip(columns, row, strict=True))) for row in _rows(found))
    return "[{}]\n".format(",\n ".join(rows)).encode()


def _object(row: dict[str, Any]) -> str:
    try:
        return json.dumps(row, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(row), ensure_ascii=False, default=str)


def _finite(value: Any) -> Any:
    """Return a value with null in place of what is no number or infinite, for which JSON has no word."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value


def _table(columns: list[str], found: Any) -> bytes:
    rows = found.fetchmany(ROWS_SHOWN + 1)
    shown = [["" if value is None else str(_plain(value)) for value in row] for row in rows[:ROWS_SHOWN]]
    return json.dumps({"columns": columns, "rows": shown, "has_more": len(rows) > ROWS_SHOWN}).encode()


def _cell(value: Any) -> Any:
    plain = _plain(value)
    return guard(plain) if isinstance(plain, str) else plain


def _plain(value: Any) -> Any:
    """Return a value of an answer as a cell: an instant and a day in ISO 8601, a list or object as JSON."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value
