"""Portals as files: ``<id>.toml``, one portal each.

Shipped portals are beside this module; an operator's own can be in any folder, named with ``--portals``.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from specs.credentials import mask
from specs.errors import SpecError, Strict, parse, read_toml
from specs.portals.sections import Auth, BrokenPolicy, Limits, Notify, Recheck, Retire, Schedule, WebAddress
from specs.portals.types import portal_types

__all__ = [
    "Auth",
    "BrokenPolicy",
    "GovernmentLevel",
    "Limits",
    "Notify",
    "ObeyRobots",
    "PortalSpec",
    "PortalType",
    "Recheck",
    "Retire",
    "Schedule",
    "dump",
    "load",
    "load_file",
    "of_url",
    "save",
    "shipped",
]

if TYPE_CHECKING:
    PortalType = str
else:
    PortalType = Literal[portal_types()]
"""An installed portal type; a portal file that names another one is refused with the list of types."""


ObeyRobots = Literal["always", "api", "never"]
GovernmentLevel = Literal["national", "regional", "local", "supranational", "other"]


def _of_older_files(value: object) -> object:
    return {True: "always", False: "never"}[value] if isinstance(value, bool) else value


log = logging.getLogger(__name__)

PortalId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""Lower-case letters, digits and hyphens: it is the file's stem and part of every IRI and id."""
Iso3 = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class PortalSpec(Strict):
    """The contents of a portal file: one portal to harvest, and how it is to be harvested and checked."""

    id: PortalId
    type: PortalType
    title: Annotated[str, StringConstraints(min_length=1)]
    url: WebAddress
    """Base address; sub-paths such as /ckan or /data are kept. For dcat-us it may name the feed itself."""
    government: str | None = None
    government_level: GovernmentLevel | None = None
    """What kind of government it is: ``national``, ``regional`` (a state, province or canton), ``local`` (a city or
    district), ``supranational`` (a union of countries) or ``other`` (a company, a university). Only a national one
    colours its country on the map. None: it counts as national if its name is that of the country alone, or with such
    words as "Government of" beside it."""
    country: Iso3 | None = None
    contact_email: str | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None = None
    """Language of what is sent: BCP 47 tag of a file in ``specs/languages``, or its alias "pt"; English if omitted."""
    note: str | None = None
    untried: Literal["recording", "schema"] | None = None
    """The portal was never asked: its responses are known only from a recording, or from the published schema of its
    software. Remove the line once a harvest has been complete."""
    local: bool = False
    """Declared local: it may be on a loopback or private address. Only its own port may be connected to."""
    local_also: tuple[Annotated[str, StringConstraints(pattern=r"^[^/@\s]+:\d{1,5}$")], ...] = ()
    """For a local portal: further places, ``host:port``, that hold its files on the operator's own machines."""
    obey_robots: Annotated[ObeyRobots, BeforeValidator(_of_older_files)] = "api"
    """What robots.txt means for the portal's API. The files it lists are asked as by any robot.

    ``always``: it is obeyed. ``api``: the API, which this file names, is asked as an API client although robots.txt
    forbids it, if the rules are the default of the portal's software and a contact is given. ``never``: it is asked
    with the permission of the portal's operator. ``true`` and ``false`` of older files mean ``always`` and
    ``never``."""
    leave: Annotated[str, StringConstraints(min_length=3)] | None = None
    """Who gave permission not to obey robots.txt, and when; required by ``obey_robots = "never"``."""
    accept_bad_tls: bool = False
    """Continue if the portal's own certificate cannot be verified. It is still a finding."""
    query: Annotated[str, StringConstraints(min_length=1)] | None = None
    """For sparql only: a SELECT query of the operator's own, for an endpoint that does not hold dcat:Dataset. Its first
    variable names the dataset; the others are its properties: title, description, publisher, modified, license, ..."""
    min_datasets: Annotated[int, Field(ge=0)] | None = None
    max_datasets: Annotated[int, Field(ge=1)] | None = None
    """``min_datasets`` and ``max_datasets``: a full harvest with fewer or more datasets is suspect, and a person must
    approve it; None: no such bound. ``min_datasets = 0`` says that the portal may be empty."""
    outside: tuple[str, ...] = ()
    """What the portal lists but need not be read, because it is not part of the portal: hosts ("cdn.example.org",
    "*.example.org"), or the name that the reasons of a harvest use ("deeper folders")."""
    volatile: tuple[str, ...] = ()
    """Fields of a record whose change does not count as a change, in addition to those of the portal type:
    ``resources.*.views``."""
    retire: Retire = Retire()
    broken: BrokenPolicy = BrokenPolicy()
    recheck: Recheck = Recheck()
    schedule: Schedule = Schedule()
    limits: Limits = Limits()
    notify: Notify = Notify()
    auth: Auth | None = None

    @model_validator(mode="before")
    @classmethod
    def _leave_of_older_files(cls, data: Any) -> Any:
        """Accept older files, which say ``obey_robots = false`` without naming who gave permission."""
        if isinstance(data, dict) and data.get("obey_robots") is False and "leave" not in data:
            return {**data, "leave": "not said"}
        return data

    @model_validator(mode="after")
    def _needs_leave(self) -> PortalSpec:
        if self.obey_robots == "never" and self.leave is None:
            raise ValueError('obey_robots = "never" needs leave = "who gave it, and when"')
        return self


