"""The stage after scoring: find the causes of all findings, what each brings to whom, and what to fix first.

A cause is one fault, such as a broken server, that explains many findings of one rule and that one fix removes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from catalog.db.store import Catalog
from catalog.exports.cause_rows import fix_in_words
from catalog.repositories.cause_facts import CauseFacts, cause_facts
from catalog.repositories.causes import (
    Cause,
    StoredCause,
    cause_id,
    dataset_title,
    examples,
    keep_causes,
    publisher_names,
    stored_causes,
    write_causes,
)
from catalog.repositories.coded import Numbers
from catalog.repositories.disputes import uphold_disputes
from catalog.repositories.entity_weights import EntityWeights, entity_weights
from catalog.repositories.first_fixes import Fix, rank_fixes, write_fixes
from catalog.repositories.held import hold_new_causes, keep_held
from catalog.repositories.unseen_hosts import UnseenHost, unseen_hosts
from quality.findings.cause_gains import dataset_gains
from quality.findings.cause_groups import groups_of
from quality.findings.causes import CauseKey, Grouped, causes_of
from specs.causes import cause_rules
from specs.languages import language
from specs.metrics import metrics

__all__ = ["confidence", "find_causes"]

_KEPT = ("new", "open", "reopened", "disputed", "waived", "unknown")
_FEW = 3
"""Addresses of a host of which none could be observed, from which on the host is shown."""


def find_causes(
    catalog: Catalog, run_id: str, portal_ids: Sequence[str], unchanged: Collection[str] = (), *, hold_days: int
) -> int:
    """Find the common causes of the findings of the portals ``portal_ids``, store them, and rank what to fix first.

    Return the number of causes found. Call it after the datasets of the portals, and the portals, publishers and
    governments, have been scored for ``run_id``. A second call gives the same result. ``unchanged`` lists portals of
    which no dataset was scored in this run: their stored causes are kept and not counted, unless they have none or one
    of their datasets has disappeared; then causes are searched for anew.

    ``hold_days``: as in winnow.toml: new causes are held back, and what was held back stays so, see
    :mod:`catalog.repositories.held`.
    """
    weights: EntityWeights | None = None
    total = 0
    observed = {metric.id for metric in metrics().values() if metric.observed}
    anew = []
    for portal_id in portal_ids:
        if not (portal_id in unchanged and keep_causes(catalog, run_id, portal_id)):
            anew.append(portal_id)
            keep_held(catalog, portal_id)
            weights = weights or entity_weights(catalog)
            portal = _Portal(catalog, run_id, portal_id, weights)
            total += write_causes(catalog, run_id, portal_id, portal.causes(), portal.unseen(), is_held=hold_days > 0)
            write_fixes(catalog, run_id, portal_id, portal.fixes())
        uphold_disputes(catalog, portal_id, observed)
    hold_new_causes(catalog, run_id, anew, hold_days)
    rules = cause_rules()
    classed = [rule for one in rules.classes for rule in one.rules]
    rank_fixes(catalog, classed, rules.large_points, rules.large_share)
    return total


def confidence(failing: int, applicable: int) -> float:
    """Return the lower end of the 95 % interval (Wilson) of the share ``failing`` / ``applicable``, 0 to 1.

    The greater ``applicable`` is, the nearer the result is to that share. It is 0 if ``applicable`` is 0.

    >>> confidence(5016, 5016) > 0.99 > confidence(10, 10) > confidence(3, 3)
    True
    """
    if not applicable:
        return 0.0
    z, share = 1.959964, failing / applicable
    middle = share + z * z / (2 * applicable)
    half = z * sqrt(share * (1 - share) / applicable + z * z / (4 * applicable * applicable))
    return round((middle - half) / (1 + z * z / applicable), 4)


@dataclass(slots=True)
class _Stats:
    """What one fix brings to one portal, publisher or government."""

    gain: float = 0.0
    datasets: int = 0
    places: int = 0


@dataclass(slots=True)
class _Portal:
    """The causes of one portal in one run."""

    catalog: Catalog
    run_id: str
    portal_id: str
    weights: EntityWeights
    stats: dict[tuple[str, str, str, str | None], _Stats] = field(default_factory=dict)
    """By level, entity, rule and cause (None: the findings that stay single)."""
    hours: dict[str, float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(init=False)
    """Names of the portal's publishers, by id."""
    before: dict[str, StoredCause] = field(init=False)
    """Stored causes of the portal, by id."""

    def __post_init__(self) -> None:
        self.before = {one.id: one for one in stored_causes(self.catalog, self.portal_id)}

    def causes(self) -> Iterator[Cause]:
        """Yield the causes of the portal's findings, rule by rule, and collect for :meth:`fixes` what each fix brings.

        The collection is complete only when the iteration has ended.
        """
        rules = cause_rules()
        patterned = [rule for one in rules.classes if "pattern" in one.levels for rule in one.rules]
        kept: dict[str, list[CauseKey]] = {}
        for one in self.before.values():
            if one.state in _KEPT:
                key = CauseKey(rule_id=one.rule_id, level=one.level, value=one.root_value, split=one.split)  # type: ignore[arg-type]
                kept.setdefault(one.rule_id, []).append(key)
        self.names = publisher_names(self.catalog, self.portal_id)
        of_portal = divisions = None
        classed = {rule: one.split for one in rules.classes for rule in one.rules}
        for facts in cause_facts(self.catalog, self.portal_id, classed, with_patterns=patterned):
            # Datasets and files are the same for all rules.
            of_portal = self._entities_of_portal(facts) if of_portal is None else of_portal
            divisions = divisions or groups_of(facts)
            (rule_id,) = facts.rules
            grouped = causes_of(facts, kept.get(rule_id, ()), divisions)
            rule = _Rule(self, facts, rule_id, of_portal)
            yield from map(rule.cause, grouped)
            rule.count_singles(grouped)

    def _entities_of_portal(self, facts: CauseFacts) -> Numbers:
        """Return the index in ``weights`` of each dataset; -1 where it has no score."""
        if not len(self.weights.key):
            return np.full(len(facts.dataset_key), -1, dtype=np.int64)
        at = np.searchsorted(self.weights.key, facts.dataset_key)
        at[at == len(self.weights.key)] = 0
        return np.where(self.weights.key[at] == facts.dataset_key, at, -1)

    def unseen(self) -> list[Cause]:
        """Return a cause, marked as unknown, for each host with at least three checked files, all of them unknown."""
        return [self._unseen(one) for one in unseen_hosts(self.catalog, self.portal_id, _FEW)]

    def _unseen(self, host: UnseenHost) -> Cause:
        metric = metrics()["link_ok"]
        return Cause(
            columns={
                "id": cause_id(self.portal_id, "link_ok", "host", host.host, "", self.before),
                "rule_id": "link_ok",
                "rule_title": metric.question,
                "root": "host",
                "level": "host",
                "root_value": host.host,
                "root_name": host.host,
                "split": host.fault,
                "entity_level": "portal",
                "entity_id": self.portal_id,
                "fault_party": "harvester" if host.is_ours else "unknown",
                "confidence": 0.0,
                "datasets": host.datasets,
                "files": host.files,
                "findings": 0,
                "failing": 0,
                "applicable": 0,
                "rest_failing": 0,
                "rest_applicable": 0,
                "gain_points": None,
                "publisher_gain_points": None,
                "effort_hours": None,
                "how_to_fix": language("en").phrase("cause_unseen", name=host.host),
                "examples": "[]",
            },
            members=np.zeros(0, dtype=np.int64),
            is_unknown=True,
        )

    def fixes(self) -> Iterator[Fix]:
        """Yield one Fix for each fix and each entity (this portal, one of its publishers, its government).

        A fix removes a cause, or all open findings of one rule that belong to no cause. Entities without a scored
        dataset that has such a finding are left out. Call this only after :meth:`causes` has been iterated to the end,
        which collects what is yielded here; if it was not iterated, nothing is yielded.
        """
        known = metrics()
        for (level, entity, rule_id, cause), stats in self.stats.items():
            metric = known[rule_id]
            yield Fix(
                entity_level=level,
                entity_id=entity,
                rule_id=rule_id,
                cause_id=cause,
                how_to_fix=self.texts[cause] if cause else metric.fix,
                datasets=stats.datasets,
                places=stats.places,
                gain_points=stats.gain,
                effort_hours=self.hours[cause] if cause else metric.effort_minutes * stats.places / 60,
            )


