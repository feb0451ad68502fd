"""Read JSON-stat (https://json-stat.org/full/): turn a cube of values into rows of categories and value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, TypeGuard

__all__ = ["cells_of_json_stat"]

_MOST_CELLS = 500_000


def cells_of_json_stat(document: Mapping[str, Any]) -> tuple[list[str], list[list[str]]] | None:
    """Return the names of columns and the rows of a dataset in JSON-stat 1 or 2.

    None if the document is not JSON-stat or contradicts itself, or if it has fewer than 2 or more than 500,000 cells.
    """
    cube: Any = document if document.get("class") == "dataset" else _bundled(document)
    if not isinstance(cube, dict):
        return None
    dimensions = cube.get("dimension")
    if not isinstance(dimensions, dict):
        return None
    names, sizes = cube.get("id", dimensions.get("id")), cube.get("size", dimensions.get("size"))
    if not _are_words(names) or not isinstance(sizes, list) or len(sizes) != len(names):
        return None
    categories = [_categories(dimensions.get(name)) for name in names]
    if any(found is None or str(len(found)) != str(size) for found, size in zip(categories, sizes, strict=True)):
        return None
    lengths = [len(found or ()) for found in categories]
    values, total = cube.get("value"), prod(lengths)
    if total > _MOST_CELLS or not isinstance(values, list | dict) or total < 2:
        return None
    if isinstance(values, list) and len(values) != total:
        return None
    rows = []
    for at, cell in enumerate(product(*(found or () for found in categories))):
        value = values[at] if isinstance(values, list) else values.get(str(at))
        rows.append([*cell, "" if value is None else str(value)])
    return [*names, "value"], rows


def _bundled(document: Mapping[str, Any]) -> Any:
    """Return the only dataset of a bundle, as JSON-stat 1 writes it."""
    cubes = [one for one in document.values() if isinstance(one, dict) and {"dimension", "value"} <= set(one)]
    return cubes[0] if len(cubes) == 1 and len(document) == 1 else None


def _are_words(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and bool(value) and all(type(one) is str for one in value)


def _categories(dimension: Any) -> Sequence[str] | None:
    """Return the categories of a dimension in their order: their labels if these are distinct, else their ids."""
    category = dimension.get("category") if isinstance(dimension, dict) else None
    if not isinstance(category, dict):
        return None
    index, labels = category.get("index"), category.get("label")
    labels = labels if isinstance(labels, dict) else {}
    if isinstance(index, dict):
        try:
            ids = sorted(index, key=lambda key: int(index[key]))
        except (TypeError, ValueError):
            return None
    else:
        ids = list(index) if _are_words(index) else list(labels)
    said = [str(labels.get(one, one)) for one in ids]
    return said if len(set(said)) == len(said) else ids
