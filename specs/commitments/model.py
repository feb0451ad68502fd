"""The keys of a commitment file. Every promise needs a figure, a day, and the words it was read from."""

from __future__ import annotations

from datetime import date as Day
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, StringConstraints

from specs.errors import Strict
from specs.portals import Iso3

__all__ = [
    "Clause", "Commitment", "CommitmentId", "Direction", "Government", "Indicator", "Irm", "Milestone", "Period",
    "Scope", "Source", "Waiver",
]  # fmt: skip

CommitmentId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*/[A-Za-z0-9][A-Za-z0-9.-]*$")]
"""Who keeps the list, and its own id: ``ogp/KE0034``. The file has the same name, with a hyphen instead of the
slash."""
ItemId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Direction = Literal["increase", "decrease", "maintain"]
Weight = Annotated[float, Field(gt=0, le=1000)]


class Government(Strict):
    """The government that made the promise."""

    name: Text
    iso3: Iso3


class Source(Strict):
    """The published text of the promise."""

    url: Text
    quote: Text
    """The words of the promise, verbatim."""
    note: str = ""
    """How the words were turned into figures, and what is doubtful."""
    archived_sha256: Sha256 | None = None


class Irm(Strict):
    """The verdicts of OGP's Independent Reporting Mechanism (opengovpartnership.org/glossary)."""

    verifiable: bool | None = None
    potential_for_results: Literal["unclear", "modest", "substantial"] | None = None
    completion: Literal["withdrawn", "unclear", "not_started", "limited", "substantial", "complete"] | None = None
    early_results: Literal["none", "moderate", "significant"] | None = None


class Period(Strict):
    """First and last day of the commitment."""

    start: Day
    deadline: Day


class Clause(Strict):
    """A condition on datasets. If it has several keys, all of them must hold."""

    portal: Text | None = None
    """Id of a portal."""
    publisher: Text | None = None
    """The publisher's name, the portal's identifier for it, or its name as a slug: ``national-treasury``."""
    theme: Text | None = None
    """Code of the EU table of data themes (ENVI), or a theme as declared."""
    keyword: Text | None = None
    title: Text | None = None
    """Words that occur in the title, in this order; case and accents are ignored."""
    dataset: Text | None = None
    """Id in the catalogue, or the portal's own identifier."""
    hvd_category: Text | None = None
    """Address or code of a category of high-value datasets; one of the six top categories includes those below it."""
    legislation: Text | None = None
    """Address of the law; the http, https and eur-lex forms of an ELI are equivalent."""
    government: Text | None = None
    """Name of the government responsible for the portal."""
    country: Iso3 | None = None

    @property
    def keys(self) -> dict[str, str]:
        """Return the conditions that are set, by name."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class Scope(Strict):
    """The datasets of a commitment: those that meet all of ``all``, at least one of ``any`` (if given), and none of
    ``not``."""

    mode: Literal["cohort", "current"] = "current"
    """cohort: the datasets of the first run that was read; current: searched for again in every run. In both modes a
    dataset stays in the scope once it was there."""
    min_datasets: Annotated[int, Field(ge=0)] = 1
    """With fewer datasets the scope does not count as resolved, and nothing is reported."""
    all_of: Annotated[tuple[Clause, ...], Field(alias="all")] = ()
    any_of: Annotated[tuple[Clause, ...], Field(alias="any")] = ()
    none_of: Annotated[tuple[Clause, ...], Field(alias="not")] = ()


class Indicator(Strict):
    """A figure that must move from a baseline to a target by a day."""

    id: ItemId
    title: str = ""
    kind: Literal["measured", "external", "manual"]
    measure: str | None = None
    """A measure of ``specs/measures.toml``; of external ones ``share`` or ``value``."""
    params: dict[str, str | int | float | bool | tuple[str, ...]] = {}
    direction: Direction
    baseline: float | None = None
    """If omitted, the first value read with enough evidence is the baseline, and is marked as measured."""
    baseline_date: Day | None = None
    target: float
    deadline: Day | None = None
    weight: Weight = 1.0
    scope: Scope | None = None
    file: str | None = None
    """external: a CSV beside the commitment with the columns date and value."""
    denominator: str | None = None
    """external: a CSV beside the commitment with a column id, listing everything that should exist."""
    evidence: str | None = None
    assessor: str | None = None
    value: float | None = None
    date: Day | None = None
    """manual: the day of the value."""


class Milestone(Strict):
    """Something that is either done or not, as a person states."""

    id: ItemId
    title: str = ""
    kind: Literal["manual"] = "manual"
    due: Day
    weight: Weight = 1.0
    done: Day | None = None
    """The day on which it was done; needs evidence and an assessor."""
    evidence: str | None = None
    assessor: str | None = None


class Waiver(Strict):
    """A dataset that is no longer required, and why."""

    dataset: Text
    reason: Text
    replaced_by: str | None = None


class Commitment(Strict):
    """A commitment file."""

    id: CommitmentId
    title: Text
    example: bool = False
    """True for an example: it is read and checked, but tracked only when asked for."""
    draft: bool = False
    """True until a person has filled in what a program cannot know. Drafts are never tracked."""
    government: Government
    lead: str = ""
    source: Source
    irm: Irm = Irm()
    period: Period
    scope: Scope
    indicators: tuple[Indicator, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    waived: tuple[Waiver, ...] = ()
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Return the folder of the commitment file, which also holds its external files."""
        return self._folder

    def in_folder(self, folder: Path) -> Commitment:
        """Set the folder in which its external files are looked for, and return the commitment itself."""
        self._folder = folder
        return self

    @property
    def stem(self) -> str:
        """Return the name of its file, without the extension."""
        return self.id.replace("/", "-")

    @property
    def ogp_url(self) -> str | None:
        """Return its page at OGP, or None if the commitment does not come from there."""
        return self.source.url if "opengovpartnership.org" in self.source.url else None

    def scope_of(self, indicator: Indicator) -> Scope:
        """Return the scope on which an indicator is measured: its own, or the commitment's."""
        return indicator.scope or self.scope
