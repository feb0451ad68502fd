"""Index the mirror with Pagefind, so that it can be searched by a script without a server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from catalog.db.store import CatalogError

__all__ = ["BUNDLE", "index_mirror"]

BUNDLE = "pagefind"
"""Folder of the index in the mirror."""
_UNUSED = ("pagefind-*ui*", "pagefind-highlight.js")
"""Files of Pagefind that the search page of the mirror does not load, about 400 KB."""
_SECONDS = 3_600


def index_mirror(out: Path) -> None:
    """Write the search index of the mirror in the folder ``out`` into its folder ``pagefind``, replacing the one there.

    Call it when all pages are written. Title, publisher, keywords, identifier and description of each dataset are
    indexed (elements with ``data-pagefind-body``), stemmed by the language of the page; there is one index for each
    language of pages. A killed run leaves the index before. Raise CatalogError if Pagefind fails or takes more than an
    hour.
    """
    bundle, part = out / BUNDLE, out / f".{BUNDLE}.part"
    # Pagefind keeps files that it does not need any more.
    shutil.rmtree(part, ignore_errors=True)
    command = [sys.executable, "-m", "pagefind", "--site", str(out), "--output-subdir", part.name, "--silent"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise CatalogError(f"{out}: the search index took more than an hour; mirror fewer languages") from error
    except subprocess.CalledProcessError as error:
        raise CatalogError(
            f"{out}: the search index was not made: {error.stderr.strip()[-300:]}; is there room?"
        ) from error
    for pattern in _UNUSED:
        for path in part.glob(pattern):
            path.unlink()
    shutil.rmtree(bundle, ignore_errors=True)
    part.replace(bundle)
