"""Portals as files: ``<id>.toml``, one portal each.

Shipped portals lie beside this module; an operator's own lie in any folder and are named with ``--portals``.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from specs.credentials import has_credential, mask
from specs.errors import SpecError, Strict, parse, read_toml

__all__ = [
    "Auth",
    "BrokenPolicy",
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

PortalType = Literal[
    "arcgis-hub", "arcgis-portal", "arcgis-server", "ckan", "csw", "dataverse", "dcat-rdf", "dcat-us", "dcat-us-3",
    "dkan", "geonode", "i14y", "inventory", "magda", "oai-pmh", "ogc-records", "opendatasoft", "piveau", "sitemap",
    "socrata", "sparql", "stac", "udata", "waf",
]  # fmt: skip
"""One spider file in ``harvester/spiders`` each; hyphens become underscores there."""


ObeyRobots = Literal["always", "api", "never"]


def _of_older_files(value: object) -> object:
    return {True: "always", False: "never"}[value] if isinstance(value, bool) else value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a web address that begins with http:// or https://")
    if "@" in parts.netloc or has_credential(value):
        raise ValueError(
            "must hold no login and no key: take it out, put it into an environment variable or a file of its own, and "
            'name that in the portal file, under [auth]: basic = true, or header = "...", or query = "..."; with '
            'env = "VARIABLE" or file = "path"'
        )
    return value.rstrip("/") if not parts.query else value


log = logging.getLogger(__name__)

PortalId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""Lower-case letters, digits and hyphens: it is the file's stem and part of every IRI and id."""
WebAddress = Annotated[str, AfterValidator(_web_address)]
Iso3 = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Limits(Strict):
    """How much is asked of one portal. The defaults are meant for portals of strangers."""

    delay_s: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Seconds between two requests to one host. robots.txt can only lengthen it."""
    concurrency: Annotated[int, Field(ge=1, le=16)] = 2
    """Requests in flight to one host."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 60
    """Seconds for one page or check, from the connection to its last byte."""
    feed_timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 3_600
    """Seconds for one feed or table, which may be long; but see ``min_bytes_per_s``."""
    min_bytes_per_s: Annotated[int, Field(ge=0)] = 1_000
    """A feed or table that comes slower than this over ``timeout_s`` is broken off: it would drip all night."""
    deadline_s: Annotated[float, Field(gt=0, le=86_400)] = 7_200
    """Seconds after which the harvest of the portal is ended; what was seen by then is kept as partial."""
    check_deadline_s: Annotated[float, Field(gt=0, le=86_400)] = 14_400
    """Seconds after which no more of the portal's addresses are checked; the others come first in the next night."""
    reconnect_s: tuple[Annotated[float, Field(gt=0, le=3_600)], ...] = (5, 10, 20, 40, 75, 150, 300)
    """Seconds before each further try where a host that has answered refuses connections: ten minutes in all."""
    max_wait_s: Annotated[float, Field(ge=0, le=86_400)] = 300
    """A host that asks for a longer pause (Retry-After, rate limit) is left alone for the rest of the night."""
    page_rows: Annotated[int, Field(ge=1, le=1000)] = 500
    """Records asked for in one page. The portal may send fewer; where it fails, fewer are asked for."""
    max_page_bytes: Annotated[int, Field(ge=1_000)] = 25_000_000
    """Bytes of one API answer, held in memory. Where pages are longer, fewer records are asked for at once."""
    max_feed_bytes: Annotated[int, Field(ge=1_000)] = 2_000_000_000
    """Bytes of one feed, which goes to disk."""
    max_harvest_bytes: Annotated[int, Field(ge=1_000)] = 10_000_000_000
    """Bytes received from the portal in one harvest; what was seen by then is kept as partial."""
    max_record_bytes: Annotated[int, Field(ge=1_000)] = 20_000_000
    """Bytes of one record as JSON. A longer one is lost, and said."""
    max_datasets: Annotated[int, Field(ge=1)] = 2_000_000
    """Records read in one harvest: a portal without end is broken off here."""
    max_table_bytes: Annotated[int, Field(ge=1_000)] = 20_000_000
    """Bytes of one downloaded table. A longer one is judged by its beginning."""
    max_downloads: Annotated[int, Field(ge=0)] = 1_000
    """Tables downloaded from the portal in one night."""
    max_checks: Annotated[int, Field(ge=0)] = 20_000
    """Addresses checked in one night, the most urgent first."""