def load_file(path: Path) -> PortalSpec:
    """Return the portal in the portal file ``path``.

    Raise SpecError if the file is invalid, or if its name is not ``<id>.toml``.
    """
    data = read_toml(path)
    spec = parse(PortalSpec, data, str(path))
    if isinstance(data.get("obey_robots"), bool):
        wanted = 'obey_robots = "never" and leave = "who, when"' if spec.leave else 'obey_robots = "always", or "api"'
        log.warning("%s: obey_robots: true and false are of older files; write %s", path, wanted)
    if spec.id != path.stem:
        raise SpecError(f"{path}: id: {spec.id!r} is not the file's name; rename the file to {spec.id}.toml")
    return spec


def load(path: Path) -> list[PortalSpec]:
    """Return the portals in the portal file ``path``, or in all ``*.toml`` files of the folder ``path``, sorted by file
    name.

    Raise SpecError if the folder has no such file, or with a line for each fault in all of its files.
    """
    if not path.is_dir():
        return [load_file(path)]
    specs, problems = [], []
    for file in sorted(path.glob("*.toml")):
        try:
            specs.append(load_file(file))
        except SpecError as error:
            problems.append(str(error))
    if problems:
        raise SpecError("\n".join(problems))
    if not specs:
        raise SpecError(f"{path}: holds no portal file; add one named <id>.toml")
    return specs


def shipped() -> dict[str, PortalSpec]:
    """Return the portals that come with the program, by id."""
    return {spec.id: spec for spec in map(load_file, sorted(Path(__file__).parent.glob("*.toml")))}


MAX_ID = 63


def of_url(url: str, portal_type: str, *, local: bool = False) -> PortalSpec:
    """Return the PortalSpec of the portal of type ``portal_type`` at the address ``url``, with defaults for all other
    keys. ``local`` declares that it is on this machine or network.

    The same address always gives the same id, which is made from host, port and path. A hash of the address is appended
    if the id would be too long, or would be that of other addresses too: if the address has a query, a path below an
    API, other characters in the host than letters, digits, points and hyphens, or in the path than small letters and
    digits. Raise SpecError for an invalid address or an unknown type.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise SpecError(f"{mask(url)}: not a web address: {error}") from error
    path = parts.path.rstrip("/")
    base = re.sub(r"/(api|data\.json)(/.*)?$", "", path)
    name = re.sub(r"[^a-z0-9]+", "-", f"{parts.netloc}{base}".lower()).strip("-")
    is_whole = (
        len(name) <= MAX_ID
        and not parts.query
        # Among an API's addresses, only those that name nothing but the portal itself.
        and re.fullmatch(r"(/api(/3(/action)?)?|/data\.json)?", path[len(base) :]) is not None
        # All other characters become a hyphen, so different hosts could get the same name.
        and re.fullmatch(r"[a-z0-9.:-]+", parts.netloc.lower()) is not None
        and re.fullmatch(r"(/[a-z0-9]+)*", base) is not None
    )
    if not is_whole:
        whole = f"{parts.netloc.lower()}{path}?{parts.query}"
        mark = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:6]
        name = f"{name[: MAX_ID - 7].strip('-')}-{mark}".strip("-")
    data = {
        "id": name,
        "type": portal_type,
        "title": parts.netloc + base,
        "url": url,
        "local": local,
    }
    return parse(PortalSpec, data, mask(url))


def dump(spec: PortalSpec) -> str:
    """Return the text of a portal file for ``spec``: the keys whose values differ from the defaults, as TOML."""
    data = spec.model_dump(mode="json", exclude_defaults=True)
    plain = {key: value for key, value in data.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items()]
    for name, table in data.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    # JSON's strings, numbers, booleans and lists are valid TOML, except that TOML wants DEL escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


_NO_TEXT = re.compile("[^ -~\u00a0-\ud7ff\ue000-\ufffd]+")


def save(spec: PortalSpec, folder: Path, comments: Sequence[str] = ()) -> Path:
    """Write the portal file of ``spec`` to ``folder``, with ``comments`` as its first lines. Return its path. The file
    is never written in part.

    Raise SpecError if a file with this id exists.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{spec.id}.toml"
    if path.exists():
        raise SpecError(f"{path}: is there already; change it by hand, or remove it first")
    part = path.with_suffix(".part")
    # No character of a stranger's text may end the comment.
    head = "".join(f"# {_NO_TEXT.sub(' ', line)}\n" for line in comments)
    part.write_text(head + dump(spec), encoding="utf-8")
    part.replace(path)
    return path
