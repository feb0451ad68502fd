"""Look at the fields of thousands of distributions by column, so that each distinct value is looked at once.

A portal repeats itself: it has few formats, licences and dates of a day. A list of :data:`Looks` says what counts of a
distribution. It is applied to one object (:func:`facts_of`) or to stored rows (:class:`FactsOfRows`), with the same
result.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

from catalog.model import Distribution
from catalog.repositories.stored_parts import AT, PART

__all__ = ["FactsOfRows", "Looks", "facts_of"]

MOST = 50_000
"""Distinct values of a column that are remembered; then the column begins anew, to bound its memory."""

MOSTLY_DIFFERENT = frozenset({"title", "description", "access_url", "download_url"})
"""Fields whose values hardly repeat: to remember them takes longer than to look again."""

Looks = Sequence[tuple[str, Callable[..., Hashable] | None]]
"""Pairs: the names of one or more fields of a distribution, separated by blanks, and the function that takes their
values and returns what counts of them. In place of a function, None says that the value of the only field counts."""


def facts_of(d: Distribution, looks: Looks) -> tuple[Hashable, ...]:
    """Return what ``looks`` find of the distribution ``d``: one result for each look, in their order.

    A look is a pair: names of fields, and a function of their values whose result is taken. For a look without a
    function, the result is the value of its field. See :data:`Looks`.
    """
    return tuple(
        [
            getattr(d, names) if see is None else see(*[getattr(d, name) for name in names.split()])
            for names, see in looks
        ]
    )


class FactsOfRows:
    """The results of ``looks`` for stored distributions, remembered for each distinct value between calls.

    ``looks``: pairs of the names of fields and a function of their values, see :data:`Looks`. For each distribution,
    :meth:`of` gives the same as :func:`facts_of` for its object.
    """

    def __init__(self, looks: Looks) -> None:
        """Remember nothing yet. ``looks``: what is applied to each distribution."""
        self._looks = [([AT[name] for name in names.split()], _Seen(names.split(), see)) for names, see in looks]

    def of(self, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Hashable, ...]]:
        """Yield the results of all looks for each distribution.

        ``rows``: the distributions as rows of :class:`catalog.repositories.stored_parts.StoredParts`.
        """
        if not rows:
            return iter(())
        columns = list(zip(*rows, strict=True))
        found = [
            seen.all(columns[at[0]] if len(at) == 1 else list(zip(*(columns[one] for one in at), strict=True)))
            for at, seen in self._looks
        ]
        return zip(*found, strict=True)


class _Seen(dict[Any, Hashable]):
    """What counts of each value of a column, or of several columns, as far as it has occurred."""

    def __init__(self, names: Sequence[str], see: Callable[..., Hashable] | None) -> None:
        super().__init__()
        parsers = [PART.parsers[PART.columns.index(name)] for name in names]
        self._parse, self._see, self._is_one = parsers, see, len(names) == 1
        self._is_forgetful = see is not None and names[0] in MOSTLY_DIFFERENT

    def _look_at(self, stored: Any) -> Hashable:
        values = [
            value if parse is None else parse(value)
            for value, parse in zip((stored,) if self._is_one else stored, self._parse, strict=True)
        ]
        return values[0] if self._see is None else self._see(*values)

    def all(self, values: Sequence[Any]) -> Sequence[Hashable]:
        """Return what counts of each of ``values``."""
        if self._see is None and self._parse == [None]:
            return values
        if self._is_forgetful and self._see is not None:
            return list(map(self._see, values))
        if len(self) > MOST:
            self.clear()
        new = set(values).difference(self)
        if self._see is not None and self._parse == [None]:
            self.update(zip(new, map(self._see, new), strict=True))
        else:
            self.update((value, self._look_at(value)) for value in new)
        return [self[value] for value in values]
