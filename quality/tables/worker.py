"""The child of :mod:`.pool`: reads tasks from stdin, writes reports to stdout, ends when stdin ends.

Run as ``python -m quality.tables.worker <memory in bytes> <process id of the parent>``.
"""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

from catalog.model import TableReport
from quality.confine import bound_memory, confine, own_channel
from quality.tables.wire import dump_report, parse_task
from specs.imports import without

_LATER_BYTES = 512 * 1024**2
"""Of address space for the text of pyarrow or GDAL, where a file needs them."""


def main(memory_bytes: int, parent_id: int) -> None:
    out, source = own_channel()
    tasks = os.fdopen(source, "rb")
    if not confine(memory_bytes, parent_id):
        return
    # pandas would load pyarrow where it is installed: 60 MB, of which most files have no use.
    with without("pyarrow"):
        from quality.catalogue import judge_file as judge_catalogue
        from quality.tables.inspect import inspect
        from quality.tables.judge import Asked

    bound_memory(memory_bytes, is_mapped_text_free=True, later_bytes=_LATER_BYTES)
    os.write(out, b'{"ready": true}\n')
    for line in tasks:
        task = parse_task(line)
        if task.is_catalogue:
            _send(out, judge_catalogue(task.path))
            continue
        report = inspect(
            task.path,
            declared_format=task.declared_format,
            declared_media_type=task.declared_media_type,
            declared_charset=task.declared_charset,
            is_truncated=task.is_truncated,
            max_rows=task.max_rows,
            asked=Asked(
                title=task.title,
                file_name=task.file_name,
                today=date.fromisoformat(task.today) if task.today else None,
                previous=task.previous,
                schema_path=task.schema_path,
                siblings={name: Path(path) for name, path in task.siblings.items()},
                is_sample=task.is_truncated,
                unpacked_bytes=task.unpacked_bytes,
            ),
        )
        _send(out, report)


def _send(out: int, report: TableReport) -> None:
    message = dump_report(report)
    while message:
        message = message[os.write(out, message) :]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
