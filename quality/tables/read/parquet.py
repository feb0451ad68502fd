"""Read the first rows of a Parquet file as text, with pyarrow if that is installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from quality.confine import room_to_load
from quality.tables.limits import UnreadableError
from quality.tables.read.json_records import RecordTable

__all__ = ["read_parquet"]

_MOST_ROWS = 200_000
_MOST_CELLS = 500_000
_BATCH = 10_000
_INSTALL = "Parquet is read with pyarrow, which is not installed: pip install 'winnow-opendata[parquet]'"


def read_parquet(path: Path) -> RecordTable:
    """Return the first rows of a Parquet file as text: at most 200,000, and fewer if they have more than 500,000 cells.

    Raise UnreadableError if the file cannot be read, or the library pyarrow is not installed.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        with room_to_load():
            import pyarrow
            from pyarrow import parquet
    except ImportError as error:
        raise UnreadableError(_INSTALL) from error
    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    try:
        # One thread, no memory mapping, and no batch before it is needed.
        with parquet.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
            total = file.metadata.num_rows
            names = [str(name) for name in file.schema_arrow.names]
            most = min(_MOST_ROWS, max(1, _MOST_CELLS // max(1, len(names))))
            rows: list[list[str]] = []
            for batch in file.iter_batches(batch_size=min(_BATCH, most), use_threads=False):
                columns = [[_text(value) for value in column.to_pylist()] for column in batch.columns]
                rows.extend(map(list, zip(*columns, strict=True)))
                if len(rows) >= most:
                    break
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        # The library's message may quote content of the file.
        raise UnreadableError(f"it cannot be read as Parquet ({type(error).__name__})") from error
    return RecordTable(names, rows[:most], unit="records", is_sample=total > min(most, len(rows)))


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "isoformat"):
        text: str = value.isoformat()
        return text.removesuffix("T00:00:00")
    return str(value)
