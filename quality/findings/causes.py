"""Group the findings of a portal to causes: findings of one rule with one root, which one fix removes.

A group of datasets or files (all of a portal, of a harvest source, of a server, of a publisher, ...) is a cause only
if its root is proved. Either nearly everything in the group fails, and that would hardly happen if the group were no
different from the rest; or all its members have the same wrong value, or are on the same server that does not answer.
Levels are tried from the widest to the narrowest, and what nothing explains stays single: a false cause would accuse.
``specs/causes.toml`` declares the rules, levels and limits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from catalog.repositories.cause_facts import CauseFacts
from catalog.repositories.coded import Codes, Flags, Numbers
from quality.findings.cause_groups import Groups, groups_of
from specs.causes import CauseClass, Level, cause_rules

__all__ = ["CauseKey", "Grouped", "causes_of", "chance_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseKey:
    """The identity of a cause within its portal from run to run, whichever findings belong to it at the time.

    The fields are: the rule that is broken (``rule_id``); the ``level`` at which the cause lies, such as "publisher";
    the group at that level (``value``); and what the findings of the group have in common (``split``).
    """

    rule_id: str
    level: Level
    value: str
    """The name of the group: a source, server, publisher (its id), dataset (its id) or pattern of addresses, or a
    server or publisher with a format ("cdn.example.org SHP"); "" at the levels "portal" and "value"."""
    split: str
    """The value, fault, defect, format or text that all findings of the cause share; "" if the findings of the rule are
    not divided, for example because the field is just missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """A cause of findings: its identity, the findings, and the counts of failures inside and outside its group.

    Its group is the set of datasets or files that it concerns, such as all files of a server.
    """

    key: CauseKey
    members: Numbers
    """Indexes of its findings."""
    failing: int
    """Datasets or files of its group that fail."""
    applicable: int
    """Datasets or files of its group that the rule applies to."""
    rest_failing: int
    """Datasets or files outside its group that fail."""
    rest_applicable: int
    """Datasets or files outside its group that the rule applies to."""
    publisher: str | None
    """Id of the publisher of all its members, or None if they have several or none."""


def causes_of(
    facts: CauseFacts, kept: Collection[CauseKey] = (), divisions: Mapping[bool, Groups] | None = None
) -> list[Grouped]:
    """Return the common causes of a portal's findings. Findings without a common cause are in none of them.

    - ``facts``: findings of the portal, and its datasets and files, as arrays.
    - ``kept``: the causes that were known before this run. Such a cause is returned again, even if too little fails to
      prove a new one, as long as more than half of its group fails. Where the same wrong value alone proves a cause of
      the rule, it is returned as long as anything in its group fails. Otherwise a cause would come and go with a single
      dataset. Causes at the level "batch" have to be proved in every run.
    - ``divisions``: the groups of the same datasets (False) and files (True), if :func:`groups_of` has already been
      called for them.
    """
    found: list[Grouped] = []
    order = np.argsort(facts.rule, kind="stable")
    ends = np.searchsorted(facts.rule[order], np.arange(len(facts.rules) + 1))
    stood: dict[tuple[str, str, str], set[str]] = {}
    for key in kept:
        stood.setdefault((key.rule_id, key.level, key.split), set()).add(key.value)
    groups = divisions or groups_of(facts)
    for number, rule_id in enumerate(facts.rules):
        one = cause_rules().class_of(rule_id)
        rows = order[ends[number] : ends[number + 1]]
        if one is None or not len(rows):
            continue
        # A rule is asked of datasets or of files; what is about something else stays single.
        is_of_file = len(facts.applies[rule_id]) == len(facts.file_dataset) and bool((facts.file[rows] >= 0).any())
        rows = rows[(facts.file[rows] >= 0) == is_of_file]
        asked = _Asked(groups[is_of_file], one.root, facts.applies[rule_id])
        for split, strand in _strands(facts, one, rows):
            finder = _Finder(facts, asked, one, rule_id, split, strand)
            found += finder.causes(stood)
    return found


