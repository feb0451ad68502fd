"""Write the pages of the site to a folder that any web server can serve: the static mirror."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from catalog.db.store import CatalogError
from catalog.site.pages import Moved, Page, SiteOptions, Visit, pages
from catalog.site.render import render, render_json
from specs.languages import Language, language

__all__ = ["write_mirror"]

_STATIC = Path(__file__).parent / "static"


def write_mirror(public: Path, out: Path, options: SiteOptions, tags: Iterable[str] = ("en",)) -> int:
    """Write all pages of the public catalogue ``public`` into the folder ``out``; return the number of files written.

    ``tags``: languages of the pages, of which English stands at the root and each other one in a folder of its own.
    Raise CatalogError if ``public`` does not exist or is no catalogue.
    """
    if not public.is_file():
        raise CatalogError(f"{public}: no such file; publish the catalogue first")
    options = replace(options, is_static=True)
    written = 0
    with closing(sqlite3.connect(f"{public.absolute().as_uri()}?immutable=1", uri=True)) as conn:
        conn.row_factory = sqlite3.Row
        for tag in tags:
            words = language(tag)
            for page in pages():
                if page.is_mirrored and (page.is_translated or words.code == "en"):
                    written += _write_pages(page, conn, words, options, out)
    shutil.copytree(_STATIC, out / "static", dirs_exist_ok=True)
    return written


def _write_pages(page: Page, conn: sqlite3.Connection, words: Language, options: SiteOptions, out: Path) -> int:
    written = 0
    for name in page.all_names(Visit(conn, words, options)):
        visit = Visit(conn, words, options, name)
        content = page.read(visit)
        if content is None or isinstance(content, Moved):
            continue
        prefix = "" if words.code == "en" else f"/{words.code}"
        for path, text in _files(page, visit, content):
            target = out / unquote(f"{prefix}{path}").lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
            written += 1
    return written


def _files(page: Page, visit: Visit, content: dict[str, object]) -> Iterator[tuple[str, str]]:
    path = page.path(visit.name)
    if page.form != "html":
        yield path, render(page, visit, content)
        return
    yield f"{path.rstrip('/')}/index.html", render(page, visit, content)
    yield f"{'/index' if path == '/' else path}.json", render_json(content)
