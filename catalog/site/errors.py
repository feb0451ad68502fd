"""Answer requests that cannot be served, with a small page of ours or the same as JSON, and no report of our faults."""

from __future__ import annotations

import json
import logging
import sqlite3
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import datasette
from datasette.database import QueryInterrupted
from datasette.utils.asgi import BadRequest, Forbidden, NotFound, Response

from catalog.site.metadata import PLUGIN
from catalog.site.pages import SiteOptions
from catalog.site.render import CONTENT_TYPES, error_page
from specs.languages import Language, language, languages

__all__ = ["Scope", "answer", "language_of", "options_of", "path_of", "respond", "status_of"]

Scope = MutableMapping[str, Any]
_DATASETTE = Path(datasette.__file__).parent
_READERS = (_DATASETTE / "filters.py", _DATASETTE / "facets.py", _DATASETTE / "renderer.py")
_OURS = Path(__file__).parent / "pages"
log = logging.getLogger(__name__)

_REFUSED = ("no such column", "no such table", "too big", "too large", "string or blob", "datatype mismatch")
"""What SQLite says of a request that nobody can answer, whatever is asked for again."""


def path_of(scope: Scope, base_url: str) -> str:
    """Return the path of a request as the browser sent it, percent-encoded, without the query string and without the
    path that all addresses of the site begin with (``base_url``)."""
    raw: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    base = base_url.rstrip("/")
    return raw[len(base) :] if base and raw.startswith(f"{base}/") else raw


def options_of(served: Any) -> SiteOptions:
    """Return the options of the site that a Datasette serves."""
    return SiteOptions(**(served.plugin_config(PLUGIN) or {}))


def language_of(path: str) -> Language:
    """Return the language of the page at ``path``: that of its first part, or else English."""
    tag = path.lstrip("/").partition("/")[0]
    return language(tag if tag in languages() else None)


def status_of(exception: BaseException) -> int:
    """Return the HTTP status for an exception; 500 if it is a fault of this program."""
    if isinstance(exception, NotFound):
        return 404
    if isinstance(exception, Forbidden):
        return 403
    if isinstance(exception, QueryInterrupted):
        return 503
    if isinstance(exception, BadRequest | UnicodeError | sqlite3.ProgrammingError | sqlite3.DataError | OverflowError):
        return 400
    if isinstance(exception, sqlite3.OperationalError):
        return 503 if "interrupted" in str(exception) else 400
    if isinstance(exception, MemoryError):
        return 413
    status = getattr(exception, "status", 500)
    # Datasette says 500 where a column to sort or facet by does not exist, and of SQL that takes too long 400.
    if getattr(exception, "title", None) == "SQL Interrupted":
        return 503
    if isinstance(exception, ValueError | LookupError | TypeError | AssertionError) and _is_of_datasette(exception):
        return 400
    if status >= 500 and any(words in str(exception).lower() for words in ("cannot sort", "facet", *_REFUSED)):
        return 400
    return status if isinstance(status, int) and 400 <= status < 600 else 500


def _is_of_datasette(exception: BaseException) -> bool:
    """Return whether Datasette itself raised it: it reads parameters of tables without looking at them first."""
    frames = traceback.extract_tb(exception.__traceback__)
    files = [Path(frame.filename) for frame in frames]
    read = any(file in _READERS or file.parent == _DATASETTE / "views" for file in files[-8:])
    return read and not any(file.is_relative_to(_OURS) for file in files[-8:])


def answer(served: Any, request: Any, exception: BaseException) -> Response:
    """Return the answer to a request that ``exception`` ended. A fault of our own is written to standard error."""
    status = status_of(exception)
    if status == 500:
        log.error("%s %r", request.method, request.path, exc_info=exception)
    path, why = path_of(request.scope, served.setting("base_url")), getattr(exception, "why", None)
    return respond(options_of(served), path, status, why)


def respond(options: SiteOptions, path: str, status: int, why: str | None = None) -> Response:
    """Return the answer for an error. It reads no database.

    ``path``: requested path, as :func:`path_of` returns it. ``why``: key of the phrase that says what is wrong; None
    gives the one of ``status``.
    """
    if path.endswith((".json", ".csv", ".blob")):
        said = language(None).phrase(why) if why else _SAID.get(status, "")
        body = json.dumps({"ok": False, "status": status, "error": said}) + "\n"
        return Response(body, status=status, content_type=CONTENT_TYPES["json"])
    page = error_page(options, language_of(path), status, path, why)
    return Response(page, status=status, content_type=CONTENT_TYPES["html"], headers={"cache-control": "no-cache"})


_SAID = {
    400: "The address has a part that cannot be read.",
    403: "This is not open to visitors.",
    404: "There is nothing at this address.",
    405: "This address can only be read.",
    413: "The result is too large: ask for less of it.",
    429: "Too many requests at once from this address.",
    500: "The fault is ours.",
    503: "It took too long: ask for less of it.",
}
