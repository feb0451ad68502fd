"""Render the pages of the site: the frame around each page, its citation, its links, and its data as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from catalog.exports.cards import day_of_run
from catalog.exports.html import html_environment, link_elsewhere
from catalog.rdf.metrics import metric_ids
from catalog.site.charts import Charts
from catalog.site.linked import linked_data
from catalog.site.machine.negotiation import THINGS
from catalog.site.pages.method import rule_path
from catalog.site.pages.page import Content, Page, SiteOptions, Visit
from specs.languages import Language, languages, site_languages
from specs.metrics import methodology_version

__all__ = ["CONTENT_TYPES", "error_page", "program_digest", "render", "render_json", "site_url"]

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
    "xml": "application/atom+xml; charset=utf-8",
}
"""Media types by file extension."""
_TEMPLATES = Path(__file__).parent / "page_templates"
_FRAME = ("json_ld", "status", "is_listed", "feed", "description", "canonical")
"""What a page may say to the frame around it; None where it does not."""
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHOWN = 300
"""Characters that are shown of a title."""


def site_url(options: SiteOptions, words: Language, path: str) -> str:
    """Return the address of ``path`` on this site, with the base and the language of the page that links to it.

    ``path`` begins with a slash and is percent-encoded. Files (whose last part has a dot) and the tables of Datasette
    below /catalog have one address for all languages.
    """
    head, mark, rest = path.partition("?")
    head, hash_mark, part = head.partition("#")
    is_file = "." in head.rpartition("/")[2]
    shared = is_file or head.startswith(("/catalog", "/static"))
    prefix = "" if shared or words.code == "en" else f"/{words.code}"
    slash = "/" if options.is_static and not is_file and not head.endswith("/") else ""
    return f"{options.base_url}{f'{prefix}{head}'.removeprefix('/')}{slash}{mark}{rest}{hash_mark}{part}"


def render(page: Page, visit: Visit, content: Content, *, mark: str = "") -> str:
    """Return the text of a page: HTML, SVG or XML, as ``page.form`` says.

    ``mark``: digest and run for ``<meta name="winnow-page">``, by which the mirror sees later what the page was made
    from; "" on a live page.

    The variables of a template are the names in ``content`` and those of the frame: ``w`` (language), ``t`` (phrase),
    ``number`` and ``day`` (in words), ``charts`` (:class:`catalog.site.charts.Charts`), ``url(path)`` (address on this
    site), ``link(url, text)`` (to another site, only http and https), ``data(text, tag)`` (a text of a portal),
    ``page``, ``visit``, ``base`` (the site's own address, "" if it is not known), ``options``, ``run`` and
    ``run_day`` (the night that it shows), ``here`` (its canonical address) and ``cited`` (the one that shows the same
    night later too).
    """
    words, options = visit.words, visit.options
    if len(title := str(content.get("title") or "")) > _SHOWN:
        # A portal may write a book into a title; the data have all of it.
        content = {**content, "title": f"{title[:_SHOWN]}…"}
    path = content.get("canonical") or page.path(visit.name)
    # Absolute where the site's address is known: for citations, feeds and pages that show a card.
    base = options.public_url or ""
    linked = linked_data(content, path, lambda path: base + site_url(options, words, path))
    # A page of an earlier night is cited as that night, not as the last one.
    run, cited = content.get("_cited") or (visit.run, path)
    tags = (options.languages or list(site_languages())) if page.is_translated else ["en"]

    def at(tag: str, path: str = path) -> str:
        return base + site_url(options, languages()[tag], path)

    own = words.code if page.is_translated else "en"

    return (
        _environment()
        .get_template(f"{page.name}.{page.form}")
        .render(
            **(dict.fromkeys(_FRAME) | content | {"json_ld": linked}),
            w=words,
            t=words.phrase,
            number=words.number,
            day=words.day,
            night_of=lambda run: words.day(day_of_run(run)),
            charts=Charts(words),
            url=lambda path: site_url(options, words, path),
            page=page,
            mark=mark,
            visit=visit,
            options=options,
            base=base,
            run=run,
            run_day=day_of_run(run),
            method_version=methodology_version(),
            here=at(own),
            cited=at(own, cited),
            translations=[(tag, languages()[tag].title, at(tag)) for tag in tags],
            data_url=site_url(options, words, _json_path(cited)),
            turtle_url=site_url(options, words, _turtle_path(page, visit))
            if _has_graph(page, visit, content)
            else None,
        )
    )


def _json_path(path: str) -> str:
    head, mark, query = path.partition("?")
    return f"{_stem(head)}.json{mark}{query}"


def _has_graph(page: Page, visit: Visit, content: Content) -> bool:
    """Return whether the thing of a page can be had as RDF: a dataset only while its portal lists it, and a metric only
    if datasets or files are measured by it."""
    if page.name == "metric":
        return visit.name in metric_ids()
    if page.name == "dataset":
        return (content.get("dataset") or {}).get("status") == "present"
    return page.name in THINGS


def _turtle_path(page: Page, visit: Visit) -> str:
    return f"{_stem(page.path(visit.name.partition('~')[0]))}.ttl"


def _stem(path: str) -> str:
    return "/index" if path == "/" else path


@cache
def program_digest() -> str:
    """Return a digest of what pages are made by: this package with its templates, and the phrases in all languages."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".html", ".xml", ".svg", ".css", ".js"):
            digest.update(path.read_bytes())
    for one in languages().values():
        digest.update(one.model_dump_json().encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def render_json(content: Content, *, is_compact: bool = False) -> str:
    """Return the contents of a page as JSON, without what only its form needs (names that begin with "_").
    ``is_compact``: without line breaks, and without names whose value is null or empty, which are half of it."""
    content = {name: value for name, value in content.items() if not name.startswith("_")}
    form: dict[str, Any] = {"separators": (",", ":")} if is_compact else {"indent": 1}
    if is_compact:
        content = _without_empty(content)
    return json.dumps(content, ensure_ascii=False, default=str, **form) + "\n"


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(one) for key, one in value.items() if one is not None and one not in ("", [], {})}
    return [_without_empty(one) for one in value] if isinstance(value, list) else value


def error_page(options: SiteOptions, words: Language, status: int, path: str, why: str | None = None) -> str:
    """Return a small HTML page for an error; it reads nothing from the catalogue.

    ``path``: requested path. ``why``: key of the phrase that says what is wrong; None gives the one of ``status``.
    """
    known = status if status in (400, 404, 503) else 503 if status == 429 else 500 if status >= 500 else 400
    return (
        _environment()
        .get_template("error.html")
        .render(
            w=words,
            t=words.phrase,
            status=status,
            why=words.phrase(why or f"frame.error_{known}"),
            path=path[:200],
            url=lambda path: site_url(options, words, path),
            options=options,
        )
    )


@cache
def _environment() -> Environment:
    made = html_environment(_TEMPLATES)
    made.globals["link"] = link_elsewhere
    made.globals["data"] = _data
    made.globals["rule_path"] = rule_path
    made.filters["json_ld"] = _json_ld
    made.filters["xml"] = _xml
    return made


def _data(text: object, tag: str | None = None) -> Markup:
    """Return a text of a portal, kept apart from ours in direction and language. ``tag``: its BCP 47 tag, if known."""
    # Not by Markup.format, which takes ten times as long: a page has hundreds of such texts.
    lang = f' lang="{escape(tag)}"' if tag else ""
    return Markup(f"<bdi{lang}>{escape('' if text is None else text)}</bdi>")  # escaped just now


def _xml(text: object) -> str:
    """Return a text without the characters that XML cannot hold, one of which would make a whole feed unreadable."""
    return _NOT_XML.sub("", str(text))


def _json_ld(value: Any) -> Markup:
    """Return an object as JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # escaped just now
