"""``systems/*.toml``: how measurements become points, stars and bands, in our own words and in those of others.

A system is weights over measurements and one of four rules; it needs no crawl, and has a version of its own. Figures
of two systems, or of two versions of one, never mix.
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
    """Points that one metric brings in a system."""

    metric: MetricId
    points: Annotated[float, Field(gt=0)] = 1.0
    dimension: str = ""
    name: str = ""
    """What the system itself calls it."""
    over: Over | None = None
    """How a dataset answers for its parts, where it is not the system's way."""
    unless: MetricId | None = None
    """Left out where the distribution that counts has a measurement of this metric, whatever its value."""
    unknown: Treatment | None = None
    """Where it is not the system's way."""


class Band(Strict):
    """A named range of totals, from ``minimum`` up to the next band's."""

    title: str
    minimum: float


class System(Strict):
    """A scoring system: weights over measurements and a rule that adds them up."""

    id: MetricId
    version: str
    title: str
    source: str
    note: str = ""
    """What the rule chosen is, where published implementations differ, and what is left out."""
    rule: Literal["best_distribution", "group_mean", "sum", "ladder"]
    """best_distribution: dataset points + those of the distribution with most points.
    group_mean: mean of the groups present: the dataset, the mean of its distributions, the mean of its services.
    sum: the points of all items, a dataset answering for its parts as ``over`` says.
    ladder: each part climbs the items in their order until one fails; the dataset has the best of its parts."""
    maximum: Annotated[float, Field(gt=0)]
    over: Over = "mean"
    unknown: Treatment
    """How the system itself counts what was not seen. The bounds are given in any case."""
    not_applicable: Literal["failed", "left_out"] = "failed"
    based_on: str | None = None
    """Another system whose items and bands are this one's."""
    item: tuple[SystemItem, ...] = ()
    band: tuple[Band, ...] = ()

    def band_of(self, points: float | None) -> str | None:
        """The band that a total falls into; None where the system has none."""
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
    """All systems of a folder by id.

    Raises SpecError with file, key and remedy.
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
    """All scoring systems that come with the program, by id."""
    return load(HERE)
