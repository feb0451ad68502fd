"""Look for whatever would keep a night from running, and say for each thing what to do."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from catalog.db.store import sqlite_version
from harvester import __version__

if TYPE_CHECKING:
    from harvester.cli.configuration import Configuration
    from specs.portals import PortalSpec

__all__ = ["Told", "doctor"]

LIBRARIES = (
    "scrapy", "aiohttp", "requests", "frictionless", "great-expectations", "rdflib", "sqlite-utils", "datasette",
    "python-calamine", "pydantic",
)  # fmt: skip
FREE_MIN = 1e9
"""Bytes of free disk that a night needs."""
CLOCK_S = 300
"""Seconds by which our clock may differ: from there on, dates of responses and certificates are misread."""
PORTAL_S = 10.0
"""Seconds for the robots.txt of one portal."""
AT_ONCE = 8
PORTALS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Told:
    """One result: ``text`` in words. ``kind``: "fault" keeps a night from running well, "note" is for information."""

    kind: Literal["fault", "note"]
    text: str


def _fault(text: str) -> Told:
    return Told("fault", text)


def _note(text: str) -> Told:
    return Told("note", text)


def doctor(data: Path, *, is_offline: bool = False) -> bool:
    """Print what was found, faults in red, and return whether a night can run with the data folder ``data``.

    The robots.txt of every portal is requested, and the clock compared with the servers', unless ``is_offline``.
    """
    console = Console()
    is_well = True
    for told in _everything(data, is_offline=is_offline):
        is_well = is_well and told.kind != "fault"
        style = "red" if told.kind == "fault" else None
        console.print(
            f"FAULT: {told.text}" if style else told.text, style=style, markup=False, highlight=False, soft_wrap=True
        )
    console.print("a night can run" if is_well else "mend the faults above, then run winnow doctor again")
    return is_well


def _everything(data: Path, *, is_offline: bool) -> Iterator[Told]:
    from harvester.cli.configuration import Configuration, load
    from harvester.cli.registry import without_language
    from specs.errors import SpecError

    yield from _program()
    yield from _place(data)
    try:
        configuration = load(data)
    except SpecError as error:
        yield _fault(str(error))
        configuration = Configuration()
    yield from _network(data, configuration)
    if configuration.site_url is None:
        yield _note("no site_url in winnow.toml: things in the exported RDF have URNs, which nobody can look up")
    yield from _mail(data, configuration, is_offline=is_offline)
    yield from _waiting(data)
    yield from _private(data)
    yield from _held(data, configuration)
    yield from _former(data, configuration)
    specs: list[PortalSpec] = []
    try:
        from harvester.cli.registry import known_in

        specs = known_in(data / "portals")
    except SpecError as error:
        yield _fault(str(error))
    yield _note(f"portal files: {len(specs)} in {data / 'portals'}")
    yield from map(_note, without_language(specs))
    if not is_offline:
        yield from _portals(specs, configuration)
    yield _note("chromium: " + (shutil.which("chromium") or "not found (only some tests need it)"))


def _program() -> Iterator[Told]:
    yield _note(f"winnow {__version__}, Python {sys.version.split()[0]}, SQLite {sqlite_version()}")
    for name in LIBRARIES:
        try:
            yield _note(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield _fault(f"{name} is missing: install the program again with pip")
    with suppress(metadata.PackageNotFoundError):
        datasette = metadata.version("datasette")
        if datasette.startswith("1."):
            yield _fault(f"datasette {datasette} breaks the site: install a 0.65 version")
    try:
        import_module("quality.tables.scan")
        yield _note("C extension: loaded")
    except ImportError as error:
        yield _fault(
            f"the C extension that reads tables cannot be loaded ({error}): install the program again with pip"
        )


def _place(data: Path) -> Iterator[Told]:
    """Yield what holds of the disk on which the data lie, or would lie: the folder may not exist yet."""
    place = next(one for one in (data, *data.absolute().parents) if one.is_dir())
    free = shutil.disk_usage(place).free
    said = f"{place.resolve()}: {free / 1e9:.1f} GB free"
    yield _note(said) if free >= FREE_MIN else _fault(f"{said}; a night needs {FREE_MIN / 1e9:.0f} GB at least")
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".winnow-doctor-") as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield _fault(f"{place}: nothing can be written there ({error.strerror}); fix the permissions, or use --data")
    catalogue = data / "catalog.db"
    if not catalogue.is_file():
        yield _note(f"no catalogue yet in {data}")
    elif not os.access(catalogue, os.W_OK):
        yield _fault(f"{catalogue}: it cannot be written; fix its owner or permissions")
    else:
        from catalog.db.copying import fault_of

        fault = fault_of(catalogue)
        yield (
            _note(f"catalogue: {catalogue}")
            if fault is None
            else _fault(f"{catalogue}: {fault}; restore a backup, or install the version that wrote it")
        )


def _network(data: Path, configuration: Configuration) -> Iterator[Told]:
    from harvester.cli.configuration import NAME
    from harvester.http.proxies import of_environment
    from harvester.http.robots_rules import is_contact
    from specs.credentials import mask

    contact = _contact(configuration)
    if contact and is_contact(contact):
        yield _note(f"contact: {contact}")
    else:
        where = f"{data / NAME}, WINNOW_CONTACT or --contact"
        yield _note(f"no contact ({where}): a stock CKAN forbids its API to robots that name none")
    if names := of_environment():
        yield _note(f"proxies of the environment are ignored: {', '.join(names)}")
    proxy = mask(configuration.proxy) if configuration.proxy else f"none (proxy in {data / NAME} turns one on)"
    yield _note(f"proxy: {proxy}")


def _mail(data: Path, configuration: Configuration, *, is_offline: bool) -> Iterator[Told]:
    """Yield whether letters can be sent. The mail server is greeted, and no letter or password is sent to it."""
    from harvester.cli.configuration import NAME, host_and_port, password_path

    mail = configuration.mail
    if mail.server is None:
        yield _note(f"mail: no server (mail.server in {data / NAME}): winnow send needs --smtp")
        return
    if missing := configuration.operator.missing:
        yield _note(f"mail: no letter is sent while {data / NAME} lacks {', '.join(missing)}")
    password = password_path(data, mail)
    if password is not None and not os.access(password, os.R_OK):
        yield _fault(f"mail: the password file {password} cannot be read; fix its path or permissions")
    if is_offline:
        return
    from harvester.mail.smtp import SmtpServer, connected

    host, port = host_and_port(mail.server)
    # Where a user is named a password will be sent, so encryption is needed on this machine too.
    needs_tls = mail.starttls or mail.user is not None
    try:
        with connected(SmtpServer(host, port, mail.sender or "", starttls=needs_tls)) as connection:
            connection.ehlo_or_helo_if_needed()
        yield _note(f"mail: {mail.server} answers as a mail server")
    except OSError as error:
        # The message names the server and what to check.
        yield _fault(
            f"mail: {error}" if mail.server in str(error) else f"mail: {mail.server}: {error}; check mail.server"
        )


def _waiting(data: Path) -> Iterator[Told]:
    from catalog.repositories.unapproved import count_waiting

    files, texts = count_waiting(data)
    if files or texts:
        said = f"files of unconfirmed senders: {files}, texts that are not public: {texts}"
        yield _note(f"replies wait for you ({said}): winnow replies list")


def _private(data: Path) -> Iterator[Told]:
    from catalog.exports.private_files import PRIVATE, misplaced
    from catalog.repositories.inbox import FILE as INBOX
    from catalog.repositories.letter_tokens import FILE as TOKENS
    from catalog.repositories.people import FILE as PEOPLE

    if found := misplaced(data / "exports"):
        yield _fault(
            f"{len(found)} files in the folder exports say where personal data are suspected, such as {found[0]}: do "
            f"not publish them; winnow export writes them into {data / PRIVATE} instead"
        )
    for path in (data / PRIVATE, data / PEOPLE, data / TOKENS, data / INBOX):
        if path.exists() and path.stat().st_mode & 0o077:
            yield _fault(f"{path}: others can read what is private; run chmod go= {path}")


def _held(data: Path, configuration: Configuration) -> Iterator[Told]:
    """Yield what is held back and waits for a letter. A catalogue that an upgrade would change is left alone."""
    from catalog.db.copying import is_of_this_version
    from catalog.db.store import CatalogError, open_catalog
    from harvester.terminal.held import held_lines

    path = data / "catalog.db"
    if not (configuration.hold_days and path.is_file()):
        return
    if is_of_this_version(path):
        with suppress(CatalogError), open_catalog(path) as catalog:
            yield from map(_note, held_lines(catalog, configuration.hold_days))


def _former(data: Path, configuration: Configuration) -> Iterator[Told]:
    """Yield what the public files of earlier nights take, which harvests of the site's catalogue may still read."""
    from catalog.site.machine.snapshots import former_size

    public = data / "site" / "catalog.db"
    count, size = former_size(public)
    if count:
        yield _note(
            f"site: public files of {count} earlier nights are kept for harvesters, {size / 1e6:,.0f} MB (feed_nights "
            f"is {configuration.feed_nights})"
        )
    elif configuration.feed_nights and public.is_file():
        size = public.stat().st_size * configuration.feed_nights
        yield _note(f"site: public files of earlier nights will take up to {size / 1e6:,.0f} MB (feed_nights)")


