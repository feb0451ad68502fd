"""Group the findings of a portal to causes: findings of one rule with one root, which one fix removes.

A group of datasets or files (all of a portal, of a harvest source, of a server, of a publisher, ...) is a cause only
if its root is proved. Either nearly everything in the group fails, and that would hardly happen if the group were no
different from the rest; or all its members have the same wrong value, or are on the same server that does not answer.
Levels are tried from the widest to the narrowest, and what nothing explains stays single: a false cause would accuse.
``specs/causes.toml`` declares the rules, levels and limits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from catalog.repositories.cause_facts import CauseFacts, Codes, Flags, Numbers
from quality.findings.cause_groups import Groups
from specs.causes import CauseClass, Level, cause_rules

__all__ = ["CauseKey", "Grouped", "causes_of", "chance_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseKey:
    """What identifies a cause within its portal: rule and root, not its members."""

    rule_id: str
    level: Level
    value: str
    """The source, server, publisher (its id), pattern, or server or publisher with a format ("cdn.example.org SHP");
    "" for the whole portal."""
    split: str
    """The value, fault or defect that its findings share; "" if the field is just missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """A cause: its key, its findings, and the counts that prove it."""

    key: CauseKey
    members: Numbers
    """Indexes of its findings."""
    failing: int
    """Datasets or files of its group that fail."""
    applicable: int
    """Datasets or files of its group that the rule applies to."""
    rest_failing: int
    """The same outside the group."""
    rest_applicable: int
    publisher: str | None
    """Id of the publisher of all its members, or None if they have several or none."""


def causes_of(facts: CauseFacts, kept: Collection[CauseKey] = ()) -> list[Grouped]:
    """Return the causes of a portal's findings; a finding that is in none of them stays single.

    ``kept``: causes that stood before. They are kept as long as more than half of their group still fails, so that a
    cause does not come and go with one dataset.
    """
    found: list[Grouped] = []
    order = np.argsort(facts.rule, kind="stable")
    ends = np.searchsorted(facts.rule[order], np.arange(len(facts.rules) + 1))
    stood = set(kept)
    groups = {of_file: Groups(facts, is_of_file=of_file) for of_file in (False, True)}
    for number, rule_id in enumerate(facts.rules):
        one = cause_rules().class_of(rule_id)
        rows = order[ends[number] : ends[number + 1]]
        if one is None or not len(rows):
            continue
        # A rule is asked of datasets or of files; what is about something else stays single.
        is_of_file = len(facts.applies[rule_id]) == len(facts.file_dataset) and bool((facts.file[rows] >= 0).any())
        rows = rows[(facts.file[rows] >= 0) == is_of_file]
        for split, strand in _strands(facts, one, rows):
            finder = _Finder(groups[is_of_file], one, rule_id, split, strand)
            found += finder.causes(stood)
    return found


def _strands(facts: CauseFacts, one: CauseClass, rows: Numbers) -> Iterator[tuple[str, Numbers]]:
    """Yield the findings of a rule by what divides them; too few with the same value are left out."""
    if one.split is None:
        yield "", rows
        return
    # A defect is a rule and a column: all columns with the defect are one strand, unless the rule is about a dataset.
    texts = [_defect(text) if one.split == "defect" else text for text in facts.splits]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    codes = np.array([numbers[text] for text in texts], dtype=np.int64)[facts.split[rows]]
    order = np.argsort(codes, kind="stable")
    names = list(numbers)
    for part in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        if len(part) < min(one.minimum, 3) or not len(part):
            continue
        yield names[codes[part[0]]], rows[part]


def _defect(text: str) -> str:
    return text.split(":", 1)[0]


