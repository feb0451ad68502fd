"""``systems/*.toml``: how measurements become points, stars and bands, in our own system and in those of others.

A system consists of weights over measurements and one of four rules. It needs no crawl and has its own version.
Figures of two systems, or of two versions of one system, are never mixed.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from specs.errors import SpecError, Strict, parse, read_toml
from specs.metrics import MetricId, metrics

__all__ = ["Band", "SystemItem", "Over", "System", "systems"]

HERE = Path(__file__).parent
Over = Literal["mean", "best", "all"]
Treatment = Literal["failed", "passed", "left_out"]


class SystemItem(Strict):
    """The points that a scoring system gives for one metric."""

    metric: MetricId
    points: Annotated[float, Field(gt=0)] = 1.0
    dimension: str = ""
    """The system's own group of items to which it belongs; "" without groups."""
    name: str = ""
    """The system's own name for it."""
    over: Over | None = None
    """How a dataset's value is derived from its parts, if this differs from the system's default."""
    unless: MetricId | None = None
    """The item is left out if the distribution that counts has a measurement of this metric, whatever its value. Under
    the rule "sum" the item of this other metric is left out instead, in every dataset."""
    unknown: Treatment | None = None
    """How unknown values count, if this differs from the system's default."""


class Band(Strict):
    """A named range of total scores, such as "good". It begins at ``minimum`` and ends where the next band begins."""

    title: str
    minimum: float


class System(Strict):
    """A scoring system: the points for each metric, and the rule that combines them into a total."""

    id: MetricId
    version: str
    title: str
    source: str
    note: str = ""
    """Which rule was chosen where published implementations differ, and what is left out."""
    rule: Literal["best_distribution", "group_mean", "sum", "ladder"]
    """best_distribution: dataset points plus those of the distribution with most points.
    group_mean: mean of the groups present: the dataset, the mean of its distributions, the mean of its services.
    sum: the points of all items; ``over`` says how a dataset's parts give its value.
    ladder: each part climbs the items in their order until one fails; the dataset has the best of its parts."""
    maximum: Annotated[float, Field(gt=0)]
    """The highest total that a dataset can reach."""
    over: Over = "mean"
    unknown: Treatment
    """How the system itself counts what was not seen. The bounds of the score are given in any case."""
    not_applicable: Literal["failed", "left_out"] = "failed"
    """How an item counts that does not apply to a dataset."""
    based_on: str | None = None
    """Another system whose items and bands this one uses."""
    item: tuple[SystemItem, ...] = ()
    band: tuple[Band, ...] = ()

    def band_of(self, points: float | None) -> str | None:
        """Return the name of the band in which the total ``points`` lies. None if ``points`` is None, below all bands,
        or if the system has no bands."""
        reached = [band for band in self.band if points is not None and points >= band.minimum]
        return max(reached, key=lambda band: band.minimum).title if reached else None


def _based(data: dict[str, Any], folder: Path, path: Path) -> dict[str, Any]:
    base = data.get("based_on")
    if not isinstance(base, str):
        return data
    if data.get("item") or not (folder / f"{base}.toml").is_file():
        raise SpecError(f"{path}: based_on: name another system of the folder, and give no item of its own")
    return {key: value for key, value in read_toml(folder / f"{base}.toml").items() if key in ("item", "band")} | data


def load(folder: Path) -> dict[str, System]:
    """Return all scoring systems defined in the ``*.toml`` files of ``folder``, by id.

    A system with ``based_on`` gets the items and, if it has none of its own, the bands of that system. Raise SpecError
    if a file is invalid, does not have the id as its name, names an unknown metric or system, or has no item.
    """
    found = {}
    for path in sorted(folder.glob("*.toml")):
        system = parse(System, _based(read_toml(path), folder, path), str(path))
        if system.id != path.stem:
            raise SpecError(f"{path}: id: {system.id!r} is not the file's name; rename one of them")
        for item in system.item:
            for name in (item.metric, item.unless):
                if name is not None and name not in metrics():
                    raise SpecError(f"{path}: item.{name}: no such metric; define it in metrics.toml")
        if not system.item:
            raise SpecError(f"{path}: item: missing; add one at least")
        found[system.id] = system
    return found


@lru_cache(maxsize=1)
def systems() -> dict[str, System]:
    """Return all scoring systems that come with the program, by id. Raise SpecError if a file is invalid."""
    return load(HERE)
