"""Write a body to disk: unpacked, hashed and capped; and record why it is incomplete, if it is."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from scrapy.exceptions import DownloadTimeoutError

from harvester.http.decode import BrokenCodingError, Decoder
from harvester.http.protocol import why_cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvester.http.scrapy_private import ClientResponse

__all__ = ["HEAD_BYTES", "BodySaver", "SavedBody", "coding_of", "stream"]

HEAD_BYTES = 65_536
"""Bytes of a saved body that are also in the response."""


@dataclass(frozen=True, slots=True)
class BodySaver:
    """How to save a response body to disk.

    ``path``: the file. ``max_bytes``: the largest size; the rest is cut off. ``min_bytes_per_s``: the lowest speed
    accepted, measured over ``over_s`` seconds; a slower download is ended.
    """

    path: Path
    max_bytes: int
    min_bytes_per_s: int = 0
    over_s: float = 60.0
    algorithms: tuple[str, ...] = ()
    """hashlib names of further digests beside SHA-256."""
    is_text: bool = False
    """Whether the body can only be text; compressed bytes are then decompressed whatever the header says."""
    least_bytes: int = 0
    """The length in bytes that the server stated earlier. A shorter body counts as incomplete if its response states no
    end.
    """
    keeps_broken: bool = True
    """Whether the body of a failed download replaces the file at ``path``. If not, an existing file stays."""


@dataclass(frozen=True, slots=True)
class SavedBody:
    """The result of saving a response body to disk.

    ``path``: the file. ``size_bytes`` and ``sha256``: the size and hash of what was saved, unpacked. ``cut``: why the
    body is incomplete; None if it is complete.

    The values of ``cut`` are "size" (our own limit; the file holds the beginning), "timeout", "slow", "connection"
    (broke off) and "coding" (cannot be decompressed). With one of the last four, the saved bytes must not be used.
    """

    path: Path
    size_bytes: int
    sha256: str
    cut: str | None
    checksums: dict[str, str] = field(default_factory=dict)
    """The further digests of the whole file; empty if it is incomplete."""
    has_end: bool = True
    """Whether the response stated where its body ends, by a length, by chunks or by a compression."""

    @property
    def is_broken(self) -> bool:
        """Return whether the download failed, so that nothing can be concluded from the saved bytes.

        A download that ended at our own size limit has not failed.
        """
        return self.cut not in (None, "size")


def coding_of(headers: Mapping[str, str]) -> str:
    """Return the compressions that the response ``headers`` name: Content-Encoding and Transfer-Encoding, joined by a
    comma.
    """
    return f"{headers.get('Content-Encoding', '')},{headers.get('Transfer-Encoding', '')}".strip(",")


async def stream(response: ClientResponse, save: BodySaver, received: Callable[[int], None]) -> tuple[SavedBody, bytes]:
    """Read the body of ``response``, decompress it, and save it as ``save`` says.

    Return the result and the first 64 KiB of the decompressed body.

    The body is written to a temporary file beside ``save.path``, which then replaces that file. If the download failed
    (:attr:`SavedBody.is_broken`) and ``save.keeps_broken`` is False, the body stays in the temporary file, and the
    result names that file. ``received`` is called with the number of bytes of every chunk, and may raise to stop the
    transfer. A download that fails is reported in the result and not raised; errors of the disk are raised.
    """
    save.path.parent.mkdir(parents=True, exist_ok=True)
    part = save.path.with_suffix(".part")
    sink = _Sink(save)
    decoder = Decoder(coding_of(response.headers), is_text=save.is_text, may_repack=not _is_archive(response))
    cut: str | None = None
    window_at, window_bytes, came = time.monotonic(), 0, 0
    with part.open("wb") as file:
        try:
            async for chunk in response.content.iter_any():
                received(len(chunk))
                window_bytes += len(chunk)
                came += len(chunk)
                for piece in sink.fit(decoder.feed(chunk)):
                    file.write(piece)
                cut = "size" if sink.is_full else None
                passed = time.monotonic() - window_at
                if not cut and passed >= save.over_s:
                    cut = "slow" if window_bytes < save.min_bytes_per_s * passed else None
                    window_at, window_bytes = time.monotonic(), 0
                if cut:
                    # The rest of the body is unread, so the connection cannot be reused.
                    response.close()
                    break
            else:
                for piece in sink.fit(decoder.finish()):
                    file.write(piece)
                cut = "size" if sink.is_full else None
        except (TimeoutError, DownloadTimeoutError):
            cut = "timeout"
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, ConnectionError):
            cut = "connection"
        except BrokenCodingError as error:
            cut = "connection" if error.is_short else "coding"
            response.close()
    if cut is None and why_cut(response, came):
        cut = "connection"
    is_framed = any(name in response.headers for name in ("Content-Length", "Transfer-Encoding", "Content-Encoding"))
    if cut is None and not is_framed and response.status == 200 and sink.size < save.least_bytes:
        cut = "connection"
    checksums = {name: other.hexdigest() for name, other in sink.others.items() if cut is None}
    saved = SavedBody(save.path, sink.size, sink.digest.hexdigest(), cut, checksums, is_framed)
    if saved.is_broken and not save.keeps_broken:
        # The archive may still need the file, so it is deleted later.
        return replace(saved, path=part), sink.head
    part.replace(save.path)
    return saved, sink.head


class _Sink:
    """Hash and count pieces as they pass, up to the cap."""

    def __init__(self, save: BodySaver) -> None:
        self.max_bytes = save.max_bytes
        self.digest, self.size, self.head, self.is_full = hashlib.sha256(), 0, b"", False
        self.others = {name: hashlib.new(name) for name in save.algorithms}

    def fit(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            room = self.max_bytes - self.size
            if len(piece) > room:
                piece, self.is_full = piece[:room], True
            self.digest.update(piece)
            for other in self.others.values():
                other.update(piece)
            self.size += len(piece)
            if len(self.head) < HEAD_BYTES:
                self.head += piece[: HEAD_BYTES - len(self.head)]
            yield piece
            if self.is_full:
                return


def _is_archive(response: ClientResponse) -> bool:
    """Return whether the file is meant to be packed, judged by its address, name or type."""
    named = f"{response.url.path} {response.headers.get('Content-Disposition', '')}".lower()
    kind = response.headers.get("Content-Type", "").lower()
    return any(word in named for word in (".gz", ".tgz", ".zst")) or any(word in kind for word in ("gzip", "zstd"))
