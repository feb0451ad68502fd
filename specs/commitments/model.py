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
    """The government that made the commitment. ``iso3`` is the three-letter code of its country (ISO 3166-1)."""

    name: Text
    iso3: Iso3


class Source(Strict):
    """Where the commitment was published, and in which words."""

    url: Text
    quote: Text
    """The words of the promise, verbatim."""
    note: str = ""
    """How the words were turned into figures, and what is doubtful."""
    archived_sha256: Sha256 | None = None
    """SHA-256 of an archived copy of the page; None if there is none."""


class Irm(Strict):
    """The verdicts of OGP's Independent Reporting Mechanism on the commitment (opengovpartnership.org/glossary).

    A field is None if the mechanism has not given that verdict.
    """

    verifiable: bool | None = None
    potential_for_results: Literal["unclear", "modest", "substantial"] | None = None
    completion: Literal["withdrawn", "unclear", "not_started", "limited", "substantial", "complete"] | None = None
    early_results: Literal["none", "moderate", "significant"] | None = None
    ambition: Literal["none", "minor", "moderate", "transformative"] | None = None
    """Potential impact: of plans before 2020, which have no potential for results."""
    relevance: bool | None = None
    """Whether it is relevant to the values of open government."""
    opened_government: Literal["worsened", "did_not_change", "marginal", "major", "outstanding"] | None = None
    """Whether it opened government: of plans before 2020, which have no early results."""


class Period(Strict):
    """The time in which the commitment is to be met: its first day and its last."""

    start: Day
    deadline: Day


class Clause(Strict):
    """A condition that a dataset meets or does not meet. If several keys are set, the dataset must meet all of them."""

    portal: Text | None = None
    """Id of a portal, or the host of its address."""
    publisher: Text | None = None
    """The publisher's name, the portal's identifier for it, or its name as a slug: ``national-treasury``."""
    theme: Text | None = None
    """Code of the EU table of data themes (ENVI), or a theme as declared."""
    keyword: Text | None = None
    title: Text | None = None
    """Words that stand in the title one right after the other; case, accents and punctuation are ignored."""
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
        """Return the conditions that are set, as a mapping from key, such as "theme", to required value."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class Scope(Strict):
    """The datasets that a commitment covers.

    These are the datasets that meet all conditions of ``all``, at least one of ``any`` (if it has any), and none of
    ``not``.
    """

    mode: Literal["cohort", "current"] = "current"
    """cohort: the datasets of the first run that was read; current: searched for again in every run. In both modes a
    dataset stays in the scope once it was there."""
    min_datasets: Annotated[int, Field(ge=0)] = 1
    """With fewer datasets the scope does not count as resolved, and nothing is reported."""
    all_of: Annotated[tuple[Clause, ...], Field(alias="all")] = ()
    any_of: Annotated[tuple[Clause, ...], Field(alias="any")] = ()
    none_of: Annotated[tuple[Clause, ...], Field(alias="not")] = ()


class Indicator(Strict):
    """A number that the commitment promises to change, from a baseline to a target by a deadline.

    ``kind`` tells where the number comes from: "measured" in the catalogue, "external" from a CSV file beside the
    commitment, or "manual" from a person.
    """

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
    """The day of the baseline."""
    target: float
    deadline: Day | None = None
    """If omitted, the deadline of the commitment."""
    weight: Weight = 1.0
    """How much it counts in the progress of the commitment, beside the others."""
    scope: Scope | None = None
    """If omitted, the scope of the commitment."""
    file: str | None = None
    """external: a CSV beside the commitment with the columns date and value."""
    denominator: str | None = None
    """external: a CSV beside the commitment with a column id, listing everything that should exist."""
    evidence: str | None = None
    assessor: str | None = None
    """manual: who stated the value; ``evidence`` is the address or text that proves it."""
    value: float | None = None
    date: Day | None = None
    """manual: the day of the value."""


class Milestone(Strict):
    """A step of the commitment that is either done or not. A person states which; until then it is unknown."""

    id: ItemId
    title: str = ""
    kind: Literal["manual"] = "manual"
    due: Day
    weight: Weight = 1.0
    done: Day | None = None
    """The day on which it was done; needs evidence and an assessor."""
    checked: Day | None = None
    """The last day on which the assessor looked and it was not done. It is missed only if that is after ``due``."""
    evidence: str | None = None
    assessor: str | None = None


class Waiver(Strict):
    """A dataset that the commitment no longer requires, and the reason."""

    dataset: Text
    """Id in the catalogue, or the portal's own identifier."""
    reason: Text
    replaced_by: str | None = None
    """The dataset that took its place: a note that readers see behind the reason; the measurement does not use it."""


class Commitment(Strict):
    """The contents of a commitment file: what a government promised, and how it is measured."""

    id: CommitmentId
    title: Text
    example: bool = False
    """True for an example: it is read and checked, but tracked only when asked for."""
    draft: bool = False
    """True until a person has filled in what a program cannot know. Drafts are never tracked."""
    government: Government
    lead: str = ""
    """Institution that is responsible for the commitment; "" if not stated."""
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
        """Return the folder of the commitment file. CSV files of external indicators are in it too."""
        return self._folder

    def in_folder(self, folder: Path) -> Commitment:
        """Set the folder in which CSV files of external indicators are looked for, and return this same object."""
        self._folder = folder
        return self

    @property
    def stem(self) -> str:
        """Return the name of the commitment file without its extension: the id with a hyphen in place of the slash."""
        return self.id.replace("/", "-")

    @property
    def ogp_url(self) -> str | None:
        """Return the address of the commitment at the Open Government Partnership; None if its source is elsewhere."""
        return self.source.url if "opengovpartnership.org" in self.source.url else None

    def scope_of(self, indicator: Indicator) -> Scope:
        """Return the scope (conditions on datasets) of ``indicator``: its own or, if it has none, that of the
        commitment."""
        return indicator.scope or self.scope
