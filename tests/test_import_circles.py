"""No module imports itself by way of others, nor within a function, nor only for its types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

import grimp

PACKAGES = ("specs", "catalog", "quality", "harvester")


def circle_of(imports: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the modules of one circle, the first of them again at its end; an empty list where there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_a_circle_is_found() -> None:
    circle = circle_of({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]})
    assert set(circle) == {"a", "b", "c"} and circle[0] == circle[-1]
    assert circle_of({"a": ["b", "c"], "b": ["c"], "c": []}) == []


def test_no_imports_run_in_a_circle() -> None:
    # Where two modules need each other's types, let one of them say in a Protocol what it needs.
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 500
    assert circle_of(imports) == []