class _Finder:
    """Looks for the causes of findings of one rule with one split, level by level."""

    def __init__(self, groups: Groups, one: CauseClass, rule_id: str, split: str, rows: Numbers) -> None:
        facts = self.facts = groups.facts
        self.groups, self.one, self.rule_id, self.split, self.rows = groups, one, rule_id, split, rows
        self.subject = facts.file[rows] if groups.is_of_file else facts.dataset[rows]
        size = groups.size
        self.fails = np.zeros(size, dtype=bool)
        self.fails[self.subject] = True
        self.applies: Flags = facts.applies[rule_id] | self.fails
        self.publisher = groups.publisher
        self.is_explained = np.zeros(size, dtype=bool)

    def causes(self, kept: Collection[CauseKey]) -> list[Grouped]:
        found: list[Grouped] = []
        is_document = self.split.rsplit(" ", 1)[-1].upper() in self.one.not_values
        for level in self.one.levels:
            if is_document and level != "series":
                continue
            if not (self.fails & ~self.is_explained).any():
                break
            here = list(self._at(level, kept))
            found += _joined(here) if level == "batch" else here
        return found

    def _at(self, level: Level, kept: Collection[CauseKey]) -> Iterator[Grouped]:
        groups = self._groups(level)
        size = len(groups.names)
        is_in = groups.codes >= 0
        applicable = np.bincount(groups.codes[is_in & self.applies], minlength=size)
        failing = np.bincount(groups.codes[is_in & self.fails], minlength=size)
        kept_here = {
            key.value for key in kept if (key.rule_id, key.level, key.split) == (self.rule_id, level, self.split)
        }
        # Once a group is explained, it is no part of the rest that the next group is compared with.
        for at in np.lexsort((np.arange(size), -failing)):
            if failing[at] == 0:
                break
            key = CauseKey(rule_id=self.rule_id, level=level, value=groups.names[at], split=self.split)
            inside = groups.codes == at
            open_here = self.fails & inside & ~self.is_explained
            if not open_here.any():
                continue
            share = failing[at] / applicable[at]
            is_kept = (_owner(key.value) if level == "batch" else key.value) in kept_here and (
                self.one.is_same_value_enough or share > cause_rules().kept_share
            )
            if not is_kept:
                is_proved = self._is_proved(level, inside, int(failing[at]), int(applicable[at]))
                if not is_proved or open_here.sum() < (1 if level == "portal" else self.one.minimum):
                    continue
            outside = self.applies & ~inside
            chosen = self.rows[open_here[self.subject]]
            self.is_explained |= open_here
            yield Grouped(
                key=key,
                members=chosen,
                failing=int(failing[at]),
                applicable=int(applicable[at]),
                rest_failing=int((self.fails & outside).sum()),
                rest_applicable=int(outside.sum()),
                publisher=self._publisher_of(open_here),
            )

    def _is_proved(self, level: Level, inside: Flags, failing: int, applicable: int) -> bool:
        if failing < self.one.minimum:
            return False
        if self.one.is_same_value_enough:
            return True
        if failing / applicable < cause_rules().share:
            return False
        if self.one.root == "host" or level == "portal":
            # The same server, or everything there is: there is nothing to compare it with.
            return True
        here = inside & ~self.is_explained
        rest = ~inside & ~self.is_explained & self.applies
        chance = chance_of(
            int((here & self.fails).sum()), int((here & self.applies).sum()), int((rest & self.fails).sum()),
            int(rest.sum()),
        )  # fmt: skip
        return chance <= cause_rules().chance

    def _publisher_of(self, chosen: Flags) -> str | None:
        codes = np.unique(self.publisher[chosen])
        return self.facts.publisher.names[codes[0]] if len(codes) == 1 and codes[0] >= 0 else None

    def _groups(self, level: Level) -> Codes:
        # A server is the root itself where addresses fail: it need not be shared by several publishers.
        return self.groups.at("server" if level == "host" and self.one.root == "host" else level)


def _owner(name: str) -> str:
    return name.rsplit(" ", 1)[0]


def _joined(days: Sequence[Grouped]) -> list[Grouped]:
    """Join the days of one server or publisher to one cause: on all of them the same import left the field out."""
    found: dict[str, list[Grouped]] = {}
    for one in days:
        found.setdefault(_owner(one.key.value), []).append(one)
    return [
        Grouped(
            key=replace(parts[0].key, value=owner),
            members=np.concatenate([one.members for one in parts]),
            failing=sum(one.failing for one in parts),
            applicable=sum(one.applicable for one in parts),
            rest_failing=parts[0].rest_failing + parts[0].failing - sum(one.failing for one in parts),
            rest_applicable=parts[0].rest_applicable + parts[0].applicable - sum(one.applicable for one in parts),
            publisher=parts[0].publisher if len({one.publisher for one in parts}) == 1 else None,
        )
        for owner, parts in found.items()
    ]


def chance_of(failing: int, applicable: int, rest_failing: int, rest_applicable: int) -> float:
    """Return an upper bound of the chance that at least ``failing`` of ``applicable`` fail if each fails as often as
    in the rest.

    It is Chernoff's bound for the binomial distribution, exact where all fail; 1.0 if the group fails no more often
    than the rest. A rest with few members is taken as one failure and one success more (rule of succession).

    >>> chance_of(10, 10, 50, 100) < 0.01 < chance_of(4, 4, 50, 100)
    True
    >>> round(chance_of(10, 10, 100, 100), 2)
    0.91
    """
    if not applicable:
        return 1.0
    usual = (rest_failing + 1) / (rest_applicable + 2)
    share = failing / applicable
    if share <= usual:
        return 1.0
    distance = share * log(share / usual)
    if share < 1:
        distance += (1 - share) * log((1 - share) / (1 - usual))
    return exp(-applicable * distance)
