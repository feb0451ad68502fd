"""The measures of ``specs/measures.toml``: what each reads from a dataset, and how it adds up the scope to one figure.

Pure functions. A dataset that vanished from the scope fails. One that was known before but cannot be observed now keeps
its last verdict. One that was never known is left out and lowers the coverage. If none is known, there is no figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

from catalog.repositories.commitment_rows import Member
from catalog.vocabulary.folding import name_key
from catalog.vocabulary.promises import hvd_top, key_datasets
from catalog.vocabulary.terms import theme
from quality.commitments import rules
from quality.commitments.rules import NOT_ASKED, Verdict

__all__ = ["MEASURES", "Context", "ScopeMember", "MeasureReading", "read"]

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a measure needs besides the datasets: the day of the run, and the parameters and target of the indicator."""

    day: date
    params: Params = field(default_factory=dict)
    target: float = 1.0
    unobserved: frozenset[str] = frozenset()
    """Ids of the key datasets that the census could not observe at a portal of the scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeMember:
    """A dataset in the scope of a commitment, together with what the current and earlier runs know of it."""

    seen: Any
    """What the measure read from the dataset in this run. The type depends on the measure; None means that it is not
    known."""
    is_gone: bool = False
    """True if the dataset was in the scope in an earlier run, and now is no longer listed or no longer in the scope."""
    is_fresh: bool = True
    """True if the portal of the dataset was harvested since the last reading."""
    is_first: bool = True
    """True if the dataset was in the scope in the first run in which the indicator was read."""
    remembered: bool | None = None
    """Whether the dataset passed when it was last judged; None if it never was, or if it had left the scope and has
    come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureReading:
    """The value of a measure over all datasets of a scope, and the results of the single datasets behind it."""

    value: float | None
    numerator: int | None = None
    denominator: int | None = None
    """What ``numerator`` is counted of: datasets with a verdict, or for some measures findings, entries of a list or
    key datasets. None if nothing is. ``value`` is numerator / denominator if the measure is a share."""
    coverage: float | None = None
    """Share of the datasets that were observed in this run, 0 to 1; for measures of the census, of the key datasets."""
    verdicts: Mapping[str, bool | None] = field(default_factory=dict)
    """By dataset id, whether the dataset passes; None if that is not known."""
    note: str | None = None

    @property
    def failing(self) -> list[str]:
        """Return the ids of the datasets that fail, sorted."""
        return sorted(name for name, verdict in self.verdicts.items() if verdict is False)


@dataclass(frozen=True, slots=True)
class ScopeMeasure:
    """A measure, such as the share of datasets with an open licence, as two functions.

    ``look`` reads from one dataset what the measure needs. ``add_up`` computes the value for all datasets of a scope
    from what ``look`` returned for each.
    """

    look: Callable[[Member, Context], Any]
    add_up: Callable[[Mapping[str, ScopeMember], Context], MeasureReading]


def read(measure: str, kept: Mapping[str, ScopeMember], context: Context) -> MeasureReading:
    """Return the value of a measure over the datasets of a scope.

    ``measure`` is an id from ``specs/measures.toml``. ``kept`` maps the id of each dataset in the scope to what was
    read from it. ``context`` contains the day of the run and the settings of the indicator. If ``kept`` is empty, the
    value is None.
    """
    return (
        MEASURES[measure].add_up(kept, context)
        if kept
        else MeasureReading(value=None, note="no dataset is in the scope")
    )


def _verdicts(kept: Mapping[str, ScopeMember]) -> tuple[dict[str, bool | None], float | None]:
    """Return the verdict of each dataset that the measure applies to, and the share of them that was observed."""
    found: dict[str, bool | None] = {}
    fresh = 0
    for name, one in kept.items():
        verdict: Verdict = one.seen
        if verdict is NOT_ASKED and one.remembered is None:
            continue
        if one.is_gone or verdict is NOT_ASKED:
            # The measure applied to it once: a dataset that leaves the question fails, like one that leaves the scope.
            verdict = False
        fresh += verdict is not None and (one.is_fresh or one.is_gone)
        found[name] = one.remembered if verdict is None else verdict
    return found, fresh / len(found) if found else None