def _strands(facts: CauseFacts, one: CauseClass, rows: Numbers) -> Iterator[tuple[str, Numbers]]:
    """Yield the findings of a rule by what divides them; too few of one value, and those without any, are left out."""
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
        if text := names[codes[part[0]]]:
            yield text, rows[part]


def _defect(text: str) -> str:
    return text.split(":", 1)[0]


_Kept = Mapping[tuple[str, str, str], Collection[str]]
"""By rule, level and split: the values of the causes that were known before."""


@dataclass(frozen=True, slots=True)
class _Count:
    """How many datasets or files of a group fail, the rule applies to, and no wider cause explains yet."""

    failing: int
    applicable: int
    unexplained: int


class _Asked:
    """The datasets or files that a rule applies to, counted by group; the same for all values that divide it."""

    def __init__(self, groups: Groups, root: str, applies: Flags) -> None:
        self.groups, self.applies = groups, applies
        self._is_about_hosts = root == "host"
        self.whole = int(np.count_nonzero(applies))
        self._counts: dict[str, Numbers] = {}

    def at(self, level: Level) -> Codes:
        # A server is the root itself where addresses fail: it need not be shared by several publishers.
        return self.groups.at("server" if level == "host" and self._is_about_hosts else level)

    def counts(self, level: Level) -> Numbers:
        """Return for each group of a level how many of its datasets or files the rule applies to."""
        if level not in self._counts:
            groups = self.at(level)
            of_group = groups.codes[self.applies]
            self._counts[level] = np.bincount(of_group[of_group >= 0], minlength=len(groups.names))
        return self._counts[level]


