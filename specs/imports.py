"""Import only the needed parts of large libraries: the other parts would cost every process seconds.

Both functions change how imports work for all threads meanwhile; call them at the top, where modules are imported.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

__all__ = ["load_when_used", "without"]


@contextmanager
def without(*libraries: str) -> Iterator[None]:
    """Context manager in which importing any of ``libraries`` fails as if it were not installed.

    Use it around the import of a large library that works without ``libraries``, to save the time of importing them.
    Libraries that are already imported stay available.
    """
    hidden = [name for name in libraries if name not in sys.modules]
    for name in hidden:
        # Python treats this as a library that cannot be imported.
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


class _Deferred(ModuleType):
    """A module that executes at the first access to an attribute it does not have yet.

    importlib's LazyLoader executes at any access, and so at the second ``import`` statement that names the module.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            # The import system reads these without using the module.
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = ModuleType  # type: ignore[assignment]
        with _LOADED_WITHIN.pop(self.__name__)():
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)


_LOADED_WITHIN: dict[str, Callable[[], AbstractContextManager[object]]] = {}


def load_when_used(*modules: str, within: Callable[[], AbstractContextManager[object]] = nullcontext) -> None:
    """Delay the import of ``modules`` until an attribute of one of them is first used; then only that module is
    executed.

    Until then a statement that imports such a module costs almost nothing. Modules that are already imported, or not
    installed, are left unchanged. ``within``: function that returns a context manager; each module is executed inside
    one.
    """
    for name in modules:
        spec = find_spec(name) if name not in sys.modules else None
        if spec is None:
            continue
        made = module_from_spec(spec)
        made.__class__ = _Deferred
        sys.modules[name], _LOADED_WITHIN[name] = made, within
