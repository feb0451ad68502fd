"""Read columns of a query in parts, as arrays of numbers: a text is stored once, and each row holds its number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coder", "Codes", "Column", "Flags", "Numbers"]

Numbers = NDArray[np.signedinteger[Any]]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Codes:
    """One text for each finding, dataset or file, such as a host, where each different text is stored only once.

    ``names``: the different texts. ``codes``: for item number n the index of its text in ``names``, so
    ``names[codes[n]]`` is the text; -1 if the item has no text.
    """

    codes: Numbers
    names: Sequence[str]


class Column:
    """Integers that are read in parts, and held as arrays of ``dtype``."""

    def __init__(self, dtype: type[np.signedinteger[Any]] = np.int64) -> None:
        self._dtype = dtype
        self._parts: list[Numbers] = []

    def add(self, values: Iterable[int]) -> None:
        """Append the integers ``values`` behind those that were added before."""
        self._parts.append(np.fromiter(values, dtype=self._dtype))

    def whole(self) -> Numbers:
        """Concatenate all integers added so far into one array of shape (values,), and return it."""
        return np.concatenate(self._parts) if self._parts else np.zeros(0, dtype=self._dtype)


class _Numbering(dict[str, int]):
    """Gives each new text the next number; an empty one has -1."""

    def __missing__(self, text: str) -> int:
        self[text] = number = len(self) - 1
        return number


class Coder:
    """Numbers texts in the order in which they first come.

    Each item, such as a finding, a dataset or a file, has one text, such as a host. Items are added in parts.
    """

    def __init__(self) -> None:
        # An empty text has a number of its own, from which all others are counted.
        self._numbers, self._codes = _Numbering({"": -1}), Column(np.int32)

    def add(self, texts: Iterable[str]) -> None:
        """Append the texts of the next items, such as the hosts of some files: one for each item, in their order. ""
        means that the item has no text.
        """
        self._codes.add(map(self._numbers.__getitem__, texts))

    def codes(self, order: Numbers | slice = slice(None)) -> Codes:
        """Return the texts of all items that were added, each different text stored once.

        ``order``: indexes of the items to return, in their order; by default all items as they were added.
        """
        return Codes(self._codes.whole()[order], [text for text in self._numbers if text])