def _share(kept: Mapping[str, ScopeMember], context: Context) -> MeasureReading:
    verdicts, coverage = _verdicts(kept)
    known = [verdict for verdict in verdicts.values() if verdict is not None]
    return MeasureReading(
        value=sum(known) / len(known) if known else None,
        numerator=sum(known),
        denominator=len(known),
        coverage=coverage,
        verdicts=verdicts,
        note=_left_out(len(verdicts) - len(known), len(verdicts)) if verdicts else "the question applies to none",
    )


def _left_out(unknown: int, asked: int) -> str | None:
    return f"{unknown} of {asked} datasets were never observed and are left out" if unknown else None


def _count(kept: Mapping[str, ScopeMember], context: Context) -> MeasureReading:
    reading = _share(kept, context)
    return MeasureReading(
        value=float(reading.numerator or 0) if reading.denominator else None,
        numerator=reading.numerator,
        denominator=reading.denominator,
        coverage=reading.coverage,
        verdicts=reading.verdicts,
        note=reading.note,
    )


def _median(kept: Mapping[str, ScopeMember], context: Context) -> MeasureReading:
    """Return the median. A vanished dataset counts as the greatest value, so that removing the worst
    improves nothing.
    """
    present = [one.seen for one in kept.values() if not one.is_gone and one.seen is not None]
    known = {name: one.seen for name, one in kept.items() if one.seen is not None or one.is_gone}
    if not known:
        return MeasureReading(
            value=None, coverage=0.0, verdicts=dict.fromkeys(kept), note="no dataset states the dates"
        )
    gone = [one.seen for one in kept.values() if one.is_gone and one.seen is not None]
    worst = max([*present, *gone], default=None)
    if worst is None:
        return MeasureReading(value=None, coverage=0.0, verdicts=dict.fromkeys(kept), note="every dataset vanished")
    values = {name: worst if kept[name].is_gone else seen for name, seen in known.items()}
    middle = float(median(values.values()))
    verdicts: dict[str, bool | None] = dict.fromkeys(kept)
    verdicts |= {name: not kept[name].is_gone and value <= context.target for name, value in values.items()}
    fresh = sum(kept[name].is_fresh or kept[name].is_gone for name in known)
    return MeasureReading(
        value=middle,
        numerator=sum(verdict is True for verdict in verdicts.values()),
        denominator=len(values),
        coverage=fresh / len(kept),
        verdicts=verdicts,
        note=_left_out(len(kept) - len(values), len(kept)),
    )


def _distinct(kept: Mapping[str, ScopeMember], but: frozenset[str] = frozenset()) -> MeasureReading:
    """Count the different things that the datasets contribute, except those in ``but``."""
    found: set[str] = set()
    verdicts: dict[str, bool | None] = {}
    fresh = 0
    for name, one in kept.items():
        brought = frozenset() if one.is_gone else one.seen
        fresh += brought is not None and (one.is_fresh or one.is_gone)
        found |= (brought or frozenset()) - but
        if brought is not None and brought - but:
            verdicts[name] = True
        else:
            # To contribute nothing is no fault, unless the dataset vanished.
            verdicts[name] = False if one.is_gone and one.remembered is not None else None
    return MeasureReading(
        value=float(len(found)),
        numerator=len(found),
        coverage=fresh / len(kept),
        verdicts=verdicts,
        note=", ".join(sorted(found)) or None,
    )


def _new_themes(kept: Mapping[str, ScopeMember], context: Context) -> MeasureReading:
    if declared := context.params.get("known_themes"):
        old = {_theme(text) for text in declared}
    else:
        # A new theme on an old dataset is not new data.
        old = {key for one in kept.values() if one.is_first for key in (one.seen or ())}
    return _distinct(kept, frozenset(old))


