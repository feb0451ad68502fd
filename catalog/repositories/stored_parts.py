"""The distributions of a stored dataset as rows, of which objects are made only when somebody asks for them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar, overload

from catalog.db.rows import row_reader
from catalog.model import Dataset, Distribution
from catalog.repositories.subjects import DistributionSubject

__all__ = ["AT", "PART", "DeclaredParts", "StoredParts"]

T_co = TypeVar("T_co", covariant=True)
PART = row_reader("distributions", Distribution)
"""The columns of a distribution that its record declares, and how an object is made of their values."""
_OTHERS = 2
"""Columns of a row that precede ``PART.columns``: the ids of the dataset and of the distribution."""
AT = {name: _OTHERS + at for at, name in enumerate(PART.columns)}
"""Position of each declared field in a row of :class:`StoredParts`."""
Row = tuple[Any, ...]


class _Made(Sequence[T_co]):
    """A sequence whose items are made at the first look at each."""

    __slots__ = ("_made",)

    def __init__(self, count: int) -> None:
        self._made: list[T_co | None] = [None] * count

    @abstractmethod
    def _make(self, at: int) -> T_co:
        """Return the item at the position ``at``, 0 or more."""

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, at: int) -> T_co: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, at: int | slice) -> T_co | tuple[T_co, ...]:
        if isinstance(at, slice):
            return tuple([self[one] for one in range(*at.indices(len(self._made)))])
        found = self._made[at]
        if found is None:
            found = self._made[at] = self._make(at % len(self._made))
        return found


class DeclaredParts(_Made[Distribution]):
    """What the record of a dataset declares of its distributions, in their order. It is used like a tuple."""

    __slots__ = ("rows",)

    def __init__(self, rows: Sequence[Row]) -> None:
        """Hold ``rows``: tuples of the id of the dataset, the id of the distribution, and the columns
        ``PART.columns``."""
        super().__init__(len(rows))
        self.rows = rows

    def _make(self, at: int) -> Distribution:
        return PART.read(self.rows[at][_OTHERS:])


class StoredParts(_Made[DistributionSubject]):
    """The distributions of a dataset with what was observed of them, in their order. It is used like a tuple.

    A large portal has hundreds of thousands of files, but few kinds of them. Whoever needs only some columns reads
    ``rows`` or calls :meth:`column`; neither makes objects.
    """

    __slots__ = ("_dataset", "_declared", "_observed", "as_of", "is_observed", "rows")

    def __init__(
        self,
        declared: DeclaredParts,
        dataset: Dataset,
        observed: Callable[[str, Distribution, Dataset], DistributionSubject],
        *,
        as_of: date | None,
        is_observed: bool,
    ) -> None:
        """Hold the distributions ``declared`` of the dataset ``dataset``.

        ``observed``: function that makes a distribution with what was observed of it. It takes the id of the
        distribution, what the record declares of it, and ``dataset``. ``as_of``: day for which
        ``observed`` measures; None if there is none. ``is_observed``: False promises that nothing was observed of any
        of them: no check, report or change, and no other file with the same bytes.
        """
        super().__init__(len(declared))
        self.rows, self.as_of, self.is_observed = declared.rows, as_of, is_observed
        self._declared, self._dataset, self._observed = declared, dataset, observed

    def _make(self, at: int) -> DistributionSubject:
        return self._observed(self.rows[at][1], self._declared[at], self._dataset)

    @property
    def ids(self) -> list[str]:
        """Return the ids of the distributions."""
        return [row[1] for row in self.rows]

    def column(self, name: str) -> list[Any]:
        """Return the values of a field that holds a text, one for each distribution; None where it is not declared.

        ``name``: the field of :class:`catalog.model.Distribution`.
        """
        at = AT[name]
        return [row[at] for row in self.rows]