def _contact(configuration: Configuration) -> str | None:
    return os.environ.get("WINNOW_CONTACT") or configuration.contact


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the robots.txt of a portal's host says: ``forbidden`` is the reason why its API is not read, or None."""

    spec: PortalSpec
    is_there: bool
    forbidden: str | None
    ahead_s: tuple[float, ...]


def _portals(specs: list[PortalSpec], configuration: Configuration) -> Iterator[Told]:
    def look(spec: PortalSpec) -> _Seen:
        return _look(spec, _contact(configuration) or "no contact given", configuration.proxy)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = list(pool.map(look, specs))
    silent = [one.spec.id for one in seen if not one.is_there]
    if silent:
        # A portal may be down for an hour: that keeps no night from running.
        yield _note(f"no response from {len(silent)} of {len(seen)} portals: {_some(silent)}")
    if seen and len(silent) == len(seen):
        yield _fault("no portal responds: check the network of this machine, its name server and the proxy")
    for one in seen:
        if one.forbidden is not None:
            yield _fault(f"{one.spec.id}: {one.forbidden}")
    ahead = [seconds for one in seen for seconds in one.ahead_s]
    # One server may be wrong; of several, the middle one is believed.
    if len(ahead) >= 3:
        offset = statistics.median(ahead)
        if abs(offset) > CLOCK_S:
            word = "behind" if offset > 0 else "ahead"
            yield _fault(f"the clock of this machine is {abs(offset) / 60:.0f} minutes {word}: set it, or use NTP")
        else:
            yield _note("clock: agrees with those of the portals")


def _some(names: list[str]) -> str:
    more = len(names) - PORTALS_SHOWN
    return ", ".join(names[:PORTALS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _look(spec: PortalSpec, contact: str, proxy: str | None) -> _Seen:
    from harvester.detect.asking import Asker
    from harvester.http.robots_rules import decide

    with Asker(spec.url, allow_local=spec.local, contact=contact, proxy=proxy, timeout_s=PORTAL_S) as asker:
        try:
            decided = decide(asker.rules_for(spec.url), spec.obey_robots, spec.type, contact, leave=spec.leave)
            is_forbidden = not decided.may(spec.url)
        except ValueError as error:
            return _Seen(spec, False, str(error), ())
        said = f"robots.txt forbids {spec.url}: {decided.why}" if is_forbidden else None
        return _Seen(spec, asker.is_there, said, tuple(asker.ahead_s))
