"""What Linux tells of a child process while it runs."""

from __future__ import annotations

import resource
from pathlib import Path

__all__ = ["resident_bytes", "waited_s"]


def waited_s(process_id: int) -> float:
    """Return for how many seconds a process has been ready to run while other programs had the processors; 0 on other
    systems than Linux, which do not tell, or if the process has ended.

    Only its first thread counts.
    """
    try:
        return int(Path(f"/proc/{process_id}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def resident_bytes(process_id: int) -> int:
    """Return the memory that a process has now, in bytes; 0 on other systems than Linux, which do not tell, or if the
    process has ended.
    """
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()
