"""``<id>.toml``: who promised what, from which baseline, by when. One commitment a file.

Examples are beside this module, templates for any government in ``templates``. An operator's own commitments are in
the folder ``commitments`` of the data folder. Drafts made by ``winnow commitments import`` carry ``draft = true``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Template

from specs.commitments.model import (
    Clause,
    Commitment,
    Direction,
    Government,
    Indicator,
    Irm,
    Milestone,
    Period,
    Scope,
    Source,
    Waiver,
)
from specs.errors import SpecError, parse, read_toml
from specs.measures import ONLY, STANDARDS, measures

__all__ = [
    "Clause", "Commitment", "Direction", "Government", "Indicator", "Irm", "Milestone", "Period", "Scope", "Source",
    "Waiver", "examples", "from_template", "load", "load_file", "templates",
]  # fmt: skip

HERE = Path(__file__).parent
EXTERNAL = ("share", "value")


def load_file(path: Path) -> Commitment:
    """Return the commitment in the file ``path``.

    Raise SpecError with one line for each fault: file, key, what is wrong and what to do.
    """
    commitment = parse(Commitment, read_toml(path), str(path))
    faults = [f"{path}: {fault}" for fault in _faults(commitment, path)]
    if faults:
        raise SpecError("\n".join(faults))
    commitment.in_folder(path.parent)
    return commitment


def load(folder: Path, *, drafts: bool = False) -> list[Commitment]:
    """Return the commitments in the ``*.toml`` files of ``folder``, sorted by file name. ``drafts`` includes those that
    still carry ``draft = true``. Raise SpecError if a file is invalid."""
    found = [load_file(path) for path in sorted(folder.glob("*.toml"))]
    return [one for one in found if drafts or not one.draft]


def examples() -> list[Commitment]:
    """Return the example commitments that come with the program, without drafts."""
    return load(HERE)


def templates() -> dict[str, Path]:
    """Return the templates for commitment files that come with the program, as a mapping from name to path."""
    return {path.stem: path for path in sorted((HERE / "templates").glob("*.toml"))}


def from_template(name: str, *, country: str, government: str) -> str:
    """Return the text of a commitment file made from the template ``name``. ``country`` is a three-letter code (ISO
    3166-1), ``government`` the name of the government. Raise SpecError for an unknown template."""
    known = templates()
    if name not in known:
        raise SpecError(f"--from {name}: there is no such template; use one of: {', '.join(known)}")
    text = known[name].read_text("utf-8")
    # JSON's escapes are valid in TOML; the quotation marks are in the template.
    return Template(text).substitute(
        country=json.dumps(country)[1:-1], government=json.dumps(government, ensure_ascii=False)[1:-1]
    )


def _faults(commitment: Commitment, path: Path) -> Iterator[str]:
    """Yield the faults that only several keys together show."""
    if path.stem != commitment.stem:
        yield f"id: {commitment.id!r} belongs into {commitment.stem}.toml; rename one of them"
    period = commitment.period
    if period.deadline <= period.start:
        yield f"period.deadline: {period.deadline} is not after period.start {period.start}; correct one of them"
    if not re.match(r"https?://\S+$", commitment.source.url):
        yield f"source.url: {commitment.source.url!r} is no web address; give the page where the promise stands"
    counted = Counter([one.id for one in commitment.indicators] + [one.id for one in commitment.milestones])
    for item_id, count in counted.items():
        if count > 1:
            yield f"indicators.{item_id}: {count} indicators or milestones have this id; rename all but one"
    if commitment.draft:
        # A draft may still lack what a person has to fill in.
        return
    if not counted:
        yield "indicators: missing; add one [[indicators]] or [[milestones]] at least, or mark it draft = true"
    if any(one.kind != "manual" for one in commitment.indicators):
        yield from _scope_faults("scope", commitment.scope)
    for indicator in commitment.indicators:
        for fault in _indicator_faults(commitment, indicator, path.parent):
            yield f"indicators.{indicator.id}.{fault}"
    for milestone in commitment.milestones:
        if milestone.due <= period.start:
            yield f"milestones.{milestone.id}.due: {milestone.due} is not after the start {period.start}; correct it"
        if milestone.checked and not milestone.assessor:
            yield f"milestones.{milestone.id}.assessor: say who looked on {milestone.checked}; add it"
        if milestone.done and not (milestone.evidence and milestone.assessor):
            yield f"milestones.{milestone.id}.evidence: a milestone that is done needs evidence and assessor; add them"


def _scope_faults(key: str, scope: Scope) -> Iterator[str]:
    if not scope.all_of and not scope.any_of:
        yield f"{key}: empty: it would take in every dataset of every portal; add all or any, with at least one clause"
    for name, clauses in (("all", scope.all_of), ("any", scope.any_of), ("not", scope.none_of)):
        for at, clause in enumerate(clauses):
            if not clause.keys:
                yield f"{key}.{name}.{at}: empty; give it one of: {', '.join(sorted(Clause.model_fields))}"


def _indicator_faults(commitment: Commitment, one: Indicator, folder: Path) -> Iterator[str]:
    start, deadline = commitment.period.start, one.deadline or commitment.period.deadline
    if deadline <= start:
        yield f"deadline: {deadline} is not after the start {start}; correct it"
    if one.direction == "maintain":
        if one.baseline is not None and one.baseline != one.target:
            yield f"baseline: to maintain means that baseline and target are one; leave it out, or set {one.target:g}"
    elif one.baseline is not None:
        if one.baseline == one.target:
            yield (
                f"target: {one.target:g} is the baseline: nothing would {one.direction}; "
                'set another target, or direction = "maintain"'
            )
        elif (one.target > one.baseline) != (one.direction == "increase"):
            yield (
                f"direction: from {one.baseline:g} to {one.target:g} is no {one.direction}; "
                "correct direction, baseline or target"
            )
    if one.scope is not None:
        yield from _scope_faults("scope", one.scope)
    if one.kind == "measured":
        yield from _measure_faults(one)
    elif one.kind == "external":
        yield from _external_faults(one, folder)
    elif one.value is not None and not (one.date and one.evidence and one.assessor):
        yield "value: a value given by a person needs date, evidence and assessor; add them"


def _measure_faults(one: Indicator) -> Iterator[str]:
    known = measures()
    if one.measure not in known:
        yield f"measure: {one.measure!r} is no measure; use one of: {', '.join(known)}"
        return
    measure = known[one.measure]
    for name in one.params:
        if name not in measure.params:
            allowed = ", ".join(measure.params) or "none"
            yield f"params.{name}: {measure.id} knows no such parameter; remove it, or use one of: {allowed}"
    for name in measure.required:
        if name not in one.params:
            yield f"params.{name}: missing; {measure.id} needs it"
    for name, choices in (("standard", STANDARDS), ("only", ONLY)):
        if name in one.params and one.params[name] not in choices:
            yield f"params.{name}: {one.params[name]!r} is not known; use one of: {', '.join(choices)}"
    if measure.unit == "share" and not 0 <= one.target <= 1:
        yield f"target: {measure.id} is a share from 0 to 1, not {one.target:g}; write 0.95 for 95 %"
    if one.direction != "maintain" and one.direction != measure.better:
        yield f"direction: {measure.id} is better when it {measure.better}s; correct it"
    for name in ("file", "denominator", "value", "date"):
        if getattr(one, name) is not None:
            yield f"{name}: has no meaning for a measured indicator; remove it, or set kind"


def _external_faults(one: Indicator, folder: Path) -> Iterator[str]:
    if one.measure is not None and one.measure not in EXTERNAL:
        yield f"measure: {one.measure!r} is no measure of an external file; use one of: {', '.join(EXTERNAL)}"
    named = [(key, value) for key in ("file", "denominator") if (value := getattr(one, key)) is not None]
    if len(named) != 1:
        yield "file: an external indicator needs either file or denominator; give one of them"
    for key, value in named:
        if Path(value).is_absolute() or ".." in Path(value).parts:
            yield f"{key}: {value!r} leads out of the folder; put the file beside the commitment"
        elif not (folder / value).is_file():
            yield f"{key}: {folder / value}: there is no such file; put it there, or correct the name"
