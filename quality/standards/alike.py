"""Validate each form of record once: what a standard says of a dataset is put together from what it says of its parts.

No shape of the standards looks from a distribution at its dataset, or from the dataset into a distribution. So the
dataset and each distribution are validated by themselves, once for each form (:mod:`quality.standards.forms`), and
the results are merged in the order in which a validation of the whole would yield them. Whatever this cannot do
safely is validated as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from catalog.model import Dataset
from catalog.rdf.terms import LITERAL, RdfTerm
from catalog.repositories.conformance import StandardResult
from catalog.repositories.reading import StoredDataset
from catalog.repositories.stored_parts import StoredParts
from quality.evidence.by_column import FactsOfRows
from quality.standards.forms import LOOKS, form_of_dataset, form_of_distribution
from quality.standards.graphs import Statements, applies, compiled, statements, told, violation
from quality.standards.judge import conformance
from quality.standards.result import Violation, summary
from quality.standards.shacl import Result

__all__ = ["FormBook", "Forms"]

MOST = 50_000
"""Forms that are remembered; then the book begins anew, to bound its memory."""
_DATASET, _PUBLISHER, _PART = "\ue000d\ue001", "\ue000p\ue001", "\ue000x\ue001"
"""Stand for the ids of the dataset, its publisher and the distribution in what is remembered."""
_MARK = re.compile("\ue000([dp]|[0-9]+)\ue001")
_WITHOUT_VALUE = ("minCount", "maxCount", "hasValue", "or")
"""Constraints whose sentence quotes no value."""

Forms = tuple[Hashable, ...]
"""The forms of the distributions of a dataset, in their order."""
_Graph = tuple[Statements, frozenset[RdfTerm]]
"""The statements about a dataset or a distribution, and the nodes in them that are its own."""
_Found = list[tuple[int, Violation]] | None
"""Violations, each after the place of its shape; None if the whole must be validated."""


class FormBook:
    """A cache of validation results for SHACL standards, so that equal records are validated only once.

    The key is the form of a record: everything in it that decides which requirements of a standard it violates (see
    :mod:`quality.standards.forms`).
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._found: dict[tuple[int, bool, str], _Found] = {}
        self._graphs: dict[tuple[int, bool], _Graph] = {}
        """Those of the dataset that is judged, for all standards."""
        self._rows = FactsOfRows(LOOKS)
        self._whole: dict[tuple[str, int, tuple[int, ...]], StandardResult | None] = {}

    def forms(self, batch: Sequence[StoredDataset]) -> Iterator[Forms]:
        """Yield the forms of the distributions of each dataset of ``batch``, in their order. Pass them to
        :meth:`judge`."""
        rows = [row for one in batch if isinstance(one.distributions, StoredParts) for row in one.distributions.rows]
        by_column = self._rows.of(rows)
        for one in batch:
            parts = one.distributions
            if isinstance(parts, StoredParts):
                yield tuple(islice(by_column, len(parts)))
            else:
                yield tuple([form_of_distribution(part.distribution) for part in parts])

    def judge(
        self, stored: StoredDataset, standards: Sequence[str], forms: Forms | None = None
    ) -> dict[str, StandardResult | None]:
        """Return the results of validating the dataset ``stored`` against SHACL standards, by standard.

        Of ``standards``, those that do not apply to the dataset are left out. ``forms``: those of its distributions, as
        :meth:`forms` yields them; None means that they are determined here. Usually the result is composed from the
        cached results for the dataset itself and for each of its distributions. The value is None for a standard for
        which that is not possible; then validate the dataset as a whole. Call it only for records that the portal did
        not send as RDF.
        """
        if max(len(self._numbers), len(self._whole)) > MOST:
            self.__init__()  # type: ignore[misc]
        self._graphs.clear()
        whole = stored.dataset
        own = self._number(("dataset", form_of_dataset(stored)))
        inherited = self._number(("licence", whole.licence, whole.licence_title))
        forms = next(self.forms([stored])) if forms is None else forms
        parts = tuple([self._number((inherited, form)) for form in forms])
        found: dict[str, StandardResult | None] = {}
        for standard in standards:
            if applies(stored, standard):
                key = (standard, own, parts)
                if key not in self._whole:
                    self._whole[key] = self._judge_whole(stored, standard, own, parts)
                known = self._whole[key]
                found[standard] = known and _named(known, stored)
        return found

    def _number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _judge_whole(
        self, stored: StoredDataset, standard: str, own: int, parts: Sequence[int]
    ) -> StandardResult | None:
        if stored.dataset.data_services or compiled(standard).others:
            return None
        of_dataset = self._of(stored, standard, own, None)
        of_parts = [self._of(stored, standard, number, at) for at, number in enumerate(parts)]
        if of_dataset is None or any(found is None for found in of_parts):
            return None
        merged = list(of_dataset)
        for at, found in enumerate(of_parts):
            mark = f"\ue000{at}\ue001"
            merged += [
                (place, replace(one, node=one.node.replace(_PART, mark)) if _PART in one.node else one)
                for place, one in found or ()
            ]
        # The sort is stable: within a shape first the nodes of the dataset, then those of each distribution.
        merged.sort(key=lambda pair: pair[0])
        return summary(conformance(standard, tuple([one for _, one in merged])))

    def _of(self, stored: StoredDataset, standard: str, number: int, at: int | None) -> _Found:
        """Return what a standard says of the dataset itself, or of its distribution ``at``."""
        key = (number, at is None and bool(stored.distributions))
        if (*key, standard) not in self._found:
            if key not in self._graphs:
                self._graphs[key] = _graph_of_dataset(stored) if at is None else _graph_of_part(stored, at)
            self._found[(*key, standard)] = _kept(*self._graphs[key], standard)
        return self._found[(*key, standard)]


