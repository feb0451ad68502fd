"""Find the installed portal types: one folder each in ``harvester/spiders``."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["portal_types"]


@cache
def portal_types() -> tuple[str, ...]:
    """Return the installed portal types in alphabetical order. A type is a folder of ``harvester/spiders`` that holds a
    ``spider.py``; underscores in its name become hyphens.

    The harvester is located but not imported. Empty if it is not installed.
    """
    package = find_spec("harvester")
    roots = package.submodule_search_locations if package is not None else None
    found = (spider.parent.name for root in roots or () for spider in Path(root).glob("spiders/*/spider.py"))
    return tuple(sorted(name.replace("_", "-") for name in found))
