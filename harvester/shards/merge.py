"""Merge the parts of a split run into the catalogue, after every value of them was checked."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from catalog.db.store import Catalog, instant, started
from catalog.files import sha256
from catalog.model import ResourceCheck, TableReport
from catalog.repositories.checks import drop_stale_reports, write_checks, write_reports
from catalog.repositories.runs import last_run
from catalog.repositories.shards import InspectionTarget, Shard, mark_merged, seen_in_run, shards_of
from harvester.bounded import BoundedChild
from harvester.checks.url_check import file_name_of
from harvester.errors import ShardError
from harvester.shards.part import CHECKS, REPORT_COLUMNS, REPORTS, kinds, read_rows, reader
from harvester.shards.plan import kept_task
from harvester.shards.row_group import MAX_NUMBER
from harvester.shards.task import ShardTask, read_head, read_task, versions
from specs.table_rules import table_rules

__all__ = ["merge"]

WRITE_EVERY = 500
_DAY = timedelta(days=1)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CHECK, _REPORT = TypeAdapter(ResourceCheck), TypeAdapter(TableReport)


def merge(catalog: Catalog, data: Path, parts: Sequence[Path]) -> tuple[str, list[int], list[int]]:
    """Store in ``catalog`` what machines found in their shards of a run: the folders ``parts``, in any order.

    Parts that are stored already change nothing. Return the run id, the numbers of the shards stored now, and the
    numbers of the shards whose part is still missing. ``data`` is the data folder.

    Raise ShardError before anything is stored if the parts are of several runs, of a run that this catalogue did not
    split or that is not its last, or of another version, or if two different ones are of the same shard. Raise it for a
    part with a wrong value before anything of that part is stored.
    """
    heads = [(part, read_head(part / "part.json", 1_000_000)) for part in parts]
    run_id = _same_run(catalog, heads)
    known = {shard.number: shard for shard in shards_of(catalog, run_id)}
    chosen = [(part, head, _shard_of(part, head, known)) for part, head in heads]
    _refuse_twice(chosen)
    done = []
    for part, head, shard in chosen:
        if shard.part is None:
            _store(catalog, data, part, head, shard)
            done.append(shard.number)
    return run_id, done, [one.number for one in shards_of(catalog, run_id) if one.part is None]


def _same_run(catalog: Catalog, heads: Sequence[tuple[Path, Mapping[str, Any]]]) -> str:
    runs = {str(head.get("run")): part for part, head in heads}
    if len(runs) != 1:
        raise ShardError(f"the parts are of {len(runs)} runs ({', '.join(sorted(runs))}); merge those of one run alone")
    (run_id, part), *_ = runs.items()
    if not shards_of(catalog, run_id):
        raise ShardError(f"{part}: this catalogue has split no run {run_id[:40]!r}; give --data of the one that did")
    if (latest := last_run(catalog) or "") > run_id:
        raise ShardError(
            f"{part}: run {latest} began after run {run_id}, and its observations are newer; "
            "split the addresses again with winnow shards"
        )
    return run_id


def _shard_of(part: Path, head: Mapping[str, Any], known: Mapping[int, Shard]) -> Shard:
    number = head.get("shard")
    shard = known.get(number) if type(number) is int else None
    if shard is None or head.get("of") != shard.shards:
        raise ShardError(f"{part}: the run has no shard {number!r} of {head.get('of')!r}; it was split otherwise")
    if head.get("versions") != versions():
        raise ShardError(
            f"{part}: made by {head.get('versions')}, and here is {versions()}; install the same version of Winnow on "
            "all machines and work on the shard again"
        )
    if head.get("task") != shard.task:
        raise ShardError(f"{part}: made from another task than the one planned as shard {number}; work on that one")
    if shard.part is not None and shard.part != sha256(part / "part.json"):
        raise ShardError(f"{part}: another part of shard {number} is merged already; that one stands")
    return shard


def _refuse_twice(chosen: Sequence[tuple[Path, Mapping[str, Any], Shard]]) -> None:
    seen: dict[int, Path] = {}
    for part, _, shard in chosen:
        other = seen.setdefault(shard.number, part)
        if sha256(other / "part.json") != sha256(part / "part.json"):
            raise ShardError(f"{other} and {part} are both of shard {shard.number} and differ; merge one of them")


def _store(catalog: Catalog, data: Path, part: Path, head: Mapping[str, Any], shard: Shard) -> None:
    task = read_task(kept_task(data, shard.run_id, shard.number))
    with reader() as child:
        checked = _Part(part, head, task, child)
        # All rows are read before the first is stored.
        checks = list(checked.checks())
        checked.refuse_gaps(checks)
        reports = list(checked.reports({check.url: check for check in checks}))
    rules = {job.target.url: job.rule for job in task.jobs}
    for start in range(0, len(checks), WRITE_EVERY):
        chunk = checks[start : start + WRITE_EVERY]
        # A merge that was killed goes on: a check that is stored would count as one more failure.
        seen = seen_in_run(catalog, shard.run_id, [check.url for check in chunk])
        new = [check for check in chunk if check.url not in seen]
        for check in new:
            checked.move_file(check, data)
        write_checks(catalog, shard.run_id, new, rules)
    write_reports(catalog, shard.run_id, reports)
    for portal in task.portals:
        drop_stale_reports(catalog, portal.id)
    mark_merged(
        catalog,
        shard.run_id,
        shard.number,
        part=sha256(part / "part.json"),
        not_asked=len(task.jobs) - len(checks),
        traffic=checked.traffic(),
    )


class _Part:
    """A part whose values are not trusted yet. Each method raises ShardError for what no honest machine writes."""

    def __init__(self, folder: Path, head: Mapping[str, Any], task: ShardTask, child: BoundedChild) -> None:
        self.folder, self.head, self.task, self.child = folder, head, task, child
        self.jobs = {job.target.url: job for job in task.jobs}
        self.limit = max((job.limits.max_table_bytes for job in task.jobs), default=0)
        self.earliest = instant(started(task.run_id) - _DAY)
        self.latest = instant(datetime.now(UTC) + _DAY)
        digests = head.get("sha256")
        for name in (CHECKS, REPORTS):
            if (
                not isinstance(digests, dict)
                or not _is_file(folder / name)
                or sha256(folder / name) != digests.get(name)
            ):
                raise ShardError(
                    f"{folder / name}: it is not the file that part.json names; copy the part again, whole"
                )

    def refuse(self, what: str) -> ShardError:
        """Return the error for a wrong value."""
        return ShardError(f"{self.folder}: {what}; nothing of this part is stored: work on {self.task.name} again")

    def traffic(self) -> dict[str, int]:
        """Return the requests, bytes and unchanged responses that the part reports."""
        told = self.head.get("traffic")
        names = ("requests", "bytes", "not_modified")
        found = {name: told.get(name) if isinstance(told, dict) else None for name in names}
        if not all(type(count) is int and 0 <= count < MAX_NUMBER for count in found.values()):
            raise self.refuse("its traffic is not stated in numbers")
        return {name: int(count or 0) for name, count in found.items()}

    def checks(self) -> Iterator[ResourceCheck]:
        """Yield the checks, each of an address of this shard, and no address twice."""
        self.traffic()
        seen: set[str] = set()
        for row in read_rows(self.child, self.folder / CHECKS, kinds(), len(self.jobs)):
            check = self._check(dict(zip(kinds(), row, strict=True)))
            if check.url not in self.jobs:
                raise self.refuse(f"a check is of {check.url[:200]!r}, which is no address of this shard")
            if check.url in seen:
                raise self.refuse(f"two checks are of {check.url[:200]!r}")
            seen.add(check.url)
            yield check

    def refuse_gaps(self, checks: Sequence[ResourceCheck]) -> None:
        """Raise ShardError unless the part states the right numbers of checks (that of ``checks``) and of addresses
        left unchecked (all others of the shard).
        """
        left = len(self.jobs) - len(checks)
        if self.head.get("not_asked") != left or self.head.get("checks") != len(checks):
            raise self.refuse(
                f"{left:,} addresses have no check, and the part states {self.head.get('not_asked')!r} that it left"
            )

    def _check(self, row: dict[str, Any]) -> ResourceCheck:
        try:
            row["checksums"] = json.loads(row["checksums"]) if row["checksums"] != "{}" else {}
            check = _CHECK.validate_python(row)
        except (ValueError, TypeError, RecursionError) as error:
            raise self.refuse(f"a check cannot be read ({error})"[:500]) from error
        if check.outcome == "broken":
            # Whether a failure is confirmed follows from earlier checks, which only the catalogue has.
            raise self.refuse("a check calls an address broken, which only the catalogue can")
        self._refuse_time(check.checked_at)
        self._file(check)
        return check

    def _refuse_time(self, text: str) -> None:
        # Instants of one form are in order as texts.
        if not _INSTANT.fullmatch(text) or not self.earliest <= text <= self.latest:
            raise self.refuse(f"a check was made at {text[:50]!r}, outside of this run")

    def _file(self, check: ResourceCheck) -> None:
        """Refuse a file that is neither that of the check before nor in the part, byte for byte as stated."""
        if check.file_path is None:
            return
        before = self.jobs[check.url].target.previous if check.url in self.jobs else None
        if before is not None and (check.file_path, check.sha256) == (before.file_path, before.sha256):
            return
        path = self.folder / check.file_path
        if check.file_path != file_name_of(check.url) or not _is_file(path):
            raise self.refuse(f"the file of {check.url[:200]!r} is not in the part")
        if path.stat().st_size > self.limit + 1_000_000 or sha256(path) != check.sha256:
            raise self.refuse(f"the file of {check.url[:200]!r} is not the one that its check states")

    def move_file(self, check: ResourceCheck, data: Path) -> None:
        """Copy the download of a check into the data folder, whole or not at all."""
        if check.file_path is None or not _is_file(self.folder / check.file_path):
            return
        target = data / check.file_path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        shutil.copyfile(self.folder / check.file_path, part)
        part.replace(target)

    def reports(self, checks: Mapping[str, ResourceCheck]) -> Iterator[tuple[str, str, str, TableReport]]:
        """Yield the reports, each on a file of this part, for a distribution of this shard."""
        targets = {target.distribution_id: target for target in self.task.inspections}
        seen: set[str] = set()
        for key, url, hashed, text in read_rows(self.child, self.folder / REPORTS, REPORT_COLUMNS, len(targets)):
            target: InspectionTarget | None = targets.get(key)
            check = checks.get(url)
            if target is None or target.url != url or key in seen or check is None or check.sha256 != hashed:
                raise self.refuse(f"a report is on {str(url)[:200]!r}, which is no file of this part")
            seen.add(key)
            yield key, url, hashed, self._report(text)

    def _report(self, text: str) -> TableReport:
        try:
            report = _REPORT.validate_json(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise self.refuse(f"a report cannot be read ({error})"[:500]) from error
        if unknown := {defect.rule for defect in report.defects} - table_rules().keys():
            raise self.refuse(f"a report names the rule {min(unknown)[:50]!r}, which is unknown")
        return report


def _is_file(path: Path) -> bool:
    """Return whether ``path`` is a regular file itself, and no link to one elsewhere."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
