"""What a machine needs to check a shard: a folder that says all, for a machine that has no catalogue.

``task.json`` describes the shard, ``addresses.jsonl.gz`` holds one address a line with its last check, and
``inspections.jsonl.gz`` one distribution a line whose file is to be looked into.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import orjson

from catalog.files import sha256
from catalog.model import ResourceCheck
from catalog.repositories.checks import BrokenRule
from catalog.repositories.shards import InspectionTarget
from catalog.repositories.targets import CheckTarget
from harvester import __version__
from harvester.checks.check_task import CheckTask
from harvester.errors import ShardError
from harvester.night.context import CheckBudget
from specs.errors import SpecError, parse
from specs.metrics import methodology_version
from specs.portals import PortalSpec
from specs.table_rules import table_rules_version

__all__ = ["ShardTask", "read_task", "versions", "write_task"]

FORMAT = 1
MAX_HEAD = 50_000_000
"""Bytes of a task.json: it holds the portal files of a night."""
MAX_LINES = 5_000_000
MAX_LINE = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTask:
    """One shard of a run: the share of its addresses that one machine checks, with all that the machine needs.

    ``number`` is the number of the shard, from 0, and ``shards`` the number of all. ``jobs`` are the addresses to
    check, ``inspections`` the distributions whose files are to be inspected. ``contact`` is sent with requests, and
    ``is_full`` requests everything anew. ``budget`` and the ``limits.max_downloads`` of ``portals`` are this shard's
    share of the limits of the run.
    """

    run_id: str
    number: int
    shards: int
    portals: Sequence[PortalSpec]
    jobs: Sequence[CheckTask]
    inspections: Sequence[InspectionTarget]
    contact: str
    is_full: bool = False
    budget: CheckBudget = CheckBudget()

    @property
    def name(self) -> str:
        """Return the name of this shard in messages: "shard 3 of 8 of run 20260131T040000Z", numbered from 0."""
        return f"shard {self.number} of {self.shards} of run {self.run_id}"


def versions() -> dict[str, str]:
    """Return the versions that must be equal on all machines that split a run, check its shards or merge the results.

    The keys are "program", "methodology" and "table_rules".
    """
    return {"program": __version__, "methodology": methodology_version(), "table_rules": table_rules_version()}


def write_task(folder: Path, task: ShardTask) -> str:
    """Write ``task`` into ``folder``, which is created; return the SHA-256 of its file ``task.json``.

    That digest identifies the whole task, because ``task.json`` holds the SHA-256 of the other files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "addresses.jsonl.gz", (_address(job) for job in task.jobs))
    _write_lines(folder / "inspections.jsonl.gz", (asdict(target) for target in task.inspections))
    head = {
        "format": FORMAT,
        "run": task.run_id,
        "shard": task.number,
        "of": task.shards,
        "versions": versions(),
        "contact": task.contact,
        "is_full": task.is_full,
        "budget": asdict(task.budget),
        # Webhooks are secrets of their receivers, and no machine that checks addresses needs a portal's key.
        "portals": [one.model_dump(mode="json", exclude={"notify", "auth"}) for one in task.portals],
        "addresses": len(task.jobs),
        "inspections": len(task.inspections),
        "sha256": {name: sha256(folder / name) for name in ("addresses.jsonl.gz", "inspections.jsonl.gz")},
    }
    (folder / "task.json").write_text(json.dumps(head, indent=1) + "\n", "utf-8")
    return sha256(folder / "task.json")


def read_task(folder: Path) -> ShardTask:
    """Return the task that :func:`write_task` wrote into the folder ``folder``.

    Raise ShardError if it is incomplete, was changed, or was written by another version of this program.
    """
    head = read_head(folder / "task.json", MAX_HEAD)
    try:
        if head["format"] != FORMAT or head["versions"] != versions():
            raise ShardError(
                f"{folder}: the task was written by other versions ({head['versions']}) than those here "
                f"({versions()}); install the same version of Winnow on all machines"
            )
        for name, digest in head["sha256"].items():
            if name not in ("addresses.jsonl.gz", "inspections.jsonl.gz") or sha256(folder / name) != digest:
                raise ShardError(f"{folder / name}: it is not the file that was planned; copy the task again")
        portals = {one["id"]: parse(PortalSpec, one, str(folder / "task.json")) for one in head["portals"]}
        return ShardTask(
            run_id=head["run"],
            number=head["shard"],
            shards=head["of"],
            portals=tuple(portals.values()),
            jobs=tuple(_job(row, portals) for row in _lines(folder / "addresses.jsonl.gz")),
            inspections=tuple(InspectionTarget(**row) for row in _lines(folder / "inspections.jsonl.gz")),
            contact=head["contact"],
            is_full=head["is_full"],
            budget=CheckBudget(**head["budget"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError, OSError, EOFError, SpecError) as error:
        raise ShardError(f"{folder}: not a task of winnow shards ({error}); copy it again, whole") from error


def read_head(path: Path, most: int) -> dict[str, Any]:
    """Return the JSON object in the file ``path``, of at most ``most`` bytes. Raise ShardError for anything else."""
    try:
        if path.stat().st_size > most:
            raise ShardError(f"{path}: it is longer than {most:,} bytes; it is no file of winnow shards")
        head = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ShardError(f"{path}: cannot be read ({error}); copy the whole folder again") from error
    if not isinstance(head, dict):
        raise ShardError(f"{path}: not a JSON object; it is no file of winnow shards")
    return head


_TARGET = tuple(f.name for f in fields(CheckTarget) if f.name != "previous")
_CHECK = tuple(f.name for f in fields(ResourceCheck))
_target, _check = attrgetter(*_TARGET), attrgetter(*_CHECK)


def _address(job: CheckTask) -> dict[str, Any]:
    """Return an address as JSON. Of the last check only what it says is written: most of its fields are empty."""
    row = dict(zip(_TARGET, _target(job.target), strict=True))
    if (previous := job.target.previous) is not None:
        row["previous"] = {name: value for name, value in zip(_CHECK, _check(previous), strict=True) if value}
    return row


def _job(row: dict[str, Any], portals: Mapping[str, PortalSpec]) -> CheckTask:
    portal = portals[row["portal_id"]]
    row["checksum_algorithms"] = tuple(row["checksum_algorithms"])
    previous = row.pop("previous", None)
    if previous is not None:
        previous["redirect_chain"] = tuple(previous.get("redirect_chain", ()))
        previous = ResourceCheck(**previous)
    return CheckTask(
        CheckTarget(**row, previous=previous),
        portal.limits,
        _rule(portal.broken.after_checks, portal.broken.after_days),
        portal.recheck,
    )


@lru_cache(maxsize=1_024)
def _rule(checks: int, days: int) -> BrokenRule:
    return BrokenRule(checks, days)


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    # Without name and time, so that the same task is the same file.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, 0) as file:
        encode = json.JSONEncoder().encode
        for row in rows:
            file.write(encode(row).encode("ascii") + b"\n")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b"")):
            if number >= MAX_LINES or not line.endswith(b"\n"):
                raise ValueError(f"{path.name}: line {number + 1} is too long, or there are too many")
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                # It refuses half a character, which a server may have sent.
                yield json.loads(line)
