"""The catalogue as RDF for those who harvest it: two files for each portal, N-Quads and Turtle, and an index of them.

What they say is decided by :mod:`catalog.rdf.published`. Both are made in one pass, a few datasets at a time, and taken
over from the last export where nothing has changed; see :mod:`catalog.exports.parts`. Nothing in the files of a portal
names the run, so that those of an unchanged portal keep their bytes. What was measured is not in them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from catalog.db.store import Catalog
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.options import RDF_FOLDER as FOLDER
from catalog.exports.options import ExportOptions
from catalog.exports.parts import NEVER, PartedFile, PartsIndex, grouped
from catalog.exports.program import mapping_digest
from catalog.files import sha256, write_whole
from catalog.rdf.published import (
    Publication,
    PublishedPortal,
    describe_dataset,
    describe_portal,
    describe_whole,
    names_of,
    published_datasets,
    published_portals,
)
from catalog.rdf.published.lines import PairedLines, turtle_head
from catalog.rdf.published.values import digest, known, typed
from catalog.rdf.terms import RDF_TYPE, XSD
from catalog.rdf.values import DCAT, SPDX

__all__ = ["SYNTAXES", "RdfFiles", "publication_of"]

INDEX = "index.ttl"
_ROWS = """select d.id, d.mapping_hash, d.first_seen_run, d.changed_run, d.publisher_id,
      b.name, b.identifier, b.email, b.url, b.parent, b.ancestors
    from shown_datasets d left join publishers b on b.id = d.publisher_id where d.portal_id = ? order by d.id"""


class _Syntax(NamedTuple):
    """A syntax of the large files: how they end, and what an index says of them."""

    suffix: str
    media_type: str


SYNTAXES = (_Syntax(".nq.gz", "application/n-quads"), _Syntax(".ttl.gz", "text/turtle"))
"""The syntaxes of the files of a portal; the first is made in any case."""


class RdfFiles(OutputFormat):
    """Writes ``rdf/<portal>.nq.gz`` and ``rdf/<portal>.ttl.gz``, the datasets of each portal, and ``rdf/index.ttl``."""

    name = INDEX
    title = "The catalogue as RDF (DCAT-AP): the datasets of each portal as their records declare them"
    syntaxes = SYNTAXES
    """Those that are written; a benchmark writes only the first."""

    def write(self, job: ExportJob) -> list[Path]:
        """Write the files into the folder ``rdf`` of ``job.out`` and return the paths of all files there; [] if
        ``job.out`` is not due.

        The file of a portal of which nothing has changed is left as it is. Files of portals that are gone are deleted.
        """
        if not job.is_due(job.out):
            return []
        folder, conn = job.out / FOLDER, job.catalog.db.conn
        publication = publication_of(job.catalog, job.options)
        portals = published_portals(conn)
        files = {}
        for portal in portals:
            paths = [folder / f"{portal.id}{one.suffix}" for one in self.syntaxes]
            files[portal.id] = _PortalFiles(job.catalog, portal, publication, paths, job.parts).write()
        paths = [path for own in files.values() for path in own]
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name.endswith(tuple(one.suffix for one in SYNTAXES)) and path not in paths:
                path.unlink()
        return [*paths, _write_index(folder / INDEX, portals, files, publication, job.options.public_url)]


def publication_of(catalog: Catalog, options: ExportOptions) -> Publication:
    """Return how the datasets of a catalogue are published, with the IRIs that their publishers gave them."""
    names = names_of(catalog.db.conn, options.site_url)
    return Publication(names, options.rdf_profile, options.published_by[0] if options.published_by else None)


class _PortalFiles:
    """The two files of one portal."""

    def __init__(
        self, catalog: Catalog, portal: PublishedPortal, publication: Publication, paths: list[Path], parts: PartsIndex
    ) -> None:
        self._conn, self._portal, self._publication, self._parts = catalog.db.conn, portal, publication, parts
        self._paths = paths
        self._lines = PairedLines(publication.names.portal(portal.id), has_turtle=len(paths) > 1)
        names, operator = publication.names, publication.operator
        self._base = repr((mapping_digest(), names.site, publication.profile_name, operator, portal)).encode()

    def write(self) -> list[Path]:
        """Write the files if anything has changed, and return their paths."""
        head = self._key(())
        groups = [(self._key(group), [row[0] for row in group]) for group in self._groups()]
        keys = [head, *(key for key, _ in groups)]
        if NEVER not in keys and all(keys == [part.key for part in self._parts.of(path)] for path in self._paths):
            return self._paths
        with ExitStack() as stack:
            files = [stack.enter_context(PartedFile(path, self._parts, is_packed=True)) for path in self._paths]
            describe_portal(self._portal, self._lines, self._publication)
            quads, turtle = self._lines.take()
            for file, content in zip(files, (quads, turtle_head() + turtle), strict=False):
                file.add(head, content)
            due = [one for key, ids in groups if not _all_have(files, key) for one in ids]
            read = published_datasets(self._conn, due)
            for key, ids in groups:
                if _all_have(files, key):
                    for file in files:
                        file.keep(key)
                    continue
                for _ in ids:
                    describe_dataset(next(read), self._lines, self._publication)
                for file, content in zip(files, self._lines.take(), strict=False):
                    file.add(key, content)
        return self._paths

    def _groups(self) -> Iterator[list[tuple[Any, ...]]]:
        cursor = self._conn.cursor()
        cursor.row_factory = None
        return grouped(cursor.execute(_ROWS, [self._portal.id]), itemgetter(0))

    def _key(self, group: Sequence[tuple[Any, ...]]) -> bytes:
        """Return a digest of all that the statements about some datasets are made from; of the portal itself for no
        datasets."""
        if any(row[1] is None for row in group):
            # Written by a version that did not tell whether a record's mapping has changed.
            return NEVER
        own = self._publication.names.own
        said = repr((group, [own.get(row[0]) for row in group])).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(self._base + said, digest_size=len(NEVER)).digest()


def _all_have(files: Iterable[PartedFile], key: bytes) -> bool:
    return all(file.has(key) for file in files)


def _write_index(
    target: Path,
    portals: Sequence[PublishedPortal],
    files: dict[str, list[Path]],
    publication: Publication,
    public_url: str | None,
) -> Path:
    """Write the catalogue of all portals, with the files of each: sizes and hashes."""
    lines = PairedLines(publication.names.whole)
    describe_whole(portals, lines, publication)
    base = f"{public_url}/{FOLDER}/" if public_url else ""
    for portal in portals:
        describe_portal(portal, lines, publication)
        node = lines.resource(publication.names.portal(portal.id))
        for path, syntax in zip(files[portal.id], SYNTAXES, strict=False):
            # Without an address it is relative to the index itself.
            file = lines.resource(f"{base}{path.name}")
            lines.add(node, f"{DCAT}distribution", file)
            lines.add_iri(file, RDF_TYPE, f"{DCAT}Distribution")
            lines.add(file, f"{DCAT}accessURL", file)
            lines.add(file, f"{DCAT}downloadURL", file)
            lines.add_iri(file, f"{DCAT}mediaType", known("media_type", syntax.media_type) or "")
            lines.add_iri(file, f"{DCAT}compressFormat", known("media_type", "application/gzip") or "")
            lines.add(file, f"{DCAT}byteSize", lines.term(publication.profile.size, str(path.stat().st_size)))
            checksum = lines.blank(path.name.replace(".", "-"))
            lines.add(file, f"{SPDX}checksum", checksum)
            lines.add_iri(checksum, RDF_TYPE, f"{SPDX}Checksum")
            found = digest(sha256(path), "sha256")
            if found is not None:
                lines.add(checksum, f"{SPDX}checksumValue", lines.term(typed, found[0], f"{XSD}hexBinary"))
                lines.add_iri(checksum, f"{SPDX}algorithm", found[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, turtle_head() + lines.take()[1])
    return target
