"""Start the child processes that read RDF documents.

A strict parser in one child reads the document. The records it refuses are read one by one by rdflib in another child.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harvester.bounded import BoundedChild, TooMuchError
from harvester.spiders.rdf.files import IN_MEMORY, REFUSED

__all__ = ["RdfChild", "RdfSummary"]

SECONDS = 60.0
"""Time limit for one document, in seconds."""
SECONDS_A_MEGABYTE = 5.0
"""Additional seconds for each megabyte of it, so that a kilobyte that hangs is stopped early."""
LENIENT_SECONDS = 10.0
"""Time limit in seconds for a record read alone."""
ALL_LENIENT_SECONDS = 120.0
"""Time limit in seconds for all such records of one document."""
MAX_HANGS = 3
"""Number of records that may exceed the time limit before the others are given up."""
MAX_FILE = 4 << 30


@dataclass(slots=True)
class RdfSummary:
    """What was read from one RDF document: descriptions of datasets in a file, next page and total, and faults.

    ``notes`` are sentences for the notes of the harvest. ``triples`` is the number of statements read.
    """

    path: Path
    """File with one description per line."""
    head: dict[str, Any] = field(default_factory=dict)
    """What the document says about paging, as far as it states it.

    "next" is the address of the next page, "total" the number of datasets, "is_paged" whether hydra paging is used,
    "fault" why the link to the next page cannot be used.
    """
    faults: list[tuple[str, str | None]] = field(default_factory=list)
    """What could not be read: the reason, and the IRI of the dataset concerned, if known."""
    lenient: list[tuple[str, str | None]] = field(default_factory=list)
    """Records that only the lenient parser could read: the reason, and the IRI of the record, if known."""
    is_cut: bool = False
    """True if the document is truncated, or was not read to its end because of a limit."""
    notes: list[str] = field(default_factory=list)
    triples: int = 0
    described: dict[str, Any] = field(default_factory=dict)
    """Descriptions of the nodes that the caller asked for (``awaited``), by IRI."""
    listed_only: list[str] = field(default_factory=list)
    """IRIs that a catalogue lists as datasets and nothing describes."""
    fault: str | None = None
    """Why the document could not be read at all; None if it could."""

    def nodes(self) -> Iterator[tuple[str | None, Any]]:
        """Yield a pair for each dataset of the document: its IRI (None for a blank node) and its description as a
        nested dict.

        The pairs are read from the file ``path``; nothing is yielded if that file does not exist.
        """
        if self.path.is_file():
            with self.path.open("rb") as file:
                for line in file:
                    iri, node = json.loads(line)
                    yield iri, node


class RdfChild:
    """Reader of RDF documents in child processes, so that a hostile document cannot harm the harvest.

    It reads one document at a time. ``memory_bytes`` limits the memory of each child. ``seconds`` is the time limit for
    one document, to which some seconds for each megabyte are added. Triples of documents up to ``in_memory`` bytes are
    held in memory, those of longer ones on disk. Call :meth:`close` at the end.
    """

    def __init__(self, memory_bytes: int = 512 << 20, seconds: float = SECONDS, in_memory: int = IN_MEMORY) -> None:
        self._seconds, self._in_memory = seconds, in_memory
        self._strict = BoundedChild(
            "harvester.spiders.rdf.reading:read", memory_bytes=memory_bytes, seconds=seconds, file_bytes=MAX_FILE
        )
        self._lenient = BoundedChild(
            "harvester.spiders.rdf.lenient:read", memory_bytes=memory_bytes, seconds=LENIENT_SECONDS
        )

    def close(self) -> None:
        """Stop both child processes."""
        self._strict.close()
        self._lenient.close()

    async def read(self, document: Path, folder: Path, *, syntax: str, url: str, awaited: list[str]) -> RdfSummary:
        """Parse the RDF ``document`` in a child process and return what was found; no exception is raised for a bad
        document.

        The descriptions are written to a file in ``folder``; the folder is emptied first, and the caller deletes it.
        ``syntax`` is the media type, and ``url`` the address that relative addresses belong to. ``awaited`` are the
        IRIs of further nodes to describe. If the document cannot be read at all, ``fault`` of the result says why.
        """
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        options: dict[str, Any] = {"syntax": syntax, "url": url, "folder": str(folder.absolute()), "awaited": awaited}
        options["in_memory"] = self._in_memory
        limit = self._seconds + SECONDS_A_MEGABYTE * (document.stat().st_size // 1_000_000)
        try:
            told = await self._strict.call_async(document, within_s=limit, **options)
            if "refused" in told:
                fixed = await self._fixed(told["refused"], folder, syntax)
                told = await self._strict.call_async(document, within_s=limit, fixed=fixed, **options)
        except TooMuchError as error:
            return RdfSummary(folder / "none", fault=f"the document cannot be read: {error}", is_cut=True)
        except ValueError as error:
            return RdfSummary(folder / "none", fault=f"the document cannot be read: {error}", is_cut=True)
        for name in ("faults", "lenient"):
            told[name] = [tuple(one) for one in told[name]]
        return RdfSummary(folder / "datasets.jsonl", **told)

    async def _fixed(self, numbers: list[int], folder: Path, syntax: str) -> dict[str, str]:
        """Return for each refused record the path of its statements, or "!" and the reason why it cannot be read."""
        found: dict[str, str] = {}
        until, hangs = time.monotonic() + ALL_LENIENT_SECONDS, 0
        for number in numbers:
            if time.monotonic() > until or hangs >= MAX_HANGS:
                found[str(number)] = "!too many records of the document are malformed to read each of them alone"
                continue
            try:
                text = await self._lenient.call_async((folder / f"{number}.piece").read_bytes(), syntax=syntax)
            except TooMuchError as error:
                hangs += 1
                found[str(number)] = f"!{error}"
            except ValueError:
                found[str(number)] = REFUSED
            else:
                out = folder / f"{number}.nt"
                out.write_bytes(text)
                found[str(number)] = str(out.absolute())
        return found
