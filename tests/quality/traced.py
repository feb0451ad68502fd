"""Record which attributes of a subject each metric reads, by copies of its parts that note every look at them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from catalog.repositories.subjects import DistributionSubject
from quality.evidence import periods
from quality.evidence.subject import DatasetSubject
from quality.findings.verdicts import open_definition
from quality.metrics import functions

__all__ = ["reads"]

_LOOKS: set[str] = set()
"""The attributes read since it was emptied, such as "dataset.title"."""
_LEADS_ON = frozenset({
    "whole.dataset", "whole.distributions", "part.dataset", "part.distribution", "part.access_check",
    "part.download_check", "part.table", "dataset.contact", "dataset.publisher", "table.profile", "table.defects",
})  # fmt: skip
"""Attributes that are traced themselves; the keys tell apart whether they are None."""
_RECOGNISED = ("licence", "declared_format", "served_format")
"""What a distribution remembers once it was asked, and a kind of distributions stores."""


class _Profile(dict[str, Any]):
    """The profile of a table; an entry counts as an attribute."""

    def get(self, key: str, default: Any = None) -> Any:
        _LOOKS.add(f"profile.{key}")
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        _LOOKS.add(f"profile.{key}")
        return super().__getitem__(key)


@cache
def _tracing(kind: type, role: str) -> type:
    names = frozenset(field.name for field in fields(kind))

    def look(self: Any, name: str) -> Any:
        if name in names and f"{role}.{name}" not in _LEADS_ON:
            _LOOKS.add(f"{role}.{name}")
        return object.__getattribute__(self, name)

    parts: dict[str, Any] = {"__getattribute__": look, "__hash__": object.__hash__, "__eq__": object.__eq__}
    if kind is DistributionSubject:
        # Which of its checks is its own depends on whether it has a download URL, no more.
        parts["check"] = property(lambda self: object.__getattribute__(self, "own_check"))
    return type(f"Traced{kind.__name__}", (kind,), parts)


def _traced(one: Any, role: str, **changes: Any) -> Any:
    if one is None:
        return None
    kind = _tracing(type(one), role)
    made = object.__new__(kind)
    for field in fields(one):
        object.__setattr__(made, field.name, changes.get(field.name, getattr(one, field.name)))
    return made


def _dataset(one: Any) -> Any:
    people = {name: _traced(getattr(one, name), name) for name in ("contact", "publisher")}
    return _traced(one, "dataset", **people)


def _part(part: DistributionSubject, dataset: Any) -> Any:
    table = part.table
    if table is not None:
        defects = tuple(_traced(defect, "defect") for defect in table.defects)
        table = _traced(table, "table", defects=defects, profile=_Profile(table.profile))
    has_download = bool(part.distribution.download_url)
    download = _traced(part.download_check, "check" if has_download else "stray_check")
    access = _traced(part.access_check, "other_check" if has_download else "check")
    made = _traced(
        part, "part", dataset=dataset, distribution=_traced(part.distribution, "distribution"), table=table,
        access_check=access, download_check=download,
    )  # fmt: skip
    object.__setattr__(made, "own_check", download if has_download else access)
    return made


def _looks(ask: Callable[[Any], Any], subject: Any, parts: Iterable[Any]) -> set[str]:
    """Return what a function reads of a subject that nobody has asked anything yet."""
    for part in parts:
        for name in _RECOGNISED:
            vars(part).pop(name, None)
    for remembered in (periods.expectation, periods.last_change, periods._texts):
        remembered.cache_clear()
    _LOOKS.clear()
    ask(subject)
    return set(_LOOKS)


def reads(subjects: Iterable[DatasetSubject]) -> Mapping[str, Mapping[str, set[str]]]:
    """Return for "dataset" and "distribution" which metrics read each attribute, if asked of the given subjects.

    The verdict on the licence and what a kind of distributions stores count as metrics. ``check`` is the check of the
    address that counts, ``other_check`` that of the access URL beside a download URL, and ``stray_check`` that of a
    download URL which is no longer declared.
    """
    found: dict[str, dict[str, set[str]]] = {"dataset": defaultdict(set), "distribution": defaultdict(set)}
    of_parts: dict[str, Callable[[Any], Any]] = {
        **functions("distribution"), "open_definition": open_definition,
        "kind": lambda part: [getattr(part, name) for name in _RECOGNISED],
    }  # fmt: skip
    for subject in subjects:
        dataset = _dataset(subject.dataset)
        parts = tuple(_part(part, dataset) for part in subject.distributions)
        whole = _traced(subject, "whole", dataset=dataset, distributions=parts)
        for name, ask in functions("dataset").items():
            for look in _looks(ask, whole, parts):
                found["dataset"][look].add(name)
        for part in parts:
            for name, ask in of_parts.items():
                for look in _looks(ask, part, [part]):
                    found["distribution"][look].add(name)
    return found
