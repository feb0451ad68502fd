"""Load Great Expectations when a table first needs it: most tables meet all expectations and never need it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING

from quality.confine import room_to_load
from specs.imports import without

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["great_expectations", "tell_when_loading"]

_loaded: ModuleType | None = None
_tell: Callable[[bool], None] | None = None


def tell_when_loading(tell: Callable[[bool], None]) -> None:
    """Set a function that is called when this process loads Great Expectations, which takes seconds.

    ``tell`` is called with True right before and with False right after. It replaces the function set before.
    """
    global _tell
    _tell = tell


def great_expectations() -> ModuleType:
    """Return the module :mod:`quality.tables.expect.gx`, which uses Great Expectations.

    The first call in a process imports that library and pandas, which takes seconds and 150 MB. Meanwhile the memory
    limit of the process is raised (see :func:`~quality.confine.room_to_load`); afterwards the data of the libraries
    count against it.
    """
    global _loaded
    if _loaded is None:
        tell = _tell or (lambda _: None)
        tell(True)
        # pandas would load pyarrow if that is installed: 60 MB that most files do not need.
        with room_to_load(), without("pyarrow"):
            from quality.tables.expect import gx

            gx.warm_up()
        _loaded = gx
        # A hundred thousand objects that stay: the collector need not walk through them after every table.
        gc.collect()
        gc.freeze()
        tell(False)
    return _loaded
