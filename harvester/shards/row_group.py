"""Read one row group of a Parquet file that another machine wrote: the child process of :func:`.part.read_rows`.

A child is started for each part, so this module imports nothing but pyarrow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["MAX_NUMBER", "ROWS_AT_ONCE", "rows_of"]

ROWS_AT_ONCE = 2_000
MAX_TEXT = 20_000
"""Characters of one text of a check: addresses may be long."""
MAX_LENGTHS = {"report": 4_000_000, "value": 120_000_000}
"""Characters of one text, at most, in columns whose texts may be longer: a report, or a record of a portal, as JSON."""
MAX_NUMBER = 2**53


def rows_of(path: Path, *, types: dict[str, str], group: int, most: int) -> tuple[int, list[list[Any]]]:
    """Return the number of row groups of the Parquet file ``path``, and the values of each column in the row group
    number ``group``. Runs in the child process of :func:`.part.read_rows`.

    A file without rows gives (0, []). Raise ValueError if the columns are not exactly ``types``, if the file has more
    than ``most`` rows, if a row group has more than ROWS_AT_ONCE (2,000), if a number is negative or too large, or if a
    text is too long.
    """
    from pyarrow import compute, parquet

    file = parquet.ParquetFile(path, memory_map=False)
    wanted = {"list": "list<element: string>", "json": "string"}
    if {one.name: str(one.type) for one in file.schema_arrow} != {n: wanted.get(k, k) for n, k in types.items()}:
        raise ValueError("its columns are not those of a part")
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    if file.metadata.num_rows > most or sum(sizes) > most:
        raise ValueError(f"it has {max(file.metadata.num_rows, sum(sizes)):,} rows, and the shard can have {most:,}")
    if any(size > ROWS_AT_ONCE for size in sizes):
        raise ValueError(f"it has a group of more than {ROWS_AT_ONCE:,} rows")
    if not sizes:
        return 0, []
    table = file.read_row_group(group, list(types))
    for name, column in zip(types, table.columns, strict=True):
        values = column.combine_chunks()
        if types[name] == "list":
            values = values.flatten()
        if types[name] == "int64":
            least, largest = compute.min_max(values).as_py().values()
            if least is not None and not 0 <= least <= largest < MAX_NUMBER:
                raise ValueError(f"a value of {name} is {least if least < 0 else largest}")
        elif types[name] != "bool":
            longest = compute.max(compute.utf8_length(values)).as_py()
            if (longest or 0) > (most_chars := MAX_LENGTHS.get(name, MAX_TEXT)):
                raise ValueError(f"a value of {name} is longer than {most_chars:,} characters")
    return len(sizes), [column.to_pylist() for column in table.columns]
