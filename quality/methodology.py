"""Write the methodology as a document, from the same files that the scores are computed from.

The digest of the methodology is in :mod:`quality.digest`.
"""

from __future__ import annotations

from collections.abc import Iterator

from specs.metrics import Metric, dimensions, entity_spec, grade, methodology_version, metrics
from specs.systems import System, systems

__all__ = ["document"]


def document() -> str:
    """Return the methodology as Markdown: dimensions, metrics, scoring systems and the version."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f"# How Winnow measures: version {methodology_version()}"
    yield ""
    yield "This page is made of the files that the scores are made of (`winnow methodology` prints it)."
    yield ""
    yield from _INTRODUCTION.strip().splitlines()
    yield ""
    yield "| dimension | points | why |"
    yield "| --- | --- | --- |"
    for name, spec in dimensions().items():
        yield f"| {name} | {spec.weight:g} | {spec.rationale} |"
    yield ""
    lowest = {letter: value for value in range(100, -1, -1) if (letter := grade(value))}
    yield "Grades: " + ", ".join(f"{letter} from {value}" for letter, value in lowest.items()) + "."
    yield ""
    spec_ = entity_spec()
    yield (
        f"The score of a portal, a publisher or a government is shown from {spec_.minimum_datasets} datasets on, parts "
        f"of one counted once, and where {spec_.minimum_coverage_pct:g} % of what applies was measured. "
        f"{spec_.rationale}"
    )
    for name in dimensions():
        yield ""
        yield f"## {name.capitalize()}"
        for metric in metrics().values():
            if metric.dimension == name and metric.weight:
                yield from _metric(metric)
    yield ""
    yield "## Other systems"
    yield ""
    yield "The same measurements, read by the rules of others."
    for system in systems().values():
        yield from _system(system)
    yield ""
    yield "## Facts without weight in the Winnow score"
    for metric in metrics().values():
        if not metric.weight:
            yield from _metric(metric)


_INTRODUCTION = """
Each metric is a question asked of a dataset, or of each of its distributions, and answered 0 to 1, "not applicable" or
"unknown". A dimension is the weighted mean of its metrics, the score of a dataset the weighted mean of its dimensions,
0 to 100.

- **Unknown is not failed.** A bot wall, a time-out or a file nobody looked at lowers no score: the value is the mean of
  what is known, and the interval beside it says what it would be if everything unknown had failed, or had passed.
- **What does not apply is left out**: the soundness of a map service, the frequency of a dataset that never changes.
- **Observed before declared.** A format is the one that the bytes have, where they were looked at.
- **No data, no points for them.** What is said of the data (marked below) counts 0 where the file cannot be had, or is
  empty: an open licence on a dead link opens nothing.
- **A dataset cut into pieces counts once** in a mean: members of a series, titles that differ in numbers and dates
  alone, datasets of one publisher with the same bytes. Copies of another portal's datasets count for their origin.
- **Means have two intervals**: bounds, from the unknown; and the middle 95 % of the means of resampled families, which
  says how much hangs on which datasets there are.
- **A fix is worth what it brings.** Each finding has the points by which the dataset's score rises if that answer
  becomes 1; each rule, what fixing it everywhere brings to the publisher. Fixes are ranked by points for an hour of
  work, at the minutes given below for each place.
"""


def _metric(metric: Metric) -> Iterator[str]:
    yield ""
    yield f"### `{metric.id}`"
    yield ""
    yield f"{metric.question} Asked of each {metric.subject}."
    yield ""
    if metric.weight:
        share = sum(m.weight for m in metrics().values() if m.dimension == metric.dimension)
        points = dimensions()[metric.dimension].weight * metric.weight / share
        how = ["the best distribution answers for the dataset"] if metric.over == "best" else []
        how += ["counts only where there are data"] if metric.needs_data else []
        how += ["shows whether there are data"] if metric.shows_data else []
        how += ["0 for a dataset without any distribution"] if metric.without_distribution == "fail" else []
        yield f"- weight: {metric.weight:g} of {share:g}, up to {points:.2f} points. {metric.weighs}"
        if how:
            yield f"- how: {'; '.join(how)}"
    yield f"- rests on: {'what was served' if metric.observed else 'what is declared'}"
    yield f"- rule and source: {metric.source}"
    yield f"- why: {metric.rationale}"
    yield f"- fix: {metric.fix}" + (f" About {metric.effort_minutes:g} minutes a place." if metric.weight else "")
    yield f"- example: {metric.example}"


def _system(system: System) -> Iterator[str]:
    yield ""
    yield f"### `{system.id}`: {system.title}"
    yield ""
    yield f"Version {system.version}, 0 to {system.maximum:g}. {system.source}."
    if system.note:
        yield ""
        yield " ".join(system.note.split())
    if system.band:
        yield ""
        yield "Bands: " + ", ".join(f"{band.title} from {band.minimum:g}" for band in system.band) + "."
    if system.based_on:
        yield ""
        yield f"Items and points as in `{system.based_on}`."
        return
    yield ""
    yield "| metric | there | points |"
    yield "| --- | --- | --- |"
    for item in system.item:
        yield f"| `{item.metric}` | {item.name or item.dimension} | {item.points:g} |"