@dataclass(frozen=True, slots=True)
class _Rule:
    """The causes of one rule in a portal."""

    portal: _Portal
    facts: CauseFacts
    """With the findings of this rule only."""
    rule_id: str
    of_portal: Numbers
    """Index in ``portal.weights`` of each dataset; -1 where it has no score."""

    def cause(self, one: Grouped) -> Cause:
        """Return the cause ``one`` in the form in which it is stored, and count for the portal what its fix brings."""
        portal = self.portal
        key, facts = one.key, self.facts
        cause_class = cause_rules().class_of(key.rule_id)
        assert cause_class is not None  # a cause is of a rule with a class
        metric = metrics()[key.rule_id]
        whole = cause_id(portal.portal_id, key.rule_id, key.level, key.value, key.split, portal.before)
        name = self._name(key)
        told = {"rule_id": key.rule_id, "level": key.level, "root_name": name, "split": key.split}
        fix = fix_in_words(language("en"), told)
        portal.hours[whole], portal.texts[whole] = cause_rules().effort_hours[key.level], fix
        gained = self._add_stats(whole, one.members)
        open_members = one.members[facts.is_open[one.members]]
        is_own = one.publisher is not None and key.level not in ("portal", "source", "value")
        of_value = cause_class.is_same_value_enough
        files = facts.file[one.members]
        return Cause(
            columns={
                "id": whole,
                "rule_id": key.rule_id,
                "rule_title": metric.question,
                "root": cause_class.root,
                "level": key.level,
                "root_value": key.value,
                "root_name": name,
                "split": key.split,
                "entity_level": "publisher" if is_own else "portal",
                "entity_id": one.publisher if is_own else portal.portal_id,
                "fault_party": "portal" if key.level == "portal" and one.publisher is None else "publisher",
                "confidence": confidence(one.failing, one.failing if of_value else one.applicable),
                "datasets": len(np.unique(facts.dataset[one.members])),
                "files": len(np.unique(files[files >= 0])),
                "findings": len(open_members),
                "failing": one.failing,
                "applicable": one.applicable,
                "rest_failing": one.rest_failing,
                "rest_applicable": one.rest_applicable,
                "gain_points": gained.get(("portal", portal.portal_id)),
                "publisher_gain_points": gained.get(("publisher", one.publisher or "")) if is_own else None,
                "effort_hours": cause_rules().effort_hours[key.level],
                "how_to_fix": fix,
                "examples": examples(portal.catalog, self._examples(one.members)),
            },
            members=facts.number[one.members],
        )

    def _name(self, key: CauseKey) -> str:
        """Return the words for a root: the name of a publisher, the title of a dataset, or the value as it is."""
        if key.level == "series":
            return dataset_title(self.portal.catalog, key.value) or key.value
        owner, _, rest = key.value.rpartition(" ") if key.level == "format" else (key.value, "", "")
        name = self.portal.names.get(owner) or owner
        return f"{name}: {rest}" if rest else name

    def _examples(self, members: Numbers) -> list[int]:
        """Return the integer keys of three findings of different datasets: those that bring most."""
        order = members[np.lexsort((self.facts.number[members], -self.facts.gain[members]))]
        _, first = np.unique(self.facts.dataset[order[:1000]], return_index=True)
        return [int(self.facts.number[order[at]]) for at in sorted(first.tolist())[:3]]

    def count_singles(self, grouped: Sequence[Grouped]) -> None:
        """Count what fixing those findings of the rule brings that belong to none of ``grouped``, its causes."""
        is_single = self.facts.is_open.copy()
        for one in grouped:
            is_single[one.members] = False
        if is_single.any():
            self._add_stats(None, np.flatnonzero(is_single))

    def _add_stats(self, cause: str | None, members: Numbers) -> dict[tuple[str, str], float]:
        """Return what fixing findings together brings, by level and entity, and keep it for the ranking."""
        datasets, gains = dataset_gains(self.portal.catalog, self.facts, self.rule_id, members)
        chosen = members[self.facts.is_open[members]]
        # All datasets that gain have such a finding.
        where, counts = np.unique(self.facts.dataset[chosen], return_counts=True)
        places = counts[np.searchsorted(where, datasets)]
        at = self.of_portal[datasets]
        has_score = at >= 0
        gains, places, at = gains[has_score], places[has_score], at[has_score]
        found = {}
        for level, weighed in self.portal.weights.levels.items():
            entity = weighed.entity[at]
            counted = entity >= 0
            size = len(weighed.entities)
            points = np.bincount(entity[counted], weights=(gains * weighed.weight[at])[counted], minlength=size)
            how_many = np.bincount(entity[counted], minlength=size)
            of_places = np.bincount(entity[counted], weights=places[counted], minlength=size)
            for number in np.flatnonzero(how_many).tolist():
                name = weighed.entities[number]
                stats = self.portal.stats.setdefault((level, name, self.rule_id, cause), _Stats())
                stats.gain += float(points[number])
                stats.datasets += int(how_many[number])
                stats.places += int(of_places[number])
                found[level, name] = round(float(points[number]), 4)
        return found
