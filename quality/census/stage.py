"""Take the census of key datasets of every portal, and store it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog
from catalog.repositories.aliases import aliased
from catalog.repositories.census import (
    CensusDataset,
    complete_harvest,
    count_present,
    datasets_of,
    keep_census,
    listed_datasets,
    portals_asked,
    services_seen,
    unsettled,
    write_census,
)
from catalog.repositories.commitment_rows import Member, members_of
from quality.census.answers import AnswerToday, answers_today, said_of
from quality.census.lexicon import folded
from quality.census.recognise import KeyClaim, Portrait, recognise
from quality.census.states import (
    LICENSED,
    JudgedClaim,
    Searched,
    evidence_in_words,
    is_readable,
    key_state,
    usable_state,
)
from quality.commitments import rules
from specs import census as census_specs
from specs.census import key_words
from specs.census.confirmed import confirmations_path, read_confirmations

__all__ = ["portrait_of", "take_census"]

_RULES = {
    "accessible": rules.accessible,
    LICENSED: rules.licence_open,
    "machine-readable": rules.machine_readable,
}


def take_census(
    catalog: Catalog,
    run_id: str,
    folder: Path | None = None,
    portal_ids: Sequence[str] = (),
    unchanged: Collection[str] = (),
) -> int:
    """Take the census of portals as of a run, replace the one before, and return how many rows the censuses have.

    ``folder``: data folder with the confirmations of persons (``census/PORTAL.toml``); None if there are none.
    ``portal_ids``: the portals; if empty, all whose harvest was begun in this run or an earlier one. ``unchanged``:
    portals of which no dataset was scored in this run. The last census of such a portal is kept and counted, unless
    there is none, or one of these has changed: the words by which key datasets are recognised, the number of its
    datasets, its title or government, whether a harvest was complete, the confirmations, and its data services with the
    outcomes of their checks. Raise SpecError if a file with confirmations cannot be used.
    """
    stored = 0
    for portal in portals_asked(catalog, run_id):
        if not portal_ids or portal["id"] in portal_ids:
            basis = _basis(catalog, run_id, portal, folder)
            kept = keep_census(catalog, run_id, portal["id"], basis) if portal["id"] in unchanged else 0
            if not kept:
                words = basis.partition("-")[0]
                rows, claims = _census(catalog, run_id, portal, folder, unsettled(catalog, run_id, portal["id"], words))
                write_census(catalog, run_id, portal["id"], rows, claims, basis)
                kept = len(rows)
            stored += kept
    return stored


@cache
def _words_digest() -> str:
    """Return a digest of the files by which key datasets are recognised."""
    files = sorted(Path(census_specs.__file__).parent.glob("*.toml"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _basis(catalog: Catalog, run_id: str, portal: dict[str, Any], folder: Path | None) -> str:
    """Return a hash of what the census of a portal depends on besides its datasets, their checks and the method."""
    told = confirmations_path(folder, portal["id"]) if folder else None
    words = [_words_digest(), portal["title"], portal["government"]]
    about = [
        count_present(catalog, portal["id"]),
        complete_harvest(catalog, portal["id"], run_id) is not None,
        told.read_text("utf-8") if told and told.is_file() else "",
        # Their checks make no dataset due for scoring, so they would change nothing else.
        services_seen(catalog, portal["id"]),
    ]
    # The words alone decide what is recognised in a dataset.
    return "-".join(hashlib.sha256(json.dumps(one).encode()).hexdigest()[:20] for one in (words, about))


def portrait_of(dataset: CensusDataset, place: frozenset[str] = frozenset()) -> Portrait:
    """Return what :func:`~quality.census.recognise.recognise` reads of a dataset.

    ``place``: the words in the names of the portal and its government, as ``folded`` returns them.
    """
    return Portrait(
        title=dataset.title or "",
        description=dataset.description or "",
        keywords=dataset.keywords,
        themes=dataset.themes,
        columns=dataset.columns,
        files=dataset.files,
        table_kinds=dataset.table_kinds,
        place=place,
    )


def _census(
    catalog: Catalog, run_id: str, portal: dict[str, Any], folder: Path | None, only: set[str] | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows and the claims of a census that looks at the datasets ``only`` (None: all of the portal) and at
    those of which persons have said something."""
    place = frozenset(folded(f"{portal['title'] or ''} {portal['government'] or ''}").split())
    told = read_confirmations(confirmations_path(folder, portal["id"])) if folder else ()
    kept: dict[str, CensusDataset] = {}
    found: dict[str, list[KeyClaim]] = {}
    # Only what may be a key dataset is kept; of the others the title is.
    asked_about = {one.dataset for one in told} | set(aliased(catalog, [one.dataset for one in told]).values())
    spoken_of = {one.identifier for one in told} | {one.title for one in told}
    listed = listed_datasets(catalog, portal["id"])
    ids = [
        id
        for id, identifier, title in listed
        if only is None or id in only or id in asked_about or {identifier, title} & spoken_of
    ]
    for dataset in datasets_of(catalog, ids):
        claims = recognise(portrait_of(dataset, place))
        if claims or dataset.id in asked_about or {dataset.identifier, dataset.title} & spoken_of:
            kept[dataset.id], found[dataset.id] = dataset, claims
    answers = answers_today(told, kept.values(), aliased(catalog, [one.dataset for one in told]))
    for id, key in answers:
        if all(one.key != key for one in found[id]):
            found[id] = [*found[id], KeyClaim(key, 0.0)]
    by_key: dict[str, list[JudgedClaim]] = defaultdict(list)
    for member in members_of(catalog, sorted(id for id, claims in found.items() if claims)):
        for claim in found[member.id]:
            by_key[claim.key].append(_judged(kept[member.id], member, claim, answers.get((member.id, claim.key))))
    searched = Searched(
        portal=portal["title"] or portal["id"],
        datasets=len(listed),
        is_complete=complete_harvest(catalog, portal["id"], run_id) is not None,
        is_readable=is_readable([title or "" for _, _, title in listed]),
    )
    rows = [key_state(key, by_key[key], searched) for key in key_words()]
    return rows, [_row(one, said_of(kept[one.dataset_id])) for claims in by_key.values() for one in claims]


def _judged(dataset: CensusDataset, member: Member, claim: KeyClaim, answer: AnswerToday | None) -> JudgedClaim:
    verdicts = {}
    for name, rule in _RULES.items():
        said = rule(member)
        verdicts[name] = said if isinstance(said, bool) else None
    state, failing = usable_state(verdicts, was_asked=dataset.was_asked)
    if answer is None:
        verdict = "taken" if claim.is_taken else "asked"
    elif not answer.holds:
        verdict = "lapsed"
    else:
        verdict = "confirmed" if answer.confirmation.answer == "yes" else "denied"
    return JudgedClaim(
        dataset_id=dataset.id,
        title=dataset.title or dataset.id,
        claim=claim,
        verdict=verdict,  # type: ignore[arg-type]
        state=state,
        failing=failing,
        is_without_licence=state == "closed" and LICENSED in failing and rules.states_no_licence(member),
        answer=answer.confirmation if answer else None,
    )


def _row(one: JudgedClaim, said: str) -> dict[str, Any]:
    return {
        "dataset_id": one.dataset_id,
        "key": one.claim.key,
        "verdict": one.verdict,
        "state": one.state,
        "points": one.claim.points,
        "evidence": evidence_in_words(one.claim),
        "said": said,
    }