class Retire(Strict):
    """When a dataset that a portal no longer lists is retired. Both conditions must hold. Its row stays for ever."""

    grace_runs: Annotated[int, Field(ge=1)] = 3
    """Complete harvests in a row that did not see it."""
    grace_days: Annotated[int, Field(ge=0)] = 0
    """Days since the first of them."""


class BrokenPolicy(Strict):
    """When an address that fails is called broken. Both conditions must hold; until then nothing is said of it."""

    after_checks: Annotated[int, Field(ge=1)] = 3
    """Checks in a row that failed, one a night at most."""
    after_days: Annotated[int, Field(ge=0)] = 2
    """Days between the first of them and the last."""


class Recheck(Strict):
    """How soon an address is asked again. One that changes or fails begins at the first step."""

    hours: Annotated[tuple[Annotated[int, Field(ge=0, le=8_760)], ...], Field(min_length=1)] = (12, 24, 168, 720)
    """Hours of each step, from a run to the next that asks (udata-hydra's). [0] asks in every run."""
    after_checks: Annotated[int, Field(ge=1)] = 3
    """Checks in a row with the same answer that lead to the next step."""


class Schedule(Strict):
    """When a portal's turn comes. One that is named on the command line is always taken."""

    every_hours: Annotated[int, Field(ge=0)] = 0
    """Hours from the start of one harvest to the next at least; 0: every run. With 160, a nightly run takes it once a
    week."""
    weekdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    """Days (UTC) on which it is harvested; empty for every day."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Greater ones are begun first."""
    full_every: Annotated[int, Field(ge=1)] = 7
    """Every so many harvests all records are read, even where the portal can say what changed. 1: always."""


class Notify(Strict):
    """Who else is told when a run has news of the portal's government."""

    webhooks: tuple[WebAddress, ...] = ()
    """Addresses that get a JSON message by POST. They are never written into the catalogue, which is public."""


