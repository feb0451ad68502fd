"""Put the datasets or files of a portal into groups, level by level: by source, server, publisher, format, ..."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np

from catalog.repositories.cause_facts import CauseFacts
from catalog.repositories.coded import Codes, Flags, Numbers
from specs.causes import Level, cause_rules

__all__ = ["Groups", "groups_of"]

_OF_ONE_PUBLISHER = 0.95
"""Share of a group from which on it counts as that of one publisher."""


def groups_of(facts: CauseFacts) -> dict[bool, Groups]:
    """Return the groups of a portal's datasets under the key False, and those of its files under the key True.

    ``facts``: the datasets and files as arrays. The groups do not depend on findings, so they can be used again for the
    findings of every rule.
    """
    return {is_of_file: Groups(facts, is_of_file=is_of_file) for is_of_file in (False, True)}


class Groups:
    """Groups of the datasets of a portal, or of its files, in which a common cause of findings may lie.

    Each level, such as publisher, host or format, divides them in another way. The division is computed when its level
    is first asked for. ``is_of_file`` says whether files are divided, or datasets.
    """

    def __init__(self, facts: CauseFacts, *, is_of_file: bool) -> None:
        self.facts = facts
        self.is_of_file = is_of_file
        self.size = len(facts.file_dataset) if is_of_file else len(facts.dataset_key)
        self.dataset: Numbers = facts.file_dataset if is_of_file else np.arange(self.size)
        self.publisher: Numbers = facts.publisher.codes[self.dataset]
        self._found: dict[str, Codes] = {}

    def at(self, level: Level | Literal["server"]) -> Codes:
        """Return the division at a level: for each dataset or file the index of its group, and the names of the groups.

        The index is -1 for a dataset or file that is in no group: its value is not known, or ``level`` is one that only
        files have ("series", "format", "batch", "pattern") and the groups are those of datasets. The levels "source"
        and "host" also leave out groups of which at least 95 % belong to one publisher, or to none; the level "server"
        has the same groups as "host", but all of them. Hosts where anyone may store files, such as file-sharing
        services, never form a group. At "portal" and "value" everything is in one group.

        At "series" the files of a group belong to one dataset. At "format" they have the same declared format, at
        "batch" the same day of last writing, and at both the same owner: a server of the level "host" or, without one,
        a publisher.
        """
        if level not in self._found:
            self._found[level] = self._make(level)
        return self._found[level]

    def _make(self, level: Level | Literal["server"]) -> Codes:
        facts = self.facts
        match level:
            case "portal" | "value":
                return Codes(np.zeros(self.size, dtype=np.int32), [""])
            case "source":
                return self._shared(Codes(facts.source.codes[self.dataset], facts.source.names))
            case "publisher":
                return Codes(self.publisher, facts.publisher.names)
            case "server":
                return self._servers
            case "host":
                return self._shared(self._servers)
            case "series" if self.is_of_file:
                return Codes(self.dataset, facts.dataset_id)
            case "format" if self.is_of_file:
                return self._of_owner(facts.format)
            case "batch" if self.is_of_file:
                return self._of_owner(facts.written)
            case "pattern" if self.is_of_file:
                return Codes(np.where(self._servers.codes >= 0, facts.pattern.codes, -1), facts.pattern.names)
            case _:
                return Codes(np.full(self.size, -1, dtype=np.int32), [])

    @cached_property
    def _servers(self) -> Codes:
        hosts = self.facts.host if self.is_of_file else self.facts.dataset_host
        is_service = np.array([cause_rules().is_shared(name) for name in hosts.names] + [True])
        return Codes(np.where(is_service[hosts.codes], -1, hosts.codes), hosts.names)

    def _shared(self, groups: Codes) -> Codes:
        """Return the groups without those that (nearly) belong to one publisher."""
        is_shared = np.append(self._is_shared(groups), False)
        return Codes(np.where(is_shared[groups.codes], groups.codes, -1), groups.names)

    def _is_shared(self, groups: Codes) -> Flags:
        there = groups.codes >= 0
        kinds = len(self.facts.publisher.names) + 1
        of_whom = groups.codes[there].astype(np.int64) * kinds + self.publisher[there] + 1
        pairs, counts = np.unique(of_whom, return_counts=True)
        most = np.zeros(len(groups.names), dtype=np.int64)
        np.maximum.at(most, pairs // kinds, counts)
        whole = np.bincount(groups.codes[there], minlength=len(groups.names))
        return np.asarray(most < _OF_ONE_PUBLISHER * whole)

    def _of_owner(self, what: Codes) -> Codes:
        """Return groups of a server that several publishers share, else of a publisher, and one format or day."""
        hosts, publishers = self.at("host"), self.facts.publisher.names
        is_by_host = hosts.codes >= 0
        kinds = max(len(what.names), 1)
        # Half the memory, if all pairs have small numbers; a portal may have millions of files.
        is_small = (len(hosts.names) + len(publishers) + 1) * kinds < 2**31
        owner = np.where(is_by_host, hosts.codes, len(hosts.names) + self.publisher)
        owner = owner.astype(np.int32 if is_small else np.int64)
        there = (what.codes >= 0) & (is_by_host | (self.publisher >= 0))
        pairs, codes = np.unique(np.where(there, owner * kinds + what.codes, -1), return_inverse=True)
        codes = codes.astype(np.int32)
        names = []
        for pair in pairs:
            whose, which = divmod(int(pair), kinds)
            if pair < 0:
                names.append("")
            elif whose < len(hosts.names):
                names.append(f"{hosts.names[whose]} {what.names[which]}")
            else:
                names.append(f"{publishers[whose - len(hosts.names)]} {what.names[which]}")
        return Codes(np.where(there, codes, -1), names)
