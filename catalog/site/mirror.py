"""Write the pages of the site to a folder that any web server can serve: the static mirror.

A page that says the same as before keeps its bytes, so that only what changed must be uploaded; it names the night
since which it says so. What a page was made from is in the page itself (``<meta name="winnow-page">``), so a mirror
whose making was killed is simply made again, and nothing but finished pages is ever in the folder.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from catalog.db.store import CatalogError
from catalog.files import write_whole
from catalog.site.machine.beside import turtle_beside
from catalog.site.pages import Content, Moved, Page, SiteOptions, Visit, pages
from catalog.site.render import error_page, program_digest, render, render_json
from catalog.site.search.mirror_index import BUNDLE, index_mirror
from catalog.site.sitemap import sitemap
from specs.languages import language, site_languages

__all__ = ["PAGES_LIMIT_BYTES", "Mirror", "write_mirror"]

PAGES_LIMIT_BYTES = 1_000_000_000
"""Size above which GitHub Pages publishes no site."""
FILES = "winnow-files.json"
"""File in a mirror that lists the files of the last call that ended, so that the next one knows what is gone."""
_STATIC = Path(__file__).parent / "static"
_CHUNK = 200
"""Pages that a process renders at a time."""
_MARK = re.compile(rb'<meta name="winnow-page" content="([0-9a-f]{32}) ([0-9TZ]*)">')
_MARKED_WITHIN = 2_000
"""Bytes at the beginning of a page among which its mark stands."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """What was done: numbers of files written, kept and removed, and bytes of the whole folder."""

    written: int
    kept: int
    removed: int
    size: int


def write_mirror(
    public: Path, out: Path, options: SiteOptions, tags: Sequence[str] = ("en",), *, processes: int = 1
) -> Mirror:
    """Write all pages of the public catalogue ``public`` into the folder ``out``, those that changed, and remove those
    of an earlier call that no longer exist.

    ``tags``: languages of the pages; English stands at the root, each other language in a folder of its own.
    ``processes``: how many render at once. Files in ``out`` that no mirror wrote are left alone. Raise CatalogError if
    ``public`` does not exist or is no catalogue, or if the site is not shown in one of the languages.
    """
    if not public.is_file():
        raise CatalogError(f"{public}: no such file; publish the catalogue first")
    for tag in tags:
        if tag not in site_languages():
            raise CatalogError(f"{tag}: the site is not shown in this language; take some of {list(site_languages())}")
    options = replace(options, is_static=True, languages=tuple(tags))
    out.mkdir(parents=True, exist_ok=True)
    made: set[str] = set()
    counts = {True: 0, False: 0}
    try:
        with closing(_opened(public)) as conn:
            chunks = _chunks(conn, options, tags)
            for paths, written in _rendered(chunks, public, out, options, tags, processes):
                made.update(paths)
                counts[True] += written
                counts[False] += len(paths) - written
            first = language("en" if "en" in tags else tags[0])
            made.update(_write_sitemaps(out, Visit(conn, first, options)), ("404.html",))
    except sqlite3.DatabaseError as error:
        raise CatalogError(f"{public}: {error}; publish the catalogue again") from error
    shutil.copytree(_STATIC, out / "static", dirs_exist_ok=True)
    _write(out / "404.html", error_page(options, language("en"), 404, ""))
    made.update(f"static/{path.relative_to(_STATIC).as_posix()}" for path in _STATIC.rglob("*") if path.is_file())
    # Only here, when everything is made: a call that is killed before has removed nothing.
    if (removed := _remove_others(out, made)) or counts[True] or not (out / BUNDLE).is_dir():
        index_mirror(out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Mirror(counts[True], counts[False], removed, size)


_Task = tuple[str, str, tuple[str, ...]]
"""Address of a kind of page, language tag, and names of the pages."""


def _chunks(conn: sqlite3.Connection, options: SiteOptions, tags: Sequence[str]) -> Iterator[_Task]:
    for page in pages():
        if not page.is_mirrored:
            continue
        for tag in tags if page.is_translated else ("en",):
            names = iter(page.all_names(Visit(conn, language(tag), options)))
            while chunk := tuple(islice(names, _CHUNK)):
                yield page.address, tag, chunk


def _rendered(
    chunks: Iterator[_Task], public: Path, out: Path, options: SiteOptions, tags: Sequence[str], processes: int
) -> Iterator[tuple[list[str], int]]:
    if processes == 1:
        for chunk in chunks:
            yield _render_chunk(str(public), str(out), options, tuple(tags), chunk)
        return
    # A process of its own for each: threads would share the interpreter, and a fork the connection.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = []
        for chunk in chunks:
            waiting.append(pool.submit(_render_chunk, str(public), str(out), options, tuple(tags), chunk))
            # Bounded: names are read as they are needed.
            while len(waiting) > 4 * processes:
                yield waiting.pop(0).result()
        for one in waiting:
            yield one.result()


@cache
def _opened_once(public: str, made_at: int) -> sqlite3.Connection:
    """Return a connection for all chunks of a process. ``made_at``: when the file was written; a later one is another
    file under the same name."""
    return _opened(Path(public))


def _opened(public: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(f"{public.absolute().as_uri()}?immutable=1", uri=True)
    conn.row_factory = sqlite3.Row
    return conn


def _render_chunk(
    public: str, out: str, options: SiteOptions, tags: tuple[str, ...], chunk: _Task
) -> tuple[list[str], int]:
    """Render some pages of one kind; return the paths of their files below ``out``, and how many were written."""
    address, tag, names = chunk
    page = next(one for one in pages() if one.address == address)
    words, folder, paths, written = language(tag), Path(out), [], 0
    conn = _opened_once(public, Path(public).stat().st_mtime_ns)
    for name in names:
        visit = Visit(conn, words, options, name)
        content = page.read(visit)
        if content is None or isinstance(content, Moved):
            continue
        path = _path_of(page, name, tag)
        if page.form != "html":
            paths.append(path)
            written += _write(folder / path, render(page, visit, content))
            continue
        data = _data_of(path)
        paths += [path, data]
        if tag == "en" and (turtle := turtle_beside(conn, options, page.name, name)):
            paths.append(data.removesuffix("json") + "ttl")
            written += _write(folder / paths[-1], turtle)
        digest = _digest(content, options, tags)
        before = _mark_of(folder / path)
        if before and before[0] == digest and (folder / data).is_file():
            continue
        written += _write(
            folder / data, render_json(page.shorten(content) if page.shorten else content, is_compact=True)
        )
        # Last: the mark in it says that both are there.
        written += _write(folder / path, render(page, visit, content, mark=f"{digest} {visit.run}"))
    return paths, written


def _path_of(page: Page, name: str, tag: str) -> str:
    path = unquote(page.path(name)).strip("/")
    prefix = "" if tag == "en" or not page.is_translated else f"{tag}/"
    return f"{prefix}{path}" if page.form != "html" else f"{prefix}{path}/index.html".lstrip("/").replace("//", "/")


def _data_of(path: str) -> str:
    """Return the path of the JSON of a page whose file is ``path``, such as "census/index.html"."""
    return path.removesuffix("/index.html") + ".json" if "/" in path else "index.json"


def _digest(content: Content, options: SiteOptions, tags: tuple[str, ...]) -> str:
    """Return a digest of what a page is made from: its contents, the options of the site, and the program."""
    told = json.dumps([content, asdict(options), tags, program_digest()], sort_keys=True, default=str)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _mark_of(path: Path) -> tuple[str, str] | None:
    """Return the digest and the run in the mark of a page; None if there is no page, or no mark in it."""
    try:
        with path.open("rb") as file:
            found = _MARK.search(file.read(_MARKED_WITHIN))
    except OSError:
        return None
    return (found[1].decode(), found[2].decode()) if found else None


def _write(path: Path, text: str) -> bool:
    """Write a file whole or not at all; return whether it was written: one with the same bytes stays."""
    content = text.encode("utf-8", "replace")
    try:
        if path.read_bytes() == content:
            return False
    except OSError:
        path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return True


def _write_sitemaps(out: Path, visit: Visit) -> list[str]:
    """Write ``robots.txt``, and ``sitemap.xml`` with its parts where the address of the site is known: a sitemap needs
    whole addresses. Return the names of the files."""
    base = f"{visit.options.public_url}{visit.options.base_url}" if visit.options.public_url else ""
    _write(out / "robots.txt", f"User-agent: *\nDisallow:\n{f'Sitemap: {base}sitemap.xml' if base else ''}\n")
    if not base:
        return ["robots.txt"]
    whole, names = sitemap(visit), ["robots.txt", "sitemap.xml"]
    _write(out / "sitemap.xml", whole or "")
    for number in count(1) if "<sitemapindex" in (whole or "") else ():
        if (part := sitemap(visit, number)) is None:
            break
        names.append(f"sitemap-{number}.xml")
        _write(out / names[-1], part)
    return names


def _remove_others(out: Path, made: set[str]) -> int:
    """Remove files of an earlier mirror that were not made this time; return how many.

    They are those of the list of the last call, and pages that bear the mark with their data: a call that was killed,
    or one before there was a list, has not listed them.
    """
    gone = _listed(out) - made
    for path in out.rglob("index.html"):
        name = path.relative_to(out).as_posix()
        if name not in made and _mark_of(path):
            gone |= {name, _data_of(name)} - made
    if gone:
        # If this call is killed among the removals, the next one still knows the rest.
        _write(out / FILES, _list_of(made | gone))
    removed = 0
    for name in sorted(gone):
        path = out / name
        if path.is_file():
            path.unlink()
            removed += 1
            _remove_empty(out, path.parent)
    _write(out / FILES, _list_of(made))
    return removed


def _remove_empty(out: Path, folder: Path) -> None:
    while folder != out and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _list_of(names: set[str]) -> str:
    return json.dumps(sorted(names), ensure_ascii=False, indent=0) + "\n"


def _listed(out: Path) -> set[str]:
    """Return the paths in the list of the last call, those below ``out`` only; none if there is no list to read."""
    try:
        found = json.loads((out / FILES).read_bytes())
    except (OSError, ValueError):
        return set()
    names = [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
    return {name for name in names if not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts}