class _Finder:
    """Looks for the causes of findings of one rule with one split, level by level."""

    def __init__(
        self, facts: CauseFacts, asked: _Asked, one: CauseClass, rule_id: str, split: str, rows: Numbers
    ) -> None:
        groups = asked.groups
        self.facts = facts
        self.groups, self.asked, self.one, self.rule_id, self.split, self.rows = (
            groups, asked, one, rule_id, split, rows
        )  # fmt: skip
        self.subject = facts.file[rows] if groups.is_of_file else facts.dataset[rows]
        self.failing: Numbers = np.unique(self.subject)
        self.unasked: Numbers = self.failing[~asked.applies[self.failing]]
        """What fails although the rule was not measured there; it counts as asked."""
        self.applicable = asked.whole + len(self.unasked)
        self.is_explained = np.zeros(groups.size, dtype=bool)
        self.explained = 0
        self.is_taken = np.zeros(groups.size, dtype=bool)

    def causes(self, kept: _Kept) -> list[Grouped]:
        found: list[Grouped] = []
        is_document = self.split.rsplit(" ", 1)[-1].upper() in self.one.not_values
        for level in self.one.levels:
            if is_document and level != "series":
                continue
            if self.explained == len(self.failing):
                break
            here = list(self._at(level, kept))
            found += _joined(here) if level == "batch" else here
        return found

    def _at(self, level: Level, kept: _Kept) -> Iterator[Grouped]:
        groups = self.asked.at(level)
        of_failing = groups.codes[self.failing]
        order = np.argsort(of_failing, kind="stable")
        numbers, starts, failing = np.unique(of_failing[order], return_index=True, return_counts=True)
        applicable = self._applicable(level, numbers)
        kept_here = kept.get((self.rule_id, level, self.split), ())
        chosen = []
        # Once a group is explained, it is no part of the rest that the next group is compared with.
        for at in np.lexsort((numbers, -failing)).tolist():
            if numbers[at] < 0:
                continue
            here = self.failing[order[starts[at] : starts[at] + failing[at]]]
            here = here[~self.is_explained[here]]
            if not len(here):
                continue
            count = _Count(int(failing[at]), int(applicable[at]), len(here))
            value = groups.names[numbers[at]]
            # The days of a batch are many: each has to be proved in every run, or the cause would grow by itself.
            is_kept = (
                level != "batch"
                and value in kept_here
                and (self.one.is_same_value_enough or count.failing > cause_rules().kept_share * count.applicable)
            )
            least = 1 if level == "portal" else self.one.minimum
            if is_kept or (self._is_proved(level, count) and len(here) >= least):
                self.is_explained[here] = True
                self.explained += len(here)
                chosen.append((value, int(numbers[at]), count))
        yield from self._grouped(level, groups, chosen)

    def _applicable(self, level: Level, numbers: Numbers) -> Numbers:
        """Return how many datasets or files of some groups the rule applies to. ``numbers``: of the groups, ascending;
        a first -1 stands for what is in none."""
        found = np.append(self.asked.counts(level), 0)[numbers]
        if len(self.unasked):
            of_unasked = self.asked.at(level).codes[self.unasked]
            found = found + np.bincount(np.searchsorted(numbers, of_unasked), minlength=len(numbers))
        return np.asarray(found)

    def _grouped(self, level: Level, groups: Codes, chosen: Sequence[tuple[str, int, _Count]]) -> Iterator[Grouped]:
        """Yield the chosen groups of a level with their findings: those whose subject no wider cause has."""
        if not chosen:
            return
        wanted = np.full(len(groups.names) + 1, -1, dtype=np.int64)
        wanted[[at for _, at, _ in chosen]] = np.arange(len(chosen))
        wanted[-1] = -1
        of_row = np.where(self.is_taken[self.subject], -1, wanted[groups.codes[self.subject]])
        order = np.argsort(of_row, kind="stable")
        ends = np.searchsorted(of_row[order], np.arange(len(chosen) + 1))
        for number, (value, _, count) in enumerate(chosen):
            rows = order[ends[number] : ends[number + 1]]
            self.is_taken[self.subject[rows]] = True
            yield Grouped(
                key=CauseKey(rule_id=self.rule_id, level=level, value=value, split=self.split),
                members=self.rows[rows],
                failing=count.failing,
                applicable=count.applicable,
                rest_failing=len(self.failing) - count.failing,
                rest_applicable=self.applicable - count.applicable,
                publisher=self._publisher_of(self.subject[rows]),
            )

    def _is_proved(self, level: Level, count: _Count) -> bool:
        least = cause_rules().narrow_minimum if level in ("format", "batch") else self.one.minimum
        if count.failing < least:
            return False
        if self.one.is_same_value_enough:
            return count.failing >= self.one.least_share * count.applicable
        if count.failing < cause_rules().share * count.applicable:
            return False
        if self.one.root == "host" or level == "portal":
            # The same server, or everything there is: there is nothing to compare it with.
            return True
        passing = count.applicable - count.failing
        chance = chance_of(
            count.unexplained,
            count.unexplained + passing,
            len(self.failing) - self.explained - count.unexplained,
            self.applicable - self.explained - count.unexplained - passing,
        )
        return chance <= cause_rules().chance

    def _publisher_of(self, subjects: Numbers) -> str | None:
        codes = np.unique(self.groups.publisher[subjects])
        return self.facts.publisher.names[codes[0]] if len(codes) == 1 and codes[0] >= 0 else None


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
    """Return an upper bound of the probability that so much of a group fails by accident, 0 to 1.

    In the group, ``failing`` of ``applicable`` fail; outside it, ``rest_failing`` of ``rest_applicable``. The result
    bounds the probability of at least ``failing`` failures if the group failed as often as the rest does. It is
    Chernoff's bound for the binomial distribution, which is exact if all of the group fail. It is 1.0 if the group
    fails no more often than the rest, or is empty.

    One failure and one success are added to the rest, so that a rest with few members proves little (rule of
    succession).

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
