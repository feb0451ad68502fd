"""Find the portals meant by ids, files, folders and addresses on the command line."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harvester.cli.configuration import load as configuration
from specs.commitments import Commitment, examples
from specs.commitments import load as load_commitments
from specs.errors import SpecError, parse
from specs.portals import PortalSpec, load, of_url, shipped

__all__ = ["commitments_in", "detected", "known_in", "resolve", "without_language"]


log = logging.getLogger(__name__)


def resolve(
    data: Path,
    names: Sequence[str],
    *,
    registry: Path | None = None,
    portal_type: str | None = None,
    allow_local: bool = False,
    contact: str = "no contact given",
) -> list[PortalSpec]:
    """Return the portal files that the ``names`` on a command line mean. A name is a portal id, a web address, a portal
    file or a folder of them. Without names, return all portals of the registry.

    ``registry`` is a portal file or folder; None means the folder ``portals`` of the data folder ``data``, together
    with the portals in the catalogue. If these hold no portal, those that come with the program are used. A portal that
    comes with the program can always be named by its id, also if there are others. ``portal_type`` is the type of a web
    address; None means that it is detected with requests that state ``contact``. ``allow_local`` permits addresses on
    this machine and network, and marks the portals as local.

    Raise SpecError for a name that matches nothing, an invalid portal file, an address where no portal is found, an
    address for which the id that is made from it belongs to a portal on another host in the catalogue, and two
    different portals with one id.
    """
    own = data / "portals"
    known = {spec.id: spec for spec in (load(registry) if registry else known_in(own))}
    if not registry and not names:
        known = {spec.id: spec for spec in _all_in_catalogue(data / "catalog.db")} | known
    known = known or shipped()
    found: dict[str, PortalSpec] = {}
    for spec in (
        [one for name in names for one in _named(data, name, known, portal_type, allow_local, contact)]
        if names
        else known.values()
    ):
        if found.setdefault(spec.id, spec) != spec:
            raise SpecError(f"{spec.id}: two different portals have this id; rename one of the files")
    if allow_local:
        return [spec.model_copy(update={"local": True}) for spec in found.values()]
    return list(found.values())


def commitments_in(data: Path, folder: Path | None = None, *, with_examples: bool = False) -> list[Commitment]:
    """Return the commitments to track, without drafts: those in ``folder``, or, if it is None, those in the folder
    ``commitments`` of the data folder ``data``. ``with_examples`` adds the examples that come with the program and
    whose ids are not used.

    Raise SpecError if a file is invalid, or if ``folder`` is given and is no folder.
    """
    own = folder or data / "commitments"
    if folder is not None and not folder.is_dir():
        raise SpecError(f"{folder}: there is no such folder of commitments; check the path")
    found = load_commitments(own) if own.is_dir() else []
    if with_examples:
        known = {one.id for one in found}
        found += [one for one in examples() if one.id not in known]
    return found


def known_in(folder: Path) -> list[PortalSpec]:
    """Return the portals whose files are in ``folder``; an empty list if the folder is missing or holds no such
    file."""
    return load(folder) if folder.is_dir() and any(folder.glob("*.toml")) else []


def _named(
    data: Path, name: str, known: dict[str, PortalSpec], portal_type: str | None, allow_local: bool, contact: str
) -> list[PortalSpec]:
    if name.startswith(("http://", "https://")):
        found = (
            of_url(name, portal_type)
            if portal_type
            else detected(name, allow_local, contact, configuration(data).proxy)
        )
        _refuse_another(data / "catalog.db", found)
        return [found]
    if name in known:
        return [known[name]]
    if name.endswith(".toml") or Path(name).is_dir():
        return load(Path(name))
    if name in (everything := shipped()):
        return [everything[name]]
    spec = _from_catalogue(data / "catalog.db", name)
    if spec is None:
        raise SpecError(f"{name}: no portal has this id; see winnow portals, or name a file, a folder or a URL")
    return [spec]


def detected(url: str, allow_local: bool, contact: str = "no contact given", proxy: str | None = None) -> PortalSpec:
    """Detect which portal is at the address ``url`` and return a portal file for the recommended one of its APIs and
    feeds.

    ``allow_local`` permits addresses on this machine and network. ``contact`` is sent with requests. ``proxy`` is the
    address of an HTTP proxy, or None. Raise SpecError if no known type of portal responds.
    """
    from harvester.detect import detect

    found = detect(url, allow_local=allow_local, contact=contact, proxy=proxy)
    if found.best is None:
        why = found.fault or "no known kind of portal answers there"
        raise SpecError(f"{url}: {why}; see winnow detect {url}, check the address, or add --type")
    return of_url(found.best.url, found.best.type)


def _refuse_another(path: Path, spec: PortalSpec) -> None:
    """Raise SpecError if the id made from an address already belongs to a portal of another host in the catalogue.

    Harvested under one id, each would retire the other's datasets.
    """
    stored = _from_catalogue(path, spec.id)
    if stored is not None and urlsplit(stored.url).netloc.lower() != urlsplit(spec.url).netloc.lower():
        raise SpecError(
            f"{spec.url}: its id, {spec.id}, is that of {stored.url} in the catalogue; "
            "write a portal file with an id of its own"
        )


def _from_catalogue(path: Path, name: str) -> PortalSpec | None:
    """Return a portal that was once given by its address, so that its stages can run again by id."""
    from catalog.db.store import open_catalog
    from catalog.repositories.portals import stored_portal

    if not path.is_file():
        return None
    with open_catalog(path) as catalog:
        row = stored_portal(catalog, name)
    return _stored(row) if row else None


def _all_in_catalogue(path: Path) -> list[PortalSpec]:
    """Return every portal that a run has registered, by id."""
    from catalog.db.store import open_catalog
    from catalog.repositories.portals import stored_portals

    if not path.is_file():
        return []
    found = []
    with open_catalog(path) as catalog:
        for row in stored_portals(catalog):
            try:
                found.append(_stored(row))
            except SpecError as error:
                log.warning("%s; skipped", error)
    return found


def _stored(row: dict[str, Any]) -> PortalSpec:
    """Return a portal as its file stood when it was last asked; from an older catalogue, as much as it stores."""
    file = json.loads(row.pop("portal_file") or "{}")
    is_local = bool(row.pop("is_local"))
    try:
        return parse(PortalSpec, {**row, "local": is_local, **file}, row["id"])
    except SpecError:
        # A file of another version, with keys unknown to this one.
        return parse(PortalSpec, {**row, "local": is_local}, row["id"])


def without_language(specs: Sequence[PortalSpec]) -> list[str]:
    """Return a sentence for each of the portals ``specs`` whose ``language`` has no language file; its files and mails
    are then in English."""
    from specs.languages import has_language, languages

    there = ", ".join(languages())
    return [
        f"{one.id}: no file for language = {one.language!r}: what is sent is in English; there are {there}"
        for one in specs
        if one.language and not has_language(one.language)
    ]
