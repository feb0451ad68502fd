"""What a machine needs to harvest portals: their files, and a small catalogue with what is known of them.

``task.json`` describes the task; ``catalog.db`` is the part of the catalogue that a harvest of these portals reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from catalog.files import sha256
from catalog.repositories.harvests import begin_harvest
from catalog.repositories.slices import known_hosts, write_slice
from harvester.errors import ShardError
from harvester.night.context import RunContext
from harvester.shards.split import JoinedNames
from harvester.shards.task import MAX_HEAD, read_head, versions
from specs.errors import SpecError, parse
from specs.portals import PortalSpec

__all__ = ["HARVEST", "HarvestTask", "portal_groups", "read_harvest_task", "write_harvest_task"]

HARVEST = "harvest"
"""The value of "work" in the task.json and part.json of a harvest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestTask:
    """Portals that one machine harvests, in the run ``run_id``.

    ``contact`` is sent with requests. ``is_full``: request everything anew, whatever was stored before. ``digest`` is
    the SHA-256 of the task's ``task.json``.
    """

    run_id: str
    portals: Sequence[PortalSpec]
    contact: str
    is_full: bool
    digest: str


def portal_groups(run: RunContext, portals: Iterable[PortalSpec]) -> list[list[PortalSpec]]:
    """Return ``portals`` in groups, each of which must be harvested by a single machine, so that pauses between
    requests to a host are kept.

    A group holds the portals of one host. Portals whose earlier harvests, by the catalogue of ``run``, read addresses
    of the same host are in one group too. The groups are in the order of their first portals.
    """
    groups = JoinedNames()
    portals = list(portals)
    for portal in portals:
        sites = [portal.url, *known_hosts(run.catalog, portal.id)]
        groups.join([f"portal {portal.id}", *(name for url in sites if (name := _host_name(url)))])
    found: dict[str, list[PortalSpec]] = {}
    for portal in portals:
        found.setdefault(groups.name_of(f"portal {portal.id}"), []).append(portal)
    return list(found.values())


def _host_name(url: str) -> str | None:
    with suppress(ValueError):
        return urlsplit(url).hostname
    return None


def write_harvest_task(run: RunContext, portals: Sequence[PortalSpec], folder: Path) -> HarvestTask:
    """Begin the harvest of ``portals`` in the catalogue of ``run``, and write the task into the new folder ``folder``.

    The task contains no webhooks and no keys: a portal that needs a key is not to be harvested elsewhere. Raise
    FileExistsError if ``folder`` exists.
    """
    folder.mkdir(parents=True)
    for portal in portals:
        begin_harvest(run.catalog, run.run_id, portal.id)
    write_slice(run.catalog, [portal.id for portal in portals], folder / "catalog.db")
    head = {
        "work": HARVEST,
        "run": run.run_id,
        "versions": versions(),
        "contact": run.contact,
        "is_full": run.is_full,
        "portals": [portal.model_dump(mode="json", exclude={"notify", "auth"}) for portal in portals],
        "sha256": {"catalog.db": sha256(folder / "catalog.db")},
    }
    (folder / "task.json").write_text(json.dumps(head, indent=1) + "\n", "utf-8")
    return read_harvest_task(folder)


def read_harvest_task(folder: Path) -> HarvestTask:
    """Return the task that :func:`write_harvest_task` wrote into the folder ``folder``.

    Raise ShardError if it is incomplete, was changed, is another kind of task, or was written by another version of
    this program.
    """
    head = read_head(folder / "task.json", MAX_HEAD)
    try:
        if head["work"] != HARVEST or head["versions"] != versions():
            raise ShardError(
                f"{folder}: the task was written by other versions ({head['versions']}) than those here "
                f"({versions()}); install the same version of Winnow on all machines"
            )
        if sha256(folder / "catalog.db") != head["sha256"]["catalog.db"]:
            raise ShardError(f"{folder / 'catalog.db'}: it is not the file that was planned; copy the task again")
        return HarvestTask(
            run_id=head["run"],
            portals=tuple(parse(PortalSpec, one, str(folder / "task.json")) for one in head["portals"]),
            contact=head["contact"],
            is_full=head["is_full"],
            digest=sha256(folder / "task.json"),
        )
    except (KeyError, TypeError, ValueError, OSError, SpecError) as error:
        raise ShardError(f"{folder}: not a task of a harvest ({error}); copy it again, whole") from error