def _census(kept: Mapping[str, ScopeMember], context: Context, *, is_share: bool) -> MeasureReading:
    """Count the key datasets of which one in the scope is open.

    A key of which nothing is known, or that the census could not observe, is no failure: it is left out of the share.
    """
    states: dict[str, set[bool | None]] = {key.id: set() for key in key_datasets()}
    verdicts: dict[str, bool | None] = {}
    for name, one in kept.items():
        brought: Mapping[str, bool | None] = {} if one.is_gone else one.seen or {}
        for key, is_open in brought.items():
            states[key].add(is_open)
        # To count for no key is no fault, unless the dataset vanished.
        vanished = False if one.is_gone and one.remembered is not None else None
        verdicts[name] = _best(set(brought.values())) if brought else vanished
    found = {key: _best(seen) if seen else False for key, seen in states.items()}
    unobserved = {key for key, seen in states.items() if True not in seen and None not in seen}
    unobserved &= _unseen_keys(kept, context)
    known = {key: is_open for key, is_open in found.items() if is_open is not None and key not in unobserved}
    opened = sum(known.values())
    return MeasureReading(
        value=None if not known else opened / len(known) if is_share else float(opened),
        numerator=opened,
        denominator=len(known),
        coverage=1 - len(unobserved) / len(states),
        verdicts=verdicts,
        note=_key_note(found, states, unobserved),
    )


def _best(seen: set[bool | None]) -> bool | None:
    return True if True in seen else None if None in seen else False


def _unseen_keys(kept: Mapping[str, ScopeMember], context: Context) -> set[str]:
    """Return the keys of which the census says nothing: all, if a portal of the scope was not looked through."""
    if any(one.seen is None and not one.is_gone for one in kept.values()):
        return {key.id for key in key_datasets()}
    return set(context.unobserved)


def _key_note(
    found: Mapping[str, bool | None], states: Mapping[str, set[bool | None]], unobserved: set[str]
) -> str | None:
    parts: dict[str, list[str]] = {}
    for key in key_datasets():
        if key.id in unobserved:
            word = "not observed"
        elif found[key.id] is None:
            word = "found, and not known whether it is open"
        elif found[key.id]:
            continue
        else:
            word = "found, and not open" if states[key.id] else "not found in the scope"
        parts.setdefault(word, []).append(key.title)
    return ". ".join(f"{word}: {'; '.join(titles)}" for word, titles in parts.items()) or None


def _unmeasurable(reason: str) -> ScopeMeasure:
    def look(member: Member, context: Context) -> Verdict:
        return None

    def add_up(kept: Mapping[str, ScopeMember], context: Context) -> MeasureReading:
        return MeasureReading(value=None, coverage=0.0, verdicts=dict.fromkeys(kept), note=reason)

    return ScopeMeasure(look, add_up)


def _theme(text: str) -> str:
    found = theme(text)
    return found.id if found else name_key(text)


def _rule(rule: Callable[[Member], Verdict]) -> ScopeMeasure:
    return ScopeMeasure(lambda member, context: rule(member), _share)


def _of_hvd(rule: Callable[[Member], Verdict]) -> ScopeMeasure:
    return ScopeMeasure(lambda member, context: rule(member) if rules.is_hvd(member) else NOT_ASKED, _share)


_ONLY: dict[str, Callable[[Member], Verdict]] = {
    "link_ok": rules.link_ok,
    "accessible": rules.accessible,
    "licence_open": rules.licence_open,
    "machine_readable": rules.machine_readable,
    "fresh": rules.fresh,
    "documented": rules.documented,
    "valid": rules.valid,
    "has_api": rules.has_api,
    "bulk": rules.bulk,
    "contact": rules.contact,
}


def _counted(member: Member, context: Context) -> Verdict:
    only = context.params.get("only")
    return _ONLY[str(only)](member) if only else True


def _tops(member: Member, context: Context) -> frozenset[str]:
    return frozenset(top for text in member.hvd_categories if (top := hvd_top(text)))


