"""Find the installed portal types: one folder each in ``harvester/spiders``."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["portal_types"]


@cache
def portal_types() -> tuple[str, ...]:
    """Return the installed portal types in alphabetical order, with hyphens for the underscores of their folders.

    A folder of ``harvester/spiders`` that holds a ``spider.py`` is a type. The package is located but not imported,
    so the accepted types depend neither on a list kept here nor on the caller. Empty if the harvester is not
    installed.
    """
    package = find_spec("harvester")
    roots = package.submodule_search_locations if package is not None else None
    found = (spider.parent.name for root in roots or () for spider in Path(root).glob("spiders/*/spider.py"))
    return tuple(sorted(name.replace("_", "-") for name in found))