class Auth(Strict):
    """What a portal's interface wants to be asked with. The key itself stands in no file of the project.

    It goes with requests to the portal's own host, and is written nowhere; files that it lists are asked without.
    """

    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    """Name of the HTTP header: ``Authorization``, ``X-API-Key``."""
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    """Word before the key in the header: ``Bearer``."""
    query: Annotated[str, StringConstraints(pattern=r"^[\w$.-]+$")] | None = None
    """Name of the query key instead: ``api_key``."""
    basic: bool = False
    """HTTP Basic instead: the variable or file holds ``user:password``."""
    env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """Environment variable that holds the key."""
    file: Annotated[str, StringConstraints(min_length=1)] | None = None
    """File that holds it, in one line."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Auth:
        if sum((self.header is not None, self.query is not None, self.basic)) != 1:
            raise ValueError('name one of header = "...", query = "..." or basic = true')
        if (self.env is None) == (self.file is None):
            raise ValueError('name where the key is: env = "VARIABLE" or file = "path"')
        return self


class PortalSpec(Strict):
    """One portal file."""

    id: PortalId
    type: PortalType
    title: Annotated[str, StringConstraints(min_length=1)]
    url: WebAddress
    """Base address; sub-paths such as /ckan or /data are kept. For dcat-us it may name the feed itself."""
    government: str | None = None
    country: Iso3 | None = None
    contact_email: str | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] | None = None
    """Language of what is sent: code of a file in ``specs/languages``; English where none is said."""
    note: str | None = None
    untried: Literal["recording", "schema"] | None = None
    """That it was never asked: its answers are known only from a recording, or from the published schema of its
    software. Take the line out once a harvest has been complete."""
    local: bool = False
    """Declared local: it may stand on a loopback or private address. Its own port is opened, and no other."""
    local_also: tuple[Annotated[str, StringConstraints(pattern=r"^[^/@\s]+:\d{1,5}$")], ...] = ()
    """Of a local portal: further places, ``host:port``, where its files lie on the operator's own machines."""
    obey_robots: Annotated[ObeyRobots, BeforeValidator(_of_older_files)] = "api"
    """What robots.txt means for the portal's interface. The files it lists are asked as any robot would.

    ``always``: it is obeyed. ``api``: the interface, which this file names, is asked as an API client although
    robots.txt forbids it, if its rules are those that the software ships with, and a contact is named. ``never``: it
    is asked by leave of the portal's operator. ``true`` and ``false`` of older files are ``always`` and ``never``."""
    leave: Annotated[str, StringConstraints(min_length=3)] | None = None
    """Who gave leave not to obey robots.txt, and when; with ``obey_robots = "never"``, which needs it."""
    accept_bad_tls: bool = False
    """Go on where the portal's own certificate cannot be verified. It is a finding all the same."""
    query: Annotated[str, StringConstraints(min_length=1)] | None = None
    """For sparql alone: a SELECT of the operator's own, for an endpoint that does not hold dcat:Dataset. Its first
    variable names the dataset; the others are its properties: title, description, publisher, modified, license, ..."""
    min_datasets: Annotated[int, Field(ge=0)] | None = None
    max_datasets: Annotated[int, Field(ge=1)] | None = None
    outside: tuple[str, ...] = ()
    """What the portal lists and is no part of it, and so need not be read: hosts ("cdn.example.org", "*.example.org"),
    or what the reasons of a harvest call it ("deeper folders")."""
    volatile: tuple[str, ...] = ()
    """Fields of a record whose change is no change, beside those of the portal type: ``resources.*.views``."""
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
        """An older file says ``obey_robots = false`` and not by whose leave."""
        if isinstance(data, dict) and data.get("obey_robots") is False and "leave" not in data:
            return {**data, "leave": "not said"}
        return data

    @model_validator(mode="after")
    def _needs_leave(self) -> PortalSpec:
        if self.obey_robots == "never" and self.leave is None:
            raise ValueError('obey_robots = "never" needs leave = "who gave it, and when"')
        return self


def load_file(path: Path) -> PortalSpec:
    """The portal of one file.

    Raises SpecError, also where id and file name differ: one name everywhere.
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
    """The portal of a file, or those of all ``*.toml`` files of a folder, by id.

    Raises SpecError that names every bad file of the folder, not only the first.
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
    """The portals that come with the project, by id."""
    return {spec.id: spec for spec in map(load_file, sorted(Path(__file__).parent.glob("*.toml")))}


MAX_ID = 63


def of_url(url: str, portal_type: str, *, local: bool = False) -> PortalSpec:
    """A portal known by nothing but its address.

    The id is derived from host, port and path, so the same address always gives the same id; a hash follows where these
    do not hold the whole of the address, so that no other address gives it.
    Raises SpecError for an address or a type that cannot be.
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
        # Of an API's addresses only those that name no other thing than the portal itself.
        and re.fullmatch(r"(/api(/3(/action)?)?|/data\.json)?", path[len(base) :]) is not None
        # Of other signs the name shows no more than that there was one.
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
    """A portal file's text: what differs from the defaults, as TOML."""
    data = spec.model_dump(mode="json", exclude_defaults=True)
    plain = {key: value for key, value in data.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items()]
    for name, table in data.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    # JSON's texts, numbers, booleans and lists are TOML's too, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


_NO_TEXT = re.compile("[^ -~\u00a0-\ud7ff\ue000-\ufffd]+")


def save(spec: PortalSpec, folder: Path, comments: Sequence[str] = ()) -> Path:
    """Write a portal file into a folder, whole or not at all, with comments at its head.

    Raises SpecError where one of this id is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{spec.id}.toml"
    if path.exists():
        raise SpecError(f"{path}: is there already; change it by hand, or remove it first")
    part = path.with_suffix(".part")
    # No sign of a stranger's text may end a comment.
    head = "".join(f"# {_NO_TEXT.sub(' ', line)}\n" for line in comments)
    part.write_text(head + dump(spec), encoding="utf-8")
    part.replace(path)
    return path