def _graph_of_dataset(stored: StoredDataset) -> _Graph:
    marked = _marked(stored, stored.dataset, stored.distributions[:1])
    of = statements(marked)
    if not stored.distributions:
        return of, frozenset(of.graph.nodes)
    return of, frozenset(statements(replace(marked, distributions=())).graph.nodes)


def _graph_of_part(stored: StoredDataset, at: int) -> _Graph:
    whole = stored.dataset
    bare = Dataset(identifier=whole.identifier, licence=whole.licence, licence_title=whole.licence_title)
    marked = _marked(stored, bare, stored.distributions[at : at + 1])
    of = statements(marked)
    return of, frozenset(of.graph.nodes) - frozenset(statements(replace(marked, distributions=())).graph.nodes)


def _marked(stored: StoredDataset, whole: Dataset, parts: Sequence[Any]) -> StoredDataset:
    named = tuple(replace(part, id=_PART) for part in parts)
    publisher = _PUBLISHER if stored.publisher_id else None
    return replace(stored, id=_DATASET, publisher_id=publisher, dataset=whole, distributions=named)


def _kept(of: Statements, own: frozenset[RdfTerm], standard: str) -> _Found:
    """Return the violations by the nodes ``own``; None if one says something that the form does not tell."""
    found = []
    for at, result in told(of, standard):
        if result.focus not in of.graph.nodes:
            return None
        if result.focus in own:
            one = violation(result, of, standard)
            if not _is_told_by_form(result, one):
                return None
            found.append((at, one))
    return found


def _is_told_by_form(result: Result, one: Violation) -> bool:
    """Return whether a violation is the same for all records of a form: an address that it quoted would not be."""
    quotes = result.component not in _WITHOUT_VALUE and not result.shape.message
    is_literal = result.value is not None and result.value.kind == LITERAL
    return (not quotes or is_literal) and "\ue000" not in one.message and len(one.node) < 250


def _named(known: StandardResult, stored: StoredDataset) -> StandardResult:
    """Return the results with the ids of a dataset in place of the marks."""
    if not any("\ue000" in one.get("node", "") for one in known.results):
        return known

    def id_of(mark: re.Match[str]) -> str:
        if mark[1] == "d":
            return stored.id
        return str(stored.publisher_id) if mark[1] == "p" else stored.distributions[int(mark[1])].id

    results = [one | {"node": _MARK.sub(id_of, one["node"])} if "node" in one else one for one in known.results]
    return replace(known, results=results)
