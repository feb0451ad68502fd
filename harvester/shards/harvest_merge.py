"""Store the harvests that another machine made, after every value of them was checked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from catalog.files import sha256
from catalog.model import CachedResponse, HarvestError, HarvestPage, Record
from catalog.model.harvest_stats import HarvestStats
from catalog.repositories.harvests import harvested
from catalog.repositories.slices import are_renames, owns_datasets
from harvester.errors import ShardError
from harvester.night.context import RunContext
from harvester.night.verdict import Verdict
from harvester.shards.harvest_part import COLUMNS, ROWS
from harvester.shards.harvest_task import HARVEST, HarvestTask
from harvester.shards.part import read_rows, reader
from harvester.shards.row_group import MAX_NUMBER
from harvester.shards.task import read_head, versions
from specs.portals import PortalSpec

__all__ = ["merge_harvest", "store_rows"]

T = TypeVar("T")
MAX_ROWS = 20_000_000
MAX_PAGE = 200_000
"""Records of one page, at most: they are held in memory until the page is stored."""
_HASH = re.compile(r"[0-9a-f]{1,64}")


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class _Rest:
    records: int
    errors: tuple[HarvestError, ...]
    unchanged: tuple[str, ...]
    response: CachedResponse | None


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class _End:
    verdict: Verdict
    stats: HarvestStats
    reasons: tuple[str, ...]
    to_approve: tuple[str, ...]
    not_found: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class _Robots:
    robots_text: str | None
    robots_sha256: str | None
    robots_decision: str | None


_RECORD, _REST, _END, _ROBOTS = TypeAdapter(Record), TypeAdapter(_Rest), TypeAdapter(_End), TypeAdapter(_Robots)
_ERRORS, _PAIRS = TypeAdapter(tuple[HarvestError, ...]), TypeAdapter(dict[str, str])


def merge_harvest(run: RunContext, task: HarvestTask, part: Path) -> list[str]:
    """Store the harvests in the folder ``part``, which another machine made from ``task``, in the catalogue of ``run``.

    Return the ids of the portals whose harvests were stored now.
    All is stored in one transaction, or nothing. Portals whose harvest has ended in this run are left as they are, so
    that merging twice changes nothing. Raise ShardError if the part is of another task, run or version, is incomplete,
    or contains a wrong value.
    """
    _refuse_other(read_head(part / "part.json", 1_000_000), task, part)
    try:
        with reader() as child:
            return store_rows(run, task, read_rows(child, part / ROWS, COLUMNS, MAX_ROWS))
    except ValueError as error:
        raise ShardError(f"{part}: {error}"[:500]) from error


def store_rows(run: RunContext, task: HarvestTask, rows: Iterable[tuple[str, str, str]]) -> list[str]:
    """Store harvests of ``task`` in the catalogue of ``run``, from ``rows``, the rows of a part, each a tuple (portal
    id, kind, JSON). Return what :func:`merge_harvest` returns.

    Raise ValueError if a row is wrong, if a portal has more rows of a kind than an honest harvest, or if a harvest has
    no end; then nothing is stored.
    """
    known = {portal.id for portal in task.portals}
    done = harvested(run.catalog, run.run_id)
    waiting = {portal.id: _Harvest(run, portal) for portal in task.portals if portal.id not in done}
    with run.catalog.writing():
        for portal_id, kind, text in rows:
            if portal_id not in known:
                raise ValueError(f"a row is of {str(portal_id)[:50]!r}, which is no portal of this task")
            if portal_id in waiting:
                try:
                    waiting[portal_id].store(kind, json.loads(text), len(text))
                except (ValueError, TypeError, RecursionError) as error:
                    raise ValueError(f"a row of {portal_id} cannot be read ({error})") from error
        if missing := [portal_id for portal_id, one in waiting.items() if not one.is_over]:
            raise ValueError(f"the harvest of {', '.join(missing)[:200]} has no end")
    return list(waiting)


def _refuse_other(head: dict[str, Any], task: HarvestTask, part: Path) -> None:
    if head.get("versions") != versions():
        raise ShardError(
            f"{part}: made by {head.get('versions')}, and here is {versions()}; install the same version of Winnow on "
            "all machines"
        )
    if (head.get("work"), head.get("run"), head.get("task")) != (HARVEST, task.run_id, task.digest):
        raise ShardError(f"{part}: made from another task than the one planned")
    digests = head.get("sha256")
    path = part / ROWS
    if not isinstance(digests, dict) or not path.is_file() or sha256(path) != digests.get(ROWS):
        raise ShardError(f"{path}: it is not the file that part.json names")


MAX_PAGE_LENGTH = 200_000_000
"""Characters of the records of one page: they are in memory together."""
_MOST_CALLS = {"link_parents": 5, "restart": 5, "robots": 100, "follow": 1_000, "errors": 100_000}
"""Rows of a kind for one portal: each is work under the lock of the catalogue, and an honest harvest has far fewer."""


class _Harvest:
    """The harvest of one portal that is being stored. ``is_over``: whether its end is stored."""

    def __init__(self, run: RunContext, portal: PortalSpec) -> None:
        self.run, self.portal, self.is_over = run, portal, False
        self._records: list[Record] = []
        self._length = 0
        self._calls: Counter[str] = Counter()

    def store(self, kind: str, value: Any, length: int) -> None:
        """Store one row of a part, whose text has ``length`` characters. Raise ValueError for a value that no honest
        machine writes."""
        if self.is_over:
            raise ValueError("it comes after the end of the harvest")
        self._calls[kind] += 1
        most = _MOST_CALLS.get(kind)
        if most is not None and self._calls[kind] > most:
            raise ValueError(f"more than {most:,} rows of the kind {kind}")
        self._length = self._length + length if kind == "record" else 0
        if self._length > MAX_PAGE_LENGTH:
            raise ValueError(f"a page of more than {MAX_PAGE_LENGTH:,} characters")
        if kind not in _KINDS:
            raise ValueError(f"its kind is {str(kind)[:50]!r}")
        if self._records and kind not in ("record", "page"):
            raise ValueError("a page has no end")
        _KINDS[kind](self, value)

    def record(self, value: Any) -> None:
        record = _checked(_RECORD, value)
        if not record.dataset.identifier or record.exchange or not _HASH.fullmatch(record.raw_hash):
            raise ValueError("a record without identity")
        if len(self._records) >= MAX_PAGE:
            raise ValueError(f"a page of more than {MAX_PAGE:,} records")
        self._records.append(record)

    def page(self, value: Any) -> None:
        rest = _checked(_REST, value)
        if rest.records != len(self._records):
            raise ValueError(f"a page of {rest.records:,} records comes with {len(self._records):,}")
        page = HarvestPage(
            records=tuple(self._records), errors=rest.errors, unchanged=rest.unchanged, response=rest.response
        )
        self._records = []
        self.run.harvest_store.page(self.portal, page)
        self.run.on_progress("harvest", self.portal.id, len(page.records), None)

    def errors(self, value: Any) -> None:
        errors = _checked(_ERRORS, value)
        self.run.harvest_store.errors(self.portal, errors)

    def robots(self, value: Any) -> None:
        told = _checked(_ROBOTS, value)
        columns = {name: getattr(told, name) for name in ("robots_text", "robots_sha256", "robots_decision")}
        self.run.harvest_store.robots(self.portal, columns)

    def restart(self, value: Any) -> None:
        self.run.harvest_store.restart(self.portal)

    def follow(self, value: Any) -> None:
        pairs = _checked(_PAIRS, value)
        self._refuse_foreign([*pairs, *pairs.values()])
        if not are_renames(self.run.catalog, self.portal.id, self.run.run_id, pairs):
            raise ValueError("a dataset follows one that was seen in this run, or was itself known before")
        self.run.harvest_store.follow(self.portal, pairs)

    def link_parents(self, value: Any) -> None:
        self.run.harvest_store.link_parents(self.portal)

    def finish(self, value: Any) -> None:
        end = _checked(_END, value)
        counts = [one for one in asdict(end.stats).values() if isinstance(one, int)]
        if not all(0 <= count < MAX_NUMBER for count in counts):
            raise ValueError("a count is negative or too large")
        self._refuse_foreign(end.not_found)
        self.run.harvest_store.finish(
            self.portal,
            end.verdict,
            end.stats,
            reasons=end.reasons,
            to_approve=end.to_approve,
            not_found=end.not_found,
        )
        self.is_over = True

    def _refuse_foreign(self, ids: Collection[str]) -> None:
        if not owns_datasets(self.run.catalog, self.portal.id, ids):
            raise ValueError("it names a dataset of another portal")


def _checked(adapter: TypeAdapter[T], value: Any) -> T:
    """Return the JSON value ``value`` as what ``adapter`` describes. Raise ValueError if it is not of that form."""
    try:
        return adapter.validate_python(value)
    except ValidationError:
        # pydantic refuses half a character, which a portal may have sent; the catalogue replaces it when it is stored.
        whole = _whole_texts(value)
        if whole == value:
            raise
        return cast(T, _as_sent(adapter.validate_python(whole), value))


def _whole_texts(value: Any) -> Any:
    """Return a JSON value with each lone surrogate in its texts replaced by "?"."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_whole_texts(key): _whole_texts(one) for key, one in value.items()}
    return [_whole_texts(one) for one in value] if isinstance(value, list) else value


def _as_sent(checked: Any, sent: Any) -> Any:
    """Return ``checked`` with its texts as they were before :func:`_whole_texts`, in the value ``sent``."""
    if is_dataclass(checked) and not isinstance(checked, type):
        return replace(checked, **{name: _as_sent(getattr(checked, name), one) for name, one in sent.items()})
    if isinstance(checked, tuple):
        return tuple(_as_sent(one, other) for one, other in zip(checked, sent, strict=True))
    return sent


_KINDS: dict[str, Callable[[_Harvest, Any], None]] = {
    "record": _Harvest.record,
    "page": _Harvest.page,
    "errors": _Harvest.errors,
    "robots": _Harvest.robots,
    "restart": _Harvest.restart,
    "follow": _Harvest.follow,
    "link_parents": _Harvest.link_parents,
    "finish": _Harvest.finish,
}
"""How a row of each kind is stored."""