def _findings(kept: Mapping[str, ScopeMember], context: Context) -> MeasureReading:
    """Read the median time to fix a finding; what was seen of a dataset are the spans of its findings in days."""
    spans = [span for one in kept.values() for span in one.seen]
    value, is_reached = kaplan_meier_median(spans)
    note = None
    if not spans:
        note = "nothing was found in the scope"
    elif not is_reached and (value is None or value <= context.target):
        # A lower bound of the median must not meet a target.
        value, note = None, "fewer than half of the findings were fixed, and none is old enough to tell"
    elif not is_reached:
        note = "fewer than half of the findings were fixed: the figure is the longest time seen, and too small"
    verdicts = {name: _in_time(one.seen, context.target) for name, one in kept.items()}
    return MeasureReading(
        value=value,
        numerator=sum(is_fixed for _, is_fixed in spans),
        denominator=len(spans),
        coverage=sum(one.is_fresh or one.is_gone for one in kept.values()) / len(kept),
        verdicts=verdicts,
        note=note,
    )


def _in_time(spans: Sequence[tuple[float, bool]], target: float) -> bool | None:
    """Return whether all findings of a dataset were fixed in time; None if it has none, or some still may be."""
    if any(length > target for length, _ in spans):
        return False
    return True if spans and all(is_fixed for _, is_fixed in spans) else None


def kaplan_meier_median(spans: Sequence[tuple[float, bool]]) -> tuple[float | None, bool]:
    """Estimate the median length of time spans, some of which have not ended yet (Kaplan-Meier).

    ``spans`` are pairs: the length so far in any unit, and whether the span has ended. Return the median and True if
    so many spans have ended that the estimated share of longer ones falls to one half or below. Otherwise the median
    is not known: return the length of the longest finite span, which is not above the median, and False; (None,
    False) if no span is finite. Source: E. L. Kaplan and P. Meier, JASA 53 (1958).

    >>> kaplan_meier_median([(2, True), (5, True), (9, False)])
    (5, True)
    >>> kaplan_meier_median([(2, True), (5, False), (9, False)])
    (9, False)
    """
    share = 1.0
    for length in sorted({length for length, is_over in spans if is_over}):
        at_risk = sum(other >= length for other, _ in spans)
        share *= 1 - sum(is_over and other == length for other, is_over in spans) / at_risk
        if share <= 0.5:
            return length, True
    finite = [length for length, _ in spans if length != float("inf")]
    return max(finite, default=None), False


MEASURES: dict[str, ScopeMeasure] = {
    "dataset.count": ScopeMeasure(_counted, _count),
    "dataset.accessible": _rule(rules.accessible),
    "dataset.licence_open": _rule(rules.licence_open),
    "dataset.machine_readable": _rule(rules.machine_readable),
    "dataset.fresh": _rule(rules.fresh),
    "dataset.documented": _rule(rules.documented),
    "dataset.valid": _rule(rules.valid),
    "dataset.has_api": _rule(rules.has_api),
    "dataset.bulk": _rule(rules.bulk),
    "dataset.contact": _rule(rules.contact),
    "dataset.conforms_to": ScopeMeasure(
        lambda member, context: rules.conforms_to(member, str(context.params["standard"])), _share
    ),
    "dataset.median_age_days": ScopeMeasure(lambda member, context: rules.age_days(member, context.day), _median),
    "dataset.publication_delay_days": ScopeMeasure(lambda member, context: rules.delay_days(member), _median),
    "theme.new_count": ScopeMeasure(lambda member, context: frozenset(map(_theme, member.themes)), _new_themes),
    "hvd.category_count": ScopeMeasure(_tops, lambda kept, context: _distinct(kept)),
    "hvd.api_share": _of_hvd(rules.has_api),
    "hvd.bulk_share": _of_hvd(rules.bulk),
    "hvd.licence_share": _of_hvd(rules.hvd_licence),
    "hvd.contact_share": _of_hvd(rules.contact),
    "ocds.award_lag_share": _unmeasurable(
        "the dates of releases and awards lie in the cells of the files, and no cell value is kept; "
        "give the shares as a file, with kind = external"
    ),
    "census.key_count": ScopeMeasure(
        lambda member, context: rules.keys_open(member), lambda kept, context: _census(kept, context, is_share=False)
    ),
    "census.key_share": ScopeMeasure(
        lambda member, context: rules.keys_open(member), lambda kept, context: _census(kept, context, is_share=True)
    ),
    # The findings are read from another table: see ``observe``.
    "finding.response_days": ScopeMeasure(lambda member, context: (), _findings),
}
"""One entry for each measure of ``specs/measures.toml``."""
