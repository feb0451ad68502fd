"""``causes.toml``: which findings may have one cause, at which levels, and how many hours one fix takes.

A cause is one fault, such as a broken server, that explains many findings of one rule and that one fix removes. Its
level says what the datasets or files of these findings have in common, such as the server.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from specs.errors import SpecError, Strict, parse, read_toml
from specs.metrics import metrics

__all__ = ["CauseClass", "CauseRules", "Level", "Root", "cause_rules"]

Level = Literal["portal", "source", "host", "publisher", "format", "batch", "pattern", "value", "series"]
Root = Literal["field", "value", "host", "pattern", "software"]
Share = Annotated[float, Field(gt=0, lt=1)]


class CauseClass(Strict):
    """Rules whose findings are grouped into causes in the same way, such as all rules about addresses."""

    id: str
    rules: tuple[str, ...]
    """Ids of metrics."""
    root: Root
    """The kind of thing that a fix of a cause changes: a field that is missing, a value, a server, a pattern of
    addresses, or software."""
    split: Literal["value", "fault", "defect", "format", "text"] | None = None
    """What divides the findings of one rule before they are grouped: the value observed, the fault of the address, the
    defect of the table, the format declared, or the description. None: nothing."""
    levels: tuple[Level, ...]
    """Levels at which a cause is looked for, the widest first."""
    minimum: Annotated[int, Field(ge=2)]
    """Datasets or files below which nothing is proved."""
    is_same_value_enough: bool = False
    """Whether the same value alone proves the cause, if at least ``least_share`` of the group has it."""
    least_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the group that must have the same value, if the same value is enough."""
    not_values: tuple[str, ...] = ()
    """Values (last word of what was observed) whose findings are grouped at the level "series" only."""


class CauseRules(Strict):
    """The content of ``causes.toml``: how findings are grouped into causes."""

    share: Share
    """Share of the datasets or files of a group that must fail for the group to be one cause."""
    kept_share: Share
    """A cause that was found before is kept as long as more than this share of its group fails."""
    narrow_minimum: Annotated[int, Field(ge=2)]
    """Fewer datasets or files than this prove nothing at the levels "format" and "batch"."""
    chance: Share
    """Greatest probability that the group would fail like this if it were no different from the rest."""
    shared_hosts: tuple[str, ...]
    """Hosts to which anyone may upload files; they never form a group."""
    large_points: Annotated[float, Field(gt=0, le=100)]
    """A fix is large if it brings at least so many points of a score from 0 to 100, or the share ``large_share``."""
    large_share: Share
    """A fix is also large if it brings at least this share of the points that the score lacks to 100."""
    effort_hours: dict[Level, Annotated[float, Field(gt=0)]]
    """Hours of work that the fix of one cause takes, by level."""
    classes: tuple[CauseClass, ...] = Field(alias="class")
    """The classes of rules; a rule in none of them has no causes."""

    def class_of(self, rule_id: str) -> CauseClass | None:
        """Return how the findings of a rule are grouped; None if they are never grouped into causes."""
        return next((one for one in self.classes if rule_id in one.rules), None)

    def is_shared(self, host: str) -> bool:
        """Return whether a host is a file service, or the like, to which anyone may upload files.

        >>> cause_rules().is_shared("docs.google.com")
        True
        """
        return any(host == one or host.endswith(f".{one}") for one in self.shared_hosts)


@lru_cache(maxsize=1)
def cause_rules() -> CauseRules:
    """Return the rules by which findings are grouped into causes.

    Raise SpecError if ``causes.toml`` is invalid; the message names the file, the key and what to do.
    """
    path = Path(__file__).parent / "causes.toml"
    rules = parse(CauseRules, read_toml(path), str(path))
    named = [rule for one in rules.classes for rule in one.rules]
    if unknown := [rule for rule in named if rule not in metrics()]:
        raise SpecError(f"{path}: rules: there is no metric {unknown[0]}; correct its id")
    if twice := [rule for rule in named if named.count(rule) > 1]:
        raise SpecError(f"{path}: rules: {twice[0]} is in two classes; take it out of one")
    return rules
