"""What a commitment file may say. Every promise needs a figure, a day, and the words it was read from."""

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
"""Who keeps the list, and its own id: ``ogp/KE0034``. The file is called the same, with a hyphen for the stroke."""
ItemId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Direction = Literal["increase", "decrease", "maintain"]
Weight = Annotated[float, Field(gt=0, le=1000)]


class Government(Strict):
    """Who promised."""

    name: Text
    iso3: Iso3


class Source(Strict):
    """Where the promise stands."""

    url: Text
    quote: Text
    """The words of the promise, as they stand."""
    note: str = ""
    """How they were read into figures, and what is doubtful."""
    archived_sha256: Sha256 | None = None


class Irm(Strict):
    """The verdicts of OGP's Independent Reporting Mechanism (opengovpartnership.org/glossary)."""

    verifiable: bool | None = None
    potential_for_results: Literal["unclear", "modest", "substantial"] | None = None
    completion: Literal["withdrawn", "unclear", "not_started", "limited", "substantial", "complete"] | None = None
    early_results: Literal["none", "moderate", "significant"] | None = None


class Period(Strict):
    """First and last day."""

    start: Day
    deadline: Day


class Clause(Strict):
    """A condition on datasets. Where it has several keys, all of them must hold."""

    portal: Text | None = None
    """Id of a portal."""
    publisher: Text | None = None
    """Its name, the portal's identifier of it, or its name as a slug: ``national-treasury``."""
    theme: Text | None = None
    """Code of the EU table of data themes (ENVI), or a theme as declared."""
    keyword: Text | None = None
    title: Text | None = None
    """Words that stand in the title, in this order, whatever their case and accents."""
    dataset: Text | None = None
    """Id in the catalogue, or the portal's own identifier."""
    hvd_category: Text | None = None
    """Address or code of a category of high-value datasets; the six top ones hold what lies under them."""
    legislation: Text | None = None
    """Address of the law; http, https and eur-lex forms of an ELI are one."""
    government: Text | None = None
    """Government answerable for the portal."""
    country: Iso3 | None = None

    @property
    def keys(self) -> dict[str, str]:
        """The conditions by name."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class Scope(Strict):
    """Which datasets are meant: those that meet all of ``all``, one of ``any`` if there are some, and none of
    ``not``."""

    mode: Literal["cohort", "current"] = "current"
    """cohort: the datasets of the first run that was read; current: sought anew in every run. In both a dataset that
    was once in the scope stays."""
    min_datasets: Annotated[int, Field(ge=0)] = 1
    """With fewer the scope is not resolved, and nothing is said."""
    all_of: Annotated[tuple[Clause, ...], Field(alias="all")] = ()
    any_of: Annotated[tuple[Clause, ...], Field(alias="any")] = ()
    none_of: Annotated[tuple[Clause, ...], Field(alias="not")] = ()


class Indicator(Strict):
    """A figure that must come from a baseline to a target by a day."""

    id: ItemId
    title: str = ""
    kind: Literal["measured", "external", "manual"]
    measure: str | None = None
    """A measure of ``specs/measures.toml``; of external ones ``share`` or ``value``."""
    params: dict[str, str | int | float | bool | tuple[str, ...]] = {}
    direction: Direction
    baseline: float | None = None
    """Without one the first value that is read with enough evidence stands for it, and is marked as measured."""
    baseline_date: Day | None = None
    target: float
    deadline: Day | None = None
    weight: Weight = 1.0
    scope: Scope | None = None
    file: str | None = None
    """external: a CSV beside the commitment with the columns date and value."""
    denominator: str | None = None
    """external: a CSV beside the commitment with a column id: everything that there should be."""
    evidence: str | None = None
    assessor: str | None = None
    value: float | None = None
    date: Day | None = None
    """manual: the day of the value."""


class Milestone(Strict):
    """Something that is done or not, as a person says."""

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
    """A dataset that need no longer be there, and why."""

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
        """The folder of its file, where its external files lie too."""
        return self._folder

    def in_folder(self, folder: Path) -> Commitment:
        """The same, with the folder where its external files lie."""
        self._folder = folder
        return self

    @property
    def stem(self) -> str:
        """The name of its file, without the ending."""
        return self.id.replace("/", "-")

    @property
    def ogp_url(self) -> str | None:
        """Its page at OGP, where the promise was read there."""
        return self.source.url if "opengovpartnership.org" in self.source.url else None

    def scope_of(self, indicator: Indicator) -> Scope:
        """The scope an indicator is measured on."""
        return indicator.scope or self.scope
