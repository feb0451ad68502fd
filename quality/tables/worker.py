"""The child process of :mod:`.pool`: reads tasks from stdin, writes reports to stdout, and ends when stdin ends.

Run as ``python -m quality.tables.worker <memory in bytes> <process id of the parent>``.
"""

from __future__ import annotations

import gc
import os
import sys

from quality.confine import bound_memory, confine, own_channel
from quality.tables.messages import LOADED, LOADING, CatalogueFile, DataDocs, dump_report, parse_task

_LATER_BYTES = 1024**3
"""Address space, in bytes, for the code of pyarrow, GDAL or Great Expectations, if a file needs them."""


def main(memory_bytes: int, parent_id: int) -> None:
    """Read tasks from stdin, inspect their files one after the other, and write the reports to stdout.

    ``memory_bytes`` limits the memory of this process. ``parent_id`` is the id of the process that started it; if that
    process is dead, return at once.
    """
    out, source = own_channel()
    tasks = os.fdopen(source, "rb")
    if not confine(memory_bytes, parent_id):
        return
    from quality.catalogue import judge_file as judge_catalogue
    from quality.tables.expect.data_docs import write_from_file
    from quality.tables.expect.engine import tell_when_loading
    from quality.tables.inspect import inspect

    tell_when_loading(lambda is_loading: _write(out, LOADING if is_loading else LOADED))
    # What is loaded now stays: the collector need not walk through it after every table.
    gc.collect()
    gc.freeze()
    bound_memory(memory_bytes, is_mapped_text_free=True, later_bytes=_LATER_BYTES)
    _write(out, b'{"ready": true}\n')
    for line in tasks:
        task = parse_task(line)
        match task:
            case CatalogueFile():
                report = judge_catalogue(task.path)
            case DataDocs():
                report = write_from_file(task)
            case _:
                report = inspect(task)
        _write(out, dump_report(report))


def _write(out: int, message: bytes) -> None:
    while message:
        message = message[os.write(out, message) :]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
